"""A shop for tests: one programme, its people, and every part real but the phones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.domain.design import Design
from app.domain.programme import Programme
from app.rendering.starters import fit_starter
from app.services import loyalty, programmes, refunds
from app.services.delivery import Lane, run_once
from app.services.enrolment import Enrol, enrol
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.services.operating import Reply
from app.services.ports import DeliveryError, DeviceNews, Finding, Job, Outcome
from app.storage.database import Database
from app.storage.tables import Account, Card, Delivery
from tests.support.clock import Clock

STAMPS = {"kind": "stamps", "goal": 10, "reward": {"en": "A coffee", "ru": "Кофе"}}
POINTS = {"kind": "points", "percent": 10, "goal": 1000, "reward": "A gift"}


@dataclass
class Pocket:
    """A wallet that keeps what it is told: the smallest honest implementation of the Wallet protocol."""

    name: str = "pocket"
    told: list[Job] = field(default_factory=list)
    failures: list[DeliveryError] = field(default_factory=list)
    during: list[Any] = field(default_factory=list)

    def fail_next(self, *, permanent: bool = False, retry_after_s: float | None = None) -> None:
        self.failures.append(DeliveryError("out of order", permanent=permanent, retry_after_s=retry_after_s))

    def meanwhile(self, act: Any) -> None:
        """Do this while the next delivery is under way."""
        self.during.append(act)

    def deliver(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        for job in jobs:
            if self.during:
                self.during.pop(0)()
            if self.failures:
                yield Outcome(job, 0, self.failures.pop(0))
            else:
                self.told.append(job)
                yield Outcome(job, job.version)

    def add_url(self, card: Any) -> str:
        return f"pocket:{card.serial}"

    def publish(self, programme: Programme, design: Any, design_id: int) -> None:
        return None

    def devices(self, card_id: int) -> Sequence[DeviceNews]:
        return []

    def check(self, now: datetime) -> Sequence[Finding]:
        return []

    def tend(self, now: datetime) -> bool:
        return False


class Shop:
    """One programme on one database; `key`s are made up unless a test cares."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        rules: Sequence[dict[str, Any]],
        slug: str = "cafe",
        *,
        design: Design | None = None,
        **programme: Any,
    ) -> None:
        self.database, self.clock, self.slug = database, clock, slug
        self.db, self.read = database.write, database.read
        self.pocket = Pocket()
        self._keys = (f"key-{number}" for number in itertools.count())
        raw = {"slug": slug, "name": "Кофе и мята", "currency": "EUR", "locales": ["en", "ru"]}
        rest = {"time_zone": "Europe/Riga", "rules": list(rules), **programme}
        self.programme = programmes.parse({**raw, **rest})
        self.programme_id = programmes.create(
            self.db, self.programme, now=clock.now(), fit_starter=fit_starter, design=design
        )

    def customer(self, name: str = "Anna", *, in_pocket: bool = True, **member: Any) -> str:
        """A new member; their serial. With `in_pocket` the card is in a wallet and in step."""
        phone = f"+3712{abs(hash(name)) % 10**7:07d}"
        cmd = Enrol(self.slug, {"given_name": name, "phone": phone, **member})
        serial = enrol(self.db, cmd, now=self.clock.now()).serial
        if in_pocket:
            with self.db.begin() as session:
                session.add(
                    Delivery(card_id=self.card(serial).id, wallet=self.pocket.name, delivered_version=1)
                )
        return serial

    def once(self, key: str | None = None, request: Any = None) -> Once:
        return Once("test", key or next(self._keys), request or {})

    def buys(self, serial: str, amount_minor: int, *, key: str | None = None, **more: Any) -> Reply:
        cmd = Purchase(serial, amount_minor, more.pop("currency", "EUR"), **more)
        request = {"amount_minor": amount_minor, **more}
        return loyalty.purchase(self.db, cmd, self.once(key, request), By("boris"), now=self.clock.now())

    def stamps(self, serial: str, stamps: int = 1, *, key: str | None = None) -> Reply:
        once = self.once(key, {"stamps": stamps})
        return loyalty.stamp(self.db, serial, stamps, once, By("boris"), now=self.clock.now())

    def adjusts(self, serial: str, *, key: str | None = None, **amounts: int) -> Reply:
        once = self.once(key, amounts)
        return loyalty.adjust(self.db, serial, amounts, once, By("olga", reason="gift"), now=self.clock.now())

    def redeems(self, serial: str, *, points: int = 0, reward: str = "") -> Reply:
        return loyalty.redeem(
            self.db, serial, self.once(), By("boris"), now=self.clock.now(), points=points, reward=reward
        )

    def undoes(self, reply: Reply, *, key: str | None = None, **part: Any) -> Reply:
        """Take it back; `part` (amount_minor, items) says how much of a receipt."""
        once, by = self.once(key, part), By("boris", reason="undo")
        return refunds.refund(self.db, reply.body["id"], once, by, now=self.clock.now(), **part)

    def card(self, serial: str) -> Card:
        with self.read() as session:
            return session.scalars(select(Card).where(Card.serial == serial)).one()

    def delivery(self, serial: str) -> Delivery:
        with self.read() as session:
            return session.scalars(select(Delivery).where(Delivery.card_id == self.card(serial).id)).one()

    def balance(self, serial: str, unit: str) -> int:
        """What the ledger says."""
        with self.read() as session:
            account = session.get(Account, (self.card(serial).id, unit))
            return account.balance if account else 0

    def works(self, *, limit: int = 500) -> int:
        """One round of the worker."""
        lane = Lane(self.pocket, limit=limit)
        return run_once(self.db, lane, now=self.clock.now, jitter=lambda: 0.5)
