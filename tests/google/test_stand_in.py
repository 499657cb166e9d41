"""The stand-in behaves as Google's documents and recorded replies say, and keeps what it was told."""

from pathlib import Path

import pytest
import requests

from app.sandbox.google import GoogleState, Modes, read_service_account, write_service_account
from app.sandbox.google_fields import masked, read_mask
from app.sandbox.google_modes import Refusal
from app.sandbox.google_schema import legacy_word
from app.wallets.google.client import GoogleClient
from app.wallets.google.credentials import authorized_session
from tests.support.clock import Clock
from tests.support.google_server import ISSUER, Google, running_google

ANNA = f"{ISSUER}.anna"
CAFE = f"{ISSUER}.cafe"


def test_a_restart_keeps_cards_phones_and_callback_keys(tmp_path: Path) -> None:
    with running_google(tmp_path) as google:
        google.client().upsert_class(google.class_body())
        google.client().upsert_object(google.object_body(points=40))
        google.state.save(ANNA, "anna")
        keys = requests.get(f"{google.url}/gp/m/issuer/keys").json()["keys"][0]["keyValue"]
        email = google.account.email

    with running_google(tmp_path) as google:
        assert 40 == google.state.view(ANNA)["object"]["loyaltyPoints"]["balance"]["int"]
        assert [ANNA] == google.state.objects_on("anna")
        assert keys == requests.get(f"{google.url}/gp/m/issuer/keys").json()["keys"][0]["keyValue"]
        assert email == google.account.email


def test_the_key_file_is_made_once_and_follows_the_address(tmp_path: Path) -> None:
    path = tmp_path / "made" / "key.json"
    first = write_service_account(path, "http://127.0.0.1:1/token")
    again = write_service_account(path, "http://127.0.0.1:2/token")

    assert (first.email, first.public_key) == (again.email, again.public_key)
    assert again == read_service_account(path)
    assert 0o600 == path.stat().st_mode & 0o777
    assert ":2/token" in path.read_text()


def test_everything_needs_a_token(google: Google) -> None:
    root = f"{google.url}/walletobjects/v1/loyaltyClass"
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
        reply = requests.get(f"{root}/{CAFE}", headers=headers)
        assert (401, "UNAUTHENTICATED") == (reply.status_code, reply.json()["error"]["status"])


@pytest.mark.parametrize(
    "form", [{}, {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"}]
)
def test_signing_in_with_nonsense_is_refused(google: Google, form: dict[str, str]) -> None:
    reply = requests.post(f"{google.url}/token", data=form)
    assert (400, True) == (reply.status_code, "error" in reply.json())


def test_an_unknown_field_is_refused_in_the_words_of_the_front_end(cafe: Google) -> None:
    session = authorized_session(cafe.account)
    url = f"{cafe.url}/walletobjects/v1/loyaltyObject"
    reply = session.post(url, json={**cafe.object_body(), "hexBackgroundColor": "#fff"})
    error = reply.json()["error"]
    assert (400, "INVALID_ARGUMENT", True) == (
        reply.status_code,
        error["status"],
        "hexBackgroundColor" in error["message"],
    )
    assert "errors" not in error


def test_a_broken_rule_is_refused_in_the_words_of_the_back_end(cafe: Google) -> None:
    session = authorized_session(cafe.account)
    url = f"{cafe.url}/walletobjects/v1/loyaltyObject"
    error = session.post(url, json={**cafe.object_body(), "id": "anna"}).json()["error"]
    assert ("invalidResource", False) == (error["errors"][0]["reason"], "status" in error)


def test_replies_are_dressed_as_google_dresses_them(cafe: Google, client: GoogleClient) -> None:
    client.upsert_object(cafe.object_body())
    reply = authorized_session(cafe.account).get(f"{cafe.url}/walletobjects/v1/loyaltyObject/{ANNA}")
    body = reply.json()
    assert "application/json; charset=UTF-8" == reply.headers["Content-Type"]
    assert ("active", False, "approved") == (
        body["state"],
        body["hasUsers"],
        body["classReference"]["reviewStatus"],
    )
    assert "statusUnspecified" == body["classReference"]["multipleDevicesAndHoldersAllowedStatus"]
    assert "walletobjects#image" == body["classReference"]["programLogo"]["kind"]


def test_put_clears_what_it_does_not_say_and_patch_replaces_lists(cafe: Google) -> None:
    modules = [{"id": "a", "body": "1"}, {"id": "b", "body": "2"}]
    cafe.state.insert("loyaltyObject", cafe.object_body(accountName="Anna", textModulesData=modules))
    cafe.state.update("loyaltyObject", ANNA, {"textModulesData": modules[:1]}, whole=False)
    assert modules[:1] == cafe.state.view(ANNA)["object"]["textModulesData"]

    cafe.state.update("loyaltyObject", ANNA, cafe.object_body(), whole=True)
    assert not {"accountName", "textModulesData"} & set(cafe.state.view(ANNA)["object"])


def test_nothing_can_be_deleted(cafe: Google) -> None:
    session = authorized_session(cafe.account)
    assert 405 == session.delete(f"{cafe.url}/walletobjects/v1/loyaltyClass/{CAFE}").status_code


@pytest.mark.parametrize("status", [None, "APPROVED", "DRAFT"])
def test_an_approved_class_changes_only_through_review(cafe: Google, status: str | None) -> None:
    changes = {"programName": "Tea"} | ({"reviewStatus": status} if status else {})
    with pytest.raises(Refusal):
        cafe.state.update("loyaltyClass", CAFE, changes, whole=False)


def test_a_draft_class_takes_no_cards(google: Google) -> None:
    google.state.insert("loyaltyClass", google.class_body(reviewStatus="DRAFT"))
    with pytest.raises(Refusal, match="DRAFT"):
        google.state.insert("loyaltyObject", google.object_body())


@pytest.mark.parametrize("name", ["missing.png", "words.png"])
def test_an_address_without_a_picture_is_refused(google: Google, name: str) -> None:
    logo = {"sourceUri": {"uri": google.shop.picture(name)}}
    with pytest.raises(Refusal, match="cannot be loaded"):
        google.state.insert("loyaltyClass", google.class_body(programLogo=logo))


def test_offers_gift_cards_and_generic_passes_come_for_free(google: Google) -> None:
    client = google.client()
    for kind, body in {
        "genericClass": {"id": f"{ISSUER}.any"},
        "giftCardClass": {"id": f"{ISSUER}.gift", "issuerName": "Cafe", "reviewStatus": "UNDER_REVIEW"},
    }.items():
        google.state.insert(kind, body)
        found = client.get(kind, str(body["id"]))
        assert found is not None and body["id"] == found["id"]


def test_a_phone_that_holds_the_card_hears_of_its_points_at_most_three_times_a_day(cafe: Google) -> None:
    heard: list[object] = []
    cafe.state.insert("loyaltyObject", cafe.object_body())
    cafe.state.save(ANNA, "anna")
    cafe.state.subscribe(lambda event: heard.append(event["notify"]))
    for points in range(1, 6):
        body = {"loyaltyPoints": {"balance": {"int": points}}, "notifyPreference": "NOTIFY_ON_UPDATE"}
        cafe.state.update("loyaltyObject", ANNA, body, whole=False)
    cafe.state.update(
        "loyaltyObject", ANNA, {"accountName": "Anna", "notifyPreference": "NOTIFY_ON_UPDATE"}, whole=False
    )

    assert ["points"] * 3 + [None] * 3 == heard
    assert "notifyPreference" not in cafe.state.view(ANNA)["object"]


def test_a_new_banner_reaches_every_phone_with_one_request(cafe: Google, client: GoogleClient) -> None:
    for name in ("anna", "boris", "nobody"):
        cafe.state.insert("loyaltyObject", cafe.object_body(name))
    cafe.state.save(ANNA, "anna")
    cafe.state.save(f"{ISSUER}.boris", "boris")
    heard: list[object] = []
    cafe.state.subscribe(lambda event: heard.append(event.get("object_id") or event["class_id"]))
    client.upsert_class(cafe.class_body(heroImage={"sourceUri": {"uri": cafe.shop.picture("hero.png")}}))

    assert [CAFE, ANNA, f"{ISSUER}.boris"] == heard
    assert cafe.shop.picture("hero.png") == cafe.state.view(ANNA)["class"]["heroImage"]["sourceUri"]["uri"]


def test_a_listener_that_fails_harms_nobody(cafe: Google) -> None:
    heard: list[object] = []

    def fails(event: object) -> None:
        raise RuntimeError

    cafe.state.subscribe(fails)
    stop = cafe.state.subscribe(heard.append)
    cafe.state.insert("loyaltyObject", cafe.object_body())
    stop()
    cafe.state.insert("loyaltyObject", cafe.object_body("boris"))
    assert 1 == len(heard)


def test_a_card_whose_time_is_over_reads_expired(clock: Clock) -> None:
    state = GoogleState({ISSUER}, now=clock.now, modes=Modes(check_images=False))
    logo = {"sourceUri": {"uri": "https://cafe.example/logo.png"}}
    cafe = {
        "id": CAFE,
        "issuerName": "Cafe",
        "programName": "Card",
        "programLogo": logo,
        "reviewStatus": "UNDER_REVIEW",
    }
    state.insert("loyaltyClass", cafe)
    end = {"end": {"date": clock.now().isoformat()}}
    body = {"id": ANNA, "classId": CAFE, "state": "ACTIVE", "validTimeInterval": end}

    assert "expired" == state.insert("loyaltyObject", body)["state"]
    state.close()


def test_in_demo_mode_the_title_says_so(cafe: Google) -> None:
    cafe.state.insert("loyaltyObject", cafe.object_body())
    cafe.state.modes.demo = True
    assert "[TEST ONLY] Coffee card" == cafe.state.view(ANNA)["class"]["programName"]


def test_faults_are_turned_on_over_http_and_wrong_switches_are_refused(google: Google) -> None:
    url = f"{google.url}/stand-in/modes"
    assert 0.5 == requests.patch(url, json={"error_rate": 0.5}).json()["error_rate"]
    assert 400 == requests.patch(url, json={"error_rate": 0.7, "erorr": 1}).status_code
    assert 400 == requests.patch(url, json=[1]).status_code
    assert 0.5 == requests.get(url).json()["error_rate"]


def test_the_log_shows_what_came_and_no_credentials(cafe: Google) -> None:
    log = requests.get(f"{cafe.url}/stand-in/log").json()["requests"]
    assert ["/token", f"/walletobjects/v1/loyaltyClass/{CAFE}"] == [one["path"] for one in log][:2]
    assert "assertion" not in str(log)


@pytest.mark.parametrize(
    ("word", "legacy"),
    [("ACTIVE", "active"), ("UNDER_REVIEW", "underReview"), ("qrCode", "qrCode"), ("active", "active")],
)
def test_enumerations_come_back_in_their_old_spelling(word: str, legacy: str) -> None:
    assert legacy == legacy_word(word)


@pytest.mark.parametrize(
    ("mask", "wanted"),
    [
        ("a", {"a": 1}),
        ("b(c),a", {"b": [{"c": 2}], "a": 1}),
        ("b/c", {"b": [{"c": 2}]}),
        ("b", {"b": [{"c": 2, "d": 3}]}),
        ("*", {"a": 1, "b": [{"c": 2, "d": 3}]}),
        ("z", {}),
    ],
)
def test_a_partial_response_keeps_what_its_mask_names(mask: str, wanted: dict[str, object]) -> None:
    assert wanted == masked({"a": 1, "b": [{"c": 2, "d": 3}]}, read_mask(mask))


@pytest.mark.parametrize("mask", ["a(", "a)", "(a)", "/a", "a b!", ""])
def test_a_mask_that_cannot_be_read_is_refused(mask: str) -> None:
    with pytest.raises(Refusal):
        read_mask(mask)
