"""Phones buzz three times a day at most for a card, and one of the three is kept for what must be heard."""

from __future__ import annotations

import threading

import pytest

from app.services.housekeeping import requeue
from app.wallets.google import notices
from tests.support.google_server import ISSUER
from tests.support.google_shop import (
    Buzzes,
    agrees,
    holder,
    kept_messages,
    said,
    says,
    shown,
    turns,
)
from tests.support.service import Service
from tests.support.service_fixtures import on_both_engines

LOUD, SILENT = "TEXT_AND_NOTIFY", "TEXT"

pytestmark = pytest.mark.usefixtures("one_time")


@pytest.fixture
def service(chosen_service: Service) -> Service:
    """Counting turns is the same on both engines; what two do at once, and old rows, run on each."""
    return chosen_service


def kinds(service: Service, serial: str) -> list[str]:
    return [kind for _, kind in said(shown(service, serial))]


def refusals(service: Service) -> int:
    """How often Google said no."""
    return len([one for one in service.google.state.requests if one["status"] == 403])


def test_the_fourth_message_of_a_day_is_silent_and_google_never_had_to_say_no(service: Service) -> None:
    anna = holder(service)
    for number in range(5):
        says(service, f"No {number}", anna, loud=True)
        service.works()
    assert [LOUD] * 3 + [SILENT] * 2 == kinds(service, anna)
    assert 0 == refusals(service)

    service.clock.forward(hours=24, minutes=1)
    says(service, "Next day", anna, loud=True)
    service.works()
    assert LOUD == kinds(service, anna)[-1]


def test_news_leave_one_of_the_three_to_service_messages(service: Service) -> None:
    anna = holder(service)
    agrees(service, anna)
    for number in range(3):
        says(service, f"Sale {number}", anna, purpose="news", loud=True)
        service.works()
    says(service, "Your points end soon", anna, loud=True)
    service.works()
    assert [LOUD, LOUD, SILENT, LOUD] == kinds(service, anna)


@on_both_engines
def test_over_googles_own_count_the_message_comes_silently_and_it_is_remembered(service: Service) -> None:
    """Another program may have used the day's three."""
    anna = holder(service)
    client = service.google.client()
    for number in range(3):
        loud = {"id": f"crm-{number}", "header": "x", "body": "y", "messageType": LOUD}
        client.add_message("loyaltyObject", f"{ISSUER}.{anna}", loud)
    for number in range(3):
        says(service, f"No {number}", anna, loud=True)
        service.works()
    assert [SILENT] * 3 == kinds(service, anna)[3:]
    assert 1 == refusals(service)
    assert {(True, False)} == set(kept_messages(service).values())

    service.clock.forward(hours=25)
    says(service, "Next day", anna, loud=True)
    service.works()
    assert LOUD == kinds(service, anna)[-1]


def test_a_look_has_its_own_three(service: Service) -> None:
    anna = holder(service)
    for number in range(4):
        says(service, f"To all {number}", loud=True)
        service.works()
    says(service, "To Anna", anna, loud=True)
    service.works()
    found = service.google.state.view(f"{ISSUER}.{anna}")["class"]
    assert [LOUD] * 3 + [SILENT] == [kind for _, kind in said(found)]
    assert [LOUD] == kinds(service, anna)


def test_the_fourth_balance_of_a_day_arrives_silently(service: Service) -> None:
    anna = holder(service)
    buzzes = Buzzes(service)
    for _ in range(5):
        service.shop.buys(anna, 1000)
        service.works()
    asked = [
        (one["body"] or {}).get("notifyPreference")
        for one in service.google.state.requests
        if one["method"] == "PATCH" and "/loyaltyObject" in one["path"] and one["status"] == 200
    ]
    assert ["NOTIFY_ON_UPDATE"] * 3 + [None] * 2 == asked[-5:]
    assert ([(anna, "points")] * 3, 500) == (
        buzzes.heard,
        shown(service, anna)["loyaltyPoints"]["balance"]["int"],
    )
    assert 3 == turns(service, "update")


def test_messages_and_balances_do_not_eat_each_others_turns(sqlite_service: Service) -> None:
    anna = holder(sqlite_service)
    buzzes = Buzzes(sqlite_service)
    for number in range(3):
        says(sqlite_service, f"No {number}", anna, loud=True)
        sqlite_service.shop.buys(anna, 1000)
        sqlite_service.works()
    assert ["message"] * 3 + ["points"] * 3 == sorted(what for _, what in buzzes.heard)


def test_what_google_refused_takes_no_turn(service: Service) -> None:
    anna = holder(service)
    service.google.state.modes.change({"permission_denied": True})
    service.shop.buys(anna, 1000)
    service.works()
    assert 0 == turns(service, "update")
    service.google.state.modes.change({"permission_denied": False})
    service.clock.forward(hours=1)
    buzzes = Buzzes(service)
    service.works()
    assert [(anna, "points")] == buzzes.heard


def test_sent_again_on_somebodys_word_it_is_really_sent(service: Service) -> None:
    anna = holder(service)
    before = len(service.google.state.requests)
    requeue(service.parts.deps.db, [service.card(anna).id], service.clock.now())
    service.works()
    assert ["PATCH"] == [one["method"] for one in list(service.google.state.requests)[before:]]


def test_a_till_keeps_a_turn_that_roll_outs_cannot_take(service: Service) -> None:
    target, now = f"{ISSUER}.{holder(service)}", service.clock.now()
    with service.parts.deps.db.begin() as session:
        taken = [notices.take(session, target, "update", service=False, now=now) for _ in range(3)]
        till = notices.take(session, target, "update", service=True, now=now)
        none_left = notices.take(session, target, "update", service=True, now=now)
    assert [True, True, False, True, False] == [each is not None for each in (*taken, till, none_left)]


@on_both_engines
def test_two_workers_never_take_the_same_turn(service: Service) -> None:
    target, now = f"{ISSUER}.{holder(service)}", service.clock.now()
    taken: list[int | None] = []

    def take() -> None:
        for _ in range(2):
            with service.parts.deps.db.begin() as session:
                turn = notices.take(session, target, "message", service=True, now=now)
            taken.append(turn)

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (6, 3) == (len(taken), len([turn for turn in taken if turn is not None]))


@on_both_engines
def test_turns_of_other_days_are_swept(service: Service) -> None:
    anna = holder(service)
    service.shop.buys(anna, 1000)
    service.works()
    assert 1 == turns(service, "update")
    service.clock.forward(days=3)
    service.works()
    assert 0 == turns(service, "update")
