"""Keeping what became of events, and letting their source go: one transaction for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, sessionmaker

from app.services.crm.lanes import EVERYTHING
from app.storage.batches import among, update_many
from app.storage.tables import HookEvent, HookObject, HookSource

MOST_KEYS = 200
MOST_PARKED = 1000


class Claimed(Protocol):
    """An event as it was taken: its due time is what a replay or another worker would have changed."""

    @property
    def id(self) -> int: ...

    @property
    def due_at(self) -> datetime: ...

    @property
    def attempts(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event. `tried`: it was its turn; `fresh`: versions that were applied, by thing."""

    was_due: datetime
    tried: bool
    state: str
    due_at: datetime | None
    attempts: int
    error: str
    results: Sequence[Mapping[str, Any]]
    keys: Sequence[str] = ()
    parked: bool = False
    applied_at: datetime | None = None
    fresh: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def applied(
        cls, event: Claimed, results: Sequence[Mapping[str, Any]], fresh: Mapping[str, int], now: datetime
    ) -> Self:
        """It is done."""
        return cls(event.due_at, True, "applied", None, 0, "", results, applied_at=now, fresh=fresh)

    @classmethod
    def dead(cls, event: Claimed, reason: str, results: Sequence[Mapping[str, Any]] = ()) -> Self:
        """Trying the same again is useless; a person may mend the cause and replay it."""
        return cls(event.due_at, True, "dead", None, event.attempts + 1, reason, results)

    @classmethod
    def later(
        cls,
        event: Claimed,
        reason: str,
        due_at: datetime,
        keys: Collection[str],
        results: Sequence[Mapping[str, Any]] = (),
    ) -> Self:
        """It will be tried again, and what concerns the same waits for it."""
        named = _named(keys)
        return cls(event.due_at, True, "received", due_at, event.attempts + 1, reason, results, named)

    @classmethod
    def parked_until(
        cls,
        event: Claimed,
        reason: str,
        due_at: datetime,
        awaited: Collection[str],
        results: Sequence[Mapping[str, Any]],
    ) -> Self:
        """It waits for something that is still to come, by these names, and holds up nobody."""
        named, tries = sorted(awaited)[:MOST_KEYS], event.attempts + 1
        return cls(event.due_at, True, "received", due_at, tries, reason, results, named, parked=True)

    @classmethod
    def behind(cls, event: Claimed, keys: Collection[str], due_at: datetime) -> Self:
        """It waits behind an earlier event of the same card."""
        words = "waits behind an earlier event of the same card"
        named = _named(keys)
        return cls(event.due_at, False, "received", due_at, event.attempts, words, (), named)

    def values(self) -> dict[str, Any]:
        """The columns of `hook_events`."""
        return {
            "state": self.state,
            "due_at": self.due_at,
            "attempts": self.attempts,
            "last_error": self.error.replace("\x00", "")[:500],
            "result": {"actions": list(self.results)},
            "keys": list(self.keys),
            "parked": self.parked,
            "applied_at": self.applied_at,
        }


def _named(keys: Collection[str]) -> list[str]:
    """What later events find it by; one that names a crowd holds up all of them."""
    return sorted(keys) if len(keys) <= MOST_KEYS else [EVERYTHING]


def settle(
    db: sessionmaker[Session],
    source_id: int,
    lease: str,
    outcomes: Mapping[int, Outcome],
    done: Collection[str],
    now: datetime,
) -> None:
    """Keep what was done, unless an event was made due anew meanwhile: then it stays due. Parked events that
    wait for nothing but what was `done` are due at once.

    Who lost the lease keeps only what is over: what still waits is its new holder's business.
    """
    mine = (HookSource.id == source_id, HookSource.lease_token == lease)
    with db.begin() as session:
        asked = select(HookSource.id).where(*mine).with_for_update(key_share=True)
        ours = session.scalars(asked).one_or_none() is not None
        kept = {key: each for key, each in outcomes.items() if ours or each.due_at is None}
        changes = [({"id": key, "due_at": each.was_due}, each.values()) for key, each in kept.items()]
        update_many(session, HookEvent.__table__, changes)  # type: ignore[arg-type]
        _forget_erased(session, outcomes)
        _keep_versions(session, source_id, kept)
        _waken(session, source_id, done, now)
        session.execute(update(HookSource).where(*mine).values(lease_until=None, lease_token=""))


def _forget_erased(session: Session, outcomes: Mapping[int, Outcome]) -> None:
    """The calls of this batch that named somebody whom a later one of them erased lose their bodies."""
    told = {key: list(each.results) for key, each in outcomes.items()}
    gone = [done for each in told.values() for done in each if done.get("kind") == "erase"]
    erased = {done["serial"] for done in gone if "serial" in done}
    named = [key for key, each in told.items() if erased & {done.get("serial") for done in each}]
    if erased and named:
        forgotten = update(HookEvent).where(HookEvent.id.in_(named)).values(body=b"")
        session.execute(forgotten, execution_options={"synchronize_session": False})


def _waken(session: Session, source_id: int, done: Collection[str], now: datetime) -> None:
    if not done:
        return
    parked = (HookEvent.source_id == source_id, HookEvent.due_at > now, HookEvent.parked.is_(True))
    rows = session.execute(select(HookEvent.id, HookEvent.keys).where(*parked).limit(MOST_PARKED)).all()
    waiting = [row.id for row in rows if row.keys and set(done).issuperset(row.keys)]
    if waiting:
        due = update(HookEvent).where(HookEvent.id.in_(waiting), HookEvent.due_at > now)
        session.execute(due.values(due_at=now), execution_options={"synchronize_session": False})


def versions_of(session: Session, source_id: int, refs: Collection[str]) -> dict[str, int]:
    """How new what was applied last is, by thing."""
    if not refs:
        return {}
    mine = (HookObject.source_id == source_id, among(session, HookObject.ref, list(refs)))
    return {
        row.ref: row.version
        for row in session.execute(select(HookObject.ref, HookObject.version).where(*mine))
    }


def _keep_versions(session: Session, source_id: int, outcomes: Mapping[int, Outcome]) -> None:
    rows: dict[str, dict[str, Any]] = {}
    for each in outcomes.values():
        for ref, version in each.fresh.items():
            before = rows.get(ref, {}).get("version", 0)
            named = {"source_id": source_id, "ref": ref[:160], "version": max(version, before)}
            rows[ref] = {**named, "at": each.applied_at}
    if not rows:
        return
    engine = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = engine.insert(HookObject).values(list(rows.values()))
    newer = insert.excluded.version > HookObject.version
    fresh = {"version": insert.excluded.version, "at": insert.excluded.at}
    session.execute(
        insert.on_conflict_do_update(index_elements=["source_id", "ref"], set_=fresh, where=newer)
    )
