"""What does not arrive is tried again for a day, seen by whoever looks, and sent again when they say so."""

import socket
import threading
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime
from ipaddress import ip_network

import pytest

from app.domain.errors import Invalid
from app.domain.retries import DELAYS_S
from app.services.health import hooks_out
from app.services.outside import Outside, Unreachable
from app.services.webhooks import claims
from app.storage.tables import WebhookEndpoint
from tests.support.provoked import assert_in_both_languages, troubles
from tests.support.webhook_receiver import BROKEN, Receiver, TellingShop


def codes(shop: TellingShop) -> set[str]:
    with shop.deps.read() as session:
        found = list(hooks_out.findings(session, shop.clock.now()))
    for each in found:
        assert_in_both_languages(each)
    return troubles(found)


def test_after_a_day_of_failures_a_message_is_given_up_and_the_next_one_goes(
    shop: TellingShop, receiver: Receiver
) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    receiver.answers = [BROKEN] * 10
    shop.happens(shop.card(), 2)
    shop.sends()
    for delay_s in DELAYS_S:
        shop.clock.forward(seconds=delay_s - 1)
        shop.sends()
        shop.clock.forward(seconds=1)
        shop.sends()
    shop.sends()

    second, first = shop.attempts(endpoint)
    assert ("failed", 10, "it answered 500") == (first["state"], len(first["attempts"]), first["last_error"])
    assert {"out of order"} == {each["answer"] for each in first["attempts"]}
    assert ("delivered", None) == (second["state"], shop.told(endpoint)["failing_since"])


@pytest.mark.parametrize(("status", "waits_s"), [(429, 120), (503, 120), (500, 5)])
def test_an_endpoint_that_asks_for_a_pause_gets_it(
    shop: TellingShop, receiver: Receiver, status: int, waits_s: int
) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    at = shop.clock.now() + timedelta(seconds=waits_s)
    said = "120" if status == 429 else format_datetime(at, usegmt=True)
    receiver.answers = [(status, {"Retry-After": said}, b"")]
    shop.happens(shop.card())
    shop.sends()

    (message,) = shop.attempts(endpoint)
    assert at.isoformat().replace("+00:00", "Z") == message["due_at"]


def test_a_redirect_is_a_failure_and_is_not_followed(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    receiver.answers = [(307, {"Location": f"{receiver.url}/elsewhere"}, b"")]
    shop.happens(shop.card())
    shop.sends()

    assert ["/hooks"] == [each.path for each in receiver.came]
    assert ("pending", 307) == tuple(shop.attempts(endpoint)[0][name] for name in ("state", "last_status"))


def test_410_disables_the_endpoint_and_its_events_wait(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    receiver.answers = [(410, {}, b"gone")]
    shop.happens(shop.card(), 2)
    shop.sends()
    shop.clock.forward(hours=1)
    shop.sends()

    told = shop.told(endpoint)
    assert ("disabled", 1) == (told["state"], len(receiver.came))
    assert "410" in told["disabled_reason"]
    assert {"webhooks-disabled"} == codes(shop)
    assert 409 == shop.owner.post(f"/webhook-endpoints/{endpoint['id']}/test").status_code

    shop.owner.patch(f"/webhook-endpoints/{endpoint['id']}", {"state": "active"})
    shop.sends()
    assert [2, 2, 3] == [each.sequence for each in receiver.came]
    assert (set(), "") == (codes(shop), shop.told(endpoint)["disabled_reason"])


def test_an_endpoint_that_fails_for_days_is_disabled_and_somebody_hears_of_it(
    shop: TellingShop, receiver: Receiver
) -> None:
    dead = shop.endpoint(receiver, kinds=["goal.near"])
    other = shop.endpoint(receiver, kinds=["webhook.disabled"])
    receiver.decide = lambda came: BROKEN if came.said["type"] == "goal.near" else None
    serial = shop.card()
    worker = shop.deliverer()
    for day in range(4):
        shop.happens(serial)
        shop.sends(worker)
        assert "active" == shop.told(dead)["state"]
        shop.clock.forward(hours=23)
        if day == 0:
            assert {"webhooks-failing"} == codes(shop)
    shop.sends(worker)
    shop.sends(worker)  # it is news for the other endpoint

    told = shop.told(dead)
    assert ("disabled", "Every delivery failed for 3 days.") == (told["state"], told["disabled_reason"])
    assert {"webhooks-disabled"} == codes(shop)
    (news,) = [each.said for each in receiver.came if each.said["type"] == "webhook.disabled"]
    assert {"endpoint": dead["id"], "reason": "Every delivery failed for 3 days."} == news["data"]["changed"]
    assert ["delivered"] == [each["state"] for each in shop.attempts(other)]


def test_events_and_messages_that_nobody_takes_are_found(shop: TellingShop, receiver: Receiver) -> None:
    shop.endpoint(receiver, kinds=["goal.near"])
    shop.happens(shop.card())
    shop.clock.forward(minutes=2)
    assert {"webhooks-late"} == codes(shop)
    while shop.hands_out():
        pass
    assert set() == codes(shop)
    shop.clock.forward(minutes=15)
    assert {"webhooks-late"} == codes(shop)
    shop.sends()
    assert set() == codes(shop)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.8/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.8]/x",
        "https://[fd00::1]/x",
        "https://0.0.0.0/x",
        "https://2130706433/x",
        "https://example.com:22/x",
        "http://example.com/x",
        "ftp://example.com/x",
        "https://anna:secret@example.com/x",
        "https://exa mple.com/",
        "https:///x",
    ],
)
def test_an_address_that_leads_inside_is_refused_when_saved_and_when_sent(url: str) -> None:
    strict = Outside()

    with pytest.raises(Invalid) as refused:
        strict.check(url)

    assert {"/url"} == set(refused.value.faults)
    with pytest.raises(Exception, match="address"):
        strict.send("POST", url, body=b"{}")


def test_a_private_address_is_refused_by_the_api_at_its_place(shop: TellingShop) -> None:
    for body in ({"url": "https://10.0.0.8/x"}, {"url": "https://169.254.169.254/x", "kinds": ["nothing"]}):
        answer = shop.owner.post("/webhook-endpoints", {"programme": "cafe", **body})
        faults = {each["pointer"] for each in answer.get_json()["errors"]}
        assert (422, True) == (answer.status_code, "/url" in faults)
    assert {"/url", "/kinds/0"} == faults
    assert [] == shop.owner.get("/webhook-endpoints").get_json()["items"]


def test_an_address_that_leads_inside_by_the_time_of_sending_is_not_called(
    shop: TellingShop, receiver: Receiver
) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    shop.happens(shop.card())
    shop.sends(shop.deliverer(outside=Outside()))  # the operator took the network off the list meanwhile

    assert [] == receiver.came
    (message,) = shop.attempts(endpoint)
    assert ("pending", None) == (message["state"], message["last_status"])
    assert "address" in message["last_error"]


def test_an_answer_without_end_is_cut(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    receiver.answers = [(200, {}, b"x\x00" * 300_000)]
    shop.happens(shop.card())
    shop.sends()

    (message,) = shop.attempts(endpoint)
    assert ("delivered", True) == (message["state"], len(message["attempts"][0]["answer"]) <= 1000)


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_an_answer_that_drips_is_cut_off(begin: bytes) -> None:
    """A byte now and then, before the headers, among them or after them."""
    hasty, ended = Outside([ip_network("127.0.0.0/8")], total_s=0.3), threading.Event()

    def drips(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line, suppress(OSError):
            line.sendall(begin)
            while not ended.wait(0.02):
                line.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drips, args=[listener], daemon=True).start()
        with pytest.raises(Unreachable, match="no answer in time"):
            hasty.send("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", body=b"{}")
        ended.set()


def test_a_server_that_is_not_there_is_told_of(shop: TellingShop, receiver: Receiver) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = {"programme": "cafe", "url": f"http://127.0.0.1:{port}/", "kinds": ["goal.near"]}
    endpoint = shop.owner.post("/webhook-endpoints", made).get_json()
    shop.happens(shop.card())
    shop.sends()

    (message,) = shop.attempts(endpoint)
    assert message["last_error"].startswith("no connection")


def test_what_failed_is_sent_again_by_one_by_all_and_since(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    again = f"/webhook-endpoints/{endpoint['id']}/replay"
    serial = shop.card()
    shop.happens(serial)
    shop.sends()
    shop.clock.forward(hours=1)
    noon = shop.clock.now()
    shop.happens(serial, 2)
    shop.sends()
    one = shop.attempts(endpoint)[-1]["id"]

    assert {"messages": 1} == shop.owner.post(again, {"message": one}).get_json()
    shop.sends()
    assert {"messages": 2} == shop.owner.post(again, {"since": noon.isoformat()}).get_json()
    shop.sends()
    assert {"messages": 0} == shop.owner.post(again, {"state": "failed"}).get_json()

    assert [2, 3, 4, 2, 3, 4] == [each.sequence for each in receiver.came]
    ids = [each.headers["webhook-id"] for each in receiver.came]
    assert ids[:3] == ids[3:]
    assert 404 == shop.owner.post(again, {"message": "msg_0_0"}).status_code
    assert 422 == shop.owner.post(again, {"since": "2025-01-01T00:00:00Z"}).status_code
    assert 422 == shop.owner.post(again, {"message": one, "state": "failed"}).status_code


def test_what_happened_while_it_was_disabled_can_be_sent_later_in_order(
    shop: TellingShop, receiver: Receiver
) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    begun = shop.clock.now()
    with shop.deps.db.begin() as session:
        claims.disable(session, session.get_one(WebhookEndpoint, endpoint["id"]), "for a while", begun)
    serial = shop.card()
    shop.happens(serial, 3)
    shop.sends()
    shop.owner.patch(f"/webhook-endpoints/{endpoint['id']}", {"state": "active"})
    shop.happens(serial)
    shop.hands_out()

    since = {"since": begun.isoformat()}
    assert {"messages": 4} == shop.owner.post(f"/webhook-endpoints/{endpoint['id']}/replay", since).get_json()
    shop.sends()
    assert [2, 3, 4, 5] == [each.sequence for each in receiver.came]


def test_another_programmes_key_finds_no_endpoint(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver)
    charlie = shop.program("owner", "bakery")
    path = f"/webhook-endpoints/{endpoint['id']}"

    assert [] == charlie.get("/webhook-endpoints").get_json()["items"]
    assert {404} == {charlie.get(path + each).status_code for each in ("", "/attempts")}
    assert {404} == {
        charlie.post(path + each, body).status_code
        for each, body in (("/secret", {}), ("/replay", {"state": "failed"}), ("/test", {}))
    }
    assert {404} == {charlie.patch(path, {"url": "https://example.com"}).status_code}
    assert 404 == charlie.call("DELETE", path).status_code
    assert 404 == charlie.post("/webhook-endpoints", {"programme": "cafe", "url": receiver.url}).status_code
    assert 403 == shop.program("till").get("/webhook-endpoints").status_code


def test_the_secret_is_shown_once_and_kept_sealed(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver)
    listed = shop.owner.get("/webhook-endpoints").get_data(as_text=True)
    with shop.deps.read() as session:
        (sealed,) = session.get_one(WebhookEndpoint, endpoint["id"]).secrets

    assert endpoint["secret"].startswith("whsec_")
    assert endpoint["secret"] not in listed + sealed
    assert "secret" not in shop.told(endpoint)


def test_two_who_change_an_endpoint_do_not_overwrite_each_other(
    shop: TellingShop, receiver: Receiver
) -> None:
    path = f"/webhook-endpoints/{shop.endpoint(receiver)['id']}"
    tag = shop.owner.get(path).headers["ETag"]
    shop.owner.patch(path, {"description": "Marta's"})

    mine = shop.owner.call("PATCH", path, {"description": "mine"}, headers={"If-Match": tag})
    assert 412 == mine.status_code
    assert "Marta's" == shop.owner.get(path).get_json()["description"]
