"""Openings of the join page and forms that were sent, by channel: of people, and never in their way."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text

from app.services import funnel
from app.services.attribution import create_link
from app.storage.database import Database
from app.storage.tables import FunnelCount
from tests.support.clock import Clock
from tests.support.shop import Shop
from tests.support.web_app import WebShop
from tests.web.test_joining import ANNA

DAY = date(2026, 3, 2)


def counted(read: Any) -> dict[tuple[str, str, str], int]:
    with read() as session:
        found: dict[tuple[str, str, str], int] = {}
        for row in session.scalars(select(FunnelCount)):
            key = (row.step, row.utm.get("utm_source", ""), row.utm.get("link_code", ""))
            found[key] = found.get(key, 0) + row.count
        return found


def test_an_opened_page_and_a_sent_form_are_counted_by_channel(web_shop: WebShop) -> None:
    anna = web_shop.visitor()
    anna.sends("/join/beans?utm_source=VK", **{**ANNA, "phone": "call me"})
    anna.sends("/join/beans?utm_source=VK", **ANNA, again="1")
    assert {("view", "vk", ""): 2, ("form", "vk", ""): 1} == counted(web_shop.parts.read)


def test_a_form_that_comes_back_with_faults_is_marked_as_counted(web_shop: WebShop) -> None:
    anna = web_shop.visitor()
    assert 'name="again"' not in anna.sees("/join/beans").get_data(as_text=True)
    page = anna.sends("/join/beans", **{**ANNA, "phone": "call me"}).get_data(as_text=True)
    assert '<input type="hidden" name="again" value="1">' in page


def test_a_short_link_is_one_view_of_its_channel(web_shop: WebShop) -> None:
    now, utm = web_shop.clock.now(), {"utm_source": "window"}
    code = create_link(web_shop.parts.db, "beans", now=now, utm=utm)
    anna = web_shop.visitor()
    anna.sees(anna.sees(f"/l/{code}").location)
    assert {("view", "window", code): 1} == counted(web_shop.parts.read)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "WhatsApp/2.23"},
        {"User-Agent": "curl/8.5.0"},
        {"User-Agent": ""},
    ],
)
def test_programs_and_pages_fetched_in_advance_are_no_visitors(headers: dict[str, str]) -> None:
    said = {"User-Agent": "Mozilla/5.0 (iPhone)", **headers}
    assert not funnel.by_a_person("GET", said.get)
    assert not funnel.by_a_person("HEAD", {"User-Agent": "Mozilla/5.0 (iPhone)"}.get)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Instagram 300",
        "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Telegram-Android/11",
        "Mozilla/5.0 (Linux; Android 14; CUBOT X30) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
    ],
)
def test_browsers_inside_other_apps_are_people(agent: str) -> None:
    assert funnel.by_a_person("GET", {"User-Agent": agent}.get)


def test_a_page_is_served_also_where_nothing_can_be_counted(web_shop: WebShop) -> None:
    with web_shop.parts.db.begin() as session:
        session.execute(text("ALTER TABLE funnel_counts RENAME TO lost"))
    try:
        assert 200 == web_shop.visitor().sees("/join/beans").status_code
    finally:
        with web_shop.parts.db.begin() as session:
            session.execute(text("ALTER TABLE lost RENAME TO funnel_counts"))


def test_two_at_once_are_two_and_share_no_row(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [])
    for shard in (0, 0, 1):
        assert funnel.count(shop.db, shop.slug, "view", {"utm_source": "vk"}, DAY, shard=shard)
    with shop.read() as session:
        rows = session.execute(select(FunnelCount.shard, FunnelCount.count)).all()
    assert [(0, 2), (1, 1)] == sorted(tuple(each) for each in rows)


def test_made_up_channels_fill_no_table(
    sqlite_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(funnel, "MOST_ROWS", 3)
    shop = Shop(sqlite_database, clock, [])
    for number in range(6):
        funnel.count(shop.db, shop.slug, "view", {"utm_source": f"s{number}"}, DAY, shard=0)
    sums = counted(shop.read)
    assert (6, 3) == (sum(sums.values()), sums[("view", "other", "")])
    assert 4 == len(sums)
