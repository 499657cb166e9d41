"""The address behind "Add to Google Wallet"."""

import jwt
import pytest
import requests

from app.wallets.google.client import GoogleClient
from app.wallets.google.errors import GoogleError, Reason
from app.wallets.google.savelink import SAFE_LENGTH, CardReference, SaveLinks, SaveLinkTooLong
from tests.support.clock import START
from tests.support.google_server import ISSUER, Google

ANNA = CardReference(f"{ISSUER}.anna", f"{ISSUER}.cafe")


def token_of(link: str) -> str:
    return link.rsplit("/", 1)[1]


def test_the_link_says_what_google_asks_for_and_carries_ids_only(google: Google) -> None:
    links = SaveLinks(google.account, "https://pay.google.com/gp/v/save", ("https://cards.example",))
    link = links.save_link([ANNA], START)
    claims = jwt.decode(
        token_of(link),
        google.account.key.public_key(),
        ["RS256"],
        audience="google",
        options={"verify_iat": False},
    )

    assert link.startswith("https://pay.google.com/gp/v/save/ey")
    assert {
        "iss": google.account.email,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(START.timestamp()),
        "origins": ["https://cards.example"],
        "payload": {"loyaltyObjects": [{"id": ANNA.object_id, "classId": ANNA.class_id}]},
    } == claims
    assert len(token_of(link)) < SAFE_LENGTH


def test_a_link_too_long_for_browsers_is_refused(google: Google) -> None:
    with pytest.raises(SaveLinkTooLong):
        google.save_link(*[ANNA] * 30)


def test_who_has_saved_the_card_can_view_it(cafe: Google) -> None:
    cafe.state.insert("loyaltyObject", cafe.object_body())
    link = SaveLinks(cafe.account, f"{cafe.url}/gp/v/save").view_link(ANNA.object_id)
    assert (404, "Item not found") == (requests.get(link).status_code, _words(requests.get(link).text))

    cafe.state.save(ANNA.object_id, "anna")
    assert "Coffee card" in requests.get(link).text


def _words(page: str) -> str:
    return page.split('role="alert">')[1].split("<")[0]


def test_anna_adds_the_card_to_her_phone(cafe: Google, client: GoogleClient) -> None:
    client.upsert_object(cafe.object_body(points=40))
    link = cafe.save_link(ANNA)
    offer = requests.get(link)
    assert (200, True, True) == (
        offer.status_code,
        "Coffee card" in offer.text,
        "Anna&#39;s phone" in offer.text,
    )

    requests.post(link, data={"phone_id": "anna"}).raise_for_status()
    assert [ANNA.object_id] == cafe.state.objects_on("anna")


def test_a_link_never_overwrites_a_card_that_exists(cafe: Google, client: GoogleClient) -> None:
    """Even one that carries everything: the customer opens an old e-mail and keeps the newest card."""
    client.upsert_object(cafe.object_body(points=40))
    old = {"iss": cafe.account.email, "aud": "google", "typ": "savetowallet"}
    payload = {
        "loyaltyObjects": [cafe.object_body(points=1)],
        "loyaltyClasses": [cafe.class_body(programName="Old")],
    }
    token = jwt.encode({**old, "payload": payload}, cafe.account.key, "RS256")

    assert [ANNA.object_id] == cafe.state.save_link(token, "anna")
    view = cafe.state.view(ANNA.object_id)
    assert (40, "Coffee card") == (
        view["object"]["loyaltyPoints"]["balance"]["int"],
        view["class"]["programName"],
    )


def test_a_link_to_a_card_that_was_never_inserted_shows_why(cafe: Google, client: GoogleClient) -> None:
    link = cafe.save_link(ANNA)
    assert f"Wallet Object {ANNA.object_id} not found." == _words(requests.get(link).text)
    with pytest.raises(GoogleError) as refused:
        client.validate_jwt(token_of(link))
    assert Reason.NOT_FOUND is refused.value.reason


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "gogle"},
        {"typ": "JWT"},
        {"iss": "charlie@outside.example"},
        {"payload": {}},
        {"payload": {"cards": []}},
    ],
    ids=str,
)
def test_a_link_that_google_would_not_take_shows_why(cafe: Google, change: dict[str, object]) -> None:
    claims = {
        "iss": cafe.account.email,
        "aud": "google",
        "typ": "savetowallet",
        "payload": {"loyaltyObjects": []},
    }
    token = jwt.encode({**claims, **change}, cafe.account.key, "RS256")
    reply = requests.get(f"{cafe.url}/gp/v/save/{token}")
    assert (400, True) == (reply.status_code, bool(_words(reply.text)))


def test_a_link_signed_by_anybody_else_is_refused(cafe: Google) -> None:
    link = cafe.save_link(ANNA)
    assert 400 == requests.get(link[:-8] + "AAAAAAAA").status_code
    assert 400 == requests.get(f"{cafe.url}/gp/v/save/x").status_code
