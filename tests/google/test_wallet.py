"""Google Wallet behind the Wallet protocol, with Google across the wire."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.services import cards, designs
from app.services.explain import explain
from app.services.ports import DeliveryError
from app.storage.tables import Event, GoogleNonce
from app.wallets.google.client import GoogleClient
from app.wallets.google.credentials import authorized_session
from app.wallets.google.turns import BULK_SHARE, shared_turns
from tests.support.google_callbacks import Signer
from tests.support.google_server import ISSUER
from tests.support.google_shop import add_url, holder, row, wait_until
from tests.support.service import PLAIN, Service
from tests.support.service_fixtures import on_both_engines


@pytest.fixture
def service(chosen_service: Service) -> Service:
    """What Google is sent is the same on both engines; what two do at once runs on each."""
    return chosen_service


def calls(service: Service, since: int = 0) -> list[tuple[str, str]]:
    """(method, kind) of what Google was asked, sign-ins left out."""
    made = list(service.google.state.requests)[since:]
    rest = [one for one in made if "/walletobjects/" in one["path"]]
    return [(one["method"], one["path"].split("/")[3]) for one in rest]


def bodies(service: Service, method: str, kind: str) -> list[dict[str, Any]]:
    made = [one for one in service.google.state.requests if one["method"] == method]
    return [one["body"] for one in made if f"/{kind}" in one["path"]]


def shown(service: Service, serial: str) -> dict[str, Any]:
    found: dict[str, Any] = service.google.state.view(f"{ISSUER}.{serial}")
    return found


def points(service: Service, serial: str) -> int:
    return int(shown(service, serial)["object"]["loyaltyPoints"]["balance"]["int"])


def so_far(service: Service) -> int:
    return len(service.google.state.requests)


# --- adding ---


def test_the_first_add_inserts_class_and_object(service: Service) -> None:
    serial = service.customer()
    assert add_url(service, serial).startswith(f"{service.google.url}/gp/v/save/")
    made = calls(service)
    assert [("POST", "loyaltyClass"), ("POST", "loyaltyObject")] == [one for one in made if one[0] == "POST"]
    assert f"{ISSUER}.cafe" == row(service, serial).class_id


def test_a_second_look_at_the_link_inserts_nothing(service: Service) -> None:
    serial = service.customer()
    add_url(service, serial)
    before = so_far(service)
    add_url(service, serial)
    assert [("PATCH", "loyaltyObject")] == calls(service, before)


def test_a_saved_card_gets_the_link_to_look_at_it(service: Service) -> None:
    serial = holder(service)
    before = so_far(service)
    assert f"{service.google.url}/gp/v/object/{ISSUER}.{serial}" == add_url(service, serial)
    assert [] == calls(service, before)


def test_a_card_that_nobody_added_is_never_sent(service: Service) -> None:
    service.shop.buys(service.customer(), 1000)
    service.works()
    assert [] == calls(service)


def test_google_being_down_is_said_to_the_customer(service: Service) -> None:
    serial = service.customer()
    service.google.state.modes.change({"error_rate": 1.0})
    with pytest.raises(DeliveryError, match="Google"):
        add_url(service, serial)


@on_both_engines
def test_a_change_while_the_link_was_made_is_not_lost(service: Service) -> None:
    """The page read the card, a till changed it, the worker told Google: then the page's older card lands."""
    serial = service.customer()
    add_url(service, serial)
    with service.parts.deps.read() as session:
        older = cards.current_pass(session, service.card(serial), service.clock.now())
    service.shop.buys(serial, 1000)
    service.works()
    service.google_wallet.add_url(older)
    service.works()
    assert 100 == points(service, serial)


# --- delivering ---


@on_both_engines
def test_a_purchase_is_one_patch_that_notifies(service: Service) -> None:
    serial = holder(service)
    before = so_far(service)
    service.shop.buys(serial, 12340)
    service.works()

    assert [("PATCH", "loyaltyObject")] == calls(service, before)
    assert 1234 == points(service, serial)
    assert "NOTIFY_ON_UPDATE" == bodies(service, "PATCH", "loyaltyObject")[-1]["notifyPreference"]
    delivered = service.delivery(serial, "google")
    assert (2, None) == (delivered.delivered_version, delivered.due_at)


def test_a_change_that_moves_no_balance_is_silent(service: Service) -> None:
    serial = holder(service)
    cards.change(service.parts.deps.db, serial, now=service.clock.now(), status="blocked")
    service.works()
    assert "INACTIVE" == shown(service, serial)["object"]["state"].upper()
    assert "notifyPreference" not in bodies(service, "PATCH", "loyaltyObject")[-1]


def test_a_new_status_moves_the_card_to_its_class(service: Service) -> None:
    service.design = tiered()
    serial = holder(service)
    cards.change(service.parts.deps.db, serial, now=service.clock.now(), tier="gold")
    service.works()
    assert f"{ISSUER}.cafe.gold" == shown(service, serial)["object"]["classId"]
    assert f"{ISSUER}.cafe.gold" == row(service, serial).class_id
    assert "Gold" in str(shown(service, serial)["class"]["rewardsTier"])


def tiered() -> Any:
    gold = {"key": "gold", "name": {"en": "Gold", "ru": "Золото"}}
    return PLAIN.model_validate({**PLAIN.model_dump(), "tiers": [gold]})


def test_a_new_look_is_one_class_patch_that_reaches_all(service: Service) -> None:
    serials = [holder(service, name) for name in ("Anna", "Vera", "Ieva")]
    body = {
        **PLAIN.model_dump(mode="json"),
        "palette": {**PLAIN.palette.model_dump(), "background": "#701020"},
    }
    db, now = service.parts.deps.db, service.clock.now()
    draft = designs.draft(db, "cafe", designs.parse(body), now=now)
    before = so_far(service)
    designs.publish(db, "cafe", draft, now=now)
    service.works()

    assert [("PATCH", "loyaltyClass")] == [one for one in calls(service, before) if one[1] == "loyaltyClass"]
    assert {"#701020"} == {shown(service, one)["class"]["hexBackgroundColor"] for one in serials}


def test_a_look_that_google_cannot_take_yet_is_published_later(service: Service) -> None:
    serial = holder(service)
    body = {
        **PLAIN.model_dump(mode="json"),
        "palette": {**PLAIN.palette.model_dump(), "background": "#701020"},
    }
    db, now = service.parts.deps.db, service.clock.now()
    draft = designs.draft(db, "cafe", designs.parse(body), now=now)
    designs.publish(db, "cafe", draft, now=now)
    service.google.state.modes.change({"error_rate": 1.0})
    service.works()
    service.google.state.modes.change({"error_rate": 0.0})
    service.clock.forward(minutes=10)
    service.works()
    assert "#701020" == shown(service, serial)["class"]["hexBackgroundColor"]


@pytest.mark.parametrize("trouble", [{"error_rate": 1.0}, {"nonsense": True}, {"permission_denied": True}])
def test_trouble_at_google_is_said_and_caught_up_with(service: Service, trouble: dict[str, Any]) -> None:
    serial = holder(service)
    service.google.state.modes.change(trouble)
    service.shop.buys(serial, 1000)
    service.works()
    late = service.delivery(serial, "google")
    assert late.due_at is not None and late.due_at > service.clock.now()
    deps = service.parts.deps
    with deps.read() as session:
        answer = explain(session, deps.wallets, service.card(serial), service.clock.now())
    assert ("retrying", True) == (answer["code"], "Google" in answer["sentence"])

    service.google.state.modes.change(dict.fromkeys(trouble, type(next(iter(trouble.values())))(0)))
    service.clock.forward(hours=2)
    service.works()
    assert 100 == points(service, serial)
    assert None is service.delivery(serial, "google").due_at


@on_both_engines
def test_ten_changes_before_the_worker_looks_are_one_patch(service: Service) -> None:
    serial = holder(service)
    before = so_far(service)
    for _ in range(10):
        service.shop.buys(serial, 1000)
    service.works()
    assert [("PATCH", "loyaltyObject")] == calls(service, before)
    assert 1000 == points(service, serial)


# --- callbacks ---


def removals(service: Service) -> int:
    with service.parts.deps.read() as session:
        return session.scalar(select(func.count()).where(Event.kind == "card.removed")) or 0


def test_saving_and_removing_are_heard_of(service: Service) -> None:
    serial = holder(service)
    assert 1 == len(service.events("card.installed"))
    [news] = service.google_wallet.devices(service.card(serial).id)
    assert ("Google Wallet", 1) == (news.device, news.fetched_version)

    service.google.state.remove(f"{ISSUER}.{serial}", "anna")
    wait_until(lambda: removals(service) == 1)
    assert [] == list(service.google_wallet.devices(service.card(serial).id))
    assert "/gp/v/save/" in add_url(service, serial)


@on_both_engines
def test_a_repeated_callback_counts_once(service: Service) -> None:
    service.google.state.modes.change({"callbacks_duplicated": True})
    serial = holder(service)
    wait_until(lambda: len(service.google.state.callbacks.sent) >= 2)
    assert 1 == len(service.events("card.installed"))
    with service.parts.deps.read() as session:
        assert 1 == session.scalar(select(func.count()).select_from(GoogleNonce))
    assert row(service, serial).saved_at is not None


@pytest.mark.parametrize("wrong", ["forged", "another issuer", "nonsense", "nothing", "too large"])
def test_a_callback_that_is_not_googles_changes_nothing(service: Service, wrong: str) -> None:
    serial = service.customer()
    add_url(service, serial)
    late = int((service.clock.now() + timedelta(hours=1)).timestamp() * 1000)
    about = {"objectId": f"{ISSUER}.{serial}", "expTimeMillis": late}
    body = {
        "forged": Signer(key_expires=str(late)).body(**about),
        "another issuer": Signer(recipient="3388000000099999999", key_expires=str(late)).body(**about),
        "nonsense": b'{"signature": 7}',
        "nothing": b"",
        "too large": b"x" * 70_000,
    }[wrong]
    answer = service.app.test_client().post("/google/callback", data=body)
    assert answer.status_code in (400, 413)
    assert (None, []) == (row(service, serial).saved_at, service.events("card.installed"))


def test_a_genuine_callback_for_another_issuer_changes_nothing(service: Service) -> None:
    serial = service.customer()
    token = add_url(service, serial).rpartition("/")[2]
    service.google.state.modes.change({"callbacks_for_another_issuer": True})
    service.google.state.save_link(token, "anna")
    wait_until(lambda: len(service.google.state.callbacks.sent) >= 1)
    assert None is row(service, serial).saved_at


# --- the rate that all share ---


@on_both_engines
def test_two_workers_together_stay_below_googles_rate(service: Service) -> None:
    """Two clients take turns through one row; a stepped time shows when each request leaves."""
    now_s = [1_700_000_000.0]
    left: list[float] = []
    workers = [turn_taker(service, now_s, left) for _ in range(2)]
    for number in range(60):
        workers[number % 2].get("loyaltyClass", f"{ISSUER}.cafe")
    busiest = max(sum(1 for at in left if start <= at < start + 0.999) for start in left)
    assert 60 == len(left) == len([one for one in calls(service) if one[0] == "GET"])
    assert 20 == busiest
    assert 59 / 20 == pytest.approx(left[-1] - left[0])


def turn_taker(service: Service, now_s: list[float], left: list[float]) -> GoogleClient:
    reserve = shared_turns(service.parts.deps.db, ISSUER, urgent=True, clock=lambda: now_s[0])

    def noted(count: int) -> float:
        wait_s = reserve(count)
        left.append(now_s[0] + wait_s)
        return wait_s

    def sleep(wait_s: float) -> None:
        now_s[0] += wait_s

    session = authorized_session(service.google_wallet.account)
    return GoogleClient(session, service.google.url, noted, sleep=sleep, now=service.clock.now)


def test_a_roll_out_leaves_a_fifth_of_the_rate_to_tills(service: Service) -> None:
    now_s, db = 1_700_000_000.0, service.parts.deps.db
    bulk = shared_turns(db, ISSUER, urgent=False, clock=lambda: now_s)
    urgent = shared_turns(db, ISSUER, urgent=True, clock=lambda: now_s)
    waits = [bulk(1) for _ in range(16)]
    assert 15 / (20 * BULK_SHARE) == pytest.approx(waits[-1])
    assert urgent(1) < waits[-1]


@on_both_engines
def test_threads_that_reserve_at_once_never_share_a_turn(service: Service) -> None:
    taken: list[float] = []
    reserve = shared_turns(service.parts.deps.db, ISSUER, urgent=True, clock=lambda: 1_700_000_000.0)
    threads = [threading.Thread(target=lambda: taken.extend(reserve(1) for _ in range(8))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [pytest.approx(number / 20) for number in range(32)] == sorted(taken)
