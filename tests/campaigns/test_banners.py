"""Banners of a time and of a segment: shown while they count, told to the phones, gone again."""

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from app.services import banners
from app.services.campaign_walk import run_step
from app.storage.tables import CardBanner, Delivery, Rollout
from tests.campaigns.world import customers, face, segment, step, version, works
from tests.support.api_shop import Shop

TOMORROW, LATER = "2026-03-03T09:00:00Z", "2026-03-05T09:00:00Z"
GOLD = {"field": "tier", "any_of": ["gold"]}


def picture(colour: str = "red") -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", (1125, 432), colour).save(made, "PNG")
    made.seek(0)
    return made


def put(shop: Shop, colour: str = "red", **form: str) -> Any:
    data = {"image": (picture(colour), "b.png"), **form}
    answer = shop.owner.call("PUT", "/programmes/cafe/banner", data=data)
    assert 200 == answer.status_code, answer.get_json()
    return answer.get_json()


def banner(shop: Shop, serial: str) -> str:
    source = face(shop, serial).pictures["banner"].source
    return source or ""


def listed(shop: Shop) -> list[Any]:
    found: list[Any] = shop.owner.get("/programmes/cafe/banners").get_json()["items"]
    return found


def test_a_banner_of_a_time_comes_and_goes_by_the_clock(shop: Shop) -> None:
    (serial,) = customers(shop, 1)
    before = version(shop, serial)
    told = put(shop, starts_at=TOMORROW, ends_at=LATER)
    works(shop)
    assert ("", before, "scheduled") == (
        banner(shop, serial),
        version(shop, serial),
        listed(shop)[0]["state"],
    )

    shop.clock.forward(days=1)
    works(shop)
    assert (listed(shop)[0]["image"], before + 1) == (banner(shop, serial), version(shop, serial))
    assert ("shown", told["banner"]) == (listed(shop)[0]["state"], listed(shop)[0]["id"])

    shop.clock.forward(days=2)
    works(shop)
    assert ("", before + 2, "ended") == (
        banner(shop, serial),
        version(shop, serial),
        listed(shop)[0]["state"],
    )


def test_phones_are_told_once_at_the_start_and_once_at_the_end(shop: Shop) -> None:
    customers(shop, 1)
    put(shop, starts_at=TOMORROW, ends_at=LATER)
    for _ in range(3):
        shop.clock.forward(days=1)
        works(shop)
        works(shop)

    with shop.deps.read() as session:
        walks = select(func.count()).where(Rollout.why == "banner", Rollout.task == "cards")
        assert 2 == session.scalar(walks)


def test_a_banner_of_a_segment_is_shown_to_it_alone(shop: Shop) -> None:
    gold, plain = customers(shop, 2)
    shop.owner.patch(f"/cards/{gold}", {"tier": "gold"})
    before = version(shop, gold), version(shop, plain)
    told = put(shop, segment=segment(shop, GOLD), ends_at=LATER)
    works(shop)

    assert (listed(shop)[0]["image"], "") == (banner(shop, gold), banner(shop, plain))
    assert (before[0] + 1, before[1]) == (version(shop, gold), version(shop, plain))
    walked = shop.owner.get(f"/campaigns/{told['campaign']}").get_json()
    assert ("done", 1, told["banner"]) == (walked["state"], walked["reached"], walked["banner"])

    shop.clock.forward(days=3)
    works(shop)
    assert ("", before[0] + 2, before[1]) == (banner(shop, gold), version(shop, gold), version(shop, plain))
    with shop.deps.read() as session:
        assert 0 == session.scalar(select(func.count()).select_from(CardBanner))


def test_a_withdrawn_banner_leaves_the_cards(shop: Shop) -> None:
    gold, plain = customers(shop, 2)
    shop.owner.patch(f"/cards/{gold}", {"tier": "gold"})
    some, everyone = put(shop, segment=segment(shop, GOLD)), put(shop, "blue", ends_at=LATER)
    works(shop)
    blue = banner(shop, plain)
    assert blue == banner(shop, gold) != ""  # the newest that fits counts

    for _ in range(2):
        path = f"/programmes/cafe/banners/{everyone['banner']}"
        assert "withdrawn" == shop.owner.call("DELETE", path).get_json()["state"]
    works(shop)
    assert ("", blue) == (banner(shop, plain), listed(shop)[0]["image"])
    assert listed(shop)[1]["image"] == banner(shop, gold)

    shop.owner.call("DELETE", f"/programmes/cafe/banners/{some['banner']}")
    works(shop)
    assert "" == banner(shop, gold)


def test_a_banner_that_ended_while_its_campaign_walked_is_given_to_nobody(shop: Shop) -> None:
    (serial,) = customers(shop, 1)
    put(shop, segment=segment(shop, {"all": []}), ends_at=LATER)
    shop.clock.forward(days=4)
    assert step(shop)
    works(shop)

    assert "" == banner(shop, serial)
    with shop.deps.read() as session:
        assert 0 == session.scalar(select(func.count()).select_from(CardBanner))


def test_a_worker_that_is_late_gives_nobody_a_banner_that_was_taken_in(shop: Shop) -> None:
    (serial,) = customers(shop, 1)
    put(shop, segment=segment(shop, {"all": []}), ends_at=LATER)
    before = shop.clock.now()
    shop.clock.forward(days=4)
    known = shop.deps
    assert banners.follow_clock(known.db, known.read, known.now())
    assert run_step(known.db, known.read, now=before, jitter=0.0)

    assert "" == banner(shop, serial)
    with shop.deps.read() as session:
        assert 0 == session.scalar(select(func.count()).select_from(CardBanner))


def test_a_banner_alone_is_a_new_version_of_the_look(shop: Shop) -> None:
    (serial,) = customers(shop, 1)
    first = shop.owner.get("/programmes/cafe").get_json()["design"]
    put(shop)
    works(shop)
    assert "" != banner(shop, serial)
    assert [] == listed(shop)

    shop.owner.post(f"/programmes/cafe/designs/{first}/restore")
    assert "" == banner(shop, serial)


def test_the_card_keeps_its_progress_on_a_banner_of_a_time(shop: Shop) -> None:
    card = shop.card("bakery")
    data = {"image": (picture(), "b.png"), "ends_at": LATER}
    shop.owner.call("PUT", "/programmes/bakery/banner", data=data)

    art = face(shop, card).pictures["banner"]

    assert (True, True) == (art.source is not None, art.progress is not None)


def test_cards_whose_banner_starts_are_due_at_the_phones(shop: Shop) -> None:
    (serial,) = customers(shop, 1)
    with shop.deps.db.begin() as session:
        session.add(Delivery(card_id=1, wallet="nowhere", delivered_version=1))
    put(shop, starts_at=TOMORROW)
    shop.clock.forward(days=1)
    works(shop)

    with shop.deps.read() as session:
        assert session.scalars(select(Delivery)).one().due_at is not None
    assert "" != banner(shop, serial)


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({"ends_at": "2026-03-01T09:00:00Z"}, "/ends_at"),
        ({"starts_at": LATER, "ends_at": TOMORROW}, "/ends_at"),
        ({"starts_at": "soon"}, "/starts_at"),
        ({"segment": "nobody"}, "/segment"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_banner_that_makes_no_sense_is_refused(shop: Shop, form: dict[str, str], where: str) -> None:
    data = {"image": (picture(), "b.png"), **form}

    answer = shop.owner.call("PUT", "/programmes/cafe/banner", data=data)

    assert (422, [where]) == (answer.status_code, [each["pointer"] for each in answer.get_json()["errors"]])
    assert [] == listed(shop)


def test_a_banner_of_another_programme_is_not_found(shop: Shop) -> None:
    number = put(shop, ends_at=LATER)["banner"]

    for who in (shop.owner, shop.program("owner", "bakery")):
        assert 404 == who.call("DELETE", f"/programmes/bakery/banners/{number}").status_code
    assert 404 == shop.program("owner", "bakery").get("/programmes/cafe/banners").status_code
