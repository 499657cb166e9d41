"""Certificates for the tests, in Apple's image and with every fault. Keys are made once a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.sandbox import certificates as made

PASS_TYPE = "pass.example.cafe"
TEAM = "CAFETEAM01"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """A key of this name, the same for the whole run."""
    return made.new_key()


@dataclass(frozen=True)
class Papers:
    """Certificate, key and intermediate as PEM, as they would lie in a folder."""

    certificate: bytes
    key: bytes
    wwdr: bytes

    def arguments(self) -> dict[str, bytes]:
        """As the signer takes them."""
        return {"certificate": self.certificate, "key": self.key, "wwdr": self.wwdr}

    def write(self, folder: Path) -> Path:
        """Put them into a folder under the names that the store reads."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.arguments().items():
            (folder / f"{name}.pem").write_bytes(content)
        return folder


@cache
def wwdr(name: str = "wwdr", *, life: timedelta = made.AUTHORITY_LIFE) -> x509.Certificate:
    """A stand-in for Apple's intermediate; every name has a key of its own, all share one subject."""
    root = made.subject(O="Stand-in", CN="Root")
    subject = made.subject(O="Stand-in", OU="G4", CN="Stand-in WWDR")
    return made.make_authority(subject, key(name), issuer=root, signed_by=key("root"), now=NOW, life=life)


@cache
def papers(
    pass_type: str = PASS_TYPE,
    *,
    team: str = TEAM,
    issuer: str = "wwdr",
    leaf_key: str = "leaf",
    life: timedelta = made.LEAF_LIFE,
    nfc: bool = False,
    extension: str | None = None,
    issued: datetime = NOW,
) -> Papers:
    """A pass certificate with its key and intermediate."""
    leaf = made.make_pass_certificate(
        pass_type,
        key(leaf_key),
        issuer=wwdr(issuer).subject,
        signed_by=key(issuer),
        now=issued,
        team_identifier=team,
        life=life,
        nfc=nfc,
        extension=extension,
    )
    return Papers(pem(leaf), key_pem(key(leaf_key)), pem(wwdr(issuer)))


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(private: rsa.RSAPrivateKey, *, passphrase: bytes | None = None) -> bytes:
    """A private key as text."""
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
