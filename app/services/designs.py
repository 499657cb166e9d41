"""Designs: drafts that change, published versions that never do, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.design import Design, Slot
from app.domain.errors import Conflict, Invalid
from app.domain.faces import Holder, build_pass, placeholders
from app.domain.google_lint import google_advice
from app.domain.ledger import Holdings, apply
from app.domain.lint import lint
from app.domain.mechanics import needs, show
from app.domain.mechanics.base import State
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.services.events import record
from app.services.inputs import faults_of
from app.services.rollouts import start_rollout
from app.storage import queries
from app.storage.tables import DesignRow, ImageRow, ProgrammeRow


def parse(raw: Mapping[str, Any]) -> Design:
    """A design from JSON values; raises Invalid with every fault."""
    try:
        return Design.model_validate(raw)
    except ValidationError as error:
        raise Invalid(faults_of(error, raw)) from None


def draft(
    db: sessionmaker[Session], slug: str, design: Design, *, now: datetime, author: str = "", note: str = ""
) -> int:
    """Keep a new draft; returns its id. Raises NotFound."""
    with db.begin() as session:
        return _add(session, queries.programme_row(session, slug, lock=True), design, now, author, note).id


def _add(
    session: Session, programme: ProgrammeRow, design: Design, now: datetime, author: str, note: str
) -> DesignRow:
    highest = (
        session.scalar(select(func.max(DesignRow.version)).where(DesignRow.programme_id == programme.id)) or 0
    )
    row = DesignRow(
        programme_id=programme.id,
        version=highest + 1,
        body=design.model_dump(mode="json"),
        author=author[:120],
        note=note[:200],
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def publish(
    db: sessionmaker[Session],
    slug: str,
    design_id: int,
    *,
    now: datetime,
    author: str = "",
    guard: Callable[[ProgrammeRow], None] | None = None,
) -> int:
    """Make a draft the programme's look and roll it out; returns the roll-out's id. Raises Invalid with
    the lint faults. `guard` may refuse, once the programme is locked.
    """
    with db.begin() as session:
        programme = queries.programme_row(session, slug, lock=True)
        if guard:
            guard(programme)
        row = queries.design_row(session, programme, design_id)
        if row.published_at is not None:
            raise Conflict(
                "This version was published before; restore it to go back to it.", version=row.version
            )
        _check(session, queries.programme_of(programme), queries.design_of(row))
        return _go_live(session, programme, row, now, author)


def restore(db: sessionmaker[Session], slug: str, design_id: int, *, now: datetime, author: str = "") -> int:
    """Undo: publish an earlier version again, as a new one; returns the roll-out's id."""
    with db.begin() as session:
        programme = queries.programme_row(session, slug, lock=True)
        old = queries.design_row(session, programme, design_id)
        note = f"restored from version {old.version}"
        row = _add(session, programme, queries.design_of(old), now, author, note)
        return _go_live(session, programme, row, now, author)


def _go_live(session: Session, programme: ProgrammeRow, row: DesignRow, now: datetime, author: str) -> int:
    row.published_at = now
    programme.design_id = row.id
    record(session, programme.id, "design.published", {"version": row.version, "author": author}, now)
    session.flush()
    return start_rollout(session, programme, now=now, why="design").id


def set_image(
    db: sessionmaker[Session],
    slug: str,
    slot: Slot,
    sha256: str | None,
    *,
    now: datetime,
    author: str = "",
    guard: Callable[[ProgrammeRow], None] | None = None,
) -> int:
    """Change one picture of the published look (None takes it away) and roll it out; returns the new
    design's id. `guard` may refuse, once the programme is locked.
    """
    with db.begin() as session:
        programme = queries.programme_row(session, slug, lock=True)
        if guard:
            guard(programme)
        design = queries.design_of(queries.design_row(session, programme))
        images = (
            {**design.images, slot: sha256}
            if sha256
            else {k: v for k, v in design.images.items() if k != slot}
        )
        changed = Design.model_validate({**design.model_dump(), "images": images})
        row = _add(session, programme, changed, now, author, f"new {slot}")
        _go_live(session, programme, row, now, author)
        return row.id


def _check(session: Session, programme: Programme, design: Design) -> None:
    faults = {f"/{index}": fault for index, fault in enumerate(lint_for(programme, design))}
    local = {f"local_images/{where}": found for where, found in design.local_images.items()}
    for where, found in {"images": design.images, **local}.items():
        for slot, sha256 in found.items():
            if session.scalar(select(ImageRow.sha256).where(ImageRow.sha256 == sha256)) is None:
                faults[f"/{where}/{slot}"] = "there is no such picture; upload it first"
    if faults:
        raise Invalid(faults)


def advice_for(design: Design) -> list[str]:
    """What is good to know of this design although it may go out as it is, one sentence each."""
    return list(google_advice(design))


def lint_for(programme: Programme, design: Design) -> list[str]:
    """What should be mended before this design goes out to this programme's cards."""
    return lint(design, known_placeholders(programme, design))


def known_placeholders(programme: Programme, design: Design) -> Mapping[str, Any]:
    """Every `{name}` that this programme's cards can fill in, with the value of a made-up card."""
    state = sample_state(programme, Holdings(), _SAMPLE_TIME)
    return placeholders(programme, design, sample_holder(programme), show(programme.rules, state))


_SAMPLE_TIME = datetime.fromisoformat("2026-01-01T12:00:00+00:00")
_SAMPLE_NUMBERS = {"letters": "K3FQ7M2X9RT4WZ8H", "ean13": "2001234567893", "digits16": "4801273350126784"}


def sample_holder(programme: Programme, *, locale: str = "", tier: str = "") -> Holder:
    """A member for previews; the name is made up."""
    russian = (locale or programme.default_locale).startswith("ru")
    name = ("Анна", "Иванова") if russian else ("Anna", "Ozola")
    return Holder(
        "preview",
        _SAMPLE_NUMBERS[programme.card_numbers],
        link="preview",
        locale=locale,
        tier=tier,
        given_name=name[0],
        family_name=name[1],
    )


def sample_state(programme: Programme, holdings: Holdings, now: datetime, tier: str = "") -> State:
    """A ledger state for previews."""
    return State(holdings, now, tier, {}, programme.zone)


def preview(
    programme: Programme,
    design: Design,
    *,
    now: datetime,
    filled: float = 0.4,
    locale: str = "",
    tier: str = "",
) -> Pass:
    """The face of a made-up card whose progress is `filled` (0 to 1) of the way; exactly what a phone
    would get.
    """
    samples = [rule.sample(filled) for rule in programme.rules]
    holdings, _ = apply(Holdings(), [move for each in samples for move in each.moves], now=now)
    counted = {what: amount for each in samples for what, amount in each.counts.items()}
    asked = needs(programme.rules, now.astimezone(programme.zone).date())
    counts = {count: counted.get(count.what, 0) for count in asked}
    state = replace(sample_state(programme, holdings, now, tier), counts=counts)
    return build_pass(programme, design, sample_holder(programme, locale=locale, tier=tier), state)


def history(session: Session, slug: str, *, limit: int = 50) -> Sequence[DesignRow]:
    """Versions of a programme's look, newest first."""
    programme = queries.programme_row(session, slug)
    return session.scalars(
        select(DesignRow)
        .where(DesignRow.programme_id == programme.id)
        .order_by(DesignRow.version.desc())
        .limit(limit)
    ).all()
