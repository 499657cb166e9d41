"""Writes that may be repeated, and failures that say what to do, against the stand-in over the wire."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from flask import Flask, Response, request

from app.domain.pacing import next_slot
from app.sandbox.google import write_service_account
from app.wallets.google.client import GoogleClient
from app.wallets.google.credentials import InvalidCredentials, ServiceAccount, authorized_session
from app.wallets.google.errors import DAY_S, GoogleError, InvalidRequest, Reason, error_from_reply
from app.wallets.google.turns import RATE_PER_S
from tests.support.clock import START
from tests.support.google_server import ANOTHER_ISSUER, ISSUER, Google, served

ANNA = f"{ISSUER}.anna"


def requests_made(google: Google) -> list[tuple[str, int]]:
    """Method and status of every request but signing in."""
    return [(one["method"], one["status"]) for one in google.state.requests if "/token" not in one["path"]]


def test_a_first_delivery_inserts_the_card(cafe: Google, client: GoogleClient) -> None:
    cafe.state.requests.clear()
    reply = client.upsert_object(cafe.object_body(points=40))

    assert ("walletobjects#loyaltyObject", "active") == (reply["kind"], reply["state"])
    assert [("PATCH", 404), ("POST", 200)] == requests_made(cafe)


def test_a_second_delivery_updates_it_in_one_request(cafe: Google, client: GoogleClient) -> None:
    client.upsert_object(cafe.object_body(points=40))
    cafe.state.requests.clear()
    client.upsert_object(cafe.object_body(points=50))

    assert [("PATCH", 200)] == requests_made(cafe)
    assert 50 == cafe.state.view(ANNA)["object"]["loyaltyPoints"]["balance"]["int"]


def test_whoever_loses_the_race_to_insert_patches_after_all() -> None:
    """PATCH 404, POST 409, PATCH 200: another worker was faster between the first two."""
    answers = [404, 409, 200]
    seen: list[str] = []

    def answer(path: str) -> Response:
        seen.append(request.method)
        return Response("{}", answers[len(seen) - 1], content_type="application/json")

    app = Flask(__name__)
    app.add_url_rule("/<path:path>", view_func=answer, methods=["PATCH", "POST"])
    with served(app) as url:
        card = {"id": ANNA, "classId": f"{ISSUER}.cafe", "state": "ACTIVE"}
        GoogleClient(requests.Session(), url, lambda n: 0.0).upsert_object(card)

    assert ["PATCH", "POST", "PATCH"] == seen


def test_many_workers_inserting_one_card_all_succeed(cafe: Google) -> None:
    barrier = threading.Barrier(4)

    def deliver(points: int) -> str:
        worker = cafe.client()
        barrier.wait(timeout=30)
        return str(worker.upsert_object(cafe.object_body(points=points))["id"])

    with ThreadPoolExecutor(4) as pool:
        assert [ANNA] * 4 == list(pool.map(deliver, range(4)))
    assert 1 == cafe.state.counts()["loyaltyObject"]


def test_a_balance_that_turns_from_points_to_words_keeps_no_trace(cafe: Google, client: GoogleClient) -> None:
    client.upsert_object(cafe.object_body(points=40))
    client.upsert_object(cafe.object_body(loyaltyPoints={"label": "Stamps", "balance": {"string": "4 / 10"}}))

    assert {"string": "4 / 10"} == cafe.state.view(ANNA)["object"]["loyaltyPoints"]["balance"]


def test_a_field_of_ours_that_is_gone_is_cleared_and_messages_stay(
    cafe: Google, client: GoogleClient
) -> None:
    client.upsert_object(cafe.object_body(accountName="Anna"))
    client.add_message("loyaltyObject", ANNA, {"header": "Hello", "body": "New menu", "messageType": "TEXT"})
    client.upsert_object(cafe.object_body(), managed=("accountName",))

    shown = cafe.state.view(ANNA)["object"]
    assert ("Hello", False) == (shown["messages"][0]["header"], "accountName" in shown)


def test_every_change_of_an_approved_class_asks_for_review_again(cafe: Google, client: GoogleClient) -> None:
    approved = client.get("loyaltyClass", f"{ISSUER}.cafe")
    assert approved is not None and "approved" == approved["reviewStatus"]

    client.upsert_class({**cafe.class_body(programName="Tea card"), "reviewStatus": "DRAFT"})
    assert "Tea card" == cafe.state.view_class(f"{ISSUER}.cafe")["programName"]


def test_a_card_of_a_class_that_is_missing_is_not_found(google: Google, client: GoogleClient) -> None:
    with pytest.raises(GoogleError) as failed:
        client.upsert_object(google.object_body())
    assert Reason.NOT_FOUND is failed.value.reason
    assert "cafe" in failed.value.message


def test_a_body_that_google_would_refuse_never_leaves(google: Google, client: GoogleClient) -> None:
    with pytest.raises(InvalidRequest) as refused:
        client.upsert_object({"id": "anna", "hexBackgroundColor": "#fff"})

    assert {"/id", "/hexBackgroundColor", "/classId", "/state"} == {
        one.pointer for one in refused.value.faults
    }
    assert refused.value.permanent
    assert [] == requests_made(google)


def test_a_missing_permission_is_not_taken_for_a_quota(cafe: Google, client: GoogleClient) -> None:
    with pytest.raises(GoogleError) as refused:
        client.upsert_object(cafe.object_body() | {"id": f"{ANOTHER_ISSUER}.anna"})
    assert (Reason.PERMISSION, False) == (refused.value.reason, refused.value.permanent)


def test_the_quota_error_says_to_wait_a_day(cafe: Google, client: GoogleClient) -> None:
    client.upsert_object(cafe.object_body())
    cafe.state.modes.quota_exhausted = True
    with pytest.raises(GoogleError) as refused:
        client.add_message(
            "loyaltyObject", ANNA, {"header": "a", "body": "b", "messageType": "TEXT_AND_NOTIFY"}
        )
    assert (Reason.QUOTA, DAY_S) == (refused.value.reason, refused.value.retry_after_s)


def test_too_many_requests_a_second_are_told_apart(cafe: Google, client: GoogleClient) -> None:
    cafe.state.modes.rate_per_s = 1
    with pytest.raises(GoogleError) as refused:
        for _ in range(25):
            client.get("loyaltyClass", f"{ISSUER}.cafe")
    assert (Reason.RATE, False) == (refused.value.reason, refused.value.permanent)


def test_a_token_that_lapsed_is_renewed_without_anybody_noticing(cafe: Google, client: GoogleClient) -> None:
    client.upsert_object(cafe.object_body())
    cafe.state.accounts.expire_tokens()
    client.upsert_object(cafe.object_body(points=1))
    assert 1 == cafe.state.view(ANNA)["object"]["loyaltyPoints"]["balance"]["int"]


def test_a_key_that_google_does_not_know_is_a_credentials_error(google: Google, tmp_path: Path) -> None:
    strange = tmp_path / "strange.json"
    write_service_account(strange, f"{google.url}/token", email="charlie@outside.example")
    account = ServiceAccount.parse(strange.read_text())
    with pytest.raises(GoogleError) as refused:
        GoogleClient(authorized_session(account), google.url, lambda n: 0.0).get(
            "loyaltyClass", f"{ISSUER}.cafe"
        )
    assert (Reason.CREDENTIALS, False) == (refused.value.reason, refused.value.permanent)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not a service-account key"),
        ('{"type": "service_account"}', "client_email"),
        (
            '{"type": "service_account", "client_email": "a@b", "private_key": "x", "token_uri": "http://x"}',
            "cannot be read",
        ),
    ],
)
def test_a_key_file_that_is_none_says_why(text: str, words: str) -> None:
    with pytest.raises(InvalidCredentials, match=words):
        ServiceAccount.parse(text)


def test_google_being_down_is_worth_another_try(cafe: Google, client: GoogleClient) -> None:
    cafe.state.modes.error_rate = 1.0
    with pytest.raises(GoogleError) as failed:
        client.upsert_object(cafe.object_body())
    assert (Reason.BACKEND, False, 503) == (failed.value.reason, failed.value.permanent, failed.value.status)


def test_an_answer_that_makes_no_sense_is_worth_another_try(cafe: Google, client: GoogleClient) -> None:
    client.get("loyaltyClass", f"{ISSUER}.cafe")
    cafe.state.modes.nonsense = True
    with pytest.raises(GoogleError) as failed:
        client.upsert_object(cafe.object_body())
    assert (Reason.BAD_REPLY, False) == (failed.value.reason, failed.value.permanent)


def test_a_network_that_is_gone_is_worth_another_try() -> None:
    client = GoogleClient(requests.Session(), "http://127.0.0.1:1", lambda n: 0.0)
    with pytest.raises(GoogleError) as failed:
        client.get("loyaltyClass", f"{ISSUER}.cafe")
    assert (Reason.NETWORK, False) == (failed.value.reason, failed.value.permanent)


def test_a_picture_that_google_cannot_fetch_fails_the_whole_write(cafe: Google, client: GoogleClient) -> None:
    hero = {"sourceUri": {"uri": cafe.shop.picture("missing.png")}}
    with pytest.raises(GoogleError) as refused:
        client.upsert_class(cafe.class_body(programName="Tea card", heroImage=hero))
    assert Reason.INVALID is refused.value.reason
    assert "Coffee card" == cafe.state.view_class(f"{ISSUER}.cafe")["programName"]


def test_all_cards_of_a_class_are_listed_page_after_page(cafe: Google, client: GoogleClient) -> None:
    for number in range(205):
        cafe.state.insert("loyaltyObject", cafe.object_body(f"card-{number:03}"))
    cafe.state.save(f"{ISSUER}.card-007", "anna")
    cafe.state.requests.clear()

    found = list(client.list_objects(f"{ISSUER}.cafe"))

    assert 205 == len({one["id"] for one in found})
    assert [f"{ISSUER}.card-007"] == [one["id"] for one in found if one["hasUsers"]]
    assert {"id", "hasUsers", "state"} == set(found[0])
    assert 3 == len(requests_made(cafe))


def test_a_worker_waits_for_its_turn_and_gives_up_one_that_is_far_off(cafe: Google) -> None:
    slept: list[float] = []
    waits = iter([0.25, 40.0])
    client = GoogleClient(
        authorized_session(cafe.account), cafe.url, lambda n: next(waits), sleep=slept.append
    )
    client.get("loyaltyClass", f"{ISSUER}.cafe")
    with pytest.raises(GoogleError) as refused:
        client.get("loyaltyClass", f"{ISSUER}.cafe")

    assert [0.25] == slept
    assert (Reason.RATE, 40.0) == (refused.value.reason, refused.value.retry_after_s)


def test_turns_are_a_twentieth_of_a_second_apart_whoever_takes_them() -> None:
    tat, waits = 0.0, []
    for _ in range(40):
        tat, wait_s = next_slot(tat, 1000.0, RATE_PER_S)
        waits.append(round(wait_s, 3))
    assert [round(number / 20, 3) for number in range(40)] == waits


def test_after_a_quiet_spell_a_burst_may_leave_at_once_and_a_far_turn_reserves_nothing() -> None:
    tat, waits = 0.0, []
    for _ in range(7):
        tat, wait_s = next_slot(tat, 1000.0, 10.0, 5)
        waits.append(round(wait_s, 3))
    assert [0, 0, 0, 0, 0, 0.1, 0.2] == waits
    assert (2000.0, 1000.0) == next_slot(2000.0, 1000.0, RATE_PER_S)


def test_a_sign_in_that_cannot_be_reached_is_worth_another_try(google: Google) -> None:
    key = {**google.account.info, "token_uri": "http://127.0.0.1:1/token"}
    account = ServiceAccount.parse(json.dumps(key))
    with pytest.raises(GoogleError) as failed:
        GoogleClient(authorized_session(account), google.url, lambda n: 0.0).get("loyaltyClass", ANNA)
    assert (Reason.NETWORK, False) == (failed.value.reason, failed.value.permanent)


def test_the_machines_own_proxy_and_netrc_are_ignored(
    cafe: Google, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A stray .netrc entry would replace the bearer token; a proxy would see customers' cards."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login charlie password x\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert cafe.client().get("loyaltyClass", f"{ISSUER}.cafe") is not None


@pytest.mark.parametrize(
    ("status", "body", "headers", "wanted"),
    [
        (403, b'{"error":{"errors":[{"reason":"quotaExceeded"}]}}', {}, (Reason.QUOTA, False, DAY_S)),
        (403, b'{"error":{"errors":[{"reason":"rateLimitExceeded"}]}}', {}, (Reason.RATE, False, None)),
        (403, b'{"error":{"status":"PERMISSION_DENIED"}}', {}, (Reason.PERMISSION, False, 900.0)),
        (403, b"Quota exceeded", {}, (Reason.PERMISSION, False, 900.0)),
        (429, b"", {"Retry-After": "7"}, (Reason.RATE, False, 7.0)),
        (429, b"", {"Retry-After": "Mon, 02 Mar 2026 09:01:00 GMT"}, (Reason.RATE, False, 60.0)),
        (503, b"", {"Retry-After": "99999999999999999999"}, (Reason.BACKEND, False, DAY_S)),
        (503, b"", {"Retry-After": "soon"}, (Reason.BACKEND, False, None)),
        (500, b'{"error":"x"}', {}, (Reason.BACKEND, False, None)),
        (400, b'{"error":{"status":"INVALID_ARGUMENT","message":"no"}}', {}, (Reason.INVALID, True, None)),
        (404, b'{"error":{"errors":[]}}', {}, (Reason.NOT_FOUND, True, None)),
        (409, b'{"error":{"errors":["x"]}}', {}, (Reason.EXISTS, True, None)),
        (413, b"\xff", {}, (Reason.INVALID, True, None)),
        (302, b"[" * 90_000, {}, (Reason.BAD_REPLY, False, None)),
    ],
    ids=str,
)
def test_both_dialects_of_googles_errors_are_told_apart(
    status: int, body: bytes, headers: dict[str, str], wanted: tuple[object, ...]
) -> None:
    error = error_from_reply(status, headers, body, now=START)
    assert wanted == (error.reason, error.permanent, error.retry_after_s)
