"""The marketer sees funnel and channels by revenue, for the days she chooses; she takes a file along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import funnel, loyalty
from app.services.enrolment import Enrol, enrol
from app.services.journal import By, Once
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import composed_shop, open_plainly, person
from tests.support.web_app import WebShop

PAGE = "/studio/beans/numbers"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


def sold(shop: WebShop) -> None:
    """Two looked at the page by way of the window, and Anna bought."""
    now = shop.clock.now()
    for _ in range(2):
        funnel.count(shop.parts.db, "beans", "view", {"utm_source": "window"}, now.date())
    member = {"given_name": "Anna", "phone": "+37120000001", "locale": "en"}
    serial = enrol(shop.parts.db, Enrol("beans", member, {"utm_source": "window"}), now=now).serial
    bought = loyalty.Purchase(serial, 1250, "EUR")
    loyalty.purchase(shop.parts.db, bought, Once("test", "k", {}), By("boris"), now=now)


def test_the_marketer_sees_which_channel_brought_which_revenue(shop: WebShop) -> None:
    marta = person(shop, "marta")
    assert "Nothing happened in these days." in marta.opens(PAGE).page
    sold(shop)
    page = marta.opens(PAGE).page
    assert "Opened the join page: 2; Sent the form: 0; Got a card: 1;" in page
    assert "<td>€12.50</td><td>2</td><td>1</td>" in page
    assert "<td>50%</td>" not in page  # nobody sent the form: there is no step before to be a share of
    assert "€12.50" not in marta.opens(f"{PAGE}?since=2026-01-01&until=2026-01-31").page
    assert "€12.50" in marta.opens(f"{PAGE}?days=7&basis=joined").page
    assert "window,,,2,0,1," in marta.opens(f"{PAGE}.csv").page
    assert PAGE in marta.opens("/studio/beans").page


def test_it_speaks_russian(shop: WebShop) -> None:
    sold(shop)
    page = person(shop, "marta").opens(f"{PAGE}?lang=ru").page
    assert "Каналы по выручке" in page
    assert "Последние 30 дней" in page


def test_impossible_days_are_told_and_the_usual_ones_shown(shop: WebShop) -> None:
    marta = person(shop, "marta")
    page = marta.opens(f"{PAGE}?since=2026-03-02&until=2026-03-01")
    assert 422 == page.status
    assert "The first day must not lie after the last one" in page.page


def test_a_cashier_does_not_see_it(shop: WebShop) -> None:
    assert 403 == person(shop, "boris").opens(PAGE).status
