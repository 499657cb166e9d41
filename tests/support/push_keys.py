"""Push keys (.p8) for tests, as Apple's site gives them out: a café's, and whatever else is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.sandbox.apns import ApnsServer

KEY_ID, TEAM = "CAFEKEY001", "TILLPASSDEV"


@dataclass(frozen=True)
class Key:
    """A key with its name; `text` is the content of the .p8 file."""

    key_id: str
    private: ec.EllipticCurvePrivateKey

    @property
    def text(self) -> bytes:
        kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.private.private_bytes(serialization.Encoding.PEM, kind, plain)

    @property
    def public(self) -> bytes:
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, kind)

    def write(self, folder: Path, name: str = "") -> Path:
        """Put it into a folder under Apple's name, or another."""
        path = folder / (name or f"AuthKey_{self.key_id}.p8")
        path.write_bytes(self.text)
        return path

    def known_to(self, server: ApnsServer, *, team: str = TEAM, topics: tuple[str, ...] = ()) -> None:
        """Apple gave this key to a team that owns these pass types."""
        server.keys.give(self.key_id, team, self.public)
        for topic in topics:
            server.keys.own(topic, team)

    def token(self, at_s: float, *, team: str = TEAM, **claims: object) -> str:
        """A provider token by hand."""
        body = {"iss": team, "iat": int(at_s), **claims}
        return jwt.encode(body, self.private, algorithm="ES256", headers={"kid": self.key_id})


@cache
def key(key_id: str = KEY_ID) -> Key:
    """A key of this name, the same for the whole run."""
    return Key(key_id, ec.generate_private_key(ec.SECP256R1()))
