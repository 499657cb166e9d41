"""Google Wallet behind the Wallet protocol: classes for looks, objects for cards, links for customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.design import Design
from app.domain.google_look import KINDS, Kind
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.services import cards, rotating
from app.services.causes import found
from app.services.ports import DeliveryError, DeviceNews, Finding, Job, Outcome
from app.storage import queries
from app.storage.tables import Card, Delivery, GoogleObject, ProgrammeRow
from app.wallets.google import health, shelf
from app.wallets.google.classes import announces, look_class, tiers_of
from app.wallets.google.credentials import ServiceAccount
from app.wallets.google.desks import Desk, Desks
from app.wallets.google.errors import GoogleError
from app.wallets.google.objects import (
    KIND_NAMES,
    NO_SECRET,
    Issuing,
    all_links,
    card_object,
    class_id,
    kind_of,
    managed,
    pass_class_id,
)
from app.wallets.google.preflight import Preflight, Unreachable
from app.wallets.google.savelink import CardReference

Json = dict[str, Any]


@dataclass(frozen=True)
class GoogleWallet:
    """What Google needs of us, for all our issuers."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    desks: Desks
    rotating_key: bytes = field(default=b"", repr=False)
    preflight: Preflight | None = None
    name: str = "google"

    @property
    def account(self) -> ServiceAccount:
        """Of the default issuer."""
        return self.desks.chosen().account

    @property
    def issuing(self) -> Issuing:
        """Of the default issuer."""
        return self.desks.chosen().issuing

    def add_url(self, card: Pass) -> str:
        """The save link of the card, inserted at Google first; the view link once somebody has saved it."""
        with self.read() as session:
            card_id = queries.card_by_serial(session, card.serial).id
            known = session.get(GoogleObject, card_id)
            issuer = queries.programme_of(queries.programme_row(session, card.programme)).google.issuer_id
        desk = self.desks.of(known.object_id) if known else self.desks.chosen(issuer)
        if known and known.saved_at and not known.removed_at:
            return desk.links.view_link(known.object_id)
        kind = _kind(known, card)
        try:
            body = self._send(desk, card_id, card, known)
        except GoogleError as error:
            raise delivery_error(error) from error
        reference = CardReference(body["id"], body["classId"], KIND_NAMES[kind])
        return desk.links.save_link([reference], self.now())

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
            self._send(self.desks.of(known.object_id), job.card_id, face, known, urgent=job.urgent)
        except DeliveryError as error:
            return Outcome(job, 0, error)
        except GoogleError as error:
            return Outcome(job, 0, delivery_error(error))
        return Outcome(job, face.version)

    def _send(
        self, desk: Desk, card_id: int, face: Pass, known: GoogleObject | None, *, urgent: bool = True
    ) -> Json:
        """Make class and object so at Google, and note that it is; raises GoogleError or DeliveryError."""
        kind = _kind(known, face)
        self._ensure_class(desk, face, kind, urgent)
        body = self._body(desk, card_id, face, kind)
        if known is not None and known.balance_shown not in ("", shelf.balance_digest(body)):
            body = self._body(desk, card_id, face, kind, notify=True)
        self._look_at_pictures(kind, "Object", body)
        desk.client(urgent).upsert_object(body, resource=KIND_NAMES[kind], managed=managed(kind, "Object"))
        with self.db.begin() as session:
            shelf.keep_object(session, card_id, body, face.version, self.now(), kind)
        self._after_object(desk, card_id, face, body, urgent)
        return body

    def _body(self, desk: Desk, card_id: int, face: Pass, kind: Kind, *, notify: bool = False) -> Json:
        """The object with what is not on the card's face: the rotating secret, and links to what exists."""
        secret, linked = "", frozenset[str]()
        wanted = all_links(face, desk.issuing)
        if face.barcode.rotating or wanted:
            with self.read() as session:
                card = session.get_one(Card, card_id)
                secret = rotating.card_secret(self.rotating_key, card.serial, card.salt).hex()
                linked = shelf.existing(session, wanted)
        return card_object(face, desk.issuing, kind, notify=notify, secret=secret, known=linked)

    def _ensure_class(self, desk: Desk, face: Pass, kind: Kind, urgent: bool) -> None:
        """Classes are made when the first card needs them: nothing can ever be deleted at Google."""
        with self.read() as session:
            row = queries.programme_row(session, face.programme)
            if pass_class_id(face, desk.issuer_id, kind) in shelf.told_classes(session, row.id):
                return
            look = queries.design_row(session, row)
            programme, design = queries.programme_of(row), queries.design_of(look)
        tier = face.tier.key if face.tier else ""
        body = look_class(programme, design, tier, desk.issuing, self.now(), kind)
        self._tell_class(desk, row, look.id, body, kind, urgent)

    def _tell_class(
        self, desk: Desk, row: ProgrammeRow, design_id: int, body: Json, kind: Kind, urgent: bool
    ) -> None:
        """`body` may ask for a notice, which is no part of what is remembered."""
        self._look_at_pictures(kind, "Class", body)
        client = desk.client(urgent)
        reply = client.upsert_class(body, resource=KIND_NAMES[kind], managed=managed(kind, "Class"))
        lasting = {key: value for key, value in body.items() if key != "notifyPreference"}
        with self.db.begin() as session:
            shelf.keep_class(session, row.id, design_id, lasting, self.now(), reply.get("reviewStatus", ""))
        self._after_class(desk, row, lasting, kind, urgent)

    def _after_object(self, desk: Desk, card_id: int, face: Pass, body: Json, urgent: bool) -> None:
        """What follows once Google has taken the object."""

    def _after_class(self, desk: Desk, row: ProgrammeRow, body: Json, kind: Kind, urgent: bool) -> None:
        """What follows once Google has taken the class."""

    def _look_at_pictures(self, kind: Kind, what: str, body: Json) -> None:
        """Google refuses a whole write for one picture that it cannot fetch: see first whether it can."""
        if self.preflight is None:
            return
        try:
            self.preflight.require(body, self.now())
        except Unreachable as fault:
            raise DeliveryError(str(fault), permanent=False) from fault

    def publish(self, programme: Programme, design: Design, design_id: int) -> None:
        """One request for each class that is in use and whose look changed: it reaches every holder."""
        with self.read() as session:
            row = queries.programme_row(session, programme.slug)
            told = shelf.told_classes(session, row.id)
        try:
            for desk, kind, tier in self._in_use(programme.slug, design, told):
                body = look_class(programme, design, tier, desk.issuing, self.now(), kind)
                if told[body["id"]] == shelf.digest(body):
                    continue
                if announces(design, kind):
                    body["notifyPreference"] = "NOTIFY_ON_UPDATE"
                self._tell_class(desk, row, design_id, body, kind, urgent=True)
        except GoogleError as error:
            raise delivery_error(error) from error

    def _in_use(self, slug: str, design: Design, told: Collection[str]) -> Iterator[tuple[Desk, Kind, str]]:
        """The classes of this design that Google was told of, at every issuer and of every kind."""
        for issuer_id in sorted({one.partition(".")[0] for one in told} & set(self.desks.by_issuer)):
            for kind in KINDS:
                for tier in tiers_of(design):
                    if class_id(issuer_id, slug, tier, kind) in told:
                        yield self.desks.chosen(issuer_id), kind, tier

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
        steps = (version, at) * 3
        return [DeviceNews("google", "Google Wallet", known.saved_at, *steps, told.last_error)]

    def preview(self, pass_: Pass, programme: Programme, design: Design) -> dict[str, Any]:
        """`{object, class}`: the card's object and the class of its tier, as Google would be told. The secret
        of a rotating barcode is never shown.
        """
        known = self.desks.by_issuer.get(programme.google.issuer_id)
        issuing = known.issuing if known else self.issuing
        kind = kind_of(pass_)
        tier = pass_.tier.key if pass_.tier else ""
        return {
            "object": card_object(pass_, issuing, kind, secret=NO_SECRET),
            "class": look_class(programme, design, tier, issuing, self.now(), kind),
        }

    def check(self, now: datetime) -> Sequence[Finding]:
        """Keys, issuers, looks and pictures, as far as can be seen without asking Google."""
        accounts = {desk.account.email: desk.account for desk in self.desks.by_issuer.values()}
        findings = [one for _, account in sorted(accounts.items()) for one in health.check(account)]
        with self.read() as session:
            wanted = shelf.wanted_issuers(session)
            looks = shelf.unapproved(session)
        findings += [
            found("google-issuer-unknown", issuer=issuer, programme=slug)
            for slug, issuer in wanted
            if issuer not in self.desks.by_issuer
        ]
        for id_, status in looks:
            code = "google-class-rejected" if status == "rejected" else "google-class-waiting"
            findings.append(found(code, class_id=id_, status=status))
        if self.preflight is not None:
            findings += [
                found("google-image-unreachable", url=url, said=said)
                for url, said in self.preflight.faults(now)
            ]
        return findings

    def inspect(self, now: datetime) -> Sequence[Finding]:
        """What our own database knows of Google's refusals."""
        return health.inspect(self.read)

    def probe(self, now: datetime) -> Sequence[Finding]:
        """Ask Google who we are to it, and what became of our looks and cards: every issuer by itself."""
        findings: list[Finding] = []
        for desk in self.desks.by_issuer.values():
            told_at = desk.issuing.callback_url
            findings += health.probe(desk.account, desk.issuer_id, desk.api_url, told_at, self.read, now)
        return findings

    def tend(self, now: datetime) -> bool:
        """Nothing to look after between deliveries."""
        return False


def _kind(known: GoogleObject | None, face: Pass) -> Kind:
    """A card keeps the kind it was made with; a new one is what its design says."""
    return cast(Kind, known.kind) if known else kind_of(face)


def delivery_error(error: GoogleError) -> DeliveryError:
    """Google's refusal in the words of the port."""
    message = f"Google ({error.reason.value}): {error.message}"
    return DeliveryError(message, permanent=error.permanent, retry_after_s=error.retry_after_s)
