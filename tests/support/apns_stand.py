"""A café with a pass certificate, and Apple's push service across the street."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.sandbox import certificates as made
from app.sandbox.apns import ApnsServer
from app.sandbox.certificates import DevelopmentAuthority
from app.wallets.apple.apns import ApnsClient
from app.wallets.apple.apns_replies import Push, PushResult, Verdict
from tests.support.apple_certs import key_pem, pem

TOPIC = "pass.example.cafe"
OTHER_TOPIC = "pass.example.bakery"


def token(number: int) -> str:
    """A push token as iPhones have them."""
    return f"{number:064x}"


def tokens(count: int, *, first: int = 1) -> list[Push]:
    return [Push(token(number)) for number in range(first, first + count)]


@dataclass
class ApnsStand:
    """A running stand-in; `client()` is the café's own, `papers_of` gives anybody's certificate."""

    server: ApnsServer
    authority: DevelopmentAuthority
    home: Path
    clients: list[ApnsClient] = field(default_factory=list)

    def papers_of(self, topic: str) -> tuple[Path, Path]:
        folder = self.authority.issue(topic, self.home / "certs")
        return folder / "certificate.pem", folder / "key.pem"

    def client(self, *, topic: str = TOPIC, certificate_of: str = TOPIC, **options: Any) -> ApnsClient:
        certificate, key = self.papers_of(certificate_of)
        return self.client_with(certificate, key, topic=topic, **options)

    def client_with(self, certificate: Path, key: Path, *, topic: str = TOPIC, **options: Any) -> ApnsClient:
        options = {"url": self.server.url, "ca_path": self.authority.root, "topic": topic} | options
        client = ApnsClient(certificate_pem_path=certificate, key_pem_path=key, **options)
        self.clients.append(client)
        return client

    def register(self, pushes: Iterable[Push], topic: str = TOPIC) -> None:
        for push in pushes:
            self.server.register(push.token, topic)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.server.stop()


def open_stand(home: Path, authority: DevelopmentAuthority, **options: Any) -> ApnsStand:
    """Start a stand-in on a free port."""
    server = ApnsServer(*authority.apns_server(), authority.clients_ca, **options)
    server.start()
    return ApnsStand(server, authority, home)


def new_authority(home: Path) -> DevelopmentAuthority:
    return DevelopmentAuthority(home, now=lambda: datetime.now(UTC))


def nameless_papers(stand: ApnsStand, folder: Path) -> tuple[Path, Path]:
    """A certificate of the right authority that names no pass type."""
    wwdr = x509.load_pem_x509_certificate(stand.authority.wwdr.read_bytes())
    signer = serialization.load_pem_private_key(
        stand.authority.wwdr.with_name("wwdr-key.pem").read_bytes(), password=None
    )
    assert isinstance(signer, rsa.RSAPrivateKey)
    key = made.new_key()
    leaf = made.make_pass_certificate(
        "", key, issuer=wwdr.subject, signed_by=signer, now=datetime.now(UTC), extension="nobody"
    )
    certificate_file, key_file = folder / "nameless.pem", folder / "nameless-key.pem"
    certificate_file.write_bytes(pem(leaf))
    key_file.write_bytes(key_pem(key))
    return certificate_file, key_file


def only(results: Iterable[PushResult]) -> tuple[Verdict, int, str]:
    """Verdict, status and reason of the one result there is."""
    (result,) = results
    return result.verdict, result.reply.status, result.reply.reason
