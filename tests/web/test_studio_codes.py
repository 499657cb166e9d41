"""Codes of coupons in the studio: made once, told at the field what is wrong, listed, taken as a file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import Person, card_of, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

SPRING: dict[str, Any] = {"kind": "coupon", "key": "spring", "name": "Spring", "percent": 10}


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        rules = [{"kind": "points", "percent": 1}, SPRING]
        open_plainly(opened, "points-shop", slug="club", rules=rules, currency="EUR", locales=["en", "ru"])
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def marta(shop: WebShop) -> Person:
    return person(shop, "marta").opens("/studio/club/codes")


def codes(seen: Person) -> list[str]:
    return re.findall(r'<code translate="no">([^<]+)</code>', seen.page)


def test_a_list_of_codes_is_made_once_and_taken_as_a_file(marta: Person) -> None:
    assert "No code yet." in marta.page
    marta.sends("/studio/club/codes", again=True, rule="spring", count="3", uses="1")

    assert 200 == marta.opens("/studio/club/codes").status
    assert 3 == len(set(codes(marta)))
    file = marta.visitor.sees("/studio/club/codes.csv").get_data(as_text=True)
    assert {*codes(marta)} == {line.partition(",")[0] for line in file.splitlines()[1:]}


def test_a_code_for_one_customer_stands_on_their_card(shop: WebShop, marta: Person) -> None:
    anna = shop.customer("club")
    number = card_of(shop, anna.serial).number
    marta.sends("/studio/club/codes", rule="spring", card=number, codes="ANNA-77", ends_on="2026-12-31")

    assert "1 code is made." in marta.page and ["ANNA-77"] == codes(marta)
    assert "until Dec 31, 2026" in marta.page and "one card" in marta.page
    page = shop.visitor().sees(f"/c/{anna.link}").get_data(as_text=True)
    assert "ANNA-77" in page


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"count": "0"}, "count", "Целое число от 1 до 10000."),
        ({"uses": "many"}, "uses", "Целое число от 1 до 10000."),
        ({"rule": "none"}, "rule", "Выберите купон."),
        ({"ends_on": "2020-01-01"}, "ends_on", "Конец должен быть позже начала и в будущем."),
        ({"starts_on": "soon"}, "starts_on", "День, например 2026-12-31."),
        ({"codes": "abc"}, "codes", "В коде от 4 до 40 знаков"),
        ({"card": "0000"}, "card", "Карта не нашлась"),
    ],
)
def test_what_is_wrong_stands_at_its_field_in_russian(
    shop: WebShop, typed: dict[str, str], field: str, words: str
) -> None:
    marta = person(shop, "marta", language="ru").opens("/studio/club/codes")

    form: dict[str, Any] = {"rule": "spring", "count": "1", "uses": "1", **typed}
    marta.sends("/studio/club/codes", **form)

    assert 422 == marta.status
    found = re.search(rf'id="{field}-f".*?</span></span>', marta.page, re.DOTALL)
    assert found and words in found[0]
    assert [] == codes(marta)


def test_a_code_that_is_taken_is_refused(marta: Person) -> None:
    for _ in range(2):
        marta.opens("/studio/club/codes").sends(
            "/studio/club/codes", rule="spring", codes="MINE-1", count="1"
        )
    assert (409, True) == (marta.status, "One of these codes is in use already." in marta.page)


def test_only_programmes_with_coupons_have_the_page(shop: WebShop, marta: Person) -> None:
    assert "/studio/club/codes" in marta.opens("/studio/club").page
    assert "/studio/beans/codes" not in marta.opens("/studio/beans").page
    assert 404 == marta.opens("/studio/beans/codes").status
    assert 403 == person(shop, "boris").opens("/studio/club/codes").status
