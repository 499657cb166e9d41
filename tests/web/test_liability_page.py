"""The owner sees what is owed to customers: figures, a chart's numbers and a table; nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import loyalty
from app.services.enrolment import Enrol, enrol
from app.services.journal import By, Once
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import composed_shop, open_plainly, person
from tests.support.web_app import WebShop

PAGE = "/studio/beans/liability"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


def stamped(shop: WebShop) -> None:
    member = {"given_name": "Anna", "phone": "+37120000001", "locale": "en"}
    now = shop.clock.now()
    serial = enrol(shop.parts.db, Enrol("beans", member, source="test"), now=now).serial
    loyalty.stamp(shop.parts.db, serial, 3, Once("test", "k", {}), By("boris"), now=now)


def test_the_owner_sees_figures_and_a_table(shop: WebShop) -> None:
    olga = person(shop, "olga")
    assert "Nothing is owed yet." in olga.opens(PAGE).page
    stamped(shop)
    page = olga.opens(PAGE).page
    assert "3 can be claimed." in page
    assert "Without an end" in page
    assert '"usable": [3.0]' in page
    assert "stamps,,3,0,0,EUR" in olga.opens(f"{PAGE}.csv").page


def test_it_speaks_russian(shop: WebShop) -> None:
    stamped(shop)
    page = person(shop, "olga").opens(f"{PAGE}?lang=ru").page
    assert "Можно получить: 3." in page
    assert "Обязательства перед клиентами" in page


def test_nobody_but_the_owner_sees_it(shop: WebShop) -> None:
    marta = person(shop, "marta")
    assert 403 == marta.opens(PAGE).status
    assert 403 == marta.opens(f"{PAGE}.csv").status
    assert PAGE not in marta.opens("/studio/beans").page
