"""Only Google's own word, meant for us and still valid, is believed; everything else is refused quietly."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.wallets.google.callbacks import Callback, CallbackRejected, CallbackVerifier, KeysUnavailable
from app.wallets.google.rootkeys import RootKeys, fetch_from, fresh_for
from tests.support.clock import START, Clock
from tests.support.google_callbacks import KeysPage, Signer, millis, new_key, public, root_entry, signed
from tests.support.google_server import ANOTHER_ISSUER, ISSUER, Google

GOOGLE = Signer()


def verifier(*entries: dict[str, Any], issuers: tuple[str, ...] = (ISSUER,)) -> CallbackVerifier:
    return CallbackVerifier(RootKeys(KeysPage(*(entries or (root_entry(GOOGLE.root),)))), issuers)


def test_a_save_that_google_signed_for_us_is_believed() -> None:
    wanted = Callback(f"{ISSUER}.cafe", f"{ISSUER}.anna", "save", "nonce-1", START + timedelta(hours=1), 1)
    assert wanted == verifier().verify(GOOGLE.body(), START)


def test_a_deletion_with_letters_beyond_ascii_is_measured_in_bytes() -> None:
    assert "нонс" == verifier().verify(GOOGLE.body(eventType="del", nonce="нонс"), START).nonce


def test_the_second_of_our_issuers_is_recognised_too() -> None:
    body = GOOGLE.but(recipient=ANOTHER_ISSUER).body(
        classId=f"{ANOTHER_ISSUER}.cafe", objectId=f"{ANOTHER_ISSUER}.anna"
    )
    found = verifier(issuers=(ISSUER, ANOTHER_ISSUER)).verify(body, START)
    assert f"{ANOTHER_ISSUER}.anna" == found.object_id


def test_a_genuine_callback_of_another_issuer_is_refused_here() -> None:
    body = GOOGLE.but(recipient=ANOTHER_ISSUER).body(
        classId=f"{ANOTHER_ISSUER}.cafe", objectId=f"{ANOTHER_ISSUER}.anna"
    )
    with pytest.raises(CallbackRejected):
        verifier().verify(body, START)


@pytest.mark.parametrize(
    "signer",
    [
        GOOGLE.but(sender="GoogleWalletPasses"),
        GOOGLE.but(recipient=ANOTHER_ISSUER),
        GOOGLE.but(protocol="ECv2"),
        GOOGLE.but(protocol="ECv1", signed_key_protocol="ECv1"),
        GOOGLE.but(signed_key_protocol="ECv2"),
        GOOGLE.but(root=new_key()),
        GOOGLE.but(key_expires=str(millis(START))),
        GOOGLE.but(key_expires=str(millis(START - timedelta(days=1)))),
        GOOGLE.but(key_expires=None),
        GOOGLE.but(key_expires="soon"),
        GOOGLE.but(key_expires="9" * 5000),
    ],
    ids=lambda one: "",
)
def test_a_signature_for_anything_else_is_refused(signer: Signer) -> None:
    with pytest.raises(CallbackRejected):
        verifier().verify(signer.body(), START)


@pytest.mark.parametrize(
    "changes",
    [
        {"expTimeMillis": millis(START)},
        {"expTimeMillis": millis(START - timedelta(days=1))},
        {"expTimeMillis": None},
        {"expTimeMillis": True},
        {"expTimeMillis": 10**30},
        {"expTimeMillis": 1e300},
        {"classId": f"{ANOTHER_ISSUER}.cafe"},
        {"objectId": f"{ANOTHER_ISSUER}.anna"},
        {"objectId": f"{ISSUER}0.anna"},
        {"objectId": None},
        {"eventType": "update"},
        {"eventType": ["save"]},
        {"nonce": ""},
        {"nonce": None},
        {"count": "1"},
        {"count": None},
    ],
    ids=str,
)
def test_a_signed_message_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CallbackRejected):
        verifier().verify(GOOGLE.body(**changes), START)


@pytest.mark.parametrize(
    "entry",
    [
        root_entry(GOOGLE.root, keyExpiration=None),
        root_entry(GOOGLE.root, keyExpiration=str(millis(START))),
        root_entry(GOOGLE.root, protocolVersion="ECv2"),
        root_entry(GOOGLE.root, keyValue="AAAA"),
        root_entry(GOOGLE.root, keyValue=7),
    ],
    ids=["without an end", "at its end", "for another protocol", "no key", "no text"],
)
def test_a_root_key_that_does_not_count_makes_nothing_true(entry: dict[str, Any]) -> None:
    with pytest.raises(KeysUnavailable):
        verifier(entry).verify(GOOGLE.body(), START)


def test_any_root_key_with_any_signature_is_enough() -> None:
    envelope = GOOGLE.envelope()
    inner = envelope["intermediateSigningKey"]
    strangers = [
        signed(new_key(), "GooglePayPasses", "ECv2SigningOnly", inner["signedKey"]) for _ in range(2)
    ]
    inner["signatures"] = [strangers[0], *inner["signatures"], strangers[1]]
    body = json.dumps(envelope).encode()
    two_roots = verifier(root_entry(new_key()), root_entry(GOOGLE.root))
    assert "save" == two_roots.verify(body, START).event


def test_a_key_on_another_curve_is_no_key() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(KeysUnavailable):
        verifier(root_entry(GOOGLE.root, keyValue=public(other))).verify(GOOGLE.body(), START)


def _changed(path: str, value: Any) -> bytes:
    envelope = GOOGLE.envelope()
    place: Any = envelope
    *above, last = path.split("/")
    for name in above:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return json.dumps(envelope).encode()


@pytest.mark.parametrize("path", ["protocolVersion", "signature", "intermediateSigningKey", "signedMessage"])
def test_a_missing_key_of_the_envelope_is_refused(path: str) -> None:
    with pytest.raises(CallbackRejected):
        verifier().verify(_changed(path, None), START)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("extra", 1),
        ("intermediateSigningKey/extra", 1),
        ("intermediateSigningKey/signatures", []),
        ("intermediateSigningKey/signatures", ["AAAA"]),
        ("intermediateSigningKey/signatures", "AAAA"),
        ("intermediateSigningKey/signatures", ["AAAA"] * 500),
        ("intermediateSigningKey/signedKey", "{}"),
        ("intermediateSigningKey", []),
        ("signature", "not base64!"),
        ("signature", ""),
        ("signedMessage", "\ud800"),
        ("signedMessage", json.dumps(GOOGLE.message(nonce="other"))),
        ("protocolVersion", ["ECv2SigningOnly"]),
    ],
    ids=str,
)
def test_a_changed_envelope_is_refused(path: str, value: Any) -> None:
    with pytest.raises(CallbackRejected):
        verifier().verify(_changed(path, value), START)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"',
        b"\xff\xfe",
        b"[" * 60_000,
        b"{" + b" " * 70_000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b"1" * 60_000,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_bytes_that_are_no_callback_are_refused(body: bytes) -> None:
    with pytest.raises(CallbackRejected):
        verifier().verify(body, START)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TEXTS = st.one_of(
    JSON,
    JSON.map(json.dumps),
    st.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode()),
    st.just(GOOGLE.envelope()["signature"]),
)
ENVELOPES = st.fixed_dictionaries(
    {
        "protocolVersion": st.just("ECv2SigningOnly") | JSON,
        "signature": TEXTS,
        "intermediateSigningKey": st.fixed_dictionaries(
            {"signedKey": TEXTS, "signatures": st.lists(TEXTS, max_size=3) | JSON}
        )
        | JSON,
        "signedMessage": TEXTS,
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=200), ENVELOPES.map(lambda one: json.dumps(one).encode())))
def test_whatever_comes_nothing_but_a_refusal_follows(body: bytes) -> None:
    with pytest.raises(CallbackRejected):
        verifier().verify(body, START)


@settings(max_examples=80, deadline=None)
@given(message=JSON, key=JSON)
def test_even_what_google_signed_is_read_with_care(message: Any, key: Any) -> None:
    """Signed nonsense: the signatures hold, the contents do not."""
    envelope = GOOGLE.envelope()
    text, signed_key = (
        json.dumps(message),
        json.dumps({"keyValue": public(GOOGLE.intermediate), "keyExpiration": key}),
    )
    envelope["signedMessage"] = text
    envelope["signature"] = signed(GOOGLE.intermediate, "GooglePayPasses", ISSUER, "ECv2SigningOnly", text)
    with pytest.raises(CallbackRejected):
        verifier().verify(json.dumps(envelope).encode(), START)
    envelope["intermediateSigningKey"] = {
        "signedKey": signed_key,
        "signatures": [signed(GOOGLE.root, "GooglePayPasses", "ECv2SigningOnly", signed_key)],
    }
    with pytest.raises(CallbackRejected):
        verifier().verify(json.dumps(envelope).encode(), START)


def test_root_keys_are_kept_for_as_long_as_google_says(clock: Clock) -> None:
    page = KeysPage(root_entry(GOOGLE.root), max_age_s=3600, age_s=600)
    ours = CallbackVerifier(RootKeys(page), [ISSUER])
    for _ in range(3):
        ours.verify(GOOGLE.body(), clock.now())
    assert 1 == page.asked

    ours.verify(
        GOOGLE.but(key_expires=str(millis(START + timedelta(days=9)))).body(), clock.forward(minutes=51)
    )
    assert 2 == page.asked


def test_new_root_keys_are_fetched_at_once_but_at_most_once_a_minute(clock: Clock) -> None:
    page = KeysPage(root_entry(new_key()), max_age_s=86_400)
    ours = CallbackVerifier(RootKeys(page), [ISSUER])
    for _ in range(5):
        with pytest.raises(CallbackRejected):
            ours.verify(GOOGLE.body(), clock.now())
    assert 1 == page.asked

    page.entries = [root_entry(GOOGLE.root)]
    assert "save" == ours.verify(GOOGLE.body(), clock.forward(minutes=1)).event
    assert 2 == page.asked


def test_while_the_keys_page_is_down_the_last_keys_still_count_until_their_own_end(clock: Clock) -> None:
    page = KeysPage(
        root_entry(GOOGLE.root, keyExpiration=str(millis(START + timedelta(hours=5)))), max_age_s=60
    )
    ours = CallbackVerifier(RootKeys(page), [ISSUER])
    ours.verify(GOOGLE.body(), clock.now())
    page.down = True
    late = GOOGLE.body(expTimeMillis=millis(START + timedelta(hours=9)))
    assert "save" == ours.verify(late, clock.forward(hours=2)).event

    with pytest.raises(KeysUnavailable):
        ours.verify(late, clock.forward(hours=4))


def test_without_any_keys_the_caller_can_ask_google_to_try_again(clock: Clock) -> None:
    page = KeysPage()
    page.down = True
    ours = CallbackVerifier(RootKeys(page), [ISSUER])
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            ours.verify(GOOGLE.body(), clock.now())
    assert 1 == page.asked


@pytest.mark.parametrize(
    ("cache_control", "age", "seconds"),
    [
        ("public, max-age=100", "30", 70),
        ("max-age=100", "x", 100),
        ("s-maxage=100", "", 0),
        ("", "", 0),
        ("max-age=5", "9", 0),
    ],
)
def test_freshness_is_max_age_minus_age(cache_control: str, age: str, seconds: int) -> None:
    assert timedelta(seconds=seconds) == fresh_for({"Cache-Control": cache_control, "Age": age})


def test_a_save_on_the_stand_in_reaches_us_and_is_believed(cafe: Google) -> None:
    cafe.state.insert("loyaltyObject", cafe.object_body())
    cafe.state.save(f"{ISSUER}.anna", "anna")
    cafe.state.remove(f"{ISSUER}.anna", "anna")
    ours = CallbackVerifier(RootKeys(fetch_from(f"{cafe.url}/gp/m/issuer/keys")), [ISSUER])

    heard = [ours.verify(cafe.shop.hears(), cafe.state.now()) for _ in range(2)]
    assert [("save", f"{ISSUER}.anna"), ("del", f"{ISSUER}.anna")] == [
        (one.event, one.object_id) for one in heard
    ]


def test_the_stand_in_sends_again_until_it_is_answered_well(cafe: Google) -> None:
    cafe.state.insert("loyaltyObject", cafe.object_body())
    cafe.shop.answers_callbacks_with(503)
    cafe.state.save(f"{ISSUER}.anna", "anna")

    assert cafe.shop.hears() == cafe.shop.hears()
    assert cafe.state.callbacks.wait_until_idle(5)
    assert [503, 200] == [one["outcome"] for one in cafe.state.callbacks.sent]


def test_the_stand_in_can_send_twice_late_or_for_somebody_else(cafe: Google) -> None:
    cafe.state.insert("loyaltyObject", cafe.object_body())
    ours = CallbackVerifier(RootKeys(fetch_from(f"{cafe.url}/gp/m/issuer/keys")), [ISSUER])
    modes, now = cafe.state.modes, cafe.state.now

    modes.change({"callbacks_duplicated": True})
    cafe.state.save(f"{ISSUER}.anna", "anna")
    nonces = [ours.verify(cafe.shop.hears(), now()).nonce for _ in range(2)]
    assert 1 == len(set(nonces))

    for name in ("callbacks_expired", "callbacks_for_another_issuer"):
        modes.change({"callbacks_duplicated": False, "callbacks_expired": False, name: True})
        cafe.state.remove(f"{ISSUER}.anna", "anna")
        with pytest.raises(CallbackRejected):
            ours.verify(cafe.shop.hears(), now())
        assert cafe.state.callbacks.wait_until_idle(5)
        modes.change({name: False})
        cafe.state.save(f"{ISSUER}.anna", "anna")
        ours.verify(cafe.shop.hears(), now())


def test_in_an_outage_no_callback_comes_and_the_list_still_tells(cafe: Google) -> None:
    cafe.state.insert("loyaltyObject", cafe.object_body())
    cafe.state.modes.change({"callback_outage": True})
    cafe.state.save(f"{ISSUER}.anna", "anna")

    assert ["dropped"] == [one["outcome"] for one in cafe.state.callbacks.sent]
    assert cafe.shop.callbacks.empty()
    assert [True] == [one["hasUsers"] for one in cafe.client().list_objects(f"{ISSUER}.cafe")]


def test_after_a_rotation_the_new_root_is_fetched(cafe: Google, clock: Clock) -> None:
    keys = cafe.state.callbacks.keys
    ours = CallbackVerifier(RootKeys(fetch_from(f"{cafe.url}/gp/m/issuer/keys")), [ISSUER])
    message = GOOGLE.message(expTimeMillis=millis(cafe.state.now() + timedelta(hours=1)))
    now = cafe.state.now()
    ours.verify(keys.envelope(ISSUER, message), now)
    keys.rotate()
    with pytest.raises(CallbackRejected):
        ours.verify(keys.envelope(ISSUER, message), now + timedelta(seconds=30))
    assert "save" == ours.verify(keys.envelope(ISSUER, message), now + timedelta(seconds=61)).event
