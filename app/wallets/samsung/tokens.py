"""Samsung's tokens: signed by us and sealed for Samsung (cards), or signed alone (calls in both directions).

A card travels in the customer's own browser, so it is sealed: JWE (RSA1_5, A128GCM) inside JWS (RS256).
Samsung prescribes RSA1_5, whose weakness is in opening it; we only ever seal. Calls carry a JWS that names
the method and the path, so that one call's token opens no other.

Vendor pages: developer.samsung.com/wallet/SecureYourIntegration/CardDataToken.html and
…/securityauthentication/restapiauthorizationtoken.html (last checked 2026-08).
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

VERSION = "3"
LONGEST_HEADER = 4096
CALL_LASTS = timedelta(minutes=5)
"""Samsung gives no figure for calls; a card's token is good for 30 seconds."""


class Forged(Exception):
    """A call that does not come from Samsung, or not now, or not for this address."""


@dataclass(frozen=True, slots=True)
class Partner:
    """Who we are at Samsung. `samsung_keys`: Samsung's public keys, the one to seal for first."""

    partner_id: str
    certificate_id: str
    key: RSAPrivateKey
    samsung_keys: tuple[RSAPublicKey, ...]


def card_token(card: Mapping[str, Any], partner: Partner, now: datetime) -> str:
    """`cdata`: the card for the link behind the button. Samsung takes it for 30 seconds: make it on click."""
    sealed = _seal(orjson.dumps(card), partner.samsung_keys[0])
    return _sign("CARD", sealed.encode(), partner, now)


def call_token(method: str, path: str, ref_id: str, partner: Partner, now: datetime) -> str:
    """The bearer token of one call of ours, bound to its method and path."""
    claims = {"API": {"method": method, "path": path}, "refId": ref_id}
    return _sign("AUTH", orjson.dumps(claims), partner, now)


def verify_call(header: str | None, method: str, path: str, partner: Partner, now: datetime) -> datetime:
    """When Samsung made this call; raises Forged for anything that is not exactly Samsung's call to us.

    `Bearer` may be missing: Samsung's own examples leave it out at times.
    """
    token = (header or "").removeprefix("Bearer ").strip()
    if not token or len(token) > LONGEST_HEADER or token.count(".") != 2:
        raise Forged("no token")
    head, payload, signature = token.split(".")
    _require_signature(f"{head}.{payload}".encode(), _decoded(signature), partner.samsung_keys)
    made_at = _require_header(_json(head), partner, now)
    api = _json(payload).get("API")
    if not isinstance(api, dict) or api.get("method") != method or not _is_path(api.get("path"), path):
        raise Forged("a token of another call")
    return made_at


def _is_path(named: Any, path: str) -> bool:
    """Samsung names the path below the server's address, with or without our own part of it."""
    return (isinstance(named, str) and named.startswith("/cards/") and path.endswith(named)) or named == path


def _require_signature(signed: bytes, signature: bytes, keys: Sequence[RSAPublicKey]) -> None:
    for key in keys:
        try:
            key.verify(signature, signed, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return
    raise Forged("the signature is not Samsung's")


def _require_header(head: Mapping[str, Any], partner: Partner, now: datetime) -> datetime:
    wanted = {"alg": "RS256", "cty": "AUTH", "ver": VERSION}
    if any(head.get(name) != value for name, value in wanted.items()):
        raise Forged("a token of another kind")
    if not hmac.compare_digest(str(head.get("partnerId")).encode(), partner.partner_id.encode()):
        raise Forged("a token for another partner")
    utc = head.get("utc")
    if not isinstance(utc, int) or isinstance(utc, bool) or not 0 < utc < 1 << 45:
        raise Forged("a token without a time")
    made_at = datetime.fromtimestamp(utc / 1000, UTC)
    if abs(now - made_at) > CALL_LASTS:
        raise Forged("a token of another time")
    return made_at


def _sign(kind: str, payload: bytes, partner: Partner, now: datetime) -> str:
    head = {
        "alg": "RS256",
        "cty": kind,
        "ver": VERSION,
        "certificateId": partner.certificate_id,
        "partnerId": partner.partner_id,
        "utc": int(now.timestamp() * 1000),
    }
    signed = f"{_encoded(orjson.dumps(head))}.{_encoded(payload)}"
    return f"{signed}.{_encoded(partner.key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def _seal(plain: bytes, key: RSAPublicKey) -> str:
    """JWE in its compact form (RFC 7516)."""
    head = _encoded(orjson.dumps({"alg": "RSA1_5", "enc": "A128GCM"}))
    content_key, nonce = AESGCM.generate_key(128), os.urandom(12)
    sealed = AESGCM(content_key).encrypt(nonce, plain, head.encode())
    parts = (key.encrypt(content_key, padding.PKCS1v15()), nonce, sealed[:-16], sealed[-16:])
    return ".".join([head, *map(_encoded, parts)])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Forged("not base64url") from None


def _json(part: str) -> dict[str, Any]:
    try:
        found = orjson.loads(_decoded(part))
    except orjson.JSONDecodeError:
        raise Forged("not JSON") from None
    if not isinstance(found, dict):
        raise Forged("not an object")
    return found
