"""Events and friends over REST."""

import pytest

from app.storage.database import Database
from tests.support.api_shop import Shop

RULES = [
    {"kind": "points", "percent": 10},
    {
        "kind": "event",
        "key": "review",
        "gives": [{"unit": "points", "amount": 50}],
        "limits": {"day": 1},
    },
    {
        "kind": "referral",
        "gives_friend": [{"unit": "points", "amount": 100}],
        "limits": {"ever": 3},
    },
]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The engine makes no difference here."""
    return sqlite_database


def test_an_event_is_given_once_a_key_and_says_what_a_limit_kept_back(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.patch("/programmes/cafe", {"rules": RULES})
    path = f"/cards/{serial}/events"

    first, again = (shop.owner.post(path, {"event": "review"}, key="k1") for _ in range(2))
    second = shop.owner.post(path, {"event": "review", "times": 2}, key="k2")

    assert (201, "event", "review", {"points": 50}) == (
        first.status_code,
        *(first.get_json()[name] for name in ("kind", "event", "earned")),
    )
    assert (first.get_json(), "true") == (again.get_json(), again.headers["Idempotency-Replayed"])
    assert ({}, ["Not given: 2 × (at most 1 a day)"]) == (
        second.get_json()["earned"],
        second.get_json()["notes"],
    )


def test_an_event_needs_a_key_and_a_rule(shop: Shop) -> None:
    path = f"/cards/{shop.card()}/events"
    shop.owner.patch("/programmes/cafe", {"rules": RULES})
    assert 400 <= shop.owner.post(path, {"event": "review"}).status_code < 500
    for body in ({"event": "survey"}, {"event": "Review!"}, {"event": "review", "times": 0}, {}):
        answer = shop.owner.post(path, body, key=str(body))
        assert 422 == answer.status_code, body


def test_a_new_member_names_the_friend_who_brought_them(shop: Shop) -> None:
    shop.owner.patch("/programmes/cafe", {"rules": RULES})
    new = {"programme": "cafe", "member": {"phone": "+37120000077"}}
    answer = shop.owner.post("/cards", {**new, "friend_code": "ZZZZZZZZ"})
    assert (422, "/friend_code") == (answer.status_code, answer.get_json()["errors"][0]["pointer"])
