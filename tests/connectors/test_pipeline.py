"""Genuine calls of every system, all the way: kept once, applied once, in any order, twice, never stuck."""

from __future__ import annotations

import random

import pytest

from app.services.ports import Inbound
from app.storage.database import Database
from tests.connectors.samples import KINDS, Samples, samples_of
from tests.support.api_shop import CAFE, Shop
from tests.support.clock import Clock

RULES = [
    {"kind": "points", "percent": 10},
    {"kind": "membership", "key": "club", "name": "Club", "price_minor": 1000, "months": 1},
]


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    assert 201 == opened.owner.post("/programmes", CAFE).status_code
    return opened


def connected(shop: Shop, system: Samples, slug: str) -> int:
    about = {"kind": system.connector.kind, "secret": system.secret, "mapping": system.mapping}
    made = shop.owner.post("/sources", {"slug": slug, "programme": "cafe", **about})
    assert 201 == made.status_code, made.get_data(as_text=True)
    number: int = made.get_json()["id"]
    return number


def calls(shop: Shop, slug: str, call: Inbound) -> int:
    client = shop.app.test_client()
    headers = {name: value for name, value in call.headers.items() if name != "x-tillpass-source-url"}
    answer = client.post(f"/hooks/{slug}", data=call.body, headers=headers, query_string=dict(call.query))
    return answer.status_code


@pytest.mark.parametrize("kind", KINDS)
def test_genuine_calls_of_every_system_are_kept_once_and_leave_nothing_stuck(kind: str, shop: Shop) -> None:
    system = samples_of(kind)
    source = connected(shop, system, kind)
    made = [system.sign(each, system.secret, shop.clock.now()) for each in system.genuine]
    first = [calls(shop, kind, call) for call in made]
    again = [calls(shop, kind, call) for call in random.Random(kind).sample(made, len(made))]

    assert {202, 200} >= set(first)
    assert {200} == set(again)
    shop.apply()
    shop.owner.post(f"/sources/{source}/replay", {})  # what came before its person finds them now
    shop.apply()
    balances = [card["balances"] for card in shop.owner.get("/cards").get_json()["items"]]
    shop.owner.post(f"/sources/{source}/replay", {})
    shop.apply()

    assert balances == [card["balances"] for card in shop.owner.get("/cards").get_json()["items"]]
    events = shop.owner.get(f"/sources/{source}/events?limit=200").get_json()["items"]
    for event in events:
        assert event["state"] in ("applied", "dead") or event["last_error"], event
        assert "Error" not in event["last_error"].split(":")[0], event["last_error"]
