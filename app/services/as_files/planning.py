"""What files would change: nothing is written, and everything that can be wrong is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.design import Design
from app.domain.programme import Programme
from app.domain.rulecheck import check_rules
from app.services import designs, programmes, rulebook
from app.services.as_files.differing import Difference, differences
from app.services.as_files.folders import (
    DESIGN,
    PROGRAMME,
    Fault,
    Faulty,
    Wanted,
    current,
    named_pictures,
    said,
)
from app.storage import queries
from app.storage.tables import ImageRow, ProgrammeRow


@dataclass(frozen=True, slots=True)
class Seen:
    """What the plan was made against: who was faster since then is not overwritten."""

    revision: int
    design_id: int | None
    rules: int


@dataclass(frozen=True, slots=True)
class Step:
    """One programme: made anew (nothing `seen`), or changed by `keys`, `rules` and `look`, as far as they
    differ. `pictures` are those to add, by SHA-256; `waiting` rules of later days stay as they are.
    """

    wanted: Wanted
    seen: Seen | None
    keys: tuple[Difference, ...] = ()
    rules: tuple[Difference, ...] = ()
    look: tuple[Difference, ...] = ()
    pictures: tuple[str, ...] = ()
    waiting: int = 0

    @property
    def action(self) -> str:
        """`create`, `change` or `none`."""
        if self.seen is None:
            return "create"
        return "change" if self.keys or self.rules or self.look else "none"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        parts = {"keys": self.keys, "rules": self.rules, "look": self.look}
        found = {name: [each.as_json() for each in part] for name, part in parts.items()}
        return {
            "programme": self.wanted.slug,
            "action": self.action,
            **found,
            "pictures": [*self.pictures],
            "waiting_rules": self.waiting,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """A step a programme, by slug; programmes without files are left alone."""

    steps: tuple[Step, ...]

    @property
    def to_do(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action != "none")


def plan(session: Session, wanted: Sequence[Wanted], now: datetime) -> Plan:
    """What is to do; raises Faulty with every fault of all programmes."""
    faults: list[Fault] = []
    steps = []
    for each in wanted:
        row = session.scalar(select(ProgrammeRow).where(ProgrammeRow.slug == each.slug))
        step = _changing(session, each, row, now) if row else _making(session, each)
        faults += _faults(session, step, row)
        steps.append(step)
    if faults:
        raise Faulty(faults)
    return Plan(tuple(steps))


def seen(session: Session, row: ProgrammeRow, now: datetime) -> Seen:
    """How the programme stands at this moment."""
    return Seen(row.revision, row.design_id, rulebook.read(session, row, now).newest)


def _making(session: Session, wanted: Wanted) -> Step:
    return Step(wanted, None, pictures=_to_add(session, wanted, wanted.design))


def _changing(session: Session, wanted: Wanted, row: ProgrammeRow, now: datetime) -> Step:
    there = current(session, row, now)
    keys, rules = _split(there, wanted.programme)
    look: tuple[Difference, ...] = ()
    if wanted.design is not None:
        known = queries.design_of(queries.design_row(session, row))
        look = tuple(differences(said(known), said(wanted.design)))
    return Step(
        wanted,
        seen(session, row, now),
        keys,
        rules,
        look,
        _to_add(session, wanted, wanted.design if look else None),
        len(rulebook.read(session, row, now).waiting),
    )


def _split(old: Programme, new: Programme) -> tuple[tuple[Difference, ...], tuple[Difference, ...]]:
    """Apart: rules have versions of their own."""
    found = tuple(differences(said(old), said(new)))
    rules = tuple(each for each in found if each.pointer.startswith("/rules/"))
    return tuple(each for each in found if each not in rules), rules


def _to_add(session: Session, wanted: Wanted, design: Design | None) -> tuple[str, ...]:
    if design is None:
        return ()
    named = dict.fromkeys(sha256 for _, sha256 in named_pictures(design) if sha256 in wanted.pictures)
    return tuple(sha256 for sha256 in named if not _known(session, sha256))


def _known(session: Session, sha256: str) -> bool:
    return session.scalar(select(ImageRow.sha256).where(ImageRow.sha256 == sha256)) is not None


def _faults(session: Session, step: Step, row: ProgrammeRow | None) -> Iterator[Fault]:
    wanted = step.wanted
    file = f"{wanted.slug}/{PROGRAMME}"
    if row is None or step.rules:
        for pointer, words in check_rules(wanted.programme).items():
            yield Fault(file, pointer, words)
    if row and wanted.programme.currency != row.body["currency"] and programmes.has_receipts(session, row.id):
        yield Fault(file, "/currency", "cannot change any more: receipts were counted in it")
    if wanted.design and (row is None or step.look):
        yield from _look_faults(session, wanted, wanted.design)


def _look_faults(session: Session, wanted: Wanted, design: Design) -> Iterator[Fault]:
    """The same that stands in the way of publishing in the studio."""
    file = f"{wanted.slug}/{DESIGN}"
    for words in designs.lint_for(wanted.programme, design):
        yield Fault(file, "", words)
    for pointer, sha256 in named_pictures(design):
        if sha256 not in wanted.pictures and not _known(session, sha256):
            yield Fault(file, pointer, "there is no such picture: neither in images/ nor in the database")
