"""What new rules would do over the real cards, before anybody sees them: who gains, who loses, what it costs.

Nothing is written. It comes in steps, so that a page or a command can show how far it is. Where the cards
hold more different states than can be judged in half a minute, a sample of cards speaks for all, and where
there are too many receipts, a sample of those: `exact` says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from app.domain.mechanics.base import Sale
from app.domain.programme import Programme
from app.services import preview_receipts
from app.services.preview_outcomes import SIDES, Outcome, Side, outcome, side, worths
from app.services.preview_receipts import Cost
from app.services.preview_states import Group, boundaries, counted, group_of, shape_of
from app.services.rulebook import proposed
from app.storage import queries
from app.storage.tables import Card, ProgrammeRow, Receipt

MOST_STATES = 12_000
"""Different states that are judged; above that a sample of cards is looked at."""
SAMPLE = 10_000
EXAMPLES = 3
A_STEP = 2_000
USUAL_MINOR = 1_000
"""The usual receipt of a programme that has none yet."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is: `done` of `total` steps; the total may still grow."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Example:
    """One of the cards, before and after."""

    number: str
    side: Side
    cards: int
    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True)
class Cards:
    """All cards under both rulebooks; `looked_at` of them speak for all unless `exact`, and a figure may then
    be off by `margin` cards (19 times out of 20).

    `sides`: better off, worse off, both, neither. `complete`: cards with a reward that is complete at once
    and would not be under today's rules, `rewards`: how many. `tiers`: (from, to) to cards. `discount_more`
    and `discount_less`: whose next purchase of `usual_minor` would be discounted more or less.
    """

    total: int
    looked_at: int
    exact: bool
    margin: int
    usual_minor: int
    sides: Mapping[Side, int]
    complete: int
    rewards: int
    tiers: Mapping[tuple[str, str], int]
    discount_more: int
    discount_less: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What the new rules would do. With `keeps_old`, cards that are out keep theirs: nobody gains or loses,
    and the costs are those of new customers who buy as today's do.
    """

    keeps_old: bool
    cards: Cards
    costs: tuple[Cost, ...]
    examples: tuple[Example, ...]


def preview(
    read: sessionmaker[Session], slug: str, rules: Sequence[Any], *, now: datetime, keep_old: bool = False
) -> Iterator[Step | Preview]:
    """Steps, and at last the preview. Raises NotFound, and Invalid for rules that make no sense."""
    with read() as session:
        row = queries.programme_row(session, slug)
        programme = proposed(row, rules)
    yield from _Work(read, row, programme, now, keep_old).run()


def finished(steps: Iterator[Step | Preview]) -> Preview:
    """The preview alone, for callers that wait."""
    for step in steps:
        if isinstance(step, Preview):
            return step
    raise AssertionError("a preview ends with what it found")


class _Work:
    """One preview under way."""

    def __init__(
        self,
        read: sessionmaker[Session],
        row: ProgrammeRow,
        programme: Programme,
        now: datetime,
        keep_old: bool,
    ) -> None:
        self._read, self._row, self._now, self._keep_old = read, row, now, keep_old
        self._new = programme
        self._old = _by_version(row)
        self._shape = shape_of([each.rules for each in (*self._old.values(), programme)], programme, now)
        self._usual = Sale(USUAL_MINOR, at=now)
        self._tally = _Tally()
        self._groups: dict[tuple[Any, ...], tuple[int, int]] = {}
        self._share = 1.0
        self._done = self._total = 0

    def run(self) -> Iterator[Step | Preview]:
        """Each step has a session of its own: nothing is held while we think, or while a browser is slow."""
        with self._read() as session:
            _patient(session)
            wanted = preview_receipts.plan(session, self._row, self._now)
            self._usual = Sale(_usual(session, self._row, self._now), at=self._now)
            spans = list(boundaries(session, self._row.id))
            total = _cards(session, self._row)
        self._total = 2 * len(spans) + -(-len(wanted.ids) // preview_receipts.STRETCH)
        yield self._step(0)
        for span in spans:
            yield self._gathered(span)
        if len(self._groups) > MOST_STATES:
            self._groups, self._share = {}, min(1.0, SAMPLE / max(1, total))
            for span in spans:
                yield self._gathered(span)
        yield from self._judged()
        for _ in preview_receipts.walk(self._read, wanted, self._new.rules, self._now):
            yield self._step()
        yield self._preview(total, preview_receipts.costs(wanted))

    def _step(self, more: int = 1) -> Step:
        self._done += more
        self._total = max(self._total, self._done)
        return Step(self._done, self._total)

    def _gathered(self, span: tuple[int, int]) -> Step:
        """Count a stretch of cards by state; too many states are left for a sample."""
        if self._share < 1 or len(self._groups) <= MOST_STATES:
            with self._read() as session:
                _patient(session)
                rows = counted(session, self._row, self._shape, span, self._now, self._share)
            _gather(self._groups, rows)
        return self._step()

    def _judged(self) -> Iterator[Step]:
        self._total = self._total + len(self._groups) // A_STEP
        known = {version: worths(each.rules) for version, each in self._old.items()}
        new_known = worths(self._new.rules)
        for place, (key, (cards, example)) in enumerate(self._groups.items(), 1):
            group = group_of(key, cards, example, self._shape, self._new, self._now)
            old = self._old[group.version]
            before = outcome(old.rules, known[group.version], group.state, self._usual)
            rules = old.rules if self._keep_old else self._new.rules
            after = outcome(rules, new_known, group.state, self._usual)
            self._tally.add(group, before, after, side(before, after, {**known[group.version], **new_known}))
            if place % A_STEP == 0:
                yield self._step()

    def _preview(self, total: int, costs: tuple[Cost, ...]) -> Preview:
        looked_at = sum(cards for cards, _ in self._groups.values())
        total = looked_at if self._share == 1 else total
        factor = total / looked_at if looked_at else 1.0
        cards = self._tally.cards(total, looked_at, factor, self._usual.amount_minor)
        with self._read() as session:
            examples = self._tally.examples(session, factor)
        return Preview(self._keep_old, cards, costs, examples)


@dataclass(slots=True)
class _Tally:
    """What was counted so far, of the cards that were looked at."""

    sides: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))
    complete: int = 0
    rewards: int = 0
    tiers: dict[tuple[str, str], int] = field(default_factory=dict)
    discount_more: int = 0
    discount_less: int = 0
    chosen: dict[Side, list[tuple[Group, Outcome, Outcome]]] = field(default_factory=dict)

    def add(self, group: Group, before: Outcome, after: Outcome, which: Side) -> None:
        """All cards of a state."""
        cards = group.cards
        self.sides[which] += cards
        if after.rewards > before.rewards:
            self.complete += cards
            self.rewards += cards * (after.rewards - before.rewards)
        if after.tier != before.tier:
            way = (before.tier, after.tier)
            self.tiers[way] = self.tiers.get(way, 0) + cards
        self.discount_more += cards if after.next.discount_minor > before.next.discount_minor else 0
        self.discount_less += cards if after.next.discount_minor < before.next.discount_minor else 0
        kept = self.chosen.setdefault(which, [])
        kept.append((group, before, after))
        kept.sort(key=lambda each: -each[0].cards)
        del kept[EXAMPLES:]

    def cards(self, total: int, looked_at: int, factor: float, usual_minor: int) -> Cards:
        """The same for all cards."""

        def all_(count: int) -> int:
            return round(count * factor)

        return Cards(
            total,
            looked_at,
            factor == 1,
            0 if factor == 1 else round(total * 1.96 * (0.25 / looked_at) ** 0.5),
            usual_minor,
            {which: all_(count) for which, count in self.sides.items()},
            all_(self.complete),
            all_(self.rewards),
            {way: all_(count) for way, count in self.tiers.items()},
            all_(self.discount_more),
            all_(self.discount_less),
        )

    def examples(self, session: Session, factor: float) -> tuple[Example, ...]:
        """A few cards of each side, those whose state is the most common first."""
        found = [(which, each) for which in SIDES if which != "same" for each in self.chosen.get(which, ())]
        ids = [group.example for _, (group, _, _) in found]
        numbers: dict[int, str] = dict(
            session.execute(select(Card.id, Card.number).where(Card.id.in_(ids))).all()
        )
        return tuple(
            Example(numbers.get(group.example, ""), which, round(group.cards * factor), before, after)
            for which, (group, before, after) in found
        )


def _by_version(row: ProgrammeRow) -> dict[int, Programme]:
    """The programme by the place of its rules in the plan; -1 is what counts without a plan."""
    made = {-1: queries.programme_of(row)}
    for place, version in enumerate(row.rule_plan):
        made[place] = queries.with_rules(orjson.dumps(row.body), orjson.dumps(version["rules"]))
    return made


def _gather(groups: dict[tuple[Any, ...], tuple[int, int]], rows: Sequence[Any]) -> None:
    for *key, cards, example in rows:
        place = tuple(key)
        known = groups.get(place)
        groups[place] = (cards, example) if known is None else (known[0] + cards, known[1])


def _patient(session: Session) -> None:
    """A stretch may take longer than a till would wait; nothing is locked meanwhile."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = '120s'"))


def _cards(session: Session, row: ProgrammeRow) -> int:
    alive = (Card.programme_id == row.id, Card.status.in_(("active", "blocked")))
    return session.scalar(select(func.count()).select_from(Card).where(*alive)) or 0


def _usual(session: Session, row: ProgrammeRow, now: datetime) -> int:
    """The mean receipt of the last 90 days, rounded to two digits."""
    since = now - timedelta(days=90)
    mine = (Receipt.programme_id == row.id, Receipt.closed_at > since, Receipt.amount_minor > 0)
    mean = session.scalar(select(func.avg(Receipt.amount_minor)).where(*mine))
    return _two_digits(int(mean)) if mean else USUAL_MINOR


def _two_digits(amount: int) -> int:
    zeros = max(0, len(str(amount)) - 2)
    return int(round(amount, -zeros))
