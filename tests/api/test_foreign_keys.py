"""No call tells a key of another programme's things, or changes them: every call is tried."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import inspect, text

from app.api import examples
from app.api.calls import CALLS, Call
from app.storage.database import Database
from tests.support.api_shop import CAFE, STAMPS, Program, Shop, buys
from tests.support.clock import Clock

OUR_OWN = ("api_keys", "chores", "alembic_version")
"""What any call may touch: when a key was used last."""


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    for programme in (CAFE, STAMPS):
        opened.owner.post("/programmes", programme)
    return opened


def things(shop: Shop) -> dict[str, str]:
    """Something of the cafe for each part of a path."""
    serial, sender = shop.card(), shop.source("till")
    sender.send(buys("r1"))
    shop.apply()
    receipt = sender.events()[0]["result"]["actions"][0]["operation"]
    job = shop.owner.post("/programmes/cafe/exports", {}).get_json()["id"]
    key = shop.owner.post("/keys", {"name": "k", "role": "till", "programme": "cafe"}).get_json()["id"]
    hears = {"programme": "cafe", "url": "https://93.184.216.34/hook"}
    endpoint = shop.owner.post("/webhook-endpoints", hears).get_json()["id"]
    known = {"slug": "cafe", "serial": serial, "job": job, "key_id": key, "endpoint_id": endpoint}
    return known | {"event_id": sender.events()[0]["id"], "source_id": sender.id, "receipt": receipt}


def rows(shop: Shop) -> dict[str, list[str]]:
    with shop.database.read() as session:
        return {
            table: sorted(str(row) for row in session.execute(text(f'SELECT * FROM "{table}"')))
            for table in inspect(session.get_bind()).get_table_names()
            if table not in OUR_OWN
        }


def tried(charlie: Program, each: Call, known: dict[str, str]) -> int:
    parts = re.findall(r"<(\w+)>", each.path)
    path = each.path
    for part in parts:
        path = path.replace(f"<{part}>", str(known.get(part, 1)))
    sent: dict[str, Any] = {"headers": {"Authorization": f"Bearer {charlie.secret}", "Idempotency-Key": "k"}}
    if each.takes_files:
        sent |= {"data": b"phone\n+37120000009\n", "content_type": "text/csv"}
    elif each.takes is not None:
        sent |= {"data": json.dumps(examples.of_request(each) or {}), "content_type": "application/json"}
    return charlie.client.open(f"/api/v1{path}", method=each.method, **sent).status_code


def test_no_call_reaches_what_is_another_programmes(shop: Shop) -> None:
    known = things(shop)
    before, charlie = rows(shop), shop.program("owner", "bakery")
    named = [each for each in CALLS if "<" in each.path]

    told = {f"{each.method} {each.path}": tried(charlie, each, known) for each in named}

    assert len(named) > 60
    assert {} == {call: status for call, status in told.items() if status not in (404, 415, 422)}
    assert before == rows(shop)
