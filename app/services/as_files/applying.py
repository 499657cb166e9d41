"""A plan carried out by the use cases of the studio and the API; nobody who was faster is overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.design import Design
from app.domain.errors import Conflict
from app.services import designs, images, programmes, rulebook
from app.services.as_files.folders import said
from app.services.as_files.planning import Plan, Seen, Step, seen
from app.services.programmes import FitStarter
from app.storage.tables import ProgrammeRow

AUTHOR = "tillpass design apply"


def apply(
    db: sessionmaker[Session], plan: Plan, *, now: datetime, fit_starter: FitStarter, note: str = ""
) -> Iterator[str]:
    """Do what the plan says, and tell it line by line as it is done; raises Conflict.

    Before the first write all programmes are compared with what the plan saw. What was done before a refusal
    stays done: plan again, and the rest is left.
    """
    with db() as session:
        for step in plan.to_do:
            _still(session, step, now)
    for step in plan.to_do:
        yield from (
            _make(db, step, now, fit_starter)
            if step.seen is None
            else _change(db, step, step.seen, now, note)
        )


def _still(session: Session, step: Step, now: datetime) -> None:
    row = session.scalar(select(ProgrammeRow).where(ProgrammeRow.slug == step.wanted.slug))
    if (seen(session, row, now) if row else None) != step.seen:
        raise _faster(step.wanted.slug)


def _faster(slug: str) -> Conflict:
    return Conflict(f"Somebody has changed '{slug}' since the plan was made; plan again.", programme=slug)


def _make(db: sessionmaker[Session], step: Step, now: datetime, fit_starter: FitStarter) -> Iterator[str]:
    wanted = step.wanted
    yield from _add_pictures(db, step, now)
    programmes.create(
        db, wanted.programme, now=now, fit_starter=fit_starter, design=wanted.design, author=AUTHOR
    )
    yield f"{wanted.slug}: created with {'its look' if wanted.design else 'a starter look'}."


def _change(db: sessionmaker[Session], step: Step, known: Seen, now: datetime, note: str) -> Iterator[str]:
    """Keys first, rules then, the look at last: it is judged by the programme that it will stand on."""
    slug = step.wanted.slug
    yield from _add_pictures(db, step, now)
    if step.keys:
        names = list(dict.fromkeys(each.pointer.split("/")[1] for each in step.keys))
        body = said(step.wanted.programme)
        patch = {name: body[name] for name in names}
        programmes.change(
            db,
            slug,
            patch,
            now=now,
            author=AUTHOR,
            guard=_guard(slug, lambda row: row.revision == known.revision),
        )
        yield f"{slug}: changed {', '.join(names)}."
    if step.rules:
        rules = said(step.wanted.programme)["rules"]
        number = rulebook.schedule(db, slug, rules, now=now, note=note, author=AUTHOR, seen=known.rules)
        yield f"{slug}: version {number} of the rules counts from now on."
    if step.look and step.wanted.design:
        yield _publish(db, slug, step.wanted.design, known, now, note)


def _publish(
    db: sessionmaker[Session], slug: str, design: Design, known: Seen, now: datetime, note: str
) -> str:
    made = designs.draft(db, slug, design, now=now, author=AUTHOR, note=note)
    same = _guard(slug, lambda row: row.design_id == known.design_id)
    designs.publish(db, slug, made, now=now, author=AUTHOR, guard=same)
    return f"{slug}: the look is published; its cards follow."


def _guard(slug: str, holds: Callable[[ProgrammeRow], bool]) -> Callable[[ProgrammeRow], None]:
    """Refuses, once the programme is locked, where it is not as the plan saw it."""

    def check(row: ProgrammeRow) -> None:
        if not holds(row):
            raise _faster(slug)

    return check


def _add_pictures(db: sessionmaker[Session], step: Step, now: datetime) -> Iterator[str]:
    for sha256 in step.pictures:
        images.keep(db, step.wanted.pictures[sha256], now=now)
        yield f"{step.wanted.slug}: added the picture {sha256[:12]}."
