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
from app.domain.passes import Message, Pass
from app.domain.programme import Programme
from app.services import cards, rotating
from app.services.causes import found
from app.services.ports import DeliveryError, DeviceNews, Finding, Job, Outcome
from app.services.shown_messages import to_everyone
from app.storage import queries
from app.storage.tables import Card, Delivery, GoogleObject, ProgrammeRow
from app.wallets.google import drift, health, notices, reconcile, shelf
from app.wallets.google.classes import announces, look_class, tiers_of
from app.wallets.google.credentials import ServiceAccount
from app.wallets.google.desks import Desk, Desks
from app.wallets.google.errors import GoogleError
from app.wallets.google.messages import Messenger, Target, carried, note_carried, own_messages
from app.wallets.google.objects import (
    KIND_NAMES,
    NO_SECRET,
    Issuing,
    all_links,
    card_object,
    class_id,
    kind_of,
    kind_of_class,
    managed,
    pass_class_id,
)
from app.wallets.google.preflight import Preflight, Unreachable
from app.wallets.google.savelink import CardReference
from app.wallets.google.upkeep import Upkeep

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
    upkeep: Upkeep = field(default_factory=Upkeep, repr=False, compare=False)
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
            body, _ = self._send(desk, card_id, card, known)
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
            told = shelf.delivered_version(session, job.card_id)
        try:
            desk = self.desks.of(known.object_id)
            copy = None
            if not self._has_it(desk, job.card_id, face, known, told):
                _, copy = self._send(desk, job.card_id, face, known, urgent=job.urgent)
            self._say(desk, face, known, copy, urgent=job.urgent)
        except DeliveryError as error:
            return Outcome(job, 0, error)
        except GoogleError as error:
            return Outcome(job, 0, delivery_error(error))
        return Outcome(job, face.version)

    def _has_it(self, desk: Desk, card_id: int, face: Pass, known: GoogleObject, told: int | None) -> bool:
        """Whether Google's object shows this face already: what changed stands on its look. A card that is
        sent again on somebody's word (its version was told) is always sent.
        """
        if told is None or told >= face.version or not known.body_hash:
            return False
        kind = _kind(known, face)
        if pass_class_id(face, desk.issuer_id, kind) != known.class_id:
            return False
        return known.body_hash == shelf.digest(self._body(desk, card_id, face, kind, known))

    def _send(
        self, desk: Desk, card_id: int, face: Pass, known: GoogleObject | None, *, urgent: bool = True
    ) -> tuple[Json, Json]:
        """Make class and object so at Google, and note that it is: (what was sent, Google's copy).

        Raises GoogleError or DeliveryError.
        """
        kind = _kind(known, face)
        self._ensure_class(desk, face, kind, urgent)
        body = self._body(desk, card_id, face, kind, known)
        turn: int | None = None
        if known is not None and known.balance_shown not in ("", shelf.balance_digest(body)):
            body, turn = self._announced(desk, card_id, face, kind, body, known, urgent)
        fresh = own_messages(face) if known is None else ()
        self._look_at_pictures(body)
        copy = self._upsert(desk, kind, {**body, **carried(fresh, face.locales)}, turn, urgent)
        with self.db.begin() as session:
            shelf.keep_object(session, card_id, body, face.version, self.now(), kind)
            note_carried(session, body["id"], fresh, self.now())
        return body, copy

    def _announced(
        self, desk: Desk, card_id: int, face: Pass, kind: Kind, body: Json, known: GoogleObject, urgent: bool
    ) -> tuple[Json, int | None]:
        """The body that asks for a notice, and the turn that it takes; silent where no turn is left."""
        loud = self._body(desk, card_id, face, kind, known, notify=True)
        if "notifyPreference" not in loud:
            return body, None
        turn = self._turn(body["id"], service=urgent)
        return (body if turn is None else loud), turn

    def _turn(self, target: str, *, service: bool) -> int | None:
        with self.db.begin() as session:
            return notices.take(session, target, "update", service=service, now=self.now())

    def _upsert(self, desk: Desk, kind: Kind, body: Json, turn: int | None, urgent: bool) -> Json:
        """What Google answered with a refusal made nobody's phone buzz: then the turn is free again."""
        client = desk.client(urgent)
        try:
            return client.upsert_object(body, resource=KIND_NAMES[kind], managed=managed(kind, "Object"))
        except GoogleError as error:
            if error.status is not None and turn is not None:
                with self.db.begin() as session:
                    notices.give_back(session, turn)
            raise

    def _say(self, desk: Desk, face: Pass, known: GoogleObject, copy: Json | None, *, urgent: bool) -> None:
        """Messages to this card alone; raises GoogleError."""
        resource = f"{KIND_NAMES[_kind(known, face)]}Object"
        held = known.saved_at is not None and known.removed_at is None
        target = Target(resource, known.object_id, heard=held)
        self._messenger().sync(desk.client(urgent), target, own_messages(face), face.locales, copy=copy)

    def _messenger(self) -> Messenger:
        return Messenger(self.db, self.read, self.now)

    def _body(
        self,
        desk: Desk,
        card_id: int,
        face: Pass,
        kind: Kind,
        known: GoogleObject | None,
        *,
        notify: bool = False,
    ) -> Json:
        """The object with what is not on the card's face: the rotating secret, links to what exists, and the
        id under which a card that moved in is at Google already.
        """
        secret, linked = "", frozenset[str]()
        wanted = all_links(face, desk.issuing)
        if face.barcode.rotating or wanted:
            with self.read() as session:
                card = session.get_one(Card, card_id)
                secret = rotating.card_secret(self.rotating_key, card.serial, card.salt).hex()
                linked = shelf.existing(session, wanted)
        body = card_object(face, desk.issuing, kind, notify=notify, secret=secret, known=linked)
        return {**body, "id": known.object_id} if known else body

    def _ensure_class(self, desk: Desk, face: Pass, kind: Kind, urgent: bool) -> None:
        """Classes are made when the first card needs them: nothing can ever be deleted at Google."""
        with self.read() as session:
            row = queries.programme_row(session, face.programme)
            if pass_class_id(face, desk.issuer_id, kind) in shelf.told_classes(session, row.id):
                return
            look = queries.design_row(session, row)
            programme, design = queries.programme_of(row), queries.design_of(look)
            said = to_everyone(session, row.id, self.now())
        tier = face.tier.key if face.tier else ""
        body = look_class(programme, design, tier, desk.issuing, self.now(), kind)
        body |= carried(said, programme.locales)
        self._tell_class(desk, row, look.id, body, kind, urgent)
        with self.db.begin() as session:
            note_carried(session, body["id"], said, self.now())

    def _tell_class(
        self, desk: Desk, row: ProgrammeRow, design_id: int, body: Json, kind: Kind, urgent: bool
    ) -> None:
        """`body` may ask for a notice or carry messages, which are no part of what is remembered."""
        self._look_at_pictures(body)
        client = desk.client(urgent)
        reply = client.upsert_class(body, resource=KIND_NAMES[kind], managed=managed(kind, "Class"))
        lasting = shelf.lasting(body)
        with self.db.begin() as session:
            shelf.keep_class(session, row.id, design_id, lasting, self.now(), reply.get("reviewStatus", ""))

    def _look_at_pictures(self, body: Json) -> None:
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
            said = to_everyone(session, row.id, self.now())
        try:
            for desk, kind, tier in self._in_use(programme.slug, design, told):
                body = look_class(programme, design, tier, desk.issuing, self.now(), kind)
                if told[body["id"]] == shelf.digest(body):
                    continue
                if announces(design, kind) and self._turn(body["id"], service=False):
                    body["notifyPreference"] = "NOTIFY_ON_UPDATE"
                self._tell_class(desk, row, design_id, body, kind, urgent=True)
            self._say_to_all(told, said, programme.locales)
        except GoogleError as error:
            raise delivery_error(error) from error

    def _say_to_all(self, told: Collection[str], said: Sequence[Message], locales: Sequence[str]) -> None:
        """One request for each look that is in use, whatever design it is of; raises GoogleError."""
        for class_id_ in sorted(told):
            desk = self.desks.of(class_id_)
            target = Target(f"{KIND_NAMES[kind_of_class(class_id_)]}Class", class_id_)
            self._messenger().sync(desk.client(), target, said, locales)

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
            for issuer_id in sorted(self.desks.by_issuer):
                findings += reconcile.findings(session, issuer_id)
            findings += drift.findings(session)
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
        """The nightly round through Google's lists, a daily look at Google's interface, old notices: a page
        a step.
        """
        return self.upkeep.step(now)


def _kind(known: GoogleObject | None, face: Pass) -> Kind:
    """A card keeps the kind it was made with; a new one is what its design says."""
    return cast(Kind, known.kind) if known else kind_of(face)


def delivery_error(error: GoogleError) -> DeliveryError:
    """Google's refusal in the words of the port."""
    message = f"Google ({error.reason.value}): {error.message}"
    return DeliveryError(message, permanent=error.permanent, retry_after_s=error.retry_after_s)
