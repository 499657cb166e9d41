"""Bringing friends and noting events, as people see it: the card page, the invitation, the till."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.services import programmes
from app.storage.database import Database
from app.storage.tables import Card
from tests.support.clock import Clock
from tests.support.counter import Person, balance, card_of, composed_shop, open_plainly, operations, person
from tests.support.web_app import IPHONE, WebShop

POINTS = {"kind": "points", "percent": 10}
FRIENDS = {
    "kind": "referral",
    "gives_friend": [{"unit": "points", "amount": 100}],
    "gives_referrer": [{"unit": "points", "amount": 200}],
    "minimum_minor": 1000,
    "limits": {"month": 5},
}
CUPS = {
    "kind": "event",
    "key": "packaging",
    "gives": [{"unit": "points", "amount": 50}],
    "limits": {"day": 1},
    "at_till": True,
}
REVIEW = {**CUPS, "key": "review", "at_till": False}
JOINS = {"given_name": "Boris", "phone": "+371 20 000 002", "consent__personal-data": "1"}


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True)).replace("\u00a0", " ")


def newest(shop: WebShop) -> Card:
    with shop.parts.read() as session:
        return session.scalars(select(Card).order_by(Card.id.desc())).first()  # type: ignore[return-value]


def test_the_card_page_offers_a_code_and_a_link_in_both_languages(shop: WebShop) -> None:
    shop.open_programme("points-shop", rules=[POINTS, FRIENDS], slug="beans")
    anna = shop.customer("beans")
    code = newest(shop).referral_code
    page = text_of(shop.visitor(agent=IPHONE).sees(f"/c/{anna.link}"))
    assert f"/join/beans?friend={code}" in page
    assert (
        "After the first purchase of at least €10.00: for you 200 points, for your friend 100 points." in page
    )
    russian = text_of(shop.visitor(language="ru").sees(f"/c/{anna.link}?lang=ru"))
    assert "вам 200 баллов, вашему другу 100 баллов." in russian


def test_a_programme_without_friends_says_nothing_of_them(shop: WebShop) -> None:
    shop.open_programme("points-shop", rules=[POINTS], slug="beans")
    assert "Bring a friend" not in text_of(shop.visitor().sees(f"/c/{shop.customer('beans').link}"))


def test_an_invited_visitor_is_told_so_and_joins_as_a_friend(shop: WebShop) -> None:
    shop.open_programme("points-shop", rules=[POINTS, FRIENDS], slug="beans")
    shop.customer("beans")
    anna = newest(shop)
    invited = f"/join/beans?friend={(anna.referral_code or '').lower()}"
    page = text_of(shop.visitor().sees(invited))
    assert "A friend invites you." in page and "for you 100 points, for your friend 200 points." in page
    assert 303 == shop.visitor().sends(invited, **JOINS).status_code
    assert anna.id == newest(shop).referred_by_id


def test_a_form_with_a_mistake_keeps_the_invitation(shop: WebShop) -> None:
    shop.open_programme("points-shop", rules=[POINTS, FRIENDS], slug="beans")
    shop.customer("beans")
    invited = f"/join/beans?friend={newest(shop).referral_code}"
    answer = shop.visitor().sends(invited, **{**JOINS, "phone": "call me"})
    assert 422 == answer.status_code
    assert f'name="friend" value="{newest(shop).referral_code}"' in text_of(answer)


@pytest.mark.parametrize("code", ["ZZZZZZZZ", "%00", "<script>"])
def test_a_wrong_code_turns_nobody_away(shop: WebShop, code: str) -> None:
    shop.open_programme("points-shop", rules=[POINTS, FRIENDS], slug="beans")
    page = text_of(shop.visitor().sees(f"/join/beans?friend={code}"))
    assert "A friend invites you." not in page and 'name="friend"' not in page
    assert 303 == shop.visitor().sends(f"/join/beans?friend={code}", **JOINS).status_code
    assert newest(shop).referred_by_id is None


@pytest.fixture
def counter(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "points-shop", rules=[POINTS, CUPS, REVIEW])
        yield opened


@pytest.fixture
def boris(counter: WebShop) -> Person:
    return person(counter, "boris")


def headline(seen: Person) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", seen.page, re.DOTALL)
    assert found, seen.page[:400]
    return found[1].replace("\u2009", " ").replace("\u00a0", " ")


def test_boris_notes_a_returned_cup_with_one_tap_and_takes_it_back(counter: WebShop, boris: Person) -> None:
    slug = counter_slug(counter)
    anna = counter.customer(slug)
    boris.scans(card_of(counter, anna.serial).number)
    assert "Packaging returned" in boris.page and "Review written" not in boris.page
    boris.sends("/till/events", again=True)
    assert ("+ 50 points", 50) == (headline(boris), balance(counter, anna.serial, "points"))
    boris.sends("/till/undo")
    assert ("Taken back", 0) == (headline(boris), balance(counter, anna.serial, "points"))


def test_a_second_cup_today_gives_nothing_and_says_so(counter: WebShop, boris: Person) -> None:
    anna = counter.customer(counter_slug(counter))
    boris.scans(anna.serial).sends("/till/events").opens(f"/till/card/{anna.serial}").sends("/till/events")
    assert "Nothing was given: it was often enough, or is not the time for it." == headline(boris)
    assert 50 == balance(counter, anna.serial, "points")


def test_an_event_that_cashiers_do_not_note_is_refused(counter: WebShop, boris: Person) -> None:
    anna = counter.customer(counter_slug(counter))
    boris.scans(anna.serial).sends("/till/events", event="review")
    assert (422, []) == (boris.status, operations(counter, anna.serial))


def counter_slug(shop: WebShop) -> str:
    with shop.parts.read() as session:
        return programmes.listed(session)[0].slug
