"""ETags: nothing is sent twice, nobody overwrites what they have not seen, and a busy key is told so."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.storage.database import Database
from tests.support.api_shop import ANNA, CAFE, Shop
from tests.support.clock import Clock


def changed(shop: Shop, path: str, body: Any, etag: str) -> TestResponse:
    return shop.owner.call("PATCH", path, body, headers={"If-Match": etag})


@pytest.fixture
def plain(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    opened.owner.post("/programmes", CAFE)
    return opened


def test_what_the_caller_has_is_not_sent_again(plain: Shop) -> None:
    serial = plain.card()
    for path in (f"/cards/{serial}", "/programmes/cafe", "/cards", "/programmes/cafe/designs"):
        etag = plain.owner.get(path).headers["ETag"]
        for known in (etag, f'"x", {etag}', f"W/{etag}", "*"):
            answer = plain.owner.get(path, headers={"If-None-Match": known})
            assert (304, b"", etag) == (answer.status_code, answer.get_data(), answer.headers["ETag"])
        assert 200 == plain.owner.get(path, headers={"If-None-Match": '"other"'}).status_code

    etag = plain.owner.get(f"/cards/{serial}").headers["ETag"]
    plain.owner.post(f"/cards/{serial}/adjustments", {"points": 5, "reason": "gift"}, key="k")
    assert 200 == plain.owner.get(f"/cards/{serial}", headers={"If-None-Match": etag}).status_code


def test_a_change_of_what_was_not_seen_is_refused_and_stores_nothing(plain: Shop) -> None:
    serial = plain.card()
    path = f"/cards/{serial}"
    etag = plain.owner.get(path).headers["ETag"]
    first = changed(plain, path, {"member": {"city": "Riga"}}, etag)
    second = changed(plain, path, {"member": {"city": "Tartu"}}, etag)

    assert (200, 412) == (first.status_code, second.status_code)
    assert "/api/problems/precondition-failed" == second.get_json()["type"]
    assert second.headers["ETag"] == second.get_json()["state"]["etag"]
    assert "Riga" == plain.owner.get(path).get_json()["member"]["city"]
    assert 200 == changed(plain, path, {"tier": "gold"}, first.headers["ETag"]).status_code
    assert 412 == changed(plain, path, {"tier": "gold"}, f"W/{etag}").status_code
    assert 412 == changed(plain, path, {"tier": "gold"}, "nonsense").status_code
    assert 200 == changed(plain, path, {"tier": "gold"}, "*").status_code


def test_a_purchase_meanwhile_is_no_conflict(plain: Shop) -> None:
    serial = plain.card()
    etag = plain.owner.get(f"/cards/{serial}").headers["ETag"]
    plain.owner.post(f"/cards/{serial}/purchases", {"amount_minor": 100, "currency": "EUR"}, key="k")

    assert 200 == changed(plain, f"/cards/{serial}", {"tier": "gold"}, etag).status_code


def test_a_programme_and_its_banner_are_guarded_too(plain: Shop) -> None:
    etag = plain.owner.get("/programmes/cafe").headers["ETag"]

    assert 200 == changed(plain, "/programmes/cafe", {"name": "Cafe"}, etag).status_code
    assert 412 == changed(plain, "/programmes/cafe", {"name": "Mint"}, etag).status_code
    assert 412 == changed(plain, "/programmes/cafe", {}, etag).status_code
    assert "Cafe" == plain.owner.get("/programmes/cafe").get_json()["name"]


def test_of_two_editors_at_once_one_is_told(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock)
    shop.owner.post("/programmes", CAFE)
    serial = shop.owner.post("/cards", {"programme": "cafe", "member": ANNA}).get_json()["serial"]
    etag = shop.owner.get(f"/cards/{serial}").headers["ETag"]
    editors = [shop.program("owner") for _ in range(2)]

    def edit(number: int) -> int:
        body = {"member": {"city": f"Town {number}"}}
        path = f"/cards/{serial}"
        return editors[number].call("PATCH", path, body, headers={"If-Match": etag}).status_code

    with ThreadPoolExecutor(2) as both:
        answers = sorted(both.map(edit, range(2)))

    assert [200, 412] == answers


def test_every_answer_tells_what_the_key_has_left(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, calls_per_minute=4)
    answers = [
        shop.owner.get("/cards"),
        shop.owner.get("/cards/none"),
        shop.owner.post("/cards", data=b"{", content_type="application/json"),
        shop.owner.get("/cards?limit=0"),
        shop.owner.get("/cards"),
        shop.stranger("tp_wrong").get("/cards"),
    ]

    assert [200, 404, 400, 422, 429, 401] == [each.status_code for each in answers]
    assert ['"key";q=4;w=60'] * 5 == [each.headers["RateLimit-Policy"] for each in answers[:5]]
    assert ["3", "2", "1", "0", "0"] == [
        each.headers["RateLimit"].split(";r=")[1].split(";")[0] for each in answers[:5]
    ]
    assert answers[5].headers["RateLimit-Policy"].startswith('"address";q=300')
