"""Messages on Google's cards and looks, with Google across the wire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.passes import Message
from app.services import cards, messages
from app.wallets.google.client import GoogleClient
from app.wallets.google.errors import GoogleError
from app.wallets.google.messages import CLAIM, MOST, Messenger, Target, google_message, plan
from app.wallets.google.schema import find_faults
from tests.support.clock import Clock
from tests.support.google_server import ISSUER
from tests.support.google_shop import (
    Buzzes,
    agrees,
    calls,
    holder,
    kept_messages,
    look,
    said,
    says,
    shown,
    so_far,
    takes_back,
    turns,
)
from tests.support.service import PLAIN, Service
from tests.support.service_fixtures import on_both_engines

LOUD, SILENT = "TEXT_AND_NOTIFY", "TEXT"

pytestmark = pytest.mark.usefixtures("one_time")


# --- one card ---


@pytest.fixture
def service(chosen_service: Service) -> Service:
    """What Google is told is the same on both engines; what must happen once runs on each."""
    return chosen_service


@on_both_engines
def test_a_message_to_one_card_reaches_that_phone_alone_and_buzzes(service: Service) -> None:
    anna, vera = holder(service), holder(service, "Vera", phone="vera")
    buzzes = Buzzes(service)
    number = says(service, serial=anna, loud=True)
    service.works()

    assert [("Hello", LOUD)] == said(shown(service, anna))
    assert [] == said(shown(service, vera)) == said(look(service, anna))
    assert [(anna, "message")] == buzzes.heard
    with service.parts.deps.read() as session:
        [posted] = messages.listed(session, "cafe", serial=anna, now=service.clock.now())
    assert (number, 1, 1) == (posted.id, posted.google_sent, posted.google_reached)


def test_a_silent_message_is_on_the_back_and_nobody_hears_of_it(service: Service) -> None:
    anna = holder(service)
    buzzes = Buzzes(service)
    says(service, serial=anna)
    service.works()
    assert ([("Hello", SILENT)], []) == (said(shown(service, anna)), buzzes.heard)


def test_a_message_speaks_every_language_and_names_its_time(service: Service) -> None:
    anna = holder(service)
    start = service.clock.now()
    message = messages.MessageInput(
        header={"en": "Open", "ru": "Открыто"}, body="9-18", ends_at=start + timedelta(days=3)
    )
    messages.post(service.parts.deps.db, "cafe", message, serial=anna, now=start)
    service.works()
    [at_google] = shown(service, anna)["messages"]
    assert "Открыто" == at_google["localizedHeader"]["translatedValues"][0]["value"]
    ends = datetime.fromisoformat(at_google["displayInterval"]["end"]["date"])
    assert start + timedelta(days=3) == ends


def test_a_second_delivery_tells_nothing_again(service: Service) -> None:
    anna = holder(service)
    says(service, serial=anna, loud=True)
    service.works()
    before = so_far(service)
    service.shop.buys(anna, 1000)
    service.works()
    assert [("PATCH", "loyaltyObject")] == calls(service, before)
    assert 1 == len(said(shown(service, anna)))


def test_a_withdrawn_message_leaves_the_card_and_those_of_others_stay(service: Service) -> None:
    anna = holder(service)
    first, _ = says(service, "One", anna), says(service, "Two", anna)
    service.works()
    foreign = {"id": "crm-7", "header": "From the CRM", "body": "Hi", "messageType": "TEXT"}
    service.google.client().add_message("loyaltyObject", f"{ISSUER}.{anna}", foreign)
    takes_back(service, first)
    service.works()
    assert ["Two", "From the CRM"] == [header for header, _ in said(shown(service, anna))]
    assert 1 == len(kept_messages(service))


@pytest.mark.parametrize("trap", [{}, {"empty_messages_refused": True}, {"empty_messages_unheard": True}])
def test_the_last_message_leaves_even_where_an_empty_list_is_not_heard(
    sqlite_service: Service, trap: dict[str, Any]
) -> None:
    anna = holder(sqlite_service)
    number = says(sqlite_service, serial=anna)
    sqlite_service.works()
    before = shown(sqlite_service, anna)
    sqlite_service.google.state.modes.change(trap)
    takes_back(sqlite_service, number)
    sqlite_service.works()

    after = shown(sqlite_service, anna)
    assert "" == sqlite_service.delivery(anna, "google").last_error
    assert ([], {}) == (said(after), kept_messages(sqlite_service))
    assert before["loyaltyPoints"] == after["loyaltyPoints"]
    assert before["barcode"] == after["barcode"]


def test_eleven_messages_show_the_newest_ten(sqlite_service: Service) -> None:
    anna = holder(sqlite_service)
    for number in range(11):
        says(sqlite_service, f"No {number}", anna)
        sqlite_service.works()
        sqlite_service.clock.forward(minutes=1)
    assert [f"No {number}" for number in range(1, 11)] == [
        header for header, _ in said(shown(sqlite_service, anna))
    ]


def test_ten_messages_of_others_leave_no_room_and_break_nothing(sqlite_service: Service) -> None:
    anna = holder(sqlite_service)
    client = sqlite_service.google.client()
    for number in range(10):
        foreign = {"id": f"crm-{number}", "header": "x", "body": "y", "messageType": "TEXT"}
        client.add_message("loyaltyObject", f"{ISSUER}.{anna}", foreign)
    says(sqlite_service, serial=anna)
    sqlite_service.shop.buys(anna, 1000)
    sqlite_service.works()
    assert 10 == len(said(shown(sqlite_service, anna)))
    assert 100 == shown(sqlite_service, anna)["loyaltyPoints"]["balance"]["int"]


# --- all cards ---


def test_a_message_to_all_is_one_request_and_no_card_is_sent(service: Service) -> None:
    serials = [holder(service, name, phone=name.lower()) for name in ("Anna", "Vera", "Ieva")]
    buzzes, before = Buzzes(service), so_far(service)
    says(service, loud=True)
    service.works()

    made = calls(service, before)
    assert [("GET", "loyaltyClass"), ("POST", "loyaltyClass/addMessage")] == made
    assert [("Hello", LOUD)] == said(look(service, serials[0]))
    assert sorted(serials) == sorted(serial for serial, _ in buzzes.heard)
    delivered = [service.delivery(serial, "google").delivered_version for serial in serials]
    assert [2, 2, 2] == delivered
    with service.parts.deps.read() as session:
        [posted] = messages.listed(session, "cafe", now=service.clock.now())
    assert (1, 3) == (posted.google_sent, posted.google_reached)


def test_every_look_in_use_is_told_and_a_new_one_begins_with_what_is_said(service: Service) -> None:
    gold = {"key": "gold", "name": {"en": "Gold", "ru": "Золото"}}
    service.design = PLAIN.model_validate({**PLAIN.model_dump(), "tiers": [gold]})
    anna = holder(service)
    says(service, loud=True)
    service.works()
    buzzes = Buzzes(service)
    cards.change(service.parts.deps.db, anna, now=service.clock.now(), tier="gold")
    service.works()
    assert ([("Hello", SILENT)], []) == (said(look(service, anna)), buzzes.heard)
    assert 2 == len([one for one in kept_messages(service) if "cafe" in one[0]])

    says(service, "Again", loud=True)
    service.works()
    assert [("Hello", SILENT), ("Again", LOUD)] == said(look(service, anna))


def test_a_message_to_all_is_taken_back_from_the_look(service: Service) -> None:
    anna = holder(service)
    number = says(service)
    service.works()
    takes_back(service, number)
    service.works()
    assert ([], "APPROVED") == (said(look(service, anna)), look(service, anna)["reviewStatus"])


def test_a_message_begins_and_ends_by_the_clock(service: Service) -> None:
    anna = holder(service)
    now = service.clock.now()
    says(service, "To all", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    says(service, "To Anna", anna, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    seen = []
    for minutes in (0, 59, 2, 30, 40):
        service.clock.forward(minutes=minutes)
        service.works()
        seen.append((len(said(look(service, anna))), len(said(shown(service, anna)))))
    assert [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)] == seen


def test_news_to_all_stand_only_on_cards_of_those_who_agreed(service: Service) -> None:
    anna, vera = holder(service), holder(service, "Vera", phone="vera")
    agrees(service, anna)
    buzzes = Buzzes(service)
    says(service, "Sale", purpose="news", loud=True)
    service.works()
    assert ([("Sale", LOUD)], []) == (said(shown(service, anna)), said(shown(service, vera)))
    assert ([], [(anna, "message")]) == (said(look(service, anna)), buzzes.heard)


# --- trouble ---


@on_both_engines
def test_google_being_down_loses_no_message_and_doubles_none(service: Service) -> None:
    anna = holder(service)
    buzzes = Buzzes(service)
    service.google.state.modes.change({"error_rate": 1.0})
    says(service, serial=anna, loud=True)
    says(service, "To all", loud=True)
    service.works()
    service.google.state.modes.change({"error_rate": 0.0})
    for _ in range(3):
        service.clock.forward(minutes=10)
        service.works()
    assert [("Hello", LOUD)] == said(shown(service, anna))
    assert [("To all", LOUD)] == said(look(service, anna))
    assert 2 == len(buzzes.heard)


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more."""


class Dying:
    """A client whose process dies beside a call: before it, or right after Google took it."""

    def __init__(self, client: GoogleClient, *, after: bool) -> None:
        self._client, self._after = client, after

    def add_message(self, kind: str, resource_id: str, message: dict[str, Any]) -> dict[str, Any]:
        if self._after:
            self._client.add_message(kind, resource_id, message)
        raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@on_both_engines
@pytest.mark.parametrize("after", [True, False])
def test_a_kill_beside_the_call_means_one_buzz_exactly(service: Service, after: bool) -> None:
    anna = holder(service)
    buzzes = Buzzes(service)
    target = Target("loyaltyObject", f"{ISSUER}.{anna}")
    client, now = service.google.client(), service.clock.now()
    told = Message("m7", {"*": "Hello"}, {"*": "Read on"}, "service", True, now, now + timedelta(days=1))
    messenger = Messenger(service.parts.deps.db, service.parts.deps.read, service.clock.now)
    with pytest.raises(Killed):
        messenger.sync(Dying(client, after=after), target, [told], ("en",))
    assert {(target.id, "m7"): (False, True)} == kept_messages(service)

    if not after:
        with pytest.raises(GoogleError) as busy:  # for all we know somebody else is at it
            messenger.sync(client, target, [told], ("en",))
        assert CLAIM.total_seconds() == busy.value.retry_after_s
        service.clock.forward(seconds=61)
    messenger.sync(client, target, [told], ("en",))
    messenger.sync(client, target, [told], ("en",), copy=client.get("loyaltyObject", target.id))
    assert ([(anna, "message")], [("Hello", LOUD)]) == (buzzes.heard, said(shown(service, anna)))
    assert ({(target.id, "m7"): (True, True)}, 1) == (kept_messages(service), turns(service, "message"))


def test_a_message_that_somebody_took_away_comes_back_silently(sqlite_service: Service) -> None:
    anna = holder(sqlite_service)
    says(sqlite_service, serial=anna, loud=True)
    sqlite_service.works()
    buzzes = Buzzes(sqlite_service)
    sqlite_service.google.client().patch("loyaltyObject", f"{ISSUER}.{anna}", {"messages": []})
    sqlite_service.shop.buys(anna, 1000)
    sqlite_service.works()
    assert [("Hello", SILENT)] == said(shown(sqlite_service, anna))
    assert "message" not in [what for _, what in buzzes.heard]


# --- pure ---

KEYS = [f"m{number}" for number in range(14)]


@settings(max_examples=150, deadline=None)
@given(
    wanted=st.lists(st.sampled_from(KEYS), unique=True, max_size=10),
    known=st.dictionaries(st.sampled_from(KEYS), st.booleans()),
    current=st.lists(st.sampled_from([*KEYS, "crm-1", "crm-2"]), unique=True, max_size=10),
)
def test_any_plan_leads_to_what_is_wanted_and_keeps_what_is_others(
    wanted: list[str], known: dict[str, bool], current: list[str]
) -> None:
    now = Clock().now()
    asked = [
        Message(key, {"*": key}, {"*": key}, "service", True, now, now + timedelta(days=1)) for key in wanted
    ]
    steps = plan(asked, known, current, heard=True)
    after = [key for key in current if key not in steps.drop] + [one.key for one, _ in steps.add]

    assert len(after) <= MOST and len(set(after)) == len(after)
    foreign = [key for key in current if key not in known and key not in wanted]
    assert foreign == [key for key in after if key in foreign]
    room = MOST - len(foreign)
    assert set(wanted[:room]) == set(after) - set(foreign)
    assert [] == [one.key for one, loud in steps.add if loud and known.get(one.key)]


@settings(max_examples=60, deadline=None)
@given(
    words=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60), loud=st.booleans()
)
def test_google_takes_any_message_that_we_make(words: str, loud: bool) -> None:
    now = Clock().now()
    text = {"en": words, "ru": f"{words}!"}
    message = Message("m1", text, text, "news", loud, now, now + timedelta(days=1))
    body = google_message(message, ("en", "ru"), loud=loud)
    assert [] == find_faults("addMessageRequest", {"message": body})
