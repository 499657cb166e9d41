"""A shop's made-up history, and the same figures counted the slow and simple way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from app.domain.errors import Refused
from app.services import funnel
from app.services.enrolment import Enrol, enrol
from app.services.events import record
from app.services.operating import Reply
from app.storage.database import Database
from app.storage.tables import AppleDevice, AppleRegistration
from tests.support.clock import Clock
from tests.support.shop import Shop

RULES = [{"kind": "points", "percent": 10, "goal": 1000, "reward": "A gift"}]
SOURCES = ("", "vk", "window", "letter")


@dataclass
class Happened:
    """Something that was done; `name` is the figure that it counts in."""

    name: str
    amount: int
    at: datetime
    card: str
    first: bool = False


@dataclass
class History:
    """A shop in Riga whose spring has a change of clocks in it."""

    shop: Shop
    clock: Clock
    random: Random
    source: dict[str, str] = field(default_factory=dict)
    joined: dict[str, datetime] = field(default_factory=dict)
    log: list[Happened] = field(default_factory=list)
    sold: list[tuple[str, Reply, int]] = field(default_factory=list)
    wallets: dict[str, set[str]] = field(default_factory=dict)

    def notes(self, name: str, amount: int, card: str) -> None:
        self.log.append(Happened(name, amount, self.clock.now(), card))

    def visits_page(self) -> None:
        source = self.random.choice(SOURCES)
        step: Any = self.random.choice(("view", "form"))
        day = self.clock.now().astimezone(self.shop.programme.zone).date()
        funnel.count(self.shop.db, self.shop.slug, step, {"utm_source": source}, day)
        self.log.append(Happened(f"{step}s", 1, self.clock.now(), f"visitor of {source}"))

    def joins(self) -> None:
        source, number = self.random.choice(SOURCES), len(self.source)
        member = {"given_name": f"A{number}", "phone": f"+3712{number:07d}"}
        cmd = Enrol(self.shop.slug, member, {"utm_source": source})
        serial = enrol(self.shop.db, cmd, now=self.clock.now()).serial
        self.source[serial], self.joined[serial] = source, self.clock.now()
        self.notes("issued", 1, serial)

    def buys(self, card: str) -> None:
        amount = self.random.randrange(1, 900) * 10
        reply = self.shop.buys(card, amount)
        self.sold.append((card, reply, amount))
        self.notes("sales_minor", amount, card)
        self.notes("visits", 1, card)
        self.notes("receipts", 1, card)
        self.notes("scan", 1, card)
        self.notes("points_earned", amount // 10, card)

    def returns(self, _: str) -> None:
        if not self.sold:
            return
        card, reply, amount = self.sold.pop(self.random.randrange(len(self.sold)))
        self.shop.undoes(reply)
        self.notes("refunds_minor", amount, card)
        self.notes("points_earned", -(amount // 10), card)

    def pays(self, card: str) -> None:
        amount = self.random.randrange(1, 400)
        try:
            self.shop.redeems(card, points=amount)
        except Refused:
            return
        self.notes("points_redeemed", amount, card)
        self.notes("scan", 1, card)

    def installs(self, card: str) -> None:
        wallet, row = self.random.choice(("apple", "google")), self.shop.card(card)
        with self.shop.db.begin() as session:
            if wallet == "apple" and "apple" not in self.wallets.get(card, ()) and self.random.random() < 0.5:
                self._registers(session, row.id)
            else:
                kind = {"wallet": wallet}
                record(session, self.shop.programme_id, "card.installed", kind, self.clock.now(), card=row)
        self.notes("installed", 1, card)
        if card not in self.wallets:
            self.notes(f"installed_{wallet}", 1, card)
        self.wallets.setdefault(card, set()).add(wallet)

    def _registers(self, session: Any, card_id: int) -> None:
        about = {"pass_type_identifier": "pass.x", "push_token": "t", "token_seen_at": self.clock.now()}
        device = AppleDevice(library_id=f"d{card_id}", **about)
        session.add(device)
        session.flush()
        registered = {"card_id": card_id, "registered_at": self.clock.now()}
        session.add(AppleRegistration(device_id=device.id, **registered))

    def removes(self, card: str) -> None:
        row = self.shop.card(card)
        with self.shop.db.begin() as session:
            told = {"wallet": "apple"}
            record(session, self.shop.programme_id, "card.removed", told, self.clock.now(), card=row)
        self.notes("removed", 1, card)

    def goes_on(self, steps: int) -> None:
        acts: list[tuple[Callable[[str], None], int]] = [
            (self.buys, 8), (self.returns, 2), (self.pays, 2), (self.installs, 4), (self.removes, 1),
        ]  # fmt: skip
        for _ in range(steps):
            self.clock.forward(minutes=self.random.randrange(1, 1200))
            if not self.source or self.random.random() < 0.25:
                self.joins()
            elif self.random.random() < 0.2:
                self.visits_page()
            else:
                act = self.random.choices([a for a, _ in acts], [w for _, w in acts])[0]
                act(self.random.choice(list(self.source)))

    def days(self) -> list[date]:
        zone = self.shop.programme.zone
        return [each.at.astimezone(zone).date() for each in self.log]


FIRSTS = {"installed", "scan", "removed"}
"""What counts once a card."""


def counted(
    history: History, first: date, last: date, basis: str, source: str | None = None
) -> dict[tuple[str, date], dict[str, int]]:
    """Figures by source and day, read off the log line by line."""
    found: dict[tuple[str, date], dict[str, int]] = {}
    buyers: set[tuple[str, str]] = set()
    for each in _once(history.log):
        from_where = history.source.get(each.card, each.card.removeprefix("visitor of "))
        visitor = each.card.startswith("visitor")
        at = history.joined[each.card] if basis == "joined" and not visitor else each.at
        day = at.astimezone(history.shop.programme.zone).date()
        if not first <= day <= last or source not in (None, from_where):
            continue
        sums = found.setdefault((from_where, day), {})
        name = "active" if each.name == "scan" else each.name
        sums[name] = sums.get(name, 0) + each.amount
        if each.name == "receipts" and (from_where, each.card) not in buyers:
            buyers.add((from_where, each.card))
            sums["buyers"] = sums.get("buyers", 0) + 1
    return found


def _once(log: list[Happened]) -> Iterator[Happened]:
    known: set[tuple[str, str]] = set()
    for each in log:
        if each.name not in FIRSTS or (each.name, each.card) not in known:
            known.add((each.name, each.card))
            yield each


def history(database: Database, clock: Clock, *, seed: int, steps: int) -> History:
    made = History(Shop(database, clock, RULES, returns={"taken": "allow_debt"}), clock, Random(seed))
    made.goes_on(steps)
    assert timedelta(days=20) < made.clock.now() - made.log[0].at
    return made
