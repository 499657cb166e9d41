"""Codes, gift cards and settlement on pages: what cashiers type, what members see, what the owner reads."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import companies, coupons, loyalty
from app.services.coupons import Issue
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import Person, balance, card_of, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

RULES: list[dict[str, Any]] = [
    {"kind": "points", "percent": 10},
    {
        "kind": "coupon",
        "key": "spring",
        "name": {"en": "10 % off", "ru": "Скидка 10 %"},
        "percent": 10,
        "code": "SPRING",
        "on_card": True,
        "valid_to": "2026-12-31",
    },
    {"kind": "gift_card", "most_minor": 20_000},
    {"kind": "partner", "key": "air", "name": {"en": "Air", "ru": "Авиа"}, "stores": ["airport"]},
    {"kind": "company"},
]


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "points-shop", slug="club", rules=RULES, currency="EUR", locales=["en", "ru"])
        yield opened


@pytest.fixture
def boris(shop: WebShop) -> Person:
    return person(shop, "boris")


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\u2009", " ")


def test_a_code_is_typed_beside_the_amount(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("club")
    boris.scans(anna.serial).sends("/till/purchases", amount="100", codes="spring")
    assert "To pay €90.00 Discount: €10.00" in plain(boris.page)
    boris.opens(f"/till/card/{anna.serial}").sends("/till/purchases", amount="100", codes="spring")
    assert (422, True) == (boris.status, "This code was used already." in plain(boris.page))


@pytest.mark.parametrize(
    ("code", "words"),
    [("nonsense", "This code is not known here."), ("spring spring", "A code was typed twice.")],
)
def test_a_code_that_does_not_count_says_why(shop: WebShop, boris: Person, code: str, words: str) -> None:
    anna = shop.customer("club")
    boris.scans(anna.serial).sends("/till/purchases", amount="100", codes=code)
    assert words in plain(boris.page)
    assert 0 == balance(shop, anna.serial, "points")


def test_the_quote_tells_what_a_code_takes_off(shop: WebShop, boris: Person) -> None:
    quote = f"/till/card/{shop.customer('club').serial}/quote?amount=100&codes="
    spring, nope = (boris.visitor.sees(quote + code).get_json() for code in ("SPRING", "NOPE"))
    assert ("€90.00", "discount €10.00") == (spring["due"], spring["off"])
    assert "This code is not known here. Nothing was changed." == nope["words"]


def test_a_gift_card_is_loaded_spent_and_undone(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("club")
    boris.scans(anna.serial).sends("/till/gifts", again=True, load="50")
    assert "Loaded: €50.00" in plain(boris.page)
    boris.opens(f"/till/card/{anna.serial}")
    assert "Gift card €50" in plain(boris.page)
    boris.sends("/till/purchases", amount="80", gift="20,00")
    assert "Paid with the gift card: €20.00" in plain(boris.page)
    assert 3000 == balance(shop, anna.serial, "gift_minor")
    boris.sends("/till/undo")
    assert 5000 == balance(shop, anna.serial, "gift_minor")


@pytest.mark.parametrize(
    ("load", "words"),
    [("none", "Type the amount in figures"), ("200.01", "cannot be loaded with this amount")],
)
def test_a_load_that_cannot_be_says_why(shop: WebShop, boris: Person, load: str, words: str) -> None:
    anna = shop.customer("club")
    boris.scans(anna.serial).sends("/till/gifts", load=load)
    assert words in plain(boris.page)


def test_a_gift_card_pays_what_is_due_at_most(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("club")
    boris.scans(anna.serial).sends("/till/gifts", load="50").opens(f"/till/card/{anna.serial}")
    boris.sends("/till/purchases", amount="10", gift="20")
    assert "The gift card pays what is due at most." in plain(boris.page)


def test_a_holders_purchase_is_shown_and_undone_under_their_own_card(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("club")
    told = {"given_name": "Clara", "external_id": "c-1"}
    clara, _ = companies.add(shop.parts.db, anna.serial, told, now=shop.clock.now())
    boris.scans(clara).sends("/till/purchases", amount="100")
    assert "Clara" in boris.page
    assert 1000 == balance(shop, anna.serial, "points")
    page = plain(person(shop, "olga").opens(f"/staff/cards/{anna.serial}").page)
    assert "Shared account" in page
    assert 3 == page.count("Clara")
    boris.sends("/till/undo")
    assert ("Clara" in boris.page, 0) == (True, balance(shop, anna.serial, "points"))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Your offers", "10 % off", "until Dec 31, 2026", "SPRING")),
        ("ru", ("Ваши предложения", "Скидка 10 %", "до 31 дек. 2026", "SPRING")),
    ],
)
def test_a_member_sees_their_offers_with_code_and_end(
    shop: WebShop, language: str, words: tuple[str, ...]
) -> None:
    anna = shop.customer("club")
    coupons.issue(
        shop.parts.db, "club", Issue("spring", anna.serial, codes=("ANNA-77",)), now=shop.clock.now()
    )
    seen = shop.visitor().sees(f"/c/{card_of(shop, anna.serial).link}?lang={language}")
    page = plain(seen.get_data(as_text=True)).replace("\u202f", " ").replace("\u00a0", " ")
    for each in (*words, "ANNA-77"):
        assert each in page


def test_the_owner_reads_the_settlement_and_takes_it_as_a_file(shop: WebShop, boris: Person) -> None:
    olga = person(shop, "olga")
    assert "Nothing was recorded in these days." in olga.opens("/staff/settlement").page
    anna = shop.customer("club")
    cmd = Purchase(anna.serial, 10_000, "EUR", store="airport")
    loyalty.purchase(shop.parts.db, cmd, Once("test", "k", {}), By("boris"), now=shop.clock.now())
    page = plain(olga.opens("/staff/settlement").page)
    assert "Air 1 €100.00" in page
    assert ",air,Air,1,10000," in olga.opens("/staff/settlement.csv").page
    assert "Взаиморасчёты с партнёрами" in olga.opens("/staff/settlement?lang=ru").page
    assert 422 == olga.opens("/staff/settlement?from=2026-03-02&to=2026-03-01").status
    assert 403 == boris.opens("/staff/settlement").status
