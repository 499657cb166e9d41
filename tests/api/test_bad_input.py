"""What bad input gets: every fault at once, the right status, never a page, and nothing is stored."""

from typing import Any

import pytest

from app.storage.database import Database
from tests.support.api_shop import CAFE, Shop
from tests.support.clock import Clock

GOOD = {"amount_minor": 100, "currency": "EUR"}


def pointers(answer: Any) -> set[str]:
    return {fault["pointer"] for fault in answer.get_json()["errors"]}


def test_all_faults_of_a_body_are_told_at_once(shop: Shop) -> None:
    serial = shop.card()
    body = {"amount_minor": "12", "currency": "euro", "colour": "red", "items": [{}, {"quantity": -1}]}

    answer = shop.owner.post(f"/cards/{serial}/purchases", body, key="k1")

    assert (422, "/api/problems/invalid") == (answer.status_code, answer.get_json()["type"])
    assert {"/amount_minor", "/currency", "/colour", "/items/1/quantity"} == pointers(answer)
    assert 0 == shop.balances(serial)["points"]


def test_a_pointer_leads_to_what_was_typed_and_not_into_our_types(shop: Shop) -> None:
    broken = {**CAFE, "slug": "other", "rules": [{"kind": "points", "percent": 900, "a/b": 1}], "name": ""}

    answer = shop.owner.post("/programmes", broken)

    assert {"/name", "/rules/0/percent", "/rules/0/a~1b"} == pointers(answer)
    assert 404 == shop.owner.get("/programmes/other").status_code


@pytest.mark.parametrize(
    ("member", "where"),
    [
        ({"phone": "call me"}, "/member/phone"),
        ({"email": "anna at home"}, "/member/email"),
        ({"birthday": "17.05.1990"}, "/member/birthday"),
        ({"birthday": "1066-10-14"}, "/member/birthday"),
        ({"locale": "x" * 30}, "/member/locale"),
        ({"given_name": "A" * 121}, "/member/given_name"),
        ({"attributes": {"deep": {"a": 1}}}, "/member/attributes/deep"),
        ({"given_name": "A\x00"}, "/member/given_name"),
        ({"attributes": {"n": 10**30}}, "/member/attributes/n"),
    ],
)
def test_a_member_that_cannot_be_kept_is_refused(shop: Shop, member: dict[str, Any], where: str) -> None:
    answer = shop.owner.post("/cards", {"programme": "cafe", "member": member})

    assert 422 == answer.status_code
    assert where in pointers(answer)
    assert [] == shop.owner.get("/cards").get_json()["items"]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"NaN", b'{"a": 1e999}' * 2, b"[" * 5000, b"null x"])
def test_what_is_not_json_is_told_so(shop: Shop, raw: bytes) -> None:
    answer = shop.owner.post("/cards", data=raw, content_type="application/json")

    assert (400, "/api/problems/broken-json") == (answer.status_code, answer.get_json()["type"])


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"text"', b"null", b"{}"])
def test_json_of_another_shape_is_invalid(shop: Shop, raw: bytes) -> None:
    assert 422 == shop.owner.post("/cards", data=raw, content_type="application/json").status_code


def test_another_content_type_is_refused(shop: Shop) -> None:
    answer = shop.owner.post("/cards", data=b"a=1", content_type="application/x-www-form-urlencoded")

    assert 415 == answer.status_code


def test_a_body_over_the_limit_is_not_read(shop: Shop) -> None:
    answer = shop.owner.post("/cards", data=b" " * (1024 * 1024 + 1), content_type="application/json")

    assert (413, "/api/problems/too-large") == (answer.status_code, answer.get_json()["type"])


def test_an_unknown_address_is_a_problem_and_no_page(shop: Shop) -> None:
    for path in ("/nowhere", "/cards/", "/cards/x/y/z"):
        assert 404 == shop.owner.get(path).status_code
    for path in ("/api", "/api/", "/api/v2/cards", "/api/problems/none"):
        answer = shop.app.test_client().get(path)
        assert (404, "application/problem+json") == (answer.status_code, answer.content_type)


def test_another_method_is_told_which_ones_there_are(shop: Shop) -> None:
    answer = shop.app.test_client().delete("/api/v1/cards")

    assert (405, "application/problem+json") == (answer.status_code, answer.content_type)
    assert "GET, HEAD, POST" == answer.headers["Allow"]


def test_unknown_and_wrong_and_missing_keys_look_the_same(shop: Shop) -> None:
    wrong = shop.owner.secret[:-1] + ("a" if shop.owner.secret[-1] != "a" else "b")
    answers = [
        shop.stranger(secret).get("/cards")
        for secret in ("tp_unknown", wrong, "", "ключ".encode().decode("latin-1"))
    ]

    assert {401} == {answer.status_code for answer in answers}
    assert 1 == len({answer.get_data() for answer in answers})
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "cursor=-1", "colour=red", "limit=1&limit=2", "number=%00"]
)
def test_a_query_is_parsed_as_strictly_as_a_body(shop: Shop, query: str) -> None:
    answer = shop.owner.get(f"/cards?{query}")

    assert 422 == answer.status_code
    assert {"/" + query.split("=")[0]} == pointers(answer)


@pytest.mark.parametrize("serial", ["none", "%00", "%FF%FE", "a" * 5000, "'; drop table cards; --"])
def test_there_is_no_such_card(shop: Shop, serial: str) -> None:
    for call in ("", "/entries", "/deliveries"):
        assert 404 == shop.owner.get(f"/cards/{serial}{call}").status_code
    assert 404 == shop.owner.post(f"/cards/{serial}/purchases", GOOD, key="k1").status_code


@pytest.mark.parametrize("number", ["0", "-1", "9" * 30, "x"])
def test_a_row_number_beyond_all_rows_is_not_found(shop: Shop, number: str) -> None:
    assert 404 == shop.owner.get(f"/sources/{number}/events").status_code
    assert 404 == shop.owner.get(f"/programmes/cafe/designs/{number}").status_code
    assert 404 == shop.owner.post(f"/programmes/cafe/designs/{number}/publish").status_code


@pytest.mark.parametrize("key", ["", "ключ".encode().decode("latin-1"), "k" * 201, " "])
def test_moving_value_needs_a_key_that_can_be_kept(shop: Shop, key: str) -> None:
    serial = shop.card()

    answer = shop.owner.post(f"/cards/{serial}/adjustments", {"points": 5, "reason": "gift"}, key=key)

    assert (400, "/api/problems/idempotency-key-missing") == (answer.status_code, answer.get_json()["type"])


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({**GOOD, "currency": "USD"}, "/currency"),
        ({**GOOD, "occurred_at": "2020-01-01T00:00:00Z"}, "/occurred_at"),
        ({**GOOD, "occurred_at": "2026-03-02T09:00:00"}, "/occurred_at"),
        ({**GOOD, "occurred_at": "9999-12-31T23:59:59-14:00"}, "/occurred_at"),
        ({**GOOD, "amount_minor": 10**13}, "/amount_minor"),
        ({**GOOD, "redeem_points": 101}, "/redeem_points"),
    ],
)
def test_an_unbelievable_purchase_is_refused(shop: Shop, body: dict[str, Any], where: str) -> None:
    answer = shop.owner.post(f"/cards/{shop.card()}/purchases", body, key="k1")

    assert (422, {where}) == (answer.status_code, pointers(answer))


def test_spending_more_than_there_is_tells_the_balance(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/adjustments", {"points": 5, "reason": "gift"}, key="k1")

    answer = shop.owner.post(f"/cards/{serial}/redemptions", {"points": 6}, key="k2")

    assert (409, "/api/problems/insufficient-balance") == (answer.status_code, answer.get_json()["type"])
    assert {"unit": "points", "available": 5, "wanted": 6} == answer.get_json()["state"]


def test_a_blocked_card_earns_nothing_and_says_so(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.patch(f"/cards/{serial}", {"status": "blocked"})

    answer = shop.owner.post(f"/cards/{serial}/purchases", GOOD, key="k1")

    assert (409, "/api/problems/card-not-active") == (answer.status_code, answer.get_json()["type"])
    assert "blocked" == answer.get_json()["state"]["status"]


def test_phone_and_mail_of_two_members_are_a_conflict(shop: Shop) -> None:
    shop.card(phone="+37120000001")
    shop.card(email="boris@example.com")

    both = {"phone": "+37120000001", "email": "boris@example.com"}
    answer = shop.owner.post("/cards", {"programme": "cafe", "member": both})

    assert 409 == answer.status_code


def test_a_fault_of_ours_is_a_problem_document_too(shop: Shop) -> None:
    shop.card()
    shop.apple.devices = None  # type: ignore[assignment,method-assign]

    answer = shop.owner.get("/cards")

    assert (500, "/api/problems/internal") == (answer.status_code, answer.get_json()["type"])


def test_a_key_that_runs_wild_is_slowed_down(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, calls_per_minute=3)

    answers = [shop.owner.get("/cards") for _ in range(4)]

    assert [200, 200, 200, 429] == [answer.status_code for answer in answers]
    assert ["2", "1", "0", "0"] == [answer.headers["RateLimit-Remaining"] for answer in answers]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
