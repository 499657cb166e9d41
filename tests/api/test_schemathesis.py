"""Calls that a machine made of the description find nothing that the description does not say."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.api.calls import CALLS
from app.api.keys import PACE, Pace
from app.storage.database import Database
from tests.support.api_shop import Shop

GROUPS = 8
EXAMPLES = int(os.environ.get("TILLPASS_TRIES", "4"))
"""For each call; `TILLPASS_TRIES=200` looks longer."""
_OPERATIONS = sorted(each.operation for each in CALLS)
SHARES = [_OPERATIONS[number::GROUPS] for number in range(GROUPS)]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What is tried here is the description, which knows no engine."""
    return sqlite_database


@pytest.mark.parametrize("share", SHARES, ids=[f"part{number}" for number in range(GROUPS)])
def test_no_call_answers_beyond_its_description(shop: Shop, share: list[str]) -> None:
    faults: list[str] = []
    for operation in _described(shop):
        if operation.definition.raw["operationId"] in share:
            shop.app.extensions[PACE] = Pace(12_000)
            faults += _tried(shop, operation)
    assert [] == faults


def _described(shop: Shop) -> list[Any]:
    """All operations; the library is loaded here, because other tests have no use for it."""
    import schemathesis

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", shop.app)
    return [found.ok() for found in schema.get_all_operations()]


def _tried(shop: Shop, operation: Any) -> list[str]:
    """What is wrong with an operation, in a word each."""
    from schemathesis import GenerationMode
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    left_out = ("positive_data_acceptance", "use_after_free", "ensure_resource_availability")
    checks = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in left_out]
    real = _real(shop, operation)
    good, wild = (
        operation.as_strategy(mode, **more)
        for mode, more in (
            (GenerationMode.POSITIVE, {"path_parameters": real} if real else {}),
            (GenerationMode.NEGATIVE, {}),
        )
    )
    faults: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(good, wild))
    def each(case: Any) -> None:
        try:
            case.call_and_validate(headers={"Authorization": f"Bearer {shop.owner.secret}"}, checks=checks)
        except BaseExceptionGroup as group:
            faults.extend(f"{operation.label}: {fault!r}"[:1500] for fault in group.exceptions)
        except AssertionError as fault:
            faults.append(f"{operation.label}: {fault!r}"[:1500])

    each()
    return faults


def _real(shop: Shop, operation: Any) -> dict[str, Any]:
    """Of the parts of its path, those that exist in the shop."""
    names = re.findall(r"\{(\w+)\}", operation.path)
    known = _things(shop)
    return {name: known[name] for name in names if name in known}


def _things(shop: Shop) -> dict[str, Any]:
    """Names of things that there are, made once."""
    kept: dict[str, Any] = shop.__dict__.setdefault("things", {})
    if not kept:
        serial = shop.card()
        bought = {"amount_minor": 100_000, "currency": "EUR", "receipt": "st-1"}
        done = shop.owner.post(f"/cards/{serial}/purchases", bought).get_json()
        asked = {"amount_minor": 5000, "currency": "EUR", "redeem_points": 100}
        hold = shop.owner.post(f"/cards/{serial}/holds", asked, key="h").get_json()["hold"]["id"]
        design = shop.owner.get("/programmes/cafe").get_json()["design"]
        kept |= {"serial": serial, "slug": "cafe", "operation": done["id"], "hold": hold, "design_id": design}
        kept |= {"key_id": 1, "source_id": shop.source("till").id}
    return kept
