"""Phones over a restart, in a fleet, and with Google between them and the shop."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.sandbox import complaints
from app.sandbox.android import Android
from app.sandbox.bundle import PassRefused
from app.sandbox.fleet import Fleet
from app.sandbox.iphone import IPhone
from app.sandbox.phones import MOST_PHONES, Phones, TooManyPhones
from app.sandbox.shelf import Shelf
from app.sandbox.world import PooledSchedule, World
from tests.sandbox.conftest import HandApns, Told
from tests.support.pass_server import PassServer
from tests.support.passes import PASS_TYPE
from tests.support.stepped import SteppedSchedule


class SmallGoogle:
    """One class, objects with points, and phones that hold them."""

    def __init__(self) -> None:
        self.points = {"1.anna": 10}
        self.held: dict[str, set[str]] = {}

    def save_link(self, jwt: str, phone_id: str) -> list[str]:
        if jwt != "good":
            raise ValueError("Something went wrong")
        self.held.setdefault(phone_id, set()).add("1.anna")
        return ["1.anna"]

    def remove(self, object_id: str, phone_id: str) -> None:
        self.held[phone_id].remove(object_id)

    def objects_on(self, phone_id: str) -> list[str]:
        return sorted(self.held.get(phone_id, ()))

    def view(self, object_id: str) -> dict[str, Any]:
        balance = {"balance": {"int": self.points[object_id]}}
        return {
            "object": {"id": object_id, "loyaltyPoints": balance},
            "class": {"issuerName": "Coffee & Mint"},
        }


@pytest.fixture
def google() -> SmallGoogle:
    return SmallGoogle()


@pytest.fixture
def phones(world: World, google: SmallGoogle, kept: Path) -> Phones:
    return Phones(world, google, Shelf(kept))


def iphone(phones: Phones) -> IPhone:
    phone = phones.create("iphone", name="Anna’s iPhone", locale="en")
    assert isinstance(phone, IPhone)
    return phone


def android(phones: Phones) -> Android:
    phone = phones.create("android", name="Anna’s Android", locale="en")
    assert isinstance(phone, Android)
    return phone


# --- a restart ---


def test_a_restart_keeps_phones_and_their_cards(
    phones: Phones, world: World, google: SmallGoogle, kept: Path, shop: PassServer, apns: HandApns
) -> None:
    anna = iphone(phones)
    anna.add(shop.issue())
    before = dict(apns.tokens)
    phones.save()
    apns.tokens.clear()

    again = Phones(world, google, Shelf(kept))
    again.restore()

    assert before == apns.tokens
    [card] = again.describe()[0]["cards"]
    assert ("S1", True) == (card["pass"]["serialNumber"], card["registered"])


def test_a_push_during_the_restart_is_made_up_for(
    phones: Phones,
    world: World,
    google: SmallGoogle,
    kept: Path,
    shop: PassServer,
    schedule: SteppedSchedule,
) -> None:
    anna = iphone(phones)
    anna.add(shop.issue())
    shop.set_points("S1", 9)
    anna.pushed(shop.push_tokens("S1")[0])  # the phone was about to ask when the sandbox ended
    phones.save()

    again = Phones(world, google, Shelf(kept))
    again.restore()
    schedule.run()

    assert 9 == again.describe()[0]["cards"][0]["pass"]["storeCard"]["primaryFields"][0]["value"]


def test_changes_are_saved_by_themselves(
    phones: Phones, schedule: SteppedSchedule, kept: Path, shop: PassServer
) -> None:
    iphone(phones).add(shop.issue())
    schedule.forward(1)

    assert 1 == len(Shelf(kept).rows()[0]["cards"])
    assert 1 == len(list(kept.glob("*.pkpass")))


def test_passes_nobody_holds_are_dropped_from_disk(phones: Phones, kept: Path, shop: PassServer) -> None:
    anna = iphone(phones)
    anna.add(shop.issue())
    phones.save()
    anna.remove(PASS_TYPE, "S1")
    phones.save()

    assert [] == list(kept.glob("*.pkpass"))


def test_a_damaged_file_means_no_phones_and_no_crash(world: World, google: SmallGoogle, kept: Path) -> None:
    kept.mkdir()
    (kept / "phones.json").write_text("{ not json")
    phones = Phones(world, google, Shelf(kept))
    phones.restore()

    assert [] == phones.describe()


def test_a_push_finds_the_phone_of_its_token(
    phones: Phones, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna, _boris = iphone(phones), iphone(phones)
    anna.add(shop.issue())
    shop.set_points("S1", 2)
    phones.pushed(shop.push_tokens("S1")[0])
    phones.pushed("a token of nobody")
    schedule.run()

    assert (1, 0) == (len(anna.notifications), len(_boris.notifications))


def test_the_page_never_sees_the_secret_of_a_card(phones: Phones, shop: PassServer) -> None:
    iphone(phones).add(shop.issue())

    assert "authenticationToken" not in phones.describe()[0]["cards"][0]["pass"]


def test_there_is_an_end_to_phones_on_one_screen(phones: Phones) -> None:
    for _ in range(MOST_PHONES):
        iphone(phones)
    with pytest.raises(TooManyPhones):
        iphone(phones)


# --- Google ---


def test_a_google_link_puts_the_card_on_the_phone(phones: Phones, google: SmallGoogle) -> None:
    anna = android(phones)
    anna.add("https://pay.google.example/gp/v/save/good")

    assert ["1.anna"] == google.objects_on(anna.id)
    assert 10 == anna.cards()[0]["object"]["loyaltyPoints"]["balance"]["int"]


def test_google_s_refusal_is_passed_on(phones: Phones) -> None:
    with pytest.raises(PassRefused, match="Something went wrong"):
        android(phones).add("https://pay.google.example/gp/v/save/bad")


def test_a_page_without_a_google_link_is_refused(phones: Phones, shop: PassServer) -> None:
    with pytest.raises(PassRefused, match="no Google Wallet link there: status 200"):
        android(phones).add(f"{shop.url}/page")


def test_an_update_that_notifies_shows_google_s_own_words(phones: Phones) -> None:
    anna = android(phones)
    anna.add("https://pay.google.example/gp/v/save/good")
    phones.google_changed({"object_id": "1.anna", "notify": "points"})
    phones.google_changed({"object_id": "1.anna", "notify": None})
    phones.google_changed({"object_id": "1.boris", "notify": "points"})

    assert [("Coffee & Mint", "Your points balance was updated")] == [
        (notice["title"], notice["text"]) for notice in anna.notifications
    ]


def test_an_offline_android_shows_the_last_notice_of_a_card(phones: Phones) -> None:
    anna = android(phones)
    anna.add("https://pay.google.example/gp/v/save/good")
    anna.set_offline(True)
    for kind in ("points", "message"):
        phones.google_changed({"object_id": "1.anna", "notify": kind})
    assert [] == list(anna.notifications)
    anna.set_offline(False)

    assert ["New message. Tap to view"] == [notice["text"] for notice in anna.notifications]


def test_a_save_on_google_s_page_reaches_the_chosen_phone(phones: Phones) -> None:
    anna, boris = android(phones), android(phones)
    phones.google_changed({"object_id": "1.anna", "phone_id": boris.id, "saved": True, "notify": None})

    assert ([], ["1.anna"]) == (anna.saved, boris.saved)


# --- a fleet ---


@pytest.fixture
def busy(world: World) -> Iterator[World]:
    """The same world with real time and threads."""
    schedule = PooledSchedule(workers=8)
    yield replace(world, schedule=schedule)
    schedule.stop()


TOLD_TWICE = complaints.pass_unchanged("").rpartition("'")[2]
"""Of this a phone complains that fetched a later version than it was told of, when it is told of that one."""


def test_forty_phones_all_show_the_last_version(busy: World, shop: PassServer, told: Told) -> None:
    fleet = Fleet(busy, 40)
    addresses = [shop.issue(f"S{number}") for number in range(40)]
    assert [] == fleet.add(addresses)

    for points in (1, 2, 3):
        for number in range(40):
            shop.set_points(f"S{number}", points)
        for token in list(shop.registrations.values()):
            fleet.pushed(token)
    assert wait_until(lambda: {3: 40} == dict(fleet.showing("points")))

    assert 120 == fleet.counts["pushed"]
    assert [] == [line for line in shop.logs if TOLD_TWICE not in line]
    assert [] == told  # a fleet counts and does not flood the page


def wait_until(true: Callable[[], object], *, within_s: float = 60) -> bool:
    """Look until it is so; looking waits for nothing by itself but for other threads' work."""
    end, tick = time.monotonic() + within_s, threading.Event()
    while not true() and time.monotonic() < end:
        tick.wait(0.02)
    return bool(true())
