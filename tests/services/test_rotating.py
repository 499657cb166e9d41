"""Barcodes that change by themselves, against the numbers of RFC 6238."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from app.domain.design import Design, Palette
from app.domain.fields import BarcodeSpec, Rotating
from app.services import rotating
from app.services.rotating import OldCode, UsedCode, card_secret, code_at, counter_of, matching_counter
from app.storage.database import Database
from app.storage.tables import Card
from tests.support.clock import Clock
from tests.support.shop import POINTS, Shop

RFC_SECRET = b"12345678901234567890"
KEY = b"k" * 32
LOOK = Design(
    palette=Palette(background="#103020", foreground="#ffffff", label="#d0e0d0", accent="#f0c040"),
    organisation="Café",
    programme_name="Café",
    barcode=BarcodeSpec(rotating=Rotating()),
)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    counter = counter_of(datetime.fromtimestamp(second, UTC), 30)
    assert code == code_at(RFC_SECRET, counter, 8)


@given(st.integers(-600, 600), st.sampled_from([10, 30, 60]), st.integers(6, 8))
def test_a_code_counts_in_its_own_period_and_the_ones_beside_it(
    late_s: int, period_s: int, digits: int
) -> None:
    begin = 1_760_000_000 // period_s * period_s
    rule = Rotating(period_s=period_s, digits=digits)
    counter = begin // period_s
    now = datetime.fromtimestamp(begin + late_s, UTC)
    near = abs((begin + late_s) // period_s - counter) <= 1
    found = matching_counter(RFC_SECRET, code_at(RFC_SECRET, counter, digits), rule, now)
    assert near == (found == counter)


def test_each_card_has_a_secret_of_its_own_that_never_changes() -> None:
    ours = card_secret(KEY, "anna", b"salt")
    assert ours == card_secret(KEY, "anna", b"salt")
    others = {
        card_secret(KEY, "boris", b"salt"),
        card_secret(KEY, "anna", b"pepper"),
        card_secret(b"q", "anna", b"salt"),
    }
    assert 4 == len({ours, *others})
    assert 20 == len(ours)


@pytest.mark.parametrize(
    "typed", ["", "ABCDEFGH12345678", "ABCDEFGH12345678-12", "-12345678", "a-b", "x" * 5000]
)
def test_anything_else_is_no_rotating_code(typed: str) -> None:
    assert None is rotating.read(typed)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(typed: str) -> None:
    rotating.read(typed)


# --- at the till ---


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, (POINTS,), design=LOOK)


def shown(card: Card, clock: Clock, *, ago_s: int = 0) -> str:
    """What the phone draws at this moment."""
    counter = (int(clock.now().timestamp()) - ago_s) // 30
    return f"{card.number}-{code_at(card_secret(KEY, card.serial, card.salt), counter, 8)}"


def scan(db: sessionmaker[Session], typed: str, clock: Clock) -> str | None:
    card = rotating.find(db, KEY, typed, None, now=clock.now())
    return card.serial if card else None


def test_a_code_is_found_once_and_a_photograph_of_it_never_again(
    database: Database, shop: Shop, clock: Clock
) -> None:
    serial = shop.customer("Anna")
    code = shown(shop.card(serial), clock)
    assert serial == scan(database.write, code, clock)
    with pytest.raises(UsedCode):
        scan(database.write, code, clock)
    clock.forward(seconds=30)
    assert serial == scan(database.write, shown(shop.card(serial), clock), clock)
    with pytest.raises(UsedCode):  # the one before is still near, and gone
        scan(database.write, code, clock)


def test_an_old_code_is_refused_with_words_for_the_cashier(
    database: Database, shop: Shop, clock: Clock
) -> None:
    card = shop.card(shop.customer("Anna"))
    assert card.serial == scan(database.write, shown(card, clock, ago_s=30), clock)
    with pytest.raises(OldCode, match="open the card again"):
        scan(database.write, shown(card, clock, ago_s=90), clock)
    with pytest.raises(OldCode):
        scan(database.write, f"{card.number}-00000000", clock)


def test_two_tills_that_read_one_code_at_once_let_one_of_them_in(
    database: Database, shop: Shop, clock: Clock
) -> None:
    code = shown(shop.card(shop.customer("Anna")), clock)
    ends: list[str] = []
    gate = threading.Barrier(2)

    def till() -> None:
        gate.wait(10)
        try:
            ends.append("found" if scan(database.write, code, clock) else "none")
        except UsedCode:
            ends.append("used")

    threads = [threading.Thread(target=till) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert ["found", "used"] == sorted(ends)


def test_a_card_without_changing_codes_and_a_foreign_programme_find_nothing(
    database: Database, shop: Shop, clock: Clock
) -> None:
    card = shop.card(shop.customer("Anna"))
    assert None is rotating.find(
        database.write, KEY, shown(card, clock), [card.programme_id + 1], now=clock.now()
    )
    assert None is scan(database.write, "ABCDEFGH12345678-12345678", clock)
