"""Events reach those who follow them: signed, in order per card, at least once; nobody waits for another."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from app.services import erasure
from app.services.webhooks import replaying
from app.storage.tables import WebhookAttempt
from tests.support.webhook_receiver import BROKEN, GOOD, Answer, Came, Receiver, TellingShop, receiving


def verified(came: Came, secret: str) -> bool:
    """What the receivers' own library says of the signature; the clock of tests is not that of the wall."""
    known = Webhook(secret)
    at = datetime.fromtimestamp(int(came.headers["webhook-timestamp"]), UTC)
    wanted = known.sign(came.headers["webhook-id"], at, came.raw.decode())
    return wanted in came.headers["webhook-signature"].split(" ")


def test_an_event_arrives_signed_with_the_card_the_channel_and_what_changed(
    shop: TellingShop, receiver: Receiver
) -> None:
    endpoint = shop.endpoint(receiver, kinds=["purchase"])
    issued = shop.owner.post(
        "/cards",
        {
            "programme": "cafe",
            "member": {"phone": "+37120000001", "external_id": "crm-7"},
            "channel": {"utm_source": "newsletter", "link_code": "k7"},
        },
    )
    serial = issued.get_json()["serial"]
    bought = shop.owner.post(
        f"/cards/{serial}/purchases", {"amount_minor": 12340, "currency": "EUR"}, key="k1"
    ).get_json()
    shop.sends()

    (came,) = receiver.came
    assert verified(came, endpoint["secret"])
    assert "application/json" == came.headers["content-type"]
    said = came.said
    assert ("purchase", "2026-03-02T09:00:00Z") == (said["type"], said["timestamp"])
    data = said["data"]
    told = shop.owner.get(f"/cards/{serial}").get_json()
    assert {k: v for k, v in told.items() if k != "member"} == data["card"]
    assert {"external_id": "crm-7"} == data["member"]
    assert ("newsletter", "k7") == (data["channel"]["utm_source"], data["channel"]["link_code"])
    assert (bought["id"], 1234) == (data["changed"]["id"], data["changed"]["earned"]["points"])
    assert ("cafe", True) == (data["programme"], data["sequence"] > 1)
    assert "2026-03-02T09:00:00Z" == shop.told(endpoint)["last_ok_at"]


def test_the_library_of_receivers_takes_what_we_sign_now(receiver: Receiver, shop: TellingShop) -> None:
    shop.clock.begin(datetime.now(UTC))
    endpoint = shop.endpoint(receiver)
    shop.owner.post(f"/webhook-endpoints/{endpoint['id']}/test")
    shop.sends()

    (came,) = receiver.came
    assert "ping" == Webhook(endpoint["secret"]).verify(came.raw, dict(came.headers))["type"]
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(came.raw + b" ", dict(came.headers))


def test_the_sequence_of_a_card_is_dense_for_who_follows_all(shop: TellingShop, receiver: Receiver) -> None:
    shop.endpoint(receiver)
    first, second = shop.card(phone="+37120000001"), shop.card(phone="+37120000002")
    for _ in range(3):
        shop.happens(first, 2)
        shop.happens(second)
        shop.happens(first, kind="inside.only")  # nobody may hear of it, so it takes no number
        shop.sends()

    for serial in (first, second):
        numbers = [each.sequence for each in receiver.came if each.serial == serial]
        assert list(range(1, len(numbers) + 1)) == numbers
        assert len(numbers) >= 4


def test_a_failure_holds_back_the_later_ones_of_its_card_and_no_other(
    shop: TellingShop, receiver: Receiver
) -> None:
    shop.endpoint(receiver, kinds=["goal.near"])
    bad, good = shop.card(phone="+37120000001"), shop.card(phone="+37120000002")
    broken = {bad}

    def decide(came: Came) -> Answer | None:
        return BROKEN if came.serial in broken else None

    receiver.decide = decide
    shop.happens(bad, 3)
    shop.happens(good, 3)
    worker = shop.deliverer()
    shop.sends(worker)

    assert [1 + 1, 3, 4] == [each.sequence for each in receiver.came if each.serial == good]
    assert [2] == [each.sequence for each in receiver.came if each.serial == bad]

    shop.clock.forward(seconds=6)
    shop.sends(worker)
    assert [2, 2] == [each.sequence for each in receiver.came if each.serial == bad]

    broken.clear()
    shop.clock.forward(seconds=31)
    shop.sends(worker)
    assert [2, 2, 2, 3, 4] == [each.sequence for each in receiver.came if each.serial == bad]
    tries = [each.headers for each in receiver.came if each.serial == bad][:3]
    assert 1 == len({each["webhook-id"] for each in tries})
    assert 3 == len({each["webhook-timestamp"] for each in tries})


def test_a_slow_endpoint_keeps_nobody_waiting(shop: TellingShop, receiver: Receiver) -> None:
    with receiving() as slow:
        answered = threading.Event()

        def decide(came: Came) -> Answer | None:
            slow.lock.release()
            answered.wait(10)
            slow.lock.acquire()
            return GOOD

        slow.decide = decide
        shop.endpoint(slow, kinds=["goal.near"])
        shop.endpoint(receiver, kinds=["goal.near"])
        serials = [shop.card(phone=f"+3712000000{each}") for each in range(6)]
        for serial in serials:
            shop.happens(serial)
        while shop.hands_out():
            pass
        worker = shop.deliverer()
        while len(receiver.came) < 6:
            assert worker.step()

        assert not answered.is_set()
        assert len(slow.came) <= 4
        answered.set()
        shop.sends(worker)
        assert 6 == len(slow.came)


def test_events_of_another_programme_and_of_other_kinds_stay_at_home(
    shop: TellingShop, receiver: Receiver
) -> None:
    shop.endpoint(receiver, programme="bakery")
    shop.endpoint(receiver, kinds=["tier.up"])
    shop.happens(shop.card("cafe"), 2)
    shop.sends()

    assert [] == receiver.came


def test_a_paused_endpoint_misses_nothing(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    shop.owner.patch(f"/webhook-endpoints/{endpoint['id']}", {"state": "paused"})
    shop.happens(shop.card(), 2)
    shop.sends()
    assert [] == receiver.came

    shop.owner.patch(f"/webhook-endpoints/{endpoint['id']}", {"state": "active"})
    shop.sends()
    assert [2, 3] == [each.sequence for each in receiver.came]


def test_during_a_rotation_both_secrets_sign(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    path = f"/webhook-endpoints/{endpoint['id']}/secret"
    fresh = shop.owner.post(path, {"hours": 2}).get_json()
    serial = shop.card()
    shop.happens(serial)
    shop.sends()
    shop.clock.forward(hours=3)
    shop.happens(serial)
    shop.sends()

    during, after = receiver.came
    assert (True, True) == (verified(during, endpoint["secret"]), verified(during, fresh["secret"]))
    assert 2 == len(during.headers["webhook-signature"].split(" "))
    assert (False, True) == (verified(after, endpoint["secret"]), verified(after, fresh["secret"]))


def test_a_crash_between_sending_and_noting_sends_the_same_again(
    shop: TellingShop, receiver: Receiver
) -> None:
    shop.endpoint(receiver, kinds=["goal.near"])
    shop.happens(shop.card(), 2)
    while shop.hands_out():
        pass
    dying = shop.deliverer()
    dying._begin(shop.clock.now())  # it sends, and is killed before it writes down what came of it
    for future in dying._flying:
        future.result(5)
    assert 1 == len(receiver.came)

    shop.sends()
    assert 1 == len(receiver.came)  # in somebody's hands as far as anybody knows
    shop.clock.forward(minutes=3)
    shop.sends()
    assert [2, 2, 3] == [each.sequence for each in receiver.came]
    first, again = (each.headers["webhook-id"] for each in receiver.came[:2])
    assert first == again


def test_an_answer_that_comes_after_the_lease_changes_nothing(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    shop.happens(shop.card())
    shop.hands_out()
    late = shop.deliverer()
    late._begin(shop.clock.now())
    for future in late._flying:
        future.result(5)
    shop.clock.forward(minutes=3)
    receiver.answers = [BROKEN]
    shop.sends()
    late._settle()

    (message,) = shop.attempts(endpoint)
    assert "pending" == message["state"]
    assert [204, 500] == [each["status"] for each in message["attempts"]]


def test_an_endpoint_that_is_deleted_on_the_way_stops_nobody(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    shop.happens(shop.card())
    shop.hands_out()
    worker = shop.deliverer()
    worker._begin(shop.clock.now())
    assert 200 == shop.owner.call("DELETE", f"/webhook-endpoints/{endpoint['id']}").status_code
    for future in worker._flying:
        future.result(5)
    worker._settle()

    assert not worker._flying
    assert 404 == shop.owner.get(f"/webhook-endpoints/{endpoint['id']}").status_code


def test_an_erased_person_leaves_nothing_in_what_is_sent_and_kept(
    shop: TellingShop, receiver: Receiver
) -> None:
    endpoint = shop.endpoint(receiver, member_data=True)
    serial = shop.card(phone="+37120000001", given_name="Аня", external_id="crm-7")
    shop.owner.patch(f"/cards/{serial}", {"values": {"nick": "Anna the great"}})
    receiver.decide = lambda came: (200, {}, came.raw)
    shop.sends()
    assert "Аня" == receiver.came[0].said["data"]["member"]["given_name"]
    assert any("crm-7" in each["answer"] for m in shop.attempts(endpoint) for each in m["attempts"])

    shop.happens(serial)
    receiver.came.clear()
    erasure.erase(shop.deps.db, serial, now=shop.clock.now())
    shop.sends()

    assert {None} == {each.said["data"]["member"] and "member" for each in receiver.came}
    assert "member.erased" in receiver.types()
    told = b"".join(each.raw for each in receiver.came).decode()
    with shop.deps.read() as session:
        before = session.scalars(select(WebhookAttempt.answer).order_by(WebhookAttempt.id)).all()
    assert [] == [word for word in ("Аня", "crm-7", "+3712", "great") if word in told + "".join(before)]


def test_changed_member_data_is_told_by_the_names_of_its_keys(shop: TellingShop, receiver: Receiver) -> None:
    shop.endpoint(receiver, kinds=["member.updated", "member.consents"])
    serial = shop.card(phone="+37120000001", given_name="Anna")
    new = {"given_name": "Anna", "email": "anna@example.com", "city": "Riga"}
    shop.owner.patch(f"/cards/{serial}", {"member": new})
    shop.owner.patch(f"/cards/{serial}", {"member": new})
    known = {"programme": "cafe", "member": {"phone": "+37120000001"}}
    for _ in range(2):
        shop.owner.post("/cards", {**known, "consents": [{"purpose": "marketing", "granted": True}]})
    shop.sends()

    assert [
        ("member.updated", {"changed": ["city", "email"]}),
        ("member.consents", {"changed": ["marketing"]}),
    ] == [(each.said["type"], each.said["data"]["changed"]) for each in receiver.came]


def test_what_is_too_long_is_left_out_and_that_is_said(shop: TellingShop, receiver: Receiver) -> None:
    shop.endpoint(receiver, kinds=["goal.near"], member_data=True)
    long = {f"key{each}": "я" * 400 for each in range(40)}
    serial = shop.card(phone="+37120000001", attributes=long)
    shop.owner.patch(f"/cards/{serial}", {"values": {"bonus": "12 %"}})
    shop.happens(serial)
    shop.sends()

    (came,) = receiver.came
    assert len(came.raw) <= 20_000
    assert (["member.attributes"], {}) == (
        came.said["data"]["left_out"],
        came.said["data"]["member"]["attributes"],
    )
    assert {"bonus": "12 %"} == came.said["data"]["card"]["values"]


def test_messages_are_forgotten_after_30_days(shop: TellingShop, receiver: Receiver) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    serial = shop.card()
    shop.happens(serial)
    shop.sends()
    shop.clock.forward(days=31)
    shop.happens(serial)
    shop.sends()

    assert 1 == replaying.forget_old(shop.deps.db, shop.deps.read, shop.clock.now())
    assert 0 == replaying.forget_old(shop.deps.db, shop.deps.read, shop.clock.now())
    assert [204] == [each["status"] for m in shop.attempts(endpoint) for each in m["attempts"]]
    with shop.deps.read() as session:
        assert 1 == len(session.scalars(select(WebhookAttempt.id)).all())
