"""Samsung Wallet behind the Wallet protocol: a link made on click, and a word for each change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from app.storage.tables import Card, Delivery, SamsungCard
from app.wallets.samsung import shelf
from app.wallets.samsung.cards import Issuing, samsung_card
from app.wallets.samsung.client import SamsungClient, Unwell
from app.wallets.samsung.keys import Keys
from app.wallets.samsung.tokens import Partner, card_token

LONGEST_LINK = 3_800
"""A redirect must fit into the buffer of a proxy in front of us (4 KiB where nobody changed it)."""


@dataclass(frozen=True)
class SamsungWallet:
    """What Samsung needs of us, for one partner and one card template."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    partner: Partner
    keys: Keys
    card_id: str
    issuing: Issuing
    client: SamsungClient
    link_url: str
    name: str = shelf.WALLET

    def add_url(self, card: Pass) -> str:
        """The link behind the button. The card travels in it, sealed and good for 30 seconds; where that
        makes it too long, Samsung is told the card's name alone and fetches the card from us.
        """
        with self.read() as session:
            row = queries.card_by_serial(session, card.serial)
        ref_id = shelf.reference(self.db, row.id)
        body = samsung_card(card, ref_id, self.issuing, row.created_at)
        sealed = f"{self.link_url}/{self.card_id}#Clip?cdata={card_token(body, self.partner, self.now())}"
        if len(sealed) <= LONGEST_LINK:
            return sealed
        return f"{self.link_url}/{self.partner.certificate_id}/{self.card_id}#Clip?pdata={ref_id}"

    def deliver(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Tell Samsung of each card that somebody holds; what it fetches then is current by nature."""
        with self.read() as session:
            known = shelf.held(session, [job.card_id for job in jobs])
            over = set(session.scalars(select(Card.id).where(Card.id.in_(known), Card.status == "void")))
        unwell: Unwell | None = None
        for job in jobs:
            if job.card_id not in known:
                yield Outcome(job, job.version)
            elif unwell:
                yield Outcome(job, 0, unwell)
            else:
                error = self._tell(known[job.card_id], over=job.card_id in over)
                unwell = error if isinstance(error, Unwell) else None
                yield Outcome(job, 0 if error else job.version, error)

    def _tell(self, row: SamsungCard, *, over: bool) -> DeliveryError | None:
        try:
            self.client.tell(row.ref_id, "DELETED" if over else "UPDATED", row.callback_url, row.country)
        except DeliveryError as error:
            return error
        return None

    def publish(self, programme: Programme, design: Design, design_id: int) -> None:
        """Samsung's template has no look of ours: colours and pictures travel with each card."""

    def devices(self, card_id: int) -> Sequence[DeviceNews]:
        """Samsung tells of cards, not of phones: one entry while somebody holds it."""
        with self.read() as session:
            row = shelf.held(session, [card_id]).get(card_id)
            if row is None:
                return []
            told = session.scalars(
                select(Delivery).where(Delivery.card_id == card_id, Delivery.wallet == self.name)
            ).one()
            card = session.get_one(Card, card_id)
        version = told.delivered_version if told.due_at or told.last_error else card.version
        at = told.delivered_at or row.added_at
        news = (version, at) * 3
        return [DeviceNews(self.name, "Samsung Wallet", row.added_at, *news, error=told.last_error)]

    def preview(self, pass_: Pass, programme: Programme, design: Design) -> dict[str, Any]:
        """`{card}`, as Samsung would fetch it."""
        return samsung_card(pass_, "0" * 32, self.issuing, pass_.changed_at or self.now())

    def check(self, now: datetime) -> Sequence[Finding]:
        """Our key and Samsung's certificates, as far as they tell by themselves."""
        return self.keys.check(now)

    def tend(self, now: datetime) -> bool:
        """Nothing to look after between deliveries."""
        return False

    def card(self, ref_id: str) -> dict[str, Any] | None:
        """The card as it is now, for Samsung's own question; None for one that is unknown or over."""
        with self.read() as session:
            row = session.scalars(select(SamsungCard).where(SamsungCard.ref_id == ref_id)).one_or_none()
            card = session.get(Card, row.card_id) if row else None
            if card is None or card.status == "void":
                return None
            face, created_at = cards.current_pass(session, card, self.now()), card.created_at
        return samsung_card(face, ref_id, self.issuing, created_at)
