"""What goes out comes in again as it was, on either engine and in either format."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from app.storage.database import Database
from tests.moving.conftest import Mover, opened
from tests.support import engines
from tests.support.clock import Clock

LATER, SOON, LONG_AGO = "2031-01-01T00:00:00Z", "2030-06-01T08:30:00Z", "2021-03-04T05:06:07Z"
ANNA: dict[str, Any] = {
    "member": {
        "phone": "+37120000001",
        "email": "anna@example.com",
        "external_id": "=1+1",
        "given_name": "Аня, «Мята»",
        "family_name": 'O\'Hara; "Jr"',
        "birthday": "1990-05-17",
        "city": "Rīga",
        "locale": "ru",
        "attributes": {"size": "42", "loves": "tea\nand cake", "visits": 7, "vip": True},
    },
    "consents": [
        {"purpose": "marketing", "granted": True, "at": LONG_AGO, "source": "osmi"},
        {"purpose": "personal-data", "granted": False, "at": LONG_AGO, "source": "form"},
    ],
    "channel": {"utm_source": "newsletter", "utm_campaign": "-10%", "at": LONG_AGO},
    "card": {
        "serial": "OLD-0001",
        "number": "4600001234567",
        "link": "anna-has-this-link-1",
        "status": "blocked",
        "tier": "gold",
        "tier_earned": "gold",
        "tier_since": LONG_AGO,
        "expires_at": LATER,
        "created_at": LONG_AGO,
        "values": {"bonus": "12 %", "note": "+1"},
    },
    "balances": {
        "points": [{"amount": 100, "expires_at": LATER}, {"amount": 7}, {"amount": 40, "active_from": SOON}],
        "stamps": 3,
    },
    "rewards": {"reward": 2},
    "spend_minor": [{"day": "2021-03-04", "amount": 123450}, {"day": "2021-03-05", "amount": 50}],
    "visits": [{"day": "2021-03-04", "amount": 12}],
    "counts": {"event:review": [{"day": "2021-03-04", "amount": 1}]},
    "memberships": [{"key": "club", "payment": "pay-1", "starts_at": LONG_AGO, "ends_at": SOON}],
    "codes": [{"code": "SPRING7", "rule": "spring", "created_at": LONG_AGO, "uses_left": 1}],
    "apple": {
        "pass_type_identifier": "pass.example.cafe",
        "authentication_token": "a-token-of-the-former-vendor",
        "devices": [
            {"device_library_identifier": "anna-phone", "push_token": "ab" * 32},
            {"device_library_identifier": "anna-tablet", "push_token": "t", "app": "walletpasses"},
        ],
    },
    "google": {
        "issuer_id": "3388000000012345678",
        "object_id": "3388000000012345678.old_anna",
        "class_id": "3388000000012345678.old_class",
        "saved": True,
        "saved_at": LONG_AGO,
    },
}
BORIS: dict[str, Any] = {
    "member": {"phone": "+37120000002"},
    "card": {"serial": "OLD-2", "created_at": LONG_AGO, "referred_by": "OLD-0001", "number": "N2"},
    "debts": {"points": 20},
    "google": {"object_id": "3388000000012345678.old_boris", "saved": False},
}
CLARA: dict[str, Any] = {
    "card": {"serial": "OLD-3", "created_at": LONG_AGO, "account": "OLD-0001", "number": "N3"},
    "member": {"email": "clara@example.com"},
}
GONE: dict[str, Any] = {"card": {"serial": "OLD-4", "created_at": LONG_AGO, "erased_at": LONG_AGO}}


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


@pytest.fixture(params=["ndjson", "csv"])
def format_(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_is_exported_and_imported_elsewhere_is_exported_the_same(
    database: Database, clock: Clock, format_: str, kept_sqlite: engines.Kept, kept_postgres: engines.Kept
) -> None:
    here = opened(database, clock)
    job = here.imports([ANNA, BORIS, CLARA, GONE])
    assert (4, 0) == (job.done, job.rejected), job.result
    first = here.exports(format_=format_)
    kept = kept_sqlite if here.shop.database.dialect == "sqlite" else kept_postgres

    there = opened(kept.anew(), clock)
    job = there.imports(first, format_)

    assert (4, 0) == (job.done, job.rejected), job.result
    assert first.decode() == there.exports(format_=format_).decode()
    assert there.is_sound()


def test_nothing_that_a_file_says_is_lost(mover: Mover) -> None:
    mover.imports([ANNA, BORIS])

    anna, boris = mover.rows()

    assert {"page": "https://cards.test/c/anna-has-this-link-1"} == anna.pop("links")
    assert {**ANNA, "apple": {**ANNA["apple"], "pass_type_identifier": "pass.example.cafe"}} == anna
    assert {"points": 20} == boris["debts"]
    assert "OLD-0001" == boris["card"]["referred_by"]
    assert {"issuer_id": "3388000000012345678", **BORIS["google"]} == boris["google"]
