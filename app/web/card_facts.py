"""What a member's page says of their card beside the balance: what waits, what ends, levels, memberships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.domain.ledger import SPEND
from app.domain.mechanics import show
from app.domain.mechanics.base import Face, Progress, State
from app.domain.mechanics.standing import ladder_of
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import local, shown_day
from app.storage.states import programme_at, state_of
from app.storage.tables import Card, ProgrammeRow
from app.web.unit_words import counted

MOST = 4
"""So many things that wait, and that end, are told; the statement has the rest."""
AHEAD = timedelta(days=400)
"""What ends later is nobody's worry yet."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to something, as a line and in words."""

    words: str
    done: int
    goal: int

    @property
    def share(self) -> int:
        """0 to 100."""
        return max(0, min(100, self.done * 100 // self.goal)) if self.goal > 0 else 0


@dataclass(frozen=True, slots=True)
class Facts:
    """In this page's language. `level` is the way to the next level, where the card draws another way."""

    way_label: str
    level: Way | None
    lines: tuple[tuple[str, str], ...]
    """What it is about, and what is said of it; the most urgent first."""
    perks: tuple[str, ...]


def facts_of(session: Session, card: Card, now: datetime) -> Facts:
    """Read in the caller's snapshot."""
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    state = state_of(session, card, programme, now)
    shown = show(programme.rules, state)
    ladder = ladder_of(programme.rules)
    climbs = ladder.face(state).progress if ladder else None
    same = climbs is not None and climbs == shown.progress
    return Facts(
        _("Way to the next level") if same else _("Way to the next reward"),
        None if same else _level(climbs, shown),
        (*_ending(programme, state), *_waiting(programme, state), *_until(shown)),
        tuple(line for line in _said(shown, "perks").splitlines() if line),
    )


def _level(climbs: Progress | None, shown: Face) -> Way | None:
    words = _said(shown, "tier_progress")
    return Way(words, climbs.done, climbs.goal) if climbs and words else None


def _said(shown: Face, key: str) -> str:
    words = shown.values.get(key)
    return local(words) if isinstance(words, Mapping) else ""


def _until(shown: Face) -> tuple[tuple[str, str], ...]:
    name, member = _said(shown, "membership"), _said(shown, "member_until")
    told = [(name, _("until %(day)s", day=member))] if name and member else []
    if level := _said(shown, "tier_until"):
        told.append((_said(shown, "tier_name"), _("yours until %(day)s", day=level)))
    return tuple(told)


def _ending(programme: Programme, state: State) -> tuple[tuple[str, str], ...]:
    """What ends next, a day a line."""
    ends: dict[tuple[datetime, str], int] = {}
    for lot in state.holdings.lots.values():
        known = lot.unit != SPEND and lot.usable(state.now) and lot.expires_at is not None
        if known and lot.expires_at and lot.expires_at <= state.now + AHEAD:
            ends[lot.expires_at, lot.unit] = ends.get((lot.expires_at, lot.unit), 0) + lot.remaining
    return tuple(
        (counted(unit, amount, programme), _("good until %(day)s", day=_last_day(at, state)))
        for (at, unit), amount in sorted(ends.items())[:MOST]
    )


def _waiting(programme: Programme, state: State) -> tuple[tuple[str, str], ...]:
    """What cannot be used yet, and from when on it can."""
    waits: dict[tuple[datetime, str], int] = {}
    for lot in state.holdings.lots.values():
        if lot.remaining and lot.active_from is not None and lot.active_from > state.now:
            waits[lot.active_from, lot.unit] = waits.get((lot.active_from, lot.unit), 0) + lot.remaining
    return tuple(
        (counted(unit, amount, programme), _("usable from %(day)s", day=_day(at, state)))
        for (at, unit), amount in sorted(waits.items())[:MOST]
    )


def _last_day(ends_at: datetime, state: State) -> str:
    return _day(ends_at - timedelta(seconds=1), state)


def _day(at: datetime, state: State) -> str:
    return shown_day(at.astimezone(state.zone).date())
