"""Marta says something to her customers, and sees before whom it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.services.message_reach import reach_of_message
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import Card, Consent, MessageRow
from tests.support.clock import Clock
from tests.support.counter import Person, card_of, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

MESSAGES = "/studio/beans/messages"
SAID: dict[str, Any] = {
    "header/en": "New hours",
    "body/en": "Open till ten",
    "header/ru": "Новые часы",
    "body/ru": "До десяти",
}


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def marta(shop: WebShop) -> Person:
    return person(shop, "marta")


def said(shop: WebShop) -> list[tuple[str, str, bool, bool]]:
    """(heading, purpose, loud, to all) of everything that was said."""
    with shop.parts.read() as session:
        rows = session.scalars(select(MessageRow).order_by(MessageRow.id)).all()
        return [(row.header["en"], row.purpose, row.loud, row.card_id is None) for row in rows]


def test_nothing_is_sent_before_it_was_looked_at(shop: WebShop, marta: Person) -> None:
    shop.customer("beans")
    marta.opens(MESSAGES).sends(MESSAGES, **SAID, to="all", purpose="service", loud="1", act="look")

    assert [] == said(shop)
    assert "1 card: 0 iPhones, 0 times in Google Wallet" in marta.page
    assert "iPhones show the text on the lock screen" in marta.page
    assert "Today this works 3 times more." in marta.page

    marta.sends(MESSAGES, **SAID, to="all", purpose="service", loud="1", act="send")

    assert [("New hours", "service", True, True)] == said(shop)
    assert "Shown now" in marta.page


def test_a_second_tap_on_send_is_one_message(shop: WebShop, marta: Person) -> None:
    marta.opens(MESSAGES).sends(MESSAGES, again=True, **SAID, to="all", purpose="service", act="send")

    assert 1 == len(said(shop))


def test_the_same_form_with_other_words_is_no_second_message_either(shop: WebShop, marta: Person) -> None:
    _, hidden = marta.opens(MESSAGES).form(MESSAGES)
    wish = {**hidden, **SAID, "to": "all", "purpose": "service", "act": "send"}
    post = marta.visitor.client.post

    assert 303 == post(MESSAGES, data=wish).status_code
    assert 422 == post(MESSAGES, data={**wish, "header/en": "Something else"}).status_code
    assert 1 == len(said(shop))


def test_one_customer_is_found_by_the_number_of_the_card(shop: WebShop, marta: Person) -> None:
    anna = shop.customer("beans")
    with shop.parts.read() as session:
        number = session.scalars(select(Card.number).where(Card.serial == anna.serial)).one()

    marta.opens(MESSAGES).sends(MESSAGES, **SAID, to="one", number=number, purpose="service", act="send")

    assert [("New hours", "service", False, False)] == said(shop)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"to": "one", "number": "0000"}, "There is no card with this number in the programme."),
    ({"header/en": "", "header/ru": ""}, "This is needed."),
    ({"body/en": "<b>Sale</b>"}, "Plain text alone"),
    ({"body/en": "Dear {name}"}, "leave out the curly brackets"),
    ({"body/en": "x" * 501}, "At most 500 characters."),
    ({"ends_at": "2020-01-01T10:00"}, "This lies in the past."),
    ({"starts_at": "tomorrow"}, "A day and a time"),
]


def test_what_cannot_be_said_is_told_at_its_input(shop: WebShop, marta: Person) -> None:
    marta.opens(MESSAGES)
    for typed, words in REFUSED:
        marta.sends(MESSAGES, **{**SAID, "to": "all", "purpose": "service", "act": "send", **typed})
        assert (422, True) == (marta.status, words in marta.page), typed

    assert [] == said(shop)


def test_a_message_is_withdrawn_once(shop: WebShop, marta: Person) -> None:
    marta.opens(MESSAGES).sends(MESSAGES, **SAID, to="all", purpose="service", act="send")

    marta.sends(f"{MESSAGES}/1/withdraw", again=True)

    assert "Withdrawn" in marta.page
    assert f'action="{MESSAGES}/1/withdraw"' not in marta.page


def test_a_time_is_the_shops_own(shop: WebShop, marta: Person) -> None:
    wish: dict[str, Any] = {
        **SAID,
        "to": "all",
        "purpose": "service",
        "act": "send",
        "starts_at": "2026-03-05T20:00",
    }

    marta.opens(MESSAGES).sends(MESSAGES, **wish)

    with shop.parts.read() as session:
        row = session.scalars(select(MessageRow)).one()
    assert "2026-03-05T18:00:00+00:00" == row.starts_at.isoformat()
    assert "Will be shown" in marta.page


def test_news_are_counted_for_those_who_agreed(shop: WebShop) -> None:
    """Each wallet for itself; of each customer the newest word counts."""
    now = shop.clock.now()
    anna, boris = shop.customer("beans"), shop.customer("beans", phone="+37120000002")
    with shop.parts.db.begin() as session:
        first, second = (session.get_one(Card, card_of(shop, each.serial).id) for each in (anna, boris))
        for card, answers in ((first, (False, True)), (second, (True, False))):
            for granted in answers:
                session.add(
                    Consent(
                        member_id=card.member_id, purpose="marketing", granted=granted, source="test", at=now
                    )
                )
                session.flush()
    with shop.parts.read() as session:
        programme = queries.programme_row(session, "beans")
        reached = [
            reach_of_message(session, programme, purpose, None, now).cards for purpose in ("service", "news")
        ]

    assert [2, 1] == reached


def test_loud_messages_of_the_last_day_are_counted(shop: WebShop, marta: Person) -> None:
    for number in range(4):
        wish: dict[str, Any] = {
            **SAID,
            "header/en": f"Loud {number}",
            "to": "all",
            "purpose": "service",
            "loud": "1",
        }
        marta.opens(MESSAGES).sends(MESSAGES, **wish, act="send")
    marta.opens(MESSAGES).sends(MESSAGES, **SAID, to="all", purpose="service", loud="1", act="look")
    assert "three loud messages within a day" in marta.page

    shop.clock.forward(days=1.1)
    with shop.parts.read() as session:
        programme = queries.programme_row(session, "beans")
        assert 3 == reach_of_message(session, programme, "service", None, shop.clock.now()).loud_left
