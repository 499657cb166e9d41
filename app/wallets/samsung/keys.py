"""Keys as they come from Samsung's partner portal: our private key, and Samsung's certificates or keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from app.services.causes import fine, found
from app.services.ports import Finding

SOON = timedelta(days=30)
_END = "-----END "


class InvalidKeys(Exception):
    """A key that cannot be used, in words for the operator."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Our private key, Samsung's public keys in their order, and when the certificates among them end."""

    ours: RSAPrivateKey
    samsungs: tuple[RSAPublicKey, ...]
    ends: tuple[datetime, ...] = ()

    def check(self, now: datetime) -> list[Finding]:
        """What will stop cards, and what will soon."""
        if not self.ends or min(self.ends) > now + SOON:
            return [fine("samsung-keys")]
        end = min(self.ends)
        over = end <= now
        return [
            found("samsung-certificate-ended" if over else "samsung-certificate-ends", day=str(end.date()))
        ]


def read_keys(private_pem: str, public_pems: str) -> Keys:
    """Parse PEM texts; `public_pems` may hold several, certificates and keys mixed. Raises InvalidKeys."""
    try:
        ours = load_pem_private_key(private_pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise InvalidKeys(
            "TILLPASS_SAMSUNG_PRIVATE_KEY is not a PEM private key without a password"
        ) from error
    if not isinstance(ours, RSAPrivateKey) or ours.key_size < 2048:
        raise InvalidKeys("TILLPASS_SAMSUNG_PRIVATE_KEY must be an RSA key of 2048 bits or more")
    read = [_read_public(text) for text in _blocks(public_pems)]
    if not read:
        raise InvalidKeys("TILLPASS_SAMSUNG_PUBLIC_KEYS holds no PEM certificate or key")
    return Keys(ours, tuple(key for key, _ in read), tuple(end for _, end in read if end))


def _read_public(text: str) -> tuple[RSAPublicKey, datetime | None]:
    try:
        if "BEGIN CERTIFICATE" in text:
            certificate = x509.load_pem_x509_certificate(text.encode())
            key, end = certificate.public_key(), certificate.not_valid_after_utc
        else:
            key, end = load_pem_public_key(text.encode()), None  # type: ignore[assignment]
    except (ValueError, TypeError) as error:
        raise InvalidKeys("TILLPASS_SAMSUNG_PUBLIC_KEYS cannot be read as PEM") from error
    if not isinstance(key, RSAPublicKey):
        raise InvalidKeys("TILLPASS_SAMSUNG_PUBLIC_KEYS must hold RSA keys")
    return key, end


def _blocks(text: str) -> Sequence[str]:
    """The PEM blocks of a text."""
    made, current = [], ""
    for line in text.strip().splitlines():
        current += line.strip() + "\n"
        if line.strip().startswith(_END):
            made.append(current)
            current = ""
    return made
