"""The till of shops with more than points: cashback, limits of paying, chips, surprises and levels."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import loyalty
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import Person, balance, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

CASHBACK = [{"kind": "cashback", "percent": 10, "paying": {"most_percent": 50}}]
LIMITED = [{"kind": "points", "percent": 10, "paying": {"minimum_points": 200, "step_points": 100}}]
GAMES: list[dict[str, Any]] = [
    {"kind": "points", "percent": 1},
    {"kind": "tiers", "levels": [{"key": "gold", "name": {"en": "Gold", "ru": "Золотой"}, "from": 5000}]},
    {
        "kind": "chips",
        "step_minor": 1000,
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "prizes": [{"at": 50, "reward": {"en": "A knife", "ru": "Нож"}}],
    },
    {
        "kind": "surprise",
        "key": "lucky",
        "name": {"en": "Lucky day", "ru": "Счастливый день"},
        "chance": 10_000,
        "gives": [{"unit": "points", "amount": 7}],
        "budget": 700,
    },
]


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        yield opened


def opened(shop: WebShop, rules: Any) -> str:
    """A programme of these rules, and a card with a purchase of 100 on it; answers the serial."""
    open_plainly(shop, "points-shop", slug="club", rules=rules, currency="EUR", locales=["en", "ru"])
    anna = shop.customer("club")
    cmd = Purchase(anna.serial, 10_000, "EUR")
    loyalty.purchase(shop.parts.db, cmd, Once("test", "first", {}), By("api"), now=shop.clock.now())
    return anna.serial


def plain(seen: Person) -> str:
    page = re.sub(r"<template.*?</template>", " ", seen.page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def quote(seen: Person, serial: str, query: str) -> dict[str, str]:
    said = seen.visitor.sees(f"/till/card/{serial}/quote?{query}").get_json()
    return {key: words for key, words in said.items() if words}


def test_cashback_pays_a_part_and_the_rest_is_told_in_big_figures(shop: WebShop) -> None:
    serial = opened(shop, CASHBACK)
    boris = person(shop, "boris")

    boris.scans(serial)
    assert "Cashback to pay with, EUR (up to €10.00)" in plain(boris)
    boris.sends("/till/purchases", amount="12", redeem_points="6,00")

    assert "To pay €6.00 Paid with cashback: €6.00" in plain(boris)
    assert 1000 - 600 + 60 == balance(shop, serial, "cashback_minor")


def test_the_quote_offers_the_most_that_cashback_may_pay(shop: WebShop) -> None:
    serial = opened(shop, CASHBACK)
    boris = person(shop, "boris")

    assert {"words": "Earns €1.20", "most": "6.00", "pay": "€6.00"} == quote(boris, serial, "amount=12")
    paid = {"words": "Earns €0.60", "due": "€6.00", "most": "6.00", "pay": "€6.00"}
    assert paid == quote(boris, serial, "amount=12&points=1")


@pytest.mark.parametrize(
    ("points", "language", "words"),
    [
        ("100", "en", "The least that can be paid so: 200 points. Nothing was changed."),
        ("250", "en", "This pays in steps only. One step: 100 points. Nothing was changed."),
        ("900", "en", "The most that can be paid so: 500 points. Nothing was changed."),
        ("100", "ru", "Меньше всего можно списать: 200 баллов. Ничего не изменилось."),
        ("2.5", "ru", "Введите сумму цифрами"),
    ],
)
def test_why_points_may_not_pay_stands_at_their_field(
    shop: WebShop, points: str, language: str, words: str
) -> None:
    serial = opened(shop, LIMITED)
    boris = person(shop, "boris", language=language).scans(serial)

    boris.sends("/till/purchases", amount="5", redeem_points=points)

    assert 422 == boris.status
    field = re.search(r'<input id="redeem_points".*?</div>', boris.page, re.DOTALL)
    assert field and 'aria-invalid="true"' in field[0] and words in field[0].replace("\u00a0", " ")
    assert 1000 == balance(shop, serial, "points")


def test_a_purchase_tells_all_that_came_back(shop: WebShop) -> None:
    serial = opened(shop, GAMES)
    shop.clock.forward(days=1)
    boris = person(shop, "boris", language="ru").scans(serial)

    boris.sends("/till/purchases", amount="400")

    told = plain(boris).replace("\u2009", " ").replace("\u00a0", " ")
    assert "+ 407 баллов" in told and "+ 40 фишек" in told and "Сюрприз: Счастливый день" in told
    assert "Новый уровень" not in told  # that came with the first purchase
    boris.sends("/till/undo")
    assert "− 407 баллов" in plain(boris).replace("\u2009", " ").replace("\u00a0", " ")


def test_a_new_level_is_told_where_it_is_reached(shop: WebShop) -> None:
    opened(shop, GAMES)
    bella = shop.customer("club", phone="+37120000002")
    boris = person(shop, "boris").scans(bella.serial)

    boris.sends("/till/purchases", amount="60")

    assert "New level: Gold" in plain(boris)


def test_what_a_programme_does_not_use_is_not_there(shop: WebShop) -> None:
    anna = opened(shop, [{"kind": "stamps", "goal": 5, "reward": "A pizza", "per": "item"}])
    boris = person(shop, "boris").scans(anna)
    for name in ("amount", "codes", "gift", "load", "redeem_points"):
        assert f'name="{name}"' not in boris.page
    assert 'name="stamps"' in boris.page
