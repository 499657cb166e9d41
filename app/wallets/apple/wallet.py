"""Apple Wallet behind the Wallet protocol: packages for who adds a card, pushes for who has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.deps import deps
from app.domain.design import Design
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.services import cards, pass_moves
from app.services.ports import DeliveryError, DeviceNews, Finding, Job, Outcome
from app.storage.tables import Card, FormerPass, KeptToken
from app.wallets.apple import health, registrations, repush
from app.wallets.apple.app_push import AppPushers
from app.wallets.apple.bundle import BrokenPass, build
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.enhanced import nfc_findings
from app.wallets.apple.former import as_former, let_go
from app.wallets.apple.observed import Observed
from app.wallets.apple.passjson import Issuer, card_files
from app.wallets.apple.personalisation import Turnstile
from app.wallets.apple.pictures import Shelf, pictures_of
from app.wallets.apple.pushing import Clients, push_jobs
from app.wallets.apple.several import together
from app.wallets.apple.signing import CertificateError
from app.wallets.apple.strings import read_strings
from app.wallets.apple.tokens import PassTokens


@dataclass(frozen=True, slots=True)
class Package:
    """A signed pass (`application/vnd.apple.pkpass`), the version that it shows and since when."""

    body: bytes
    version: int
    changed_at: datetime


@dataclass(frozen=True)
class AppleWallet:
    """What Apple needs of us; `base_url` is our public address without a slash at the end."""

    base_url: str
    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    store: CertificateStore
    tokens: PassTokens
    shelf: Shelf
    clients: Clients
    apps: AppPushers
    observed: Observed
    turnstile: Turnstile = field(default_factory=Turnstile)
    name: str = "apple"

    def add_url(self, card: Pass) -> str:
        """The signed pass itself."""
        return f"{self.base_url}/c/{card.link}/card.pkpass"

    def deliver(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Knock at every phone that holds these cards; what they fetch then is current by nature."""
        yield from push_jobs(self.db, self.clients, self.apps, jobs, self.now)
        health.keep_fuses(self.db, self.clients, self.now())

    def publish(self, programme: Programme, design: Design, design_id: int) -> None:
        """Apple has no shared look: each phone fetches its own card."""

    def devices(self, card_id: int) -> Sequence[DeviceNews]:
        """The phones that hold this card."""
        with self.read() as session:
            return registrations.device_news(session, card_id)

    def preview(self, pass_: Pass, programme: Programme, design: Design) -> dict[str, Any]:
        """`{pass, strings, images}`: pass.json, texts by language, and picture addresses by file name."""
        issuer = Issuer("", "", base_url=self.base_url, web_service_url="")
        files = card_files(pass_, issuer, authentication_token="")
        words = {name.partition(".")[0]: data for name, data in files.items() if name.endswith(".strings")}
        return {
            "pass": orjson.loads(files["pass.json"]),
            "strings": {locale: dict(read_strings(data)) for locale, data in words.items()},
            "images": {
                each.name: deps().pictures.url(each.art, each.width, each.height, 2)
                for each in pictures_of(pass_)
                if each.folder in ("", f"{pass_.locale}.lproj/")
            },
        }

    def check(self, now: datetime) -> Sequence[Finding]:
        """Certificates, and whether Apple refuses our tokens as a whole."""
        found = health.findings(self.store, self.clients, self.read, now)
        return [*found, *nfc_findings(self.store, self.read)]

    def inspect(self, now: datetime) -> Sequence[Finding]:
        """Whether a phone would take the newest card of each programme."""
        return [*health.inspect(self.store, self.read, lambda card_id: self.signed(card_id).body)]

    def probe(self, now: datetime) -> Sequence[Finding]:
        """Knock at Apple's push service with each pass type's papers."""
        return health.probe(self.store, self.clients)

    def tend(self, now: datetime) -> bool:
        """Cards that move to another pass type, old passes that may be forgotten, phones that never came."""
        moved = pass_moves.step(self.db, self.read, now)
        gone = let_go(self.db, self.read, now)
        return repush.step(self.db, self.read, self.clients, now) or moved or gone

    def package(self, card_id: int) -> tuple[bytes, datetime]:
        """The signed pass for the customer's page, and when it last changed; raises DeliveryError."""
        try:
            made = self.signed(card_id)
        except (CertificateError, BrokenPass) as error:
            raise DeliveryError(f"The pass cannot be signed: {error}") from error
        self.observed.served(card_id, made.version)
        return made.body, made.changed_at

    def packages(self, card_ids: Sequence[int]) -> bytes:
        """The signed passes of several cards in one bundle (`application/vnd.apple.pkpasses`), ten at most;
        raises DeliveryError.
        """
        made = {card_id: self.package(card_id) for card_id in card_ids}
        try:
            return together([body for body, _ in made.values()])
        except BrokenPass as error:
            raise DeliveryError(f"The passes cannot be bundled: {error}") from error

    def signed(self, card_id: int, former: str = "") -> Package:
        """The card as it is now, signed and checked; raises CertificateError, BrokenPass.

        Version and content come from one snapshot; drawing and signing happen after it is closed. `former`
        asks for the pass that phones hold under an earlier pass type.
        """
        with self.read() as session:
            if session.get_bind().dialect.name == "postgresql":
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            card = session.get_one(Card, card_id)
            face, salt = cards.current_pass(session, card, self.now()), card.salt
            kept = session.scalar(select(KeptToken.token).where(KeptToken.card_id == card_id))
            old = session.get(FormerPass, (card_id, former)) if former else None
            face = as_former(face, old) if old else face
        if not face.pass_type_identifier:
            face = self._adopt(card_id, face)
        body = self._sign(face, self.tokens.token_of(face.serial, salt, kept))
        assert face.changed_at is not None
        return Package(body, face.version, face.changed_at)

    def sign_token(self, pass_type: str, serial: str, token: str) -> bytes | None:
        """The signature that a phone wants for signing its holder up; None for an unknown card, and where
        the certificate is not one for NFC. Raises CertificateError.
        """
        known = select(Card.id).where(Card.serial == serial, Card.pass_type_identifier == pass_type)
        with self.read() as session:
            if session.scalar(known) is None:
                return None
        identity = self.store.identity(pass_type)
        return identity.signer.sign(token.encode(), now=self.now()) if identity.nfc else None

    def _sign(self, face: Pass, token: str) -> bytes:
        identity = self.store.identity(face.pass_type_identifier)
        issuer = Issuer(
            pass_type_identifier=identity.pass_type_identifier,
            team_identifier=identity.team_identifier,
            base_url=self.base_url,
            web_service_url=f"{self.base_url}/apple",
            nfc=identity.nfc,
        )
        files = card_files(face, issuer, authentication_token=token)
        return build(self.shelf.prepared(face, nfc=identity.nfc), files, identity.signer, self.now())

    def _adopt(self, card_id: int, face: Pass) -> Pass:
        """A card that was issued before there was a certificate takes the only pass type there is, for
        good.
        """
        name = self.store.only().pass_type_identifier
        with self.db.begin() as session:
            card = session.get_one(Card, card_id, with_for_update=True)
            card.pass_type_identifier = card.pass_type_identifier or name
            cards.touch(session, card, self.now())
            return cards.current_pass(session, card, self.now())
