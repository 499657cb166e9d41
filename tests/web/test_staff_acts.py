"""What Olga does on a card by hand: holders, memberships, events, and what a till has set aside."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.services import holds, loyalty
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.storage.database import Database
from app.storage.tables import Card
from tests.support.clock import Clock
from tests.support.counter import Person, balance, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

RULES: list[dict[str, Any]] = [
    {"kind": "points", "percent": 10, "expires_after_days": 30},
    {"kind": "membership", "key": "plus", "name": {"en": "Plus", "ru": "Плюс"}, "months": 1},
    {
        "kind": "event",
        "key": "cup",
        "name": {"en": "Cup returned", "ru": "Вернули стакан"},
        "gives": [{"unit": "points", "amount": 5}],
        "limits": {"month": 9},
    },
    {"kind": "company", "most_holders": 2},
]


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "points-shop", slug="club", rules=RULES, currency="EUR", locales=["en", "ru"])
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def serial(shop: WebShop) -> str:
    anna = shop.customer("club").serial
    cmd = Purchase(anna, 10_000, "EUR")
    loyalty.purchase(shop.parts.db, cmd, Once("test", "one", {}), By("api"), now=shop.clock.now())
    return anna


def plain(seen: Person) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", seen.page)).replace("\u00a0", " ")


def at_card(shop: WebShop, serial: str, language: str = "en") -> Person:
    return person(shop, "olga", language=language).opens(f"/staff/cards/{serial}")


def test_a_holder_is_added_and_removed(shop: WebShop, serial: str) -> None:
    olga = at_card(shop, serial)
    olga.sends(f"/staff/cards/{serial}/holders", given_name="Clara", phone="+37120000009")
    assert "The holder has a card now" in plain(olga) and "Clara" in plain(olga)
    with shop.parts.read() as db:
        clara = db.scalars(select(Card.serial).where(Card.account_id.is_not(None))).one()

    olga.opens(f"/staff/cards/{serial}").sends(f"/staff/cards/{serial}/holders/{clara}/remove")
    assert "The holder has left." in plain(olga)
    assert 1000 == balance(shop, serial, "points")


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"given_name": "Clara"}, "fault-holder-phone", "Это нужно заполнить."),
        ({"phone": "12"}, "fault-holder-phone", "Номер с кодом страны"),
        ({"phone": "+37120000009", "email": "no"}, "fault-holder-email", "Адрес почты"),
    ],
)
def test_what_is_wrong_with_a_holder_stands_at_its_field(
    shop: WebShop, serial: str, typed: dict[str, Any], field: str, words: str
) -> None:
    olga = at_card(shop, serial, "ru").sends(f"/staff/cards/{serial}/holders", **typed)
    assert 422 == olga.status
    found = re.search(rf'id="{field}".*?</p>', olga.page, re.DOTALL)
    assert found and words in found[0], plain(olga)


def test_an_account_that_is_full_takes_nobody(shop: WebShop, serial: str) -> None:
    olga, page = at_card(shop, serial), f"/staff/cards/{serial}"
    told = [olga.visitor.sends(page, f"{page}/holders", phone=f"+3712000000{each}") for each in (8, 9)]
    assert [303, 409] == [answer.status_code for answer in told]
    assert "as many holders as it may have" in told[1].get_data(as_text=True)


def test_a_membership_is_paid_once_and_cancelled(shop: WebShop, serial: str) -> None:
    olga = at_card(shop, serial)
    olga.sends(
        f"/staff/cards/{serial}/memberships", again=True, membership="plus", payment="R-1", periods="1"
    )
    assert "The payment is noted." in plain(olga)
    assert 1 == plain(olga).count("R-1")
    olga.sends(f"/staff/cards/{serial}/memberships/1/cancel", at="now")
    assert "The membership is cancelled." in plain(olga)
    assert "cancelled · R-1" in plain(olga)


def test_a_payment_needs_its_number_and_a_sensible_length(shop: WebShop, serial: str) -> None:
    olga = at_card(shop, serial, "ru")
    olga.sends(f"/staff/cards/{serial}/memberships", membership="plus", payment="", periods="1")
    assert 422 == olga.status and 'id="fault-membership-payment"' in olga.page
    olga.sends(f"/staff/cards/{serial}/memberships", membership="plus", payment="R-2", periods="99")
    assert "Целое число от 1 до 24." in plain(olga)


def test_an_event_is_noted_and_the_statement_names_it_with_its_end(shop: WebShop, serial: str) -> None:
    olga = at_card(shop, serial).sends(f"/staff/cards/{serial}/events", again=True, event="cup")
    assert 1005 == balance(shop, serial, "points")
    assert "Event · Cup returned + 5 points" in plain(olga).replace("+5", "+ 5")
    assert "Apr 1, 2026" in olga.page  # the last of 30 days
    assert "spend" not in olga.page


def test_what_a_till_set_aside_is_given_back(shop: WebShop, serial: str) -> None:
    cmd = Purchase(serial, 5_000, "EUR", redeem_points=300)
    holds.set_aside(shop.parts.db, cmd, Once("test", "hold", {}), By("till"), now=shop.clock.now())
    olga = at_card(shop, serial)
    assert "Set aside at tills 300 points" in plain(olga)
    olga.sends(f"/staff/cards/{serial}/holds", again=True)
    assert "Set aside at tills" not in plain(olga)
    assert 1000 == balance(shop, serial, "points")


def test_a_plain_programme_has_none_of_it_and_others_may_not(shop: WebShop, serial: str) -> None:
    beans = shop.customer("beans").serial
    olga = at_card(shop, beans)
    for part in ("holders", "memberships", "holds"):
        assert f'id="{part}"' not in olga.page
    boris = person(shop, "boris")
    assert 403 == boris.visitor.sends("/till", f"/staff/cards/{serial}/events", event="cup").status_code
