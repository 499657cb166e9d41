"""What Boris is shown of a card with a discount and a tier, and how Olga invites somebody by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import card_of, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

RULES = [
    {"kind": "discount", "percent": 5},
    {
        "kind": "tiers",
        "window": "lifetime",
        "levels": [
            {"key": "guest", "name": {"en": "Guest", "ru": "Гость"}, "perks": ["Free water"]},
            {
                "key": "vip",
                "name": "VIP",
                "invited": True,
                "flags": [{"en": "Say hello", "ru": "Поздоровайтесь"}],
            },
        ],
    },
]


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "points-shop", slug="club", rules=RULES)
        yield opened


def test_the_discount_stands_in_big_figures_with_perks_beside_it(shop: WebShop) -> None:
    anna = shop.customer("club")
    boris = person(shop, "boris").scans(anna.serial)
    assert "−5\u00a0%" in boris.page and "Free water" in boris.page and "Guest" in boris.page
    assert "Say hello" not in boris.page


def test_a_purchase_says_what_is_to_be_paid(shop: WebShop) -> None:
    anna = shop.customer("club")
    boris = person(shop, "boris").scans(anna.serial)
    boris.sends("/till/purchase", amount="100")
    assert "<small>To pay</small> €95.00" in boris.page and "Discount: €5.00" in boris.page
    said = boris.visitor.sees(f"/till/card/{anna.serial}/quote?amount=10").get_json()
    assert ("€9.50", "discount €0.50") == (said["due"], said["off"])


def test_olga_invites_and_takes_it_back_and_boris_sees_the_flag(shop: WebShop) -> None:
    anna = shop.customer("club")
    olga = person(shop, "olga", language="ru").opens(f"/staff/cards/{anna.serial}")
    assert "Пригласить: VIP" in olga.page

    olga.sends(f"/staff/cards/{anna.serial}/tier", tier="vip")
    assert "vip" == card_of(shop, anna.serial).tier
    assert "Поздоровайтесь" in person(shop, "boris", language="ru").scans(anna.serial).page

    olga.opens(f"/staff/cards/{anna.serial}").sends(f"/staff/cards/{anna.serial}/tier", tier="")
    assert ("guest", False) == (card_of(shop, anna.serial).tier, card_of(shop, anna.serial).tier_invited)


def test_a_level_that_is_earned_or_unknown_is_not_given_on_this_page(shop: WebShop) -> None:
    anna = shop.customer("club")
    olga = person(shop, "olga").opens(f"/staff/cards/{anna.serial}")
    for tier in ("guest", "emperor", ""):
        olga.sends(f"/staff/cards/{anna.serial}/tier", tier=tier)
        assert 422 == olga.status
        olga.opens(f"/staff/cards/{anna.serial}")
    assert "guest" == card_of(shop, anna.serial).tier


def test_nobody_but_the_owner_invites(shop: WebShop) -> None:
    anna = shop.customer("club")
    boris = person(shop, "boris").scans(anna.serial)
    _, hidden = boris.form("/till/purchase")
    answer = boris.visitor.sends("/till", f"/staff/cards/{anna.serial}/tier", tier="vip", **hidden)
    assert answer.status_code in (302, 303, 403, 404)
    assert "guest" == card_of(shop, anna.serial).tier
