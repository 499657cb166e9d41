"""Marta writes campaigns: looked at before, started, paused; nothing goes out unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.storage.database import Database
from app.storage.tables import Campaign, SegmentRow
from tests.support.clock import Clock
from tests.support.counter import Person, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

CAMPAIGNS = "/studio/beans/campaigns"
SAID: dict[str, Any] = {
    "name": "Spring",
    "header/en": "Tea for two",
    "body/en": "This week",
    "header/ru": "Чай на двоих",
    "body/ru": "На этой неделе",
    "purpose": "service",
}


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def marta(shop: WebShop) -> Person:
    return person(shop, "marta")


def rows(shop: WebShop) -> list[Campaign]:
    with shop.parts.read() as session:
        return list(session.scalars(select(Campaign).order_by(Campaign.id)).all())


def test_a_campaign_is_looked_at_before_it_starts(shop: WebShop, marta: Person) -> None:
    shop.customer("beans")
    marta.opens(CAMPAIGNS).sends(CAMPAIGNS, **SAID, asleep="30", key="k1")

    (row,) = rows(shop)
    assert ("draft", True) == (row.state, row.segment_id is not None)
    assert "Reaches 1 card" in marta.page
    assert "in no wallet: 1" in marta.page

    marta.sends(f"{CAMPAIGNS}/{row.id}/start")
    assert ("running", "The campaign is on its way" in marta.page) == (rows(shop)[0].state, True)
    marta.sends(f"{CAMPAIGNS}/{row.id}/pause")
    assert ("paused", "Go on" in marta.page) == (rows(shop)[0].state, True)


def test_the_same_form_twice_is_one_campaign_and_one_segment(shop: WebShop, marta: Person) -> None:
    for _ in range(2):
        marta.opens(CAMPAIGNS).sends(CAMPAIGNS, **SAID, locale="ru", key="k1")

    assert 1 == len(rows(shop))
    with shop.parts.read() as session:
        assert [{"all": [{"field": "locale", "any_of": ["ru"]}]}] == session.scalars(
            select(SegmentRow.rule)
        ).all()


def test_what_was_typed_wrongly_is_told_at_its_field_and_kept(shop: WebShop, marta: Person) -> None:
    said = {"name": "Spring", "asleep": "long", "key": "k1"}
    marta.opens(CAMPAIGNS).sends(CAMPAIGNS, **said)

    assert {"asleep", "header"} == set(re.findall(r'id="cp-(\w+)-f"', marta.page))
    assert 'value="long"' in marta.page
    assert [] == rows(shop)


def test_the_page_of_another_programme_is_not_there(shop: WebShop, marta: Person) -> None:
    marta.opens(CAMPAIGNS).sends(CAMPAIGNS, **SAID, key="k1")
    open_plainly(shop, "points-shop")

    for path in ("aster", "nowhere"):
        page = marta.visitor.sees(f"/studio/{path}/campaigns/{rows(shop)[0].id}")
        assert 404 == page.status_code
