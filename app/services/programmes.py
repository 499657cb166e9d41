"""Programmes: made, changed, listed. A change that cards show rolls out to all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.design import Design
from app.domain.errors import Conflict, Invalid
from app.domain.programme import Programme
from app.domain.rulecheck import check_rules
from app.services import rule_plan
from app.services.events import record
from app.services.inputs import faults_of
from app.services.rollouts import start_rollout
from app.storage import queries
from app.storage.tables import DesignRow, ProgrammeRow, Receipt

FitStarter = Callable[[Programme], Design]


def parse(raw: Mapping[str, Any]) -> Programme:
    """A programme from JSON values; raises Invalid with every fault and its JSON pointer."""
    try:
        return Programme.model_validate(raw)
    except ValidationError as error:
        raise Invalid(faults_of(error, raw)) from None


def create(
    db: sessionmaker[Session],
    programme: Programme,
    *,
    now: datetime,
    fit_starter: FitStarter,
    design: Design | None = None,
    author: str = "",
) -> int:
    """A new programme with a published design (a starter that fits its rules, if none is given); raises
    Conflict, and Invalid for rules that make no sense together.
    """
    if faults := check_rules(programme):
        raise Invalid(faults)
    try:
        with db.begin() as session:
            row = ProgrammeRow(
                slug=programme.slug, body=programme.model_dump(mode="json"), created_at=now, updated_at=now
            )
            session.add(row)
            session.flush()
            look = DesignRow(
                programme_id=row.id,
                version=1,
                body=(design or fit_starter(programme)).model_dump(mode="json"),
                author=author,
                created_at=now,
                published_at=now,
            )
            session.add(look)
            session.flush()
            row.design_id = look.id
            record(session, row.id, "programme.created", {"author": author}, now)
            return row.id
    except IntegrityError:
        raise Conflict(f"There is a programme '{programme.slug}' already.", slug=programme.slug) from None


def change(
    db: sessionmaker[Session],
    slug: str,
    patch: Mapping[str, Any],
    *,
    now: datetime,
    author: str = "",
    guard: Callable[[ProgrammeRow], None] | None = None,
) -> Programme:
    """Replace the given keys; raises Invalid, NotFound, and Conflict for what can never change.

    Other rules are a new version of them that starts now (`app.services.rulebook` has dates and more).
    `guard` may refuse, once the programme is locked.
    """
    with db.begin() as session:
        row = queries.programme_row(session, slug, lock=True)
        if guard:
            guard(row)
        programme = parse({**row.body, **patch})
        new_rules = programme.rules != queries.programme_of(row).rules
        if new_rules and (faults := check_rules(programme)):
            raise Invalid(faults)
        if programme.slug != row.slug:
            raise Conflict("A programme's slug never changes: addresses and cards carry it.")
        if programme.currency != row.body["currency"] and has_receipts(session, row.id):
            raise Conflict("The currency cannot change any more: receipts were counted in it.")
        body = programme.model_dump(mode="json")
        row.body = {**body, "rules": row.body["rules"]}
        row.revision, row.updated_at = row.revision + 1, now
        if new_rules:
            rule_plan.add(session, row, rule_plan.Change(body["rules"], now, author=author), now)
        else:
            rule_plan.replan(session, row, now)
        record(session, row.id, "programme.changed", {"keys": sorted(patch), "author": author}, now)
        session.flush()
        start_rollout(session, row, now=now, why="programme")
        return programme


def has_receipts(session: Session, programme_id: int) -> bool:
    """Whether money was counted in its currency: then that can never change."""
    return session.scalar(select(Receipt.id).where(Receipt.programme_id == programme_id).limit(1)) is not None


def listed(session: Session, programme_ids: Sequence[int] | None = None) -> Sequence[ProgrammeRow]:
    """Programmes by slug; `None` means all."""
    statement = select(ProgrammeRow).order_by(ProgrammeRow.slug)
    if programme_ids is not None:
        statement = statement.where(ProgrammeRow.id.in_(programme_ids))
    return session.scalars(statement).all()
