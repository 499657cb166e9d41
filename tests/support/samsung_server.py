"""Samsung across the wire, and a shop that is its partner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from pydantic import SecretStr

from app.sandbox.samsung import Registered, Samsung, create_samsung
from app.services import cards
from app.wallets import Kit
from app.wallets.samsung.wallet import SamsungWallet
from app.wallets.samsung.wiring import build
from tests.support.google_server import served
from tests.support.service import Service

PARTNER, CARD, CERTIFICATE = "4048012345678901", "3ir7iadicu000", "zAtI"


@cache
def keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    """The shop's, Samsung's and a stranger's, made once."""
    ours, samsungs, strangers = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    return ours, samsungs, strangers


def private_pem(key: rsa.RSAPrivateKey) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, kind).decode()


class Partner:
    """A shop with Samsung Wallet, and Samsung with one person's phone."""

    def __init__(self, service: Service, samsung: Samsung, url: str) -> None:
        self.service, self.samsung, self.url = service, samsung, url

    @property
    def wallet(self) -> SamsungWallet:
        wallet = self.service.parts.deps.wallets["samsung"]
        assert isinstance(wallet, SamsungWallet)
        return wallet

    def link(self, serial: str) -> str:
        """What the card's page does when somebody follows its Samsung link."""
        with self.service.parts.deps.read() as session:
            face = cards.current_pass(session, self.service.card(serial), self.service.clock.now())
        return self.wallet.add_url(face)

    def holder(self, name: str = "Anna", **member: Any) -> tuple[str, str]:
        """A customer whose card is in Samsung Wallet, and in step: serial, and the card's name there."""
        serial = self.service.customer(name, **member)
        ref_id = self.samsung.add(self.link(serial))
        self.service.works()
        self.samsung.updates.clear()
        return serial, ref_id

    def buys(self, serial: str, amount_minor: int = 1000) -> None:
        self.service.shop.buys(serial, amount_minor)
        self.service.works()


@contextmanager
def partner_of_samsung(service: Service) -> Iterator[Partner]:
    """Samsung Wallet switched on for the length of the block."""
    ours, samsungs, _ = keys()
    registered = Registered(PARTNER, CERTIFICATE, CARD, ours.public_key(), f"{service.url}/samsung")
    clock = service.clock
    samsung = Samsung(registered, samsungs, now_ms=lambda: int(clock.now().timestamp() * 1000))
    door = Flask("samsung")
    door.wsgi_app = create_samsung(samsung).wsgi_app  # type: ignore[method-assign]
    with served(door) as url:
        samsung.callback = url
        settings = service.parts.settings.model_copy(
            update={
                "samsung_partner_id": PARTNER,
                "samsung_card_id": CARD,
                "samsung_certificate_id": CERTIFICATE,
                "samsung_private_key": SecretStr(private_pem(ours)),
                "samsung_public_keys": SecretStr(public_pem(samsungs)),
                "samsung_api_url": url,
            }
        )
        wallets: Any = service.parts.deps.wallets
        wallets["samsung"] = build(_kit(service, settings))
        service.__dict__.pop("worker_parts", None)
        try:
            yield Partner(service, samsung, url)
        finally:
            del wallets["samsung"]
            service.__dict__.pop("worker_parts", None)
            samsung.send.close()


def _kit(service: Service, settings: Any) -> Kit:
    deps = service.parts.deps
    return Kit(
        settings=settings,
        base_url=service.url,
        db=deps.db,
        read=deps.read,
        now=service.clock.now,
        pictures=deps.pictures,
        derive=lambda label: b"",
    )


def with_wallet(shop: Partner, /, **changes: Any) -> None:
    """Other parts of the wallet."""
    wallets: Any = shop.service.parts.deps.wallets
    wallets["samsung"] = replace(shop.wallet, **changes)
    shop.service.__dict__.pop("worker_parts", None)


def certificate_pem(key: rsa.RSAPrivateKey, ends: datetime) -> str:
    """Samsung's certificate, as the portal offers it for download."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "walletsvc.samsung.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(ends - timedelta(days=800)).not_valid_after(ends)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
