"""A card on paper: what it holds and counts, occasion after occasion, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.ledger import Earn, Holdings, Lot, apply
from app.domain.mechanics import Decision, decide, follows, needs, parse_rules
from app.domain.mechanics.base import EVER, Happening, Occasion, Person, State, Visit
from app.domain.text import in_locale
from tests.support.clock import START

RIGA = ZoneInfo("Europe/Riga")


class PaperCard:
    """Decides, carries out and counts as the services do; `counts` are by name and day."""

    def __init__(self, *rules: Mapping[str, Any], stamps: int = 0, person: Person | None = None) -> None:
        self.rules = parse_rules(list(rules))
        self.holdings = Holdings.of([Lot(1, "stamps", stamps, stamps, START)] if stamps else [])
        self.counted: list[tuple[str, date, int]] = []
        self.now: datetime = START
        self.person = person or Person()
        self.spent_budgets: frozenset[str] = frozenset()
        self.last = Decision()

    @property
    def today(self) -> date:
        return self.now.astimezone(RIGA).date()

    @property
    def state(self) -> State:
        counts = {count: self.count(count.what, count.since) for count in needs(self.rules, self.today)}
        state = State(self.holdings, self.now, zone=RIGA, counts=counts, person=self.person)
        return replace(state, spent_budgets=self.spent_budgets)

    def count(self, what: str, since: date = EVER) -> int:
        return sum(amount for name, day, amount in self.counted if name == what and day >= since)

    def is_at(self, text: str) -> PaperCard:
        """It is this time at the shop."""
        self.now = datetime.fromisoformat(text).replace(tzinfo=RIGA)
        return self

    def sees(self, occasion: Occasion) -> PaperCard:
        return self.takes(decide(self.rules, occasion, self.state))

    def happens(self, event: str, times: int = 1) -> PaperCard:
        return self.sees(Happening(event, times))

    def stamped(self, stamps: int = 1) -> PaperCard:
        return self.sees(Visit(stamps))

    def corrected(self, stamps: int) -> PaperCard:
        return self.takes(follows(self.rules, [Earn("stamps", stamps, "adjusted")], self.state))

    def takes(self, decision: Decision) -> PaperCard:
        self.holdings, _ = apply(self.holdings, decision.moves, now=self.now)
        self.counted += [(what, self.today, amount) for what, amount in decision.counts.items()]
        self.last = decision
        return self

    def has(self, unit: str) -> int:
        return self.holdings.usable(unit, self.now)

    def said(self, locale: str = "en") -> list[str]:
        return [in_locale(note, locale) for note in self.last.notes]

    def ends(self, unit: str) -> str:
        """When the value of this unit ends, in the shop's time."""
        (end,) = {lot.expires_at for lot in self.holdings.lots.values() if lot.unit == unit}
        return end.astimezone(RIGA).isoformat() if end else ""
