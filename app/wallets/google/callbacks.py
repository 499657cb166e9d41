"""Google's word that a customer saved or deleted a card, believed only after its signature (ECv2SigningOnly).

The recipient in the signature is *our* issuer id, from the settings: taken from the message, as published
libraries do, a genuine callback of any other issuer could be replayed here. What is signed are bytes, so
nothing is parsed and written again before it is verified (`signedKey` arrives with `\\u003d` inside).

Vendor page: developers.google.com/wallet/retail/loyalty-cards/use-cases/use-callbacks-for-saves-and-deletions
(last checked 2026-08); the algorithm is that of Tink's PaymentMethodTokenRecipient.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

PROTOCOL = "ECv2SigningOnly"
SENDER = "GooglePayPasses"
LARGEST_BODY = 64 * 1024
MOST_SIGNATURES = 16
_ENVELOPE = {"protocolVersion", "signature", "intermediateSigningKey", "signedMessage"}
_INTERMEDIATE = {"signedKey", "signatures"}
_ECDSA = ec.ECDSA(hashes.SHA256())


class CallbackRejected(Exception):
    """Not a callback that we believe; nothing may happen because of it. Answer 4xx."""


class KeysUnavailable(CallbackRejected):
    """Google's root keys cannot be had just now: answer 503, so that Google tries again."""


class RootKeySource(Protocol):
    """Where the trusted root keys come from; `rootkeys.RootKeys` in earnest."""

    def trusted(self, now: datetime) -> tuple[ec.EllipticCurvePublicKey, ...]: ...
    def refetched(self, now: datetime) -> tuple[ec.EllipticCurvePublicKey, ...]: ...


@dataclass(frozen=True, slots=True)
class Callback:
    """A verified save or deletion. Google may send one twice: `nonce` tells."""

    class_id: str
    object_id: str
    event: Literal["save", "del"]
    nonce: str
    expires_at: datetime
    count: int


class _Envelope(NamedTuple):
    signed_message: str
    signature: bytes
    signed_key: str
    signatures: tuple[bytes, ...]


class CallbackVerifier:
    """Verifies callbacks for our issuers; `issuer_ids` come from the settings."""

    def __init__(self, root_keys: RootKeySource, issuer_ids: Collection[str]) -> None:
        self._root_keys = root_keys
        self._issuer_ids = tuple(issuer_ids)

    def verify(self, body: bytes, now: datetime) -> Callback:
        """What the body says, if Google signed it for us and it is still valid.

        Raises `CallbackRejected` for anything else, whatever the bytes are (`KeysUnavailable` while the root
        keys cannot be fetched).
        """
        envelope = _envelope(body)
        self._require_root(envelope, now)
        intermediate = _intermediate(envelope.signed_key, now)
        issuer_id = self._recipient(envelope, intermediate)
        return _callback(envelope.signed_message, issuer_id, now)

    def _require_root(self, envelope: _Envelope, now: datetime) -> None:
        signed = length_value(SENDER, PROTOCOL, envelope.signed_key)
        for keys in (self._root_keys.trusted, self._root_keys.refetched):
            for key in keys(now):
                if any(_is_signed(key, signature, signed) for signature in envelope.signatures):
                    return
        raise CallbackRejected("no root key signed the intermediate key")

    def _recipient(self, envelope: _Envelope, key: ec.EllipticCurvePublicKey) -> str:
        for issuer_id in self._issuer_ids:
            signed = length_value(SENDER, issuer_id, PROTOCOL, envelope.signed_message)
            if _is_signed(key, envelope.signature, signed):
                return issuer_id
        raise CallbackRejected("the message is not signed for us")


def length_value(*parts: str) -> bytes:
    """Each part as the length of its UTF-8 in four bytes, little-endian, and then the bytes."""
    chunks = (part.encode() for part in parts)
    return b"".join(len(chunk).to_bytes(4, "little") + chunk for chunk in chunks)


def load_key(text: object) -> ec.EllipticCurvePublicKey:
    """A P-256 public key from base64 SubjectPublicKeyInfo; raises `CallbackRejected`."""
    try:
        key = load_der_public_key(_bytes(text))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CallbackRejected("not a public key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CallbackRejected("not a P-256 key")
    return key


def parse_object(text: str | bytes, what: str) -> dict[str, Any]:
    """A JSON object without repeated keys; raises `CallbackRejected`."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise CallbackRejected(f"the {what} is not JSON") from error
    if not isinstance(found, dict):
        raise CallbackRejected(f"the {what} is not an object")
    return found


def is_ahead(millis: object, now: datetime) -> bool:
    """Whether milliseconds since the epoch, an integer or decimal digits, lie after `now`."""
    if isinstance(millis, str) and millis.isascii() and millis.isdigit() and len(millis) <= 20:
        millis = int(millis)
    return isinstance(millis, int) and not isinstance(millis, bool) and millis > now.timestamp() * 1000


def _envelope(body: bytes) -> _Envelope:
    if len(body) > LARGEST_BODY:
        raise CallbackRejected("the body is too large")
    found = parse_object(body, "body")
    if found.keys() != _ENVELOPE or found["protocolVersion"] != PROTOCOL:
        raise CallbackRejected(f"not an {PROTOCOL} message")
    inner = found["intermediateSigningKey"]
    if not isinstance(inner, dict) or inner.keys() != _INTERMEDIATE:
        raise CallbackRejected("not an intermediate signing key")
    signatures = inner["signatures"]
    if not isinstance(signatures, list) or not 0 < len(signatures) <= MOST_SIGNATURES:
        raise CallbackRejected("the intermediate key has no usable signatures")
    return _Envelope(
        signed_message=_text(found["signedMessage"]),
        signature=_bytes(found["signature"]),
        signed_key=_text(inner["signedKey"]),
        signatures=tuple(_bytes(signature) for signature in signatures),
    )


def _intermediate(signed_key: str, now: datetime) -> ec.EllipticCurvePublicKey:
    found = parse_object(signed_key, "signed key")
    if not is_ahead(found.get("keyExpiration"), now):
        raise CallbackRejected("the intermediate key has expired")
    return load_key(found.get("keyValue"))


def _callback(signed_message: str, issuer_id: str, now: datetime) -> Callback:
    found = parse_object(signed_message, "signed message")
    if not is_ahead(found.get("expTimeMillis"), now):
        raise CallbackRejected("the message has expired")
    class_id, object_id, nonce = (_text(found.get(name)) for name in ("classId", "objectId", "nonce"))
    if not all(name.startswith(f"{issuer_id}.") for name in (class_id, object_id)):
        raise CallbackRejected("the card is another issuer's")
    event, count = found.get("eventType"), found.get("count")
    if event not in ("save", "del") or not nonce or not isinstance(count, int) or isinstance(count, bool):
        raise CallbackRejected("not a save or a deletion")
    return Callback(class_id, object_id, event, nonce, _moment(found["expTimeMillis"]), count)


def _moment(millis: int | str) -> datetime:
    try:
        return datetime.fromtimestamp(int(millis) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise CallbackRejected("the message's time is out of range") from error


def _is_signed(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, _ECDSA)
    except InvalidSignature:
        return False
    return True


def _text(value: object) -> str:
    """A string that has a UTF-8 form: lone surrogates would break the length rule later."""
    if not isinstance(value, str):
        raise CallbackRejected("a text is missing")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise CallbackRejected("a text is not Unicode") from error
    return value


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except ValueError as error:
        raise CallbackRejected("not base64") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
