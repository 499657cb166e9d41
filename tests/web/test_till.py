"""Boris at the till, on plain pages and forms: what he is shown, what happens once, what he may not do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services import access, cards
from app.services.ids import card_number
from app.storage.database import Database
from app.web.till_find import mistyped, tidy
from app.web.till_view import amount_minor
from tests.support.clock import Clock
from tests.support.counter import Person, balance, card_of, composed_shop, open_plainly, operations, person
from tests.support.web_app import WebShop


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        open_plainly(opened, "points-shop")
        yield opened


@pytest.fixture
def boris(shop: WebShop) -> Person:
    return person(shop, "boris")


def headline(seen: Person) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", seen.page, re.DOTALL)
    assert found, seen.page[:400]
    return found[1].replace("\u2009", " ").replace("\u00a0", " ")


def test_boris_scans_gives_a_stamp_and_undoes_it(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    boris.scans(card_of(shop, anna.serial).number)
    assert "Anna" == headline(boris)

    boris.sends("/till/stamps", stamps="1")
    assert "+ 1 stamp" == headline(boris)
    assert 1 == balance(shop, anna.serial, "stamps")

    boris.sends("/till/undo")
    assert "Taken back" == headline(boris)
    assert 0 == balance(shop, anna.serial, "stamps")


def test_the_same_form_sent_twice_gives_one_stamp(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")

    boris.scans(anna.serial).sends("/till/stamps", again=True, stamps="1")

    assert 200 == boris.status
    assert 1 == balance(shop, anna.serial, "stamps")


def test_an_undo_sent_twice_takes_back_once(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    shop.stamps(anna, 3)

    boris.scans(anna.serial).sends("/till/stamps", stamps="2").sends("/till/undo", again=True)

    assert "Taken back" == headline(boris)
    assert 3 == balance(shop, anna.serial, "stamps")


def test_a_key_with_other_figures_is_refused_in_words(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    boris.scans(anna.serial)
    key = boris.form("/till/stamps")[1]["key"]
    boris.sends("/till/stamps", stamps="1").opens(f"/till/card/{anna.serial}")

    boris.sends("/till/stamps", stamps="5", key=key)

    assert 409 == boris.status
    assert "sent before with other figures" in boris.page
    assert 1 == balance(shop, anna.serial, "stamps")


def test_who_and_where_are_noted(shop: WebShop) -> None:
    access.add_staff(
        shop.parts.db,
        login="bella",
        password="open sesame",
        role="cashier",
        store="Harbour",
        now=shop.clock.now(),
    )
    anna = shop.customer("beans")

    person(shop, "bella").scans(anna.serial).sends("/till/stamps", stamps="1")

    assert [("stamps", "bella", "Harbour")] == operations(shop, anna.serial)


def test_a_full_card_is_handed_out(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    shop.stamps(anna, 10)

    boris.scans(anna.serial).sends("/till/rewards")

    assert "Handed out: a coffee of your choice" == headline(boris)
    assert 0 == balance(shop, anna.serial, "reward.coffee")


def test_points_pay_a_part_of_a_purchase(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("aster")
    shop.points(anna, 500)

    boris.scans(anna.serial).sends("/till/purchases", amount="24,60", redeem_points="500")

    assert "<small>To pay</small> €19.60" == headline(boris)
    assert "Paid with 500 points" in boris.page
    assert "98 points" in boris.page  # 5 % of the 19.60 that were paid in money
    assert 98 == balance(shop, anna.serial, "points")


def test_the_quote_says_what_an_amount_earns_and_changes_nothing(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("aster")
    shop.points(anna, 500)

    said = boris.visitor.sees(f"/till/card/{anna.serial}/quote?amount=10.00").get_json()

    told = {key: words for key, words in said.items() if words}
    assert {"words": "Earns 50 points", "most": "500", "pay": "500 points = €5.00"} == told
    assert 500 == balance(shop, anna.serial, "points")


@pytest.mark.parametrize("amount", ["", "abc", "12.345", "-5", "1e9", "NaN", "Infinity"])
def test_an_amount_that_is_none_is_told_in_words(shop: WebShop, boris: Person, amount: str) -> None:
    anna = shop.customer("aster")

    boris.scans(anna.serial).sends("/till/purchases", amount=amount)

    assert 422 == boris.status
    assert [] == operations(shop, anna.serial)


def test_more_points_than_there_are_pay_nothing(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("aster")
    shop.points(anna, 10)

    boris.scans(anna.serial).sends("/till/purchases", amount="50", redeem_points="11")

    assert 409 == boris.status
    assert "The card has less than that" in boris.page


def test_a_blocked_card_is_red_and_offers_nothing(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    cards.change(shop.parts.db, anna.serial, now=shop.clock.now(), status="blocked")

    boris.scans(anna.serial)

    assert "Blocked: do not accept" in boris.page
    with pytest.raises(AssertionError, match="no form"):
        boris.form("/till/stamps")


def test_a_card_that_ran_out_is_not_called_valid(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    cards.change(shop.parts.db, anna.serial, now=shop.clock.now(), expires_at=shop.clock.now())

    assert "Expired: this card has run out" in boris.scans(anna.serial).page


def test_undo_ends_after_ten_minutes(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    boris.scans(anna.serial).sends("/till/stamps", stamps="1")
    address, hidden = boris.form("/till/undo")
    shop.clock.forward(minutes=11)

    answer = boris.visitor.client.post(address, data=hidden, headers=boris.visitor.headers)

    assert 409 == answer.status_code
    assert 1 == balance(shop, anna.serial, "stamps")


def test_boris_does_not_undo_what_others_did(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    olga = person(shop, "olga").scans(anna.serial).sends("/till/stamps", stamps="1")
    address, _ = olga.form("/till/undo")
    _, hidden = boris.scans(anna.serial).form("/till/stamps")

    answer = boris.visitor.client.post(address, data=hidden, headers=boris.visitor.headers)

    assert 409 == answer.status_code
    assert 1 == balance(shop, anna.serial, "stamps")


def written(number: str, how: str) -> str:
    russian = str.maketrans("QWERTYUIOPASDFGHJKLZXCVBNM", "йцукенгшщзфывапролдячсмить")
    return {
        "small": number.lower(),
        "spaced": " ".join(number[i : i + 4] for i in range(0, 16, 4)),
        "reader": f"]Q1{number}",
        "russian": number.translate(russian),
    }[how]


@pytest.mark.parametrize("how", ["small", "spaced", "reader", "russian"])
def test_a_number_is_found_however_it_comes(shop: WebShop, boris: Person, how: str) -> None:
    anna = shop.customer("beans")

    boris.scans(written(card_of(shop, anna.serial).number, how))

    assert f"/till/card/{anna.serial}" == boris.path


def test_a_customers_own_link_is_a_card(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")

    assert f"/till/card/{anna.serial}" == boris.scans(f"https://cards.example/c/{anna.link}").path


def test_a_phone_number_finds_one_card_or_offers_all(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")
    assert f"/till/card/{anna.serial}" == boris.scans("20 000 001").path

    shop.customer("aster")

    assert "Which card?" == headline(boris.scans("+371 2000-0001"))


def test_an_unknown_card_is_told_in_words(boris: Person) -> None:
    number = card_number()
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")

    assert "No card was found" in boris.scans(number).page
    assert 404 == boris.status
    assert "One character of this number is wrong" in boris.scans(wrong).page


def test_a_cashier_of_one_programme_finds_no_other_card(shop: WebShop) -> None:
    shop.staff("bella", "cashier", programme="aster")
    anna = shop.customer("beans")
    bella = person(shop, "bella")

    assert 404 == bella.scans(anna.serial).status
    assert 404 == bella.opens(f"/till/card/{anna.serial}").status
    assert 404 == bella.opens(f"/till/card/{anna.serial}/quote?amount=1").status


def test_marta_and_strangers_stay_out(shop: WebShop) -> None:
    assert 403 == person(shop, "marta").opens("/till").status
    assert "/sign-in" == Person(shop, shop.visitor()).opens("/till").path


def test_nothing_is_done_without_the_forms_token(shop: WebShop, boris: Person) -> None:
    anna = shop.customer("beans")

    answer = boris.visitor.client.post("/till/stamps", data={"card": anna.serial, "stamps": "1", "key": "k"})

    assert 400 == answer.status_code
    assert 0 == balance(shop, anna.serial, "stamps")


def test_guessing_numbers_is_slowed_down(shop: WebShop, boris: Person) -> None:
    _, hidden = boris.opens("/till").form("/till/find")
    post = boris.visitor.client.post
    statuses = {post("/till/find", data={**hidden, "code": f"guess {n}"}).status_code for n in range(95)}

    assert {404, 429} == statuses


@pytest.mark.parametrize("stamps", ["0", "-1", "101", "many", "²", ""])
def test_strange_counts_of_stamps_change_nothing(shop: WebShop, boris: Person, stamps: str) -> None:
    anna = shop.customer("beans")

    assert 422 == boris.scans(anna.serial).sends("/till/stamps", stamps=stamps).status
    assert 0 == balance(shop, anna.serial, "stamps")


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("1 234,5", "EUR", 123450),
        ("7", "JPY", 7),
        ("7.5", "JPY", None),
        ("0", "EUR", 0),
    ],
)
def test_amounts_are_read_as_people_type_them(typed: str, currency: str, minor: int | None) -> None:
    assert minor == amount_minor(typed, currency)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_amounts_and_codes(typed: str) -> None:
    found = amount_minor(typed, "EUR")

    assert found is None or found >= 0
    assert isinstance(mistyped(typed), bool)
    assert tidy(typed).isprintable()
