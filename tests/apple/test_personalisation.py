"""Sign-up in Wallet at a reader: from a blank card to one with a name, over the wire."""

from __future__ import annotations

import base64
import io
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.apple_look import AppleLook, Nfc, Personalisation
from app.sandbox.bundle import PassRefused, read_bundle
from app.sandbox.iphone import Held
from app.sandbox.sign_up import SignUpFailed, questions, sign_up
from app.storage.tables import MemberPii
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.personalisation import (
    PERSONALIZATION,
    Turnstile,
    Unreadable,
    personalization_json,
    read_sign_up,
)
from tests.support.handset import Street, street
from tests.support.service import PASS_TYPE, PLAIN, Service, papers, pass_json

ANNA = {
    "fullName": "Anna Bērziņa",
    "givenName": "Anna",
    "familyName": "Bērziņa",
    "emailAddress": "Anna@Example.com",
    "phoneNumber": "+371 2000 0001",
    "postalCode": "LV-1010",
    "ISOCountryCode": "LV",
}


@cache
def reader_key() -> str:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    return base64.b64encode(head + point).decode()


def look(**changes: Any) -> AppleLook:
    asks = Personalisation(
        fields=("name", "postal_code", "email", "phone"),
        description={"en": "Collect points", "ru": "Копите баллы"},
        terms={"*": "Be kind."},
    )
    parts = {"nfc": Nfc(encryption_public_key=reader_key()), "personalisation": asks}
    return AppleLook(**{**parts, "sharing_prohibited": True, **changes})


@pytest.fixture(scope="module")
def enhanced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The café's papers, with a certificate for NFC."""
    home = tmp_path_factory.mktemp("enhanced")
    papers().authority.issue(PASS_TYPE, home, nfc=True)
    return home


@pytest.fixture
def town(service: Service, enhanced: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    monkeypatch.setattr(service, "design", PLAIN.model_copy(update={"apple": look()}))
    service.signs_with(enhanced)
    with street(service) as made:
        yield made


def blank(town: Street) -> tuple[str, Held]:
    """A card without a name, on Anna's phone."""
    serial = town.service.customer("", phone=None)
    return serial, town.adds(town.phone(), serial)


def member(service: Service, serial: str) -> MemberPii:
    with service.parts.deps.read() as session:
        return session.get_one(MemberPii, service.card(serial).member_id)


def answers(service: Service, serial: str, body: Any = None, **options: Any) -> Any:
    path = f"/apple/v1/passes/{options.pop('pass_type', PASS_TYPE)}/{serial}/personalize"
    told = {"personalizationToken": "token-1", "requiredPersonalizationInfo": ANNA}
    return service.app.test_client().post(path, json=told if body is None else body, **options)


def test_a_blank_card_gets_a_name_at_the_reader(town: Street) -> None:
    serial, held = blank(town)
    phone = town.phones[0]
    assert 4 == len(questions(held))
    sign_up(phone, held, ANNA)
    town.service.clock.forward(minutes=1)
    town.works()

    known = member(town.service, serial)
    assert ("Anna", "Bērziņa", "anna@example.com", "+37120000001") == (
        known.given_name,
        known.family_name,
        known.email,
        known.phone,
    )
    assert {"postal_code": "LV-1010", "country": "LV"} == known.attributes
    assert PERSONALIZATION not in held.bundle.files
    assert town.service.card(serial).personalised_at is not None
    # A phone that never asked has no tag, so it is told of all its cards: Apple's protocol.
    assert [] == [text for text in town.complaints(phone) if "unchanged" not in text]
    assert ["card.personalised"] == [event.kind for event in town.service.events("card.personalised")]


def test_the_second_sign_up_is_refused_and_the_same_one_answered_again(town: Street) -> None:
    serial, _ = blank(town)
    first = answers(town.service, serial)
    assert (200, "application/octet-stream") == (first.status_code, first.content_type)
    assert 200 == answers(town.service, serial).status_code
    other = {"personalizationToken": "token-2", "requiredPersonalizationInfo": {"givenName": "Charlie"}}
    assert 409 == answers(town.service, serial, other).status_code
    assert "Anna" == member(town.service, serial).given_name
    assert 1 == len(town.service.events("card.personalised"))


def test_two_at_once_are_taken_once(town: Street) -> None:
    serial, _ = blank(town)
    seen: list[int] = []

    def asks(name: str) -> None:
        body = {"personalizationToken": name, "requiredPersonalizationInfo": {"givenName": name}}
        seen.append(answers(town.service, serial, body).status_code)

    threads = [threading.Thread(target=asks, args=(f"name-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [200, 409, 409, 409] == sorted(seen)


def test_answers_that_cannot_be_used_are_left_out_and_the_rest_counts(town: Street) -> None:
    town.service.customer("Vera", email="anna@example.com")
    serial, _ = blank(town)
    info = {**ANNA, "phoneNumber": "call me"}
    body = {"personalizationToken": "t", "requiredPersonalizationInfo": info}
    assert 200 == answers(town.service, serial, body).status_code
    known = member(town.service, serial)
    assert ("Anna", None, None) == (known.given_name, known.email, known.phone)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"personalizationToken": "t"},
        {"personalizationToken": 7, "requiredPersonalizationInfo": {}},
        {"personalizationToken": "", "requiredPersonalizationInfo": {}},
        {"personalizationToken": "t" * 5000, "requiredPersonalizationInfo": {}},
        {"personalizationToken": "t", "requiredPersonalizationInfo": []},
        {"personalizationToken": "t", "requiredPersonalizationInfo": {"givenName": {"first": "Anna"}}},
        {"personalizationToken": "t", "requiredPersonalizationInfo": {"givenName": "a" * 300}},
    ],
)
def test_a_body_that_no_phone_sends_is_refused(sqlite_town: Street, body: Any) -> None:
    serial, _ = blank(sqlite_town)
    assert 400 == answers(sqlite_town.service, serial, body).status_code
    assert sqlite_town.service.card(serial).personalised_at is None


@pytest.fixture
def sqlite_town(sqlite_service: Service, enhanced: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    monkeypatch.setattr(sqlite_service, "design", PLAIN.model_copy(update={"apple": look()}))
    sqlite_service.signs_with(enhanced)
    with street(sqlite_service) as made:
        yield made


def test_a_body_that_is_too_large_is_refused(sqlite_town: Street) -> None:
    serial, _ = blank(sqlite_town)
    assert answers(sqlite_town.service, serial, {"x": "y" * 20_000}).status_code in (400, 413)


def test_unknown_cards_and_cards_that_ask_for_nothing_are_not_found(sqlite_town: Street) -> None:
    service = sqlite_town.service
    assert 404 == answers(service, "nobody").status_code
    assert 404 == answers(service, service.customer("Vera")).status_code
    serial, _ = blank(sqlite_town)
    assert 404 == answers(service, serial, pass_type="pass.example.other").status_code


def test_a_token_of_the_pass_is_honoured_and_a_wrong_one_refused(sqlite_town: Street) -> None:
    service = sqlite_town.service
    serial, held = blank(sqlite_town)
    wrong = {"Authorization": f"ApplePass {'x' * 43}"}
    assert 401 == answers(service, serial, headers=wrong).status_code
    right = {"Authorization": f"ApplePass {held.token}"}
    assert 200 == answers(service, serial, headers=right).status_code


def test_who_asks_too_often_waits(sqlite_town: Street) -> None:
    codes = [answers(sqlite_town.service, "nobody").status_code for _ in range(32)]
    assert 429 == codes[-1]
    sqlite_town.service.clock.forward(minutes=2)
    assert 404 == answers(sqlite_town.service, "nobody").status_code


def test_without_an_nfc_certificate_nothing_is_asked(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = sqlite_service
    monkeypatch.setattr(service, "design", PLAIN.model_copy(update={"apple": look()}))
    with street(service) as town:
        serial, held = blank(town)
        assert "nfc" not in held.bundle.pass_
        assert PERSONALIZATION not in held.bundle.files
        assert 404 == answers(service, serial).status_code
        told = [finding.code for finding in service.apple.check(service.clock.now())]
        assert "apple-nfc-certificate-missing" in told


def test_the_phone_trusts_no_other_signature(sqlite_town: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in is strict: a signature over anything else is told on the log."""
    _, held = blank(sqlite_town)
    phone = sqlite_town.phones[0]
    genuine = type(sqlite_town.service.apple).sign_token
    monkeypatch.setattr(
        type(sqlite_town.service.apple),
        "sign_token",
        lambda self, pass_type, serial, token: genuine(self, pass_type, serial, token + " "),
    )
    with pytest.raises(SignUpFailed, match="signature"):
        sign_up(phone, held, ANNA)
    assert "Personalize task" in sqlite_town.complaints(phone)[0]


def test_a_phone_refuses_nfc_under_a_plain_certificate(sqlite_town: Street) -> None:
    """What our own service never sends: the bundle is signed anew by a certificate without NFC."""
    _, held = blank(sqlite_town)
    assert "nfc" in pass_json(held.raw)
    plain = CertificateStore(papers().certs).identity(PASS_TYPE).signer
    files = dict(held.bundle.files)
    files["signature"] = plain.sign(files["manifest.json"], now=datetime.now(UTC))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(PassRefused, match="enhanced"):
        read_bundle(out.getvalue(), plain_http=True)


# -- values ------------------------------------------------------------------------------------------------


def test_the_questions_are_apples() -> None:
    asked = look().personalisation
    assert asked is not None
    made = personalization_json(asked, lambda text: dict(text).get("en") or dict(text).get("*", ""))
    assert {
        "requiredPersonalizationFields": [
            "PKPassPersonalizationFieldName",
            "PKPassPersonalizationFieldPostalCode",
            "PKPassPersonalizationFieldEmailAddress",
            "PKPassPersonalizationFieldPhoneNumber",
        ],
        "description": "Collect points",
        "termsAndConditions": "Be kind.",
    } == made


def test_a_full_name_alone_is_taken_apart() -> None:
    info = {"fullName": "Anna Maria Bērziņa"}
    told = read_sign_up({"personalizationToken": "t", "requiredPersonalizationInfo": info})
    assert {"given_name": "Anna", "family_name": "Maria Bērziņa"} == told.member


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(json_values, st.dictionaries(st.sampled_from([*ANNA, "x"]), json_values, max_size=7))
def test_any_body_is_read_or_refused(token: Any, info: Any) -> None:
    try:
        told = read_sign_up({"personalizationToken": token, "requiredPersonalizationInfo": info})
    except Unreadable:
        return
    assert token == told.token
    assert all(isinstance(value, str | dict) for value in told.member.values())


def test_a_turnstile_remembers_a_bounded_number_of_callers() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    gate = Turnstile(2, timedelta(minutes=1), callers=3)
    assert [True, True, False] == [gate.lets("anna", now) for _ in range(3)]
    assert all(gate.lets(f"caller {number}", now) for number in range(5))
    assert gate.lets("anna", now)
