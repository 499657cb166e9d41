"""What a member reads beside the balance: what waits, what ends, levels, perks, the statement, the chart."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import happenings, loyalty
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import card_of, composed_shop, open_plainly
from tests.support.web_app import WebShop

RULES: list[dict[str, Any]] = [
    {
        "kind": "points",
        "percent": 10,
        "goal": 9000,
        "reward": {"en": "a bag", "ru": "сумка"},
        "active_after_days": 3,
        "expires_after_days": 90,
    },
    {
        "kind": "tiers",
        "levels": [
            {"key": "basic", "name": {"en": "Basic", "ru": "Базовый"}, "from": 0, "perks": ["Free water"]},
            {"key": "gold", "name": {"en": "Gold", "ru": "Золотой"}, "from": 500_000},
        ],
    },
    {
        "kind": "event",
        "limits": {"month": 9},
        "key": "cup",
        "name": {"en": "Cup returned", "ru": "Вернули стакан"},
        "at_till": True,
        "gives": [{"unit": "points", "amount": 5}],
    },
]


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "points-shop", slug="club", rules=RULES, currency="EUR", locales=["en", "ru"])
        yield opened


def buys(shop: WebShop, serial: str, amount_minor: int, key: str) -> None:
    cmd = Purchase(serial, amount_minor, "EUR")
    loyalty.purchase(shop.parts.db, cmd, Once("test", key, {}), By("api"), now=shop.clock.now())


def page_of(shop: WebShop, serial: str, language: str = "en") -> str:
    html = shop.visitor().sees(f"/c/{card_of(shop, serial).link}?lang={language}").get_data(as_text=True)
    return str(html.replace("\u00a0", " ").replace("\u202f", " "))


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_what_waits_what_ends_and_both_ways_are_told(shop: WebShop) -> None:
    anna = shop.customer("club")
    buys(shop, anna.serial, 10_000, "one")

    page = page_of(shop, anna.serial)

    assert "1,000 points usable from Mar 5, 2026" in plain(page)
    assert 2 == page.count('role="progressbar"')
    assert "€4,900 to Gold" in plain(page) and "Your perks Free water" in plain(page)
    shop.clock.forward(days=4)
    assert "1,000 points good until" in plain(page_of(shop, anna.serial))


def test_the_statement_says_why_and_what_there_was_then(shop: WebShop) -> None:
    anna = shop.customer("club")
    buys(shop, anna.serial, 10_000, "one")
    happenings.happen(
        shop.parts.db, anna.serial, "cup", Once("test", "cup", {}), By("api"), now=shop.clock.now()
    )

    page = plain(page_of(shop, anna.serial, "ru"))

    assert "Вернули стакан" in page and "+5 баллов" in page and "стало: 1 005 баллов" in page
    assert "spend" not in page


def test_the_balance_over_time_is_a_line_and_a_table(shop: WebShop) -> None:
    anna = shop.customer("club")
    buys(shop, anna.serial, 1_000, "one")
    assert "<figure" not in page_of(shop, anna.serial)
    for key in ("two", "three"):
        shop.clock.forward(days=1)
        buys(shop, anna.serial, 1_000, key)

    page = page_of(shop, anna.serial)

    assert 'd="M0 64.0H160.0V32.0H320.0V0.0"' in page
    assert "Mar 4, 2026 300 points Mar 3, 2026 200 points Mar 2, 2026 100 points" in plain(page)
    assert "style=" not in page.partition("<figure")[2].partition("</figure>")[0]
