"""Olga sees who hears of events, adds somebody, looks into what was sent, and sends it again."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.storage.database import Database
from app.storage.tables import WebhookEndpoint, WebhookMessage
from tests.support.clock import Clock
from tests.support.counter import Person, composed_shop, open_plainly, person
from tests.support.web_app import WebShop


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def olga(shop: WebShop) -> Person:
    return person(shop, "olga")


def endpoint(shop: WebShop) -> WebhookEndpoint:
    with shop.parts.read() as session:
        return session.scalars(select(WebhookEndpoint)).one()


def test_olga_adds_a_receiver_tests_pauses_and_deletes_it(shop: WebShop, olga: Person) -> None:
    slug = "beans"
    olga.opens("/staff/webhooks").sends(
        "/staff/webhooks", url="https://shop.example.com/x", programme=slug, kinds="purchase"
    )
    assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", olga.page)
    row = endpoint(shop)
    assert (["purchase"], False) == (row.kinds, row.member_data)
    page = f"/staff/webhooks/{row.id}"
    assert "whsec_" not in olga.opens("/staff/webhooks").page

    olga.opens(page).sends(f"{page}/test")
    olga.opens(page)
    assert "<b>ping</b>" in olga.page
    olga.sends(f"{page}/paused")
    assert "paused" == endpoint(shop).state
    olga.opens(page).sends(f"{page}/active")
    olga.opens(page).sends(f"{page}/secret")
    assert "whsec_" in olga.page
    assert 2 == len(endpoint(shop).secrets)
    olga.opens(page).sends(f"{page}/replay", since="day")
    olga.opens(page).sends(f"{page}/delete")
    with shop.parts.read() as session:
        assert [] == [
            *session.scalars(select(WebhookEndpoint.id)),
            *session.scalars(select(WebhookMessage.id)),
        ]


def test_a_private_address_is_refused_in_words_and_what_was_typed_stays(shop: WebShop, olga: Person) -> None:
    olga.opens("/staff/webhooks").sends(
        "/staff/webhooks", url="https://10.0.0.8/x", programme="beans", description="Our CRM"
    )

    assert "leads into a private network" in olga.page
    assert 'value="Our CRM"' in olga.page
    assert 'value="https://10.0.0.8/x"' in olga.page


def test_nobody_but_owners_opens_the_page(shop: WebShop) -> None:
    for login in ("boris", "marta"):
        assert "Who hears of events" not in person(shop, login).opens("/staff/webhooks").page
