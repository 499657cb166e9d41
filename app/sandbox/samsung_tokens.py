"""Samsung's side of its tokens: opens sealed cards, checks a partner's signature, signs its own calls.

Written from Samsung's pages and the RFCs alone (7515, 7516), so that it agrees with the product only where
the product is right.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

_HEADER = {"alg", "cty", "ver", "certificateId", "partnerId", "utc"}


class Refused(Exception):
    """What Samsung would not take, and why."""


def opened(
    token: str, kind: str, key: RSAPublicKey, *, partner: str, certificate: str, now_ms: int, lasts_ms: int
) -> bytes:
    """The payload of a partner's JWS. Raises Refused."""
    parts = token.split(".")
    if len(parts) != 3:
        raise Refused("a JWS has three parts")
    head = _object(_bytes(parts[0]))
    if set(head) != _HEADER:
        raise Refused(f"the header must have exactly {sorted(_HEADER)}, not {sorted(head)}")
    wanted = {"alg": "RS256", "cty": kind, "ver": "3", "certificateId": certificate, "partnerId": partner}
    wrong = [name for name, value in wanted.items() if head[name] != value]
    if wrong:
        raise Refused(f"wrong in the header: {', '.join(wrong)}")
    if type(head["utc"]) is not int or not now_ms - lasts_ms <= head["utc"] <= now_ms + 5_000:
        raise Refused("the token is too old, or of the future")
    try:
        key.verify(_bytes(parts[2]), f"{parts[0]}.{parts[1]}".encode(), padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        raise Refused("the signature is not the partner's") from None
    return _bytes(parts[1])


def unsealed(jwe: str, key: RSAPrivateKey) -> dict[str, Any]:
    """The card in a JWE. Raises Refused."""
    parts = jwe.split(".")
    if len(parts) != 5:
        raise Refused("a JWE has five parts")
    head = _object(_bytes(parts[0]))
    if head.get("alg") != "RSA1_5" or head.get("enc") != "A128GCM":
        raise Refused("the JWE must be RSA1_5 with A128GCM")
    try:
        content_key = key.decrypt(_bytes(parts[1]), padding.PKCS1v15())
        sealed = _bytes(parts[3]) + _bytes(parts[4])
        return _object(AESGCM(content_key).decrypt(_bytes(parts[2]), sealed, parts[0].encode()))
    except (ValueError, InvalidTag):
        raise Refused("the JWE cannot be opened") from None


def signed(claims: Mapping[str, Any], key: RSAPrivateKey, *, partner: str, now_ms: int, **other: Any) -> str:
    """Samsung's own bearer token; `other` replaces fields of its header, to make a wrong one."""
    head = {
        "alg": "RS256",
        "cty": "AUTH",
        "ver": "3",
        "certificateId": "SMSG",
        "partnerId": partner,
        "utc": now_ms,
    }
    first = f"{_text(json.dumps({**head, **other}).encode())}.{_text(json.dumps(claims).encode())}"
    return f"{first}.{_text(key.sign(first.encode(), padding.PKCS1v15(), SHA256()))}"


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        raise Refused("not JSON") from None
    if not isinstance(found, dict):
        raise Refused("not a JSON object")
    return found


def _bytes(text: str) -> bytes:
    if "=" in text:
        raise Refused("base64url has no padding here")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Refused("not base64url") from None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
