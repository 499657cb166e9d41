"""Callbacks as Google signs them, and as anybody else might; independent of the code under test."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.wallets.google.rootkeys import KeysReply
from tests.support.clock import START
from tests.support.google_server import ISSUER

PROTOCOL = "ECv2SigningOnly"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()


def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def signed(key: ec.EllipticCurvePrivateKey, *parts: str) -> str:
    chunks = [part.encode() for part in parts]
    data = b"".join(len(chunk).to_bytes(4, "little") + chunk for chunk in chunks)
    return base64.b64encode(key.sign(data, ec.ECDSA(hashes.SHA256()))).decode()


@dataclass(frozen=True)
class Signer:
    """Google's signing of one callback, every part of which a test may make wrong."""

    root: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    intermediate: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    sender: str = "GooglePayPasses"
    recipient: str = ISSUER
    protocol: str = PROTOCOL
    key_expires: Any = str(millis(START + timedelta(days=7)))
    signed_key_protocol: str = PROTOCOL

    def message(self, **changes: Any) -> dict[str, Any]:
        return {
            "classId": f"{ISSUER}.cafe",
            "objectId": f"{ISSUER}.anna",
            "eventType": "save",
            "expTimeMillis": millis(START + timedelta(hours=1)),
            "count": 1,
            "nonce": "nonce-1",
            **changes,
        }

    def envelope(self, **changes: Any) -> dict[str, Any]:
        """A callback whose message has these changes; a change to None leaves the key out."""
        message = {key: value for key, value in self.message(**changes).items() if value is not None}
        text = json.dumps(message, ensure_ascii=False)
        parts = {"keyValue": public(self.intermediate), "keyExpiration": self.key_expires}
        signed_key = json.dumps({key: value for key, value in parts.items() if value is not None})
        signed_key = signed_key.replace("=", "\\u003d")
        return {
            "protocolVersion": self.protocol,
            "signature": signed(self.intermediate, self.sender, self.recipient, self.protocol, text),
            "intermediateSigningKey": {
                "signedKey": signed_key,
                "signatures": [signed(self.root, self.sender, self.signed_key_protocol, signed_key)],
            },
            "signedMessage": text,
        }

    def body(self, **changes: Any) -> bytes:
        return json.dumps(self.envelope(**changes)).encode()

    def but(self, **changes: Any) -> Signer:
        return replace(self, **changes)


def root_entry(key: ec.EllipticCurvePrivateKey, **changes: Any) -> dict[str, Any]:
    entry = {
        "keyValue": public(key),
        "protocolVersion": PROTOCOL,
        "keyExpiration": str(millis(START + timedelta(days=365))),
        **changes,
    }
    return {name: value for name, value in entry.items() if value is not None}


class KeysPage:
    """Google's page of root keys; counts how often it was asked."""

    def __init__(self, *entries: dict[str, Any], max_age_s: int = 3600, age_s: int = 0) -> None:
        self.entries = list(entries)
        self.headers = {"Cache-Control": f"public, max-age={max_age_s}", "Age": str(age_s)}
        self.asked = 0
        self.down = False

    def __call__(self) -> KeysReply:
        self.asked += 1
        if self.down:
            raise OSError("no route")
        return KeysReply(json.dumps({"keys": self.entries}).encode(), self.headers)
