"""Keys of programs: never more than their maker has, an end, a successor, and a use that is noted."""

from datetime import timedelta
from typing import Any

import pytest

from app.storage.database import Database
from tests.support.api_shop import Program, Shop


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Nothing here hangs on an engine but the lock of a rotation, which has a test of its own."""
    return sqlite_database


def made(who: Program, **wanted: Any) -> dict[str, Any]:
    answer = who.post("/keys", {"name": "Till 7", **wanted})
    assert 201 == answer.status_code, answer.get_data(as_text=True)
    told: dict[str, Any] = answer.get_json()
    return told


def test_a_key_has_the_scopes_it_was_made_with_and_no_others(shop: Shop) -> None:
    told = made(shop.owner, scopes=["cards:read", "programmes:read"], programme="cafe")
    program = shop.stranger(told["key"])

    assert ["programmes:read", "cards:read"] == told["scopes"]
    assert ("scopes", "cafe", told["key"][:8]) == (told["role"], told["programme"], told["hint"])
    assert 200 == program.get("/cards").status_code
    assert 403 == program.post("/cards", {"programme": "cafe"}).status_code
    assert 404 == program.get("/programmes/bakery").status_code


def test_the_secret_is_told_once_and_the_last_use_is_noted(shop: Shop) -> None:
    told = made(shop.owner, role="till")
    assert shop.owner.get(f"/keys/{told['id']}").get_json()["last_used_at"] is None

    shop.stranger(told["key"]).get("/cards")
    listed = shop.owner.get("/keys").get_json()["items"]

    assert told["id"] == listed[0]["id"] and "key" not in listed[0]
    assert listed[0]["last_used_at"] is not None
    assert told["key"] not in shop.owner.get("/keys").get_data(as_text=True)


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ({"role": "owner"}, {"/scopes"}),
        ({"scopes": ["keys:write", "members:export"]}, {"/scopes"}),
        ({"scopes": ["keys:write"], "programme": "bakery"}, {"/programme"}),
        ({"scopes": ["nonsense"]}, {"/scopes/0"}),
        ({"role": "till", "scopes": ["cards:read"]}, {""}),
        ({}, {""}),
        ({"scopes": ["keys:write"], "expires_at": "2026-01-01T00:00:00Z"}, {"/expires_at"}),
    ],
)
def test_a_key_gives_no_more_than_it_has(shop: Shop, wanted: dict[str, Any], where: set[str]) -> None:
    charlie = shop.stranger(made(shop.owner, scopes=["keys:write", "cards:read"], programme="cafe")["key"])

    answer = charlie.post("/keys", {"name": "more", **wanted})

    assert 422 == answer.status_code
    assert where == {fault["pointer"] for fault in answer.get_json()["errors"]}
    assert 1 == len(charlie.get("/keys").get_json()["items"])


def test_a_key_that_ends_makes_none_that_lasts_longer(shop: Shop) -> None:
    end = (shop.clock.now() + timedelta(days=1)).isoformat()
    late = (shop.clock.now() + timedelta(days=2)).isoformat()
    short = shop.stranger(made(shop.owner, scopes=["keys:write"], expires_at=end)["key"])

    for wanted in ({}, {"expires_at": late}):
        answer = short.post("/keys", {"name": "x", "scopes": ["keys:write"], **wanted})
        assert (422, "/expires_at") == (answer.status_code, answer.get_json()["errors"][0]["pointer"])
    assert 201 == short.post("/keys", {"name": "x", "scopes": ["keys:write"], "expires_at": end}).status_code


def test_a_key_opens_until_its_end_and_not_a_moment_longer(shop: Shop) -> None:
    end = shop.clock.now() + timedelta(hours=1)
    told = made(shop.owner, role="till", expires_at=end.isoformat())
    program = shop.stranger(told["key"])

    shop.clock.forward(minutes=59)
    before = program.get("/cards").status_code
    shop.clock.forward(minutes=1)
    after = program.get("/cards")

    assert (200, 401) == (before, after.status_code)
    assert shop.stranger("tp_unknown").get("/cards").get_data() == after.get_data()
    assert "expired" == shop.owner.get(f"/keys/{told['id']}").get_json()["state"]


def test_rotation_leaves_the_old_key_open_for_a_while(shop: Shop) -> None:
    old = made(shop.owner, role="till", programme="cafe")
    new = shop.owner.post(f"/keys/{old['id']}/rotate", {"overlap_hours": 2}).get_json()
    tills = [shop.stranger(each["key"]) for each in (old, new)]

    during = [till.get("/cards").status_code for till in tills]
    shop.clock.forward(hours=2)
    later = [till.get("/cards").status_code for till in tills]

    assert ([200, 200], [401, 200]) == (during, later)
    assert {name: old[name] for name in ("name", "role", "scopes", "programme")} == {
        name: new[name] for name in ("name", "role", "scopes", "programme")
    }
    assert new["id"] == shop.owner.get(f"/keys/{old['id']}").get_json()["successor_id"]


def test_a_key_is_rotated_once_and_its_successor_can_be(shop: Shop) -> None:
    old = made(shop.owner, role="till")
    new = shop.owner.post(f"/keys/{old['id']}/rotate").get_json()

    again = shop.owner.post(f"/keys/{old['id']}/rotate")

    assert (409, new["id"]) == (again.status_code, again.get_json()["state"]["successor_id"])
    assert 201 == shop.owner.post(f"/keys/{new['id']}/rotate").status_code


def test_a_weaker_key_cannot_rotate_a_stronger_one(shop: Shop) -> None:
    strong = made(shop.owner, role="owner")
    weak = shop.stranger(made(shop.owner, scopes=["keys:write"])["key"])
    elsewhere = shop.program("owner", "bakery")

    assert 422 == weak.post(f"/keys/{strong['id']}/rotate").status_code
    assert 404 == elsewhere.post(f"/keys/{strong['id']}/rotate").status_code
    assert 404 == elsewhere.call("DELETE", f"/keys/{strong['id']}").status_code
    assert [None] == [
        each["successor_id"]
        for each in shop.owner.get("/keys").get_json()["items"]
        if each["id"] == strong["id"]
    ]


def test_a_revoked_key_opens_nothing_and_is_not_rotated(shop: Shop) -> None:
    told = made(shop.owner, role="till")

    for _ in range(2):
        assert "revoked" == shop.owner.call("DELETE", f"/keys/{told['id']}").get_json()["state"]

    assert 401 == shop.stranger(told["key"]).get("/cards").status_code
    assert 409 == shop.owner.post(f"/keys/{told['id']}/rotate").status_code


def test_keys_need_their_own_scope(shop: Shop) -> None:
    for role in ("till", "crm", "marketer"):
        assert 403 == shop.program(role).get("/keys").status_code
