"""Two workers at one campaign, on both engines: each card gets everything once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.services import banners, campaign_walk
from app.storage.database import Database
from app.storage.tables import CardBanner, MessageRow
from tests.campaigns.test_banners import LATER, banner, picture
from tests.campaigns.world import WORDS, customers, segment, started, step, told, works
from tests.support.api_shop import CAFE, Shop
from tests.support.clock import Clock


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    opened = Shop(database, clock)
    assert 201 == opened.owner.post("/programmes", CAFE).status_code
    return opened


def test_two_workers_give_each_card_everything_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_walk, "CHUNK", 2)
    serials = customers(shop, 7)
    image = shop.owner.post("/images", data={"image": (picture(), "b.png")}).get_json()["sha256"]
    content = {
        "message": WORDS,
        "gifts": {"points": 50},
        "values": {"offer": "Tea"},
        "banner": {"image": image, "ends_at": LATER},
    }
    poor = {"field": "balance", "unit": "points", "at_most": 49}
    number = started(shop, content, segment=segment(shop, poor))

    def work(_: int) -> None:
        for _ in range(20):
            step(shop)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))

    assert [50] * 7 == [shop.balances(serial)["points"] for serial in serials]
    assert {image} == {banner(shop, serial) for serial in serials}
    with shop.deps.read() as session:
        assert 7 == session.scalar(select(func.count()).select_from(MessageRow))
    done = told(shop, number)
    assert ("done", 7, 7, 0) == tuple(done[name] for name in ("state", "seen", "reached", "skipped"))


def test_a_banner_is_taken_in_by_two_workers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banners, "CHUNK", 2)
    serials = customers(shop, 5)
    data = {"image": (picture(), "b.png"), "segment": segment(shop, {"all": []}), "ends_at": LATER}
    shop.owner.call("PUT", "/programmes/cafe/banner", data=data)
    works(shop)
    shop.clock.forward(days=3)
    known = shop.deps

    def work(_: int) -> None:
        while banners.follow_clock(known.db, known.read, known.now()):
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))

    assert {""} == {banner(shop, serial) for serial in serials}
    with shop.deps.read() as session:
        assert 0 == session.scalar(select(func.count()).select_from(CardBanner))
