"""The stand-in's issuers, permissions, batches, testers and links that stay: as strict as the documents."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.wallets.google.client import GoogleClient
from app.wallets.google.errors import GoogleError, Reason
from app.wallets.google.savelink import CardReference
from tests.support.google_server import ANOTHER_ISSUER, ISSUER, SECOND_ISSUER, Google

ANNA = CardReference(f"{ISSUER}.anna", f"{ISSUER}.cafe")
STRANGER = "stranger@other.example"


def public_pem(key: Any = None) -> str:
    found = (key or ec.generate_private_key(ec.SECP256R1())).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(found.public_bytes(serialization.Encoding.PEM, form).decode())


def test_an_account_sees_the_issuers_that_let_it_in(google: Google, client: GoogleClient) -> None:
    assert {ISSUER, SECOND_ISSUER} == {one["issuerId"] for one in client.issuers()}
    google.state.offices.set_permissions(SECOND_ISSUER, [{"emailAddress": STRANGER, "role": "OWNER"}])
    assert [ISSUER] == [one["issuerId"] for one in client.issuers()]


def test_a_reader_reads_and_a_stranger_may_nothing(cafe: Google, client: GoogleClient) -> None:
    email = cafe.account.email
    owner = {"emailAddress": STRANGER, "role": "OWNER"}
    cafe.state.offices.set_permissions(ISSUER, [owner, {"emailAddress": email, "role": "READER"}])
    assert f"{ISSUER}.cafe" == (client.get("loyaltyClass", f"{ISSUER}.cafe") or {})["id"]
    with pytest.raises(GoogleError) as refused:
        client.upsert_object(cafe.object_body())
    assert Reason.PERMISSION is refused.value.reason
    cafe.state.offices.set_permissions(ISSUER, [owner])
    with pytest.raises(GoogleError):
        client.get("loyaltyClass", f"{ISSUER}.cafe")


def test_a_link_signed_by_an_account_without_the_issuer_fails(cafe: Google, client: GoogleClient) -> None:
    client.upsert_object(cafe.object_body())
    link = cafe.save_link(ANNA).rpartition("/")[2]
    cafe.state.offices.set_permissions(ISSUER, [{"emailAddress": STRANGER, "role": "OWNER"}])
    with pytest.raises(ValueError, match="Permission denied"):
        cafe.state.save_link(link, "anna")


def test_the_complete_list_is_replaced_and_keeps_an_owner(google: Google, client: GoogleClient) -> None:
    assert [{"emailAddress": google.account.email, "role": "OWNER"}] == client.permissions(ISSUER)
    with pytest.raises(GoogleError, match="at least one owner"):
        client.set_permissions(ISSUER, [{"emailAddress": STRANGER, "role": "READER"}])
    with pytest.raises(GoogleError):
        client.permissions(ANOTHER_ISSUER)


@pytest.mark.parametrize(
    ("pem", "said"),
    [("no key", "Invalid public key"), ("rsa", "P-256")],
)
def test_a_smart_tap_key_must_be_one(google: Google, client: GoogleClient, pem: str, said: str) -> None:
    text = public_pem(rsa.generate_private_key(65537, 2048)) if pem == "rsa" else pem
    keys = {"smartTapMerchantData": {"authenticationKeys": [{"id": 1, "publicKeyPem": text}]}}
    with pytest.raises(GoogleError, match=said):
        client.patch_issuer(ISSUER, keys)


def test_the_first_key_gives_a_collector_id_that_stays(google: Google, client: GoogleClient) -> None:
    one, two = ({"id": number, "publicKeyPem": public_pem()} for number in (1, 2))
    first = client.patch_issuer(ISSUER, {"smartTapMerchantData": {"authenticationKeys": [one]}})
    both = client.patch_issuer(ISSUER, {"smartTapMerchantData": {"authenticationKeys": [one, two]}})
    ids = {reply["smartTapMerchantData"]["smartTapMerchantId"] for reply in (first, both)}
    assert (1, True) == (len(ids), ids.pop().isdigit())


def test_a_batch_answers_each_part_by_itself(cafe: Google, client: GoogleClient) -> None:
    parts = [f"/walletobjects/v1/loyaltyClass/{ISSUER}.{name}" for name in ("cafe", "nobody")]
    head = "--b\r\nContent-Type: application/http\r\nContent-ID: <{}>\r\n\r\nGET {}\r\n\r\n\r\n"
    body = "".join(head.format(number, path) for number, path in enumerate(parts)) + "--b--\r\n"
    session: Any = client._session
    reply = session.post(
        f"{cafe.url}/batch", data=body, headers={"Content-Type": "multipart/mixed; boundary=b"}
    )
    assert (200, 1, 1) == (
        reply.status_code,
        reply.text.count("HTTP/1.1 200"),
        reply.text.count("HTTP/1.1 404"),
    )
    assert "<response-1>" in reply.text


def test_only_testers_save_in_demo_mode(cafe: Google, client: GoogleClient) -> None:
    client.upsert_object(cafe.object_body())
    cafe.state.modes.change({"demo": True})
    cafe.state.testers = frozenset({"boris"})
    link = cafe.save_link(ANNA).rpartition("/")[2]
    with pytest.raises(ValueError, match="test accounts"):
        cafe.state.save_link(link, "anna")
    assert [ANNA.object_id] == cafe.state.save_link(link, "boris")


def test_a_linked_card_must_exist_and_is_never_let_go(cafe: Google, client: GoogleClient) -> None:
    with pytest.raises(GoogleError, match="not found"):
        client.upsert_object(cafe.object_body(linkedObjectIds=[f"{ISSUER}.voucher"]))
    client.upsert_object(cafe.object_body("voucher"))
    client.upsert_object(cafe.object_body(linkedObjectIds=[f"{ISSUER}.voucher"]))
    client.patch("loyaltyObject", ANNA.object_id, {"linkedObjectIds": []})
    assert [f"{ISSUER}.voucher"] == cafe.state.view(ANNA.object_id)["object"]["linkedObjectIds"]


def test_a_card_linked_to_itself_never_leaves_the_house(cafe: Google, client: GoogleClient) -> None:
    with pytest.raises(GoogleError, match="must not be the card itself"):
        client.upsert_object(cafe.object_body(linkedObjectIds=[ANNA.object_id]))
    assert [] == [one for one in cafe.state.requests if "loyaltyObject" in one["path"]]
