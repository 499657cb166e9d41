"""Google Wallet behind the Wallet protocol: classes for looks, objects for cards, links for customers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.design import Design
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.services import cards
from app.services.ports import DeliveryError, DeviceNews, Finding, Job, Outcome
from app.storage import queries
from app.storage.tables import Card, Delivery, GoogleObject, ProgrammeRow
from app.wallets.google import health, shelf
from app.wallets.google.classes import CLASS_FIELDS, loyalty_class, loyalty_classes
from app.wallets.google.client import GoogleClient
from app.wallets.google.credentials import ServiceAccount, authorized_session
from app.wallets.google.errors import GoogleError
from app.wallets.google.objects import OBJECT_FIELDS, Issuing, loyalty_object, pass_class_id
from app.wallets.google.savelink import CardReference, SaveLinks
from app.wallets.google.turns import shared_turns


@dataclass(frozen=True)
class GoogleWallet:
    """What Google needs of us, for one issuer."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    account: ServiceAccount
    issuing: Issuing
    links: SaveLinks
    api_url: str
    name: str = "google"
    _local: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def add_url(self, card: Pass) -> str:
        """The save link of the card, inserted at Google first; the view link once somebody has saved it."""
        with self.read() as session:
            card_id = queries.card_by_serial(session, card.serial).id
            known = session.get(GoogleObject, card_id)
        if known and known.saved_at and not known.removed_at:
            return self.links.view_link(known.object_id)
        try:
            body = self._send(card_id, card, known)
        except GoogleError as error:
            raise _delivery_error(error) from error
        return self.links.save_link([CardReference(body["id"], body["classId"])], self.now())

    def deliver(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Send each card that Google knows, as it is now; the others need nothing."""
        with self.read() as session:
            known = shelf.objects_of(session, [job.card_id for job in jobs])
        for job in jobs:
            if job.card_id not in known:
                yield Outcome(job, job.version)
                continue
            yield self._deliver_one(job, known[job.card_id])

    def _deliver_one(self, job: Job, known: GoogleObject) -> Outcome:
        with self.read() as session:
            face = cards.passes(session, [job.card_id], self.now())[job.card_id]
        try:
            self._send(job.card_id, face, known, urgent=job.urgent)
        except GoogleError as error:
            return Outcome(job, 0, _delivery_error(error))
        return Outcome(job, face.version)

    def _send(
        self, card_id: int, face: Pass, known: GoogleObject | None, *, urgent: bool = True
    ) -> dict[str, Any]:
        """Make class and object so at Google, and note that it is; raises GoogleError."""
        self._ensure_class(face, urgent)
        body = loyalty_object(face, self.issuing)
        if known is not None and known.balance_shown not in ("", shelf.balance_digest(body)):
            body = loyalty_object(face, self.issuing, notify=True)
        self._client(urgent).upsert_object(body, managed=OBJECT_FIELDS)
        with self.db.begin() as session:
            shelf.keep_object(session, card_id, body, face.version, self.now())
        return body

    def _ensure_class(self, face: Pass, urgent: bool) -> None:
        """Classes are made when the first card needs them: nothing can ever be deleted at Google."""
        with self.read() as session:
            row = queries.programme_row(session, face.programme)
            if pass_class_id(face, self.issuing.issuer_id) in shelf.told_classes(session, row.id):
                return
            look = queries.design_row(session, row)
            programme, design = queries.programme_of(row), queries.design_of(look)
        tier = face.tier.key if face.tier else ""
        body = loyalty_class(programme, design, tier, self.issuing, self.now())
        self._tell_class(row, look.id, body, urgent)

    def _tell_class(self, row: ProgrammeRow, design_id: int, body: dict[str, Any], urgent: bool) -> None:
        self._client(urgent).upsert_class(body, managed=CLASS_FIELDS)
        with self.db.begin() as session:
            shelf.keep_class(session, row.id, design_id, body, self.now())

    def publish(self, programme: Programme, design: Design, design_id: int) -> None:
        """One request for each class that is in use and whose look changed: it reaches every holder."""
        with self.read() as session:
            row = queries.programme_row(session, programme.slug)
            told = shelf.told_classes(session, row.id)
        try:
            for body in loyalty_classes(programme, design, self.issuing, self.now()):
                if told.get(body["id"], shelf.digest(body)) != shelf.digest(body):
                    self._tell_class(row, design_id, body, urgent=True)
        except GoogleError as error:
            raise _delivery_error(error) from error

    def devices(self, card_id: int) -> Sequence[DeviceNews]:
        """Google tells of accounts, not of phones: one entry once somebody has saved the card."""
        with self.read() as session:
            known = session.get(GoogleObject, card_id)
            if known is None or known.saved_at is None or known.removed_at is not None:
                return []
            told = session.scalars(
                select(Delivery).where(Delivery.card_id == card_id, Delivery.wallet == self.name)
            ).one()
            card = session.get_one(Card, card_id)
        version = told.delivered_version if told.due_at or told.last_error else card.version
        at = told.delivered_at or known.inserted_at
        return [
            DeviceNews(
                "google",
                "Google Wallet",
                known.saved_at,
                version,
                at,
                version,
                at,
                version,
                at,
                told.last_error,
            )
        ]

    def preview(self, pass_: Pass, programme: Programme, design: Design) -> dict[str, Any]:
        """`{object, class}`: the card's object and the class of its tier, as Google would be told."""
        tier = pass_.tier.key if pass_.tier else ""
        return {
            "object": loyalty_object(pass_, self.issuing),
            "class": loyalty_class(programme, design, tier, self.issuing, self.now()),
        }

    def check(self, now: datetime) -> Sequence[Finding]:
        """The key works as far as can be seen without asking Google."""
        return health.check(self.account)

    def inspect(self, now: datetime) -> Sequence[Finding]:
        """What our own database knows of Google's refusals."""
        return health.inspect(self.read)

    def probe(self, now: datetime) -> Sequence[Finding]:
        """Ask Google who we are to it, and what became of our looks and cards."""
        issuing = self.issuing
        return health.probe(
            self.account, issuing.issuer_id, self.api_url, issuing.callback_url, self.read, now
        )

    def tend(self, now: datetime) -> bool:
        """Nothing to look after between deliveries."""
        return False

    def _client(self, urgent: bool) -> GoogleClient:
        """One a thread and lane, as its session is."""
        clients: dict[bool, GoogleClient] = self._local.__dict__.setdefault("clients", {})
        if urgent not in clients:
            reserve = shared_turns(self.db, self.issuing.issuer_id, urgent=urgent)
            clients[urgent] = GoogleClient(
                authorized_session(self.account), self.api_url, reserve, now=self.now
            )
        return clients[urgent]


def _delivery_error(error: GoogleError) -> DeliveryError:
    message = f"Google ({error.reason.value}): {error.message}"
    return DeliveryError(message, permanent=error.permanent, retry_after_s=error.retry_after_s)
