"""The nightly round: what Google has is what we believe, or it is mended."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.services import cards, rounds
from app.storage.tables import Chore, GoogleObject
from app.wallets.google import reconcile
from app.wallets.google.reconcile import Reconciler
from app.wallets.google.wiring import reconciler
from tests.support.google_server import ISSUER
from tests.support.google_shop import add_url, calls, chore, holder, row, shown, so_far, wait_until
from tests.support.service import Service
from tests.support.service_fixtures import on_both_engines

NAME = f"google:reconcile:{ISSUER}"

pytestmark = pytest.mark.usefixtures("one_time")


@pytest.fixture
def service(chosen_service: Service) -> Service:
    """What a round mends is the same on both engines; who makes it, and where it goes on, runs on each."""
    return chosen_service


def round_of(service: Service) -> Reconciler:
    """The wallet's own round."""
    wallet, deps = service.google_wallet, service.parts.deps
    return reconciler(deps.db, deps.read, deps.now, wallet.desks.by_issuer[ISSUER])


def night(service: Service) -> dict[str, Any]:
    """The next night comes, the round is made, and the cards are delivered; what it kept."""
    service.works()
    service.clock.forward(hours=2)
    rounds.hasten(service.parts.deps.db, NAME, service.clock.now())
    while round_of(service).step(service.clock.now()):
        pass
    kept = dict(chore(service, NAME).result)
    service.works()
    return kept


def last(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = night(service)["last"]
    return found


def codes(service: Service) -> list[str]:
    found = service.google_wallet.check(service.clock.now())
    return [each.code for each in found if each.code.startswith(("google-round", "google-class"))]


def test_a_night_without_differences_changes_nothing(service: Service) -> None:
    serials = [holder(service), holder(service, "Vera", phone="vera")]
    versions = [service.card(serial).version for serial in serials]
    seen = last(service)
    assert (2, 0, {}) == (seen["checked"], seen["unknown"], seen["repaired"])
    assert versions == [service.card(serial).version for serial in serials]
    assert (2, ["google-round"]) == (len(service.events("card.installed")), codes(service))


def test_saves_and_removals_that_nobody_told_are_noted_once(service: Service) -> None:
    """Callbacks were silent for everybody for a while in 2024."""
    kept = holder(service)
    service.google.state.modes.change({"callback_outage": True})
    service.google.state.remove(f"{ISSUER}.{kept}", "anna")
    lost = service.customer("Vera")
    service.google.state.save_link(add_url(service, lost).rpartition("/")[2], "vera")

    seen = last(service)
    assert {"removed": 1, "saved": 1} == seen["repaired"]
    assert (True, True) == (
        row(service, lost).saved_at is not None,
        row(service, kept).removed_at is not None,
    )
    assert (2, 1) == (len(service.events("card.installed")), len(service.events("card.removed")))
    assert ["google-round-unheard"] == codes(service)

    assert {} == last(service)["repaired"]
    assert (2, 1) == (len(service.events("card.installed")), len(service.events("card.removed")))
    assert ["google-round"] == codes(service)


def test_callbacks_that_came_in_the_wrong_order_are_put_right(service: Service) -> None:
    serial = service.customer()
    token = add_url(service, serial).rpartition("/")[2]
    service.google.state.modes.change({"callbacks_out_of_order": True})
    service.google.state.save_link(token, "anna")
    service.google.state.remove(f"{ISSUER}.{serial}", "anna")
    wait_until(lambda: row(service, serial).saved_at is not None)
    assert None is row(service, serial).removed_at
    assert {"removed": 1} == last(service)["repaired"]


def test_a_fresh_save_that_google_does_not_list_yet_stays(service: Service) -> None:
    """`hasUsers` lags; the round of another night sees."""
    serial = service.customer()
    token = add_url(service, serial).rpartition("/")[2]
    service.google.state.modes.change({"holders_lag": True})
    service.google.state.save_link(token, "anna")
    wait_until(lambda: row(service, serial).saved_at is not None)
    service.works()
    rounds.hasten(service.parts.deps.db, NAME, service.clock.now())
    while round_of(service).step(service.clock.now()):
        pass
    assert {} == chore(service, NAME).result["last"]["repaired"]
    assert None is row(service, serial).removed_at
    assert {"removed": 1} == last(service)["repaired"]


@on_both_engines
def test_a_card_that_stands_wrong_is_sent_again(service: Service) -> None:
    blocked, moved = holder(service), holder(service, "Vera", phone="vera")
    cards.change(service.parts.deps.db, blocked, now=service.clock.now(), status="blocked")
    service.works()
    client = service.google.client()
    client.patch("loyaltyObject", f"{ISSUER}.{blocked}", {"state": "ACTIVE"})
    client.upsert_class(service.google.class_body("other"))
    client.patch("loyaltyObject", f"{ISSUER}.{moved}", {"classId": f"{ISSUER}.other"})

    assert {"class": 1, "state": 1} == last(service)["repaired"]
    assert "INACTIVE" == shown(service, blocked)["state"]
    assert f"{ISSUER}.cafe" == shown(service, moved)["classId"]
    assert {} == last(service)["repaired"]


def test_a_card_that_google_lost_is_made_anew_and_one_of_others_is_counted(service: Service) -> None:
    serial = holder(service)
    kept = service.google.state.view(f"{ISSUER}.{serial}")["class"]
    service.google.state.clear()
    service.google.state.insert("loyaltyClass", {**kept, "reviewStatus": "UNDER_REVIEW"})
    service.google.client().upsert_object(service.google.object_body("stranger"))

    seen = last(service)
    assert ({"missing": 1}, 1) == (seen["repaired"], seen["unknown"])
    assert "ACTIVE" == shown(service, serial)["state"]


def test_a_look_that_google_lost_is_said(sqlite_service: Service) -> None:
    holder(sqlite_service)
    sqlite_service.google.state.clear()
    assert [f"{ISSUER}.cafe"] == last(sqlite_service)["lost"]
    assert "google-class-missing" in codes(sqlite_service)


@on_both_engines
def test_a_round_that_was_killed_goes_on_at_its_page(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is a round of another process; the last page was kept by the one before."""
    monkeypatch.setattr(reconcile, "PAGE", 2)
    for number in range(5):
        holder(service, f"Anna {number}", phone=f"phone-{number}")
    service.works()
    service.clock.forward(hours=2)
    now = service.clock.now()
    rounds.hasten(service.parts.deps.db, NAME, now)
    before = so_far(service)
    assert round_of(service).step(now)
    kept = chore(service, NAME).result["now"]
    assert (2, True) == (kept["checked"], kept["token"] != "")

    lease = rounds.take(service.parts.deps.db, service.parts.deps.read, NAME, now, first=now)
    assert lease is not None  # this process dies here, with its turn
    assert not round_of(service).step(now)
    later = now + rounds.LEASE + timedelta(seconds=1)
    while round_of(service).step(later):
        pass
    assert 5 == chore(service, NAME).result["last"]["checked"]
    assert [("GET", "loyaltyObject")] * 3 + [("GET", "loyaltyClass")] == calls(service, before)
    assert not rounds.keep(service.parts.deps.db, lease, {}, next_at=now, last_at=now)


@on_both_engines
def test_two_processes_make_one_round(service: Service) -> None:
    holder(service)
    service.works()
    service.clock.forward(hours=2)
    now, before = service.clock.now(), so_far(service)
    rounds.hasten(service.parts.deps.db, NAME, now)

    def make() -> None:
        for _ in range(8):
            round_of(service).step(now)

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [("GET", "loyaltyObject"), ("GET", "loyaltyClass")] == calls(service, before)
    assert 1 == chore(service, NAME).result["last"]["checked"]


def test_a_night_when_google_is_down_is_made_up_for(service: Service) -> None:
    holder(service)
    service.google.state.modes.change({"error_rate": 1.0})
    assert "error" in night(service)["last"]
    assert ["google-round-failed"] == codes(service)
    service.google.state.modes.change({"error_rate": 0.0})
    service.clock.forward(minutes=20)
    service.works()
    assert (1, None) == tuple(chore(service, NAME).result["last"].get(name) for name in ("checked", "error"))


def test_a_card_that_is_on_its_way_is_left_alone(sqlite_service: Service) -> None:
    serial = holder(sqlite_service)
    cards.change(sqlite_service.parts.deps.db, serial, now=sqlite_service.clock.now(), status="blocked")
    sqlite_service.clock.forward(hours=2)
    rounds.hasten(sqlite_service.parts.deps.db, NAME, sqlite_service.clock.now())
    while round_of(sqlite_service).step(sqlite_service.clock.now()):
        pass
    assert {} == chore(sqlite_service, NAME).result["last"]["repaired"]


def test_the_worker_makes_the_round_by_itself_at_night(service: Service) -> None:
    serial = holder(service)
    with service.parts.deps.db.begin() as session:
        session.execute(update(GoogleObject).values(saved_at=None))
    service.clock.forward(seconds=30)
    service.works()
    due = chore(service, NAME).next_at
    assert due is not None and service.clock.now() < due <= service.clock.now() + timedelta(days=1)
    service.clock.forward(seconds=int((due - service.clock.now()).total_seconds()) + 60)
    service.works()
    assert row(service, serial).saved_at is not None
    after = chore(service, NAME)
    assert after.next_at is not None and after.next_at >= due + timedelta(hours=20)
    assert 1 == after.result["last"]["checked"]


def test_issuers_do_not_all_ask_at_the_same_minute() -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    nights = {rounds.next_night(now, f"issuer {number}") for number in range(40)}
    assert 20 < len(nights)
    assert all(
        datetime(2026, 3, 3, 2, 30, tzinfo=UTC) <= at < datetime(2026, 3, 3, 3, 30, tzinfo=UTC)
        for at in nights
    )


def test_an_old_form_of_what_was_kept_begins_the_round_anew(sqlite_service: Service) -> None:
    holder(sqlite_service)
    sqlite_service.works()
    with sqlite_service.parts.deps.db.begin() as session:
        session.execute(update(Chore).where(Chore.name == NAME).values(result={"now": {"page": 7}}))
    assert 1 == last(sqlite_service)["checked"]
