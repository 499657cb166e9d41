"""What becomes of the calls that were kept: each is applied once, those of one card in their order.

Who works on a source holds its lease. A batch is read first (the system is asked where it only says what
changed), then put into lanes (`lanes`), then applied lane by lane: an event that cannot be applied now holds
back the later ones of its own card, and no others. What was done is kept in one transaction at the end; a
crash before it repeats, and repeats change nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Refused
from app.services.crm.actions import Ignored, Parked, apply_action
from app.services.crm.bulk import Wish, change_all, results, wish_of
from app.services.crm.lanes import lanes, put_off
from app.services.crm.preparing import again, prepare
from app.services.crm.reading import CallBack
from app.services.crm.settling import Outcome, settle
from app.services.crm.taking import BATCH, Batch, Event, Fenced, Held, LeaseLost, Tools, take
from app.services.ports import Action, Connector

log = structlog.get_logger(__name__)
PARKED_S = (60, 300, 900, 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)
"""How long a parked event waits each time; after the last it is put aside."""


def apply_due(
    db: sessionmaker[Session],
    connectors: Mapping[str, Connector],
    unseal: Callable[[str], str],
    *,
    now: datetime,
    jitter: float,
    limit: int = BATCH,
    default_pass_type: str = "",
    call_back: CallBack | None = None,
) -> int:
    """Apply up to `limit` due events of every source in turn; returns how many were tried."""
    tools = Tools(db, connectors, unseal, now, jitter, call_back, default_pass_type)
    tried, served = 0, set[int]()
    while tried < limit:
        asked = time.monotonic()
        batch = take(tools, limit - tried, served)
        if batch is None:
            break
        served.add(batch.source_id)
        tried += _work(Held(tools, batch, asked))
    return tried


def _work(held: Held) -> int:
    """Apply a batch and let the source go; returns how many events were tried."""
    batch, outcomes, done = held.batch, dict[int, Outcome](), set[str]()
    tools = replace(held.tools, db=Fenced(held.tools.db, held), call_back=held.call_back())
    try:
        ready = prepare(tools, batch, outcomes)
        made = lanes({event.id: event.keys for event in ready.values()})
        for lane in _in_bulk(tools, batch, made, ready, outcomes):
            if not held.renew():
                break  # our lease ran out: somebody else goes on
            _lane(tools, batch, [ready[each] for each in lane], outcomes)
        done = _done(ready, outcomes) | batch.woken
    except LeaseLost:
        log.warning("crm.lease_lost", source_id=batch.source_id)
    finally:
        settle(held.tools.db, batch.source_id, batch.lease, outcomes, done, tools.now)
    return sum(1 for each in outcomes.values() if each.tried)


def _done(ready: Mapping[int, Event], outcomes: Mapping[int, Outcome]) -> set[str]:
    """The names of what was applied, for which others may be waiting."""
    applied = [ready[each] for each in ready if each in outcomes and outcomes[each].state == "applied"]
    return {key for event in applied for key in event.keys if event.actions}


def _in_bulk(
    tools: Tools,
    batch: Batch,
    made: Sequence[list[int]],
    ready: Mapping[int, Event],
    outcomes: dict[int, Outcome],
) -> list[list[int]]:
    """Apply the lanes that only set something on a card that is known; returns the others."""
    wishes: dict[int, list[int]] = {}
    plans: list[Wish] = []
    for lane in made:
        events = [ready[each] for each in lane]
        wish = _wish(events) if len(made) > 1 else None
        fits = wish is not None and not any(_stale(batch, action) for e in events for action in e.actions)
        if wish is not None and fits and not put_off(lane, {e.id: e.keys for e in events}, batch.blockers):
            wishes[wish.card_id] = lane
            plans.append(wish)
    done = change_all(tools.db, plans, now=tools.now, actor=f"hook:{batch.source.slug}") if plans else {}
    for card_id, serial in done.items():
        for event in (ready[each] for each in wishes[card_id]):
            fresh = {action.ref: action.version for action in event.actions if action.ref and action.version}
            batch.versions.update(fresh)
            told = results(event.actions, serial)
            outcomes[event.id] = Outcome.applied(event, told, fresh, tools.now)
    return [lane for lane in made if lane[0] not in outcomes]


def _wish(events: Sequence[Event]) -> Wish | None:
    """What a lane asks for in all; None where it must go its own way: somebody in it is not known."""
    if any(event.strange and any(a.kind != "member" for a in event.actions) for event in events):
        return None
    return wish_of([action for event in events for action in event.actions], _cards(events))


def _cards(events: Sequence[Event]) -> list[int]:
    """The cards that these events are known to concern."""
    found = {key for event in events for key in event.keys if key.startswith("card:")}
    return [int(key.removeprefix("card:")) for key in found]


def _stale(batch: Batch, action: Action) -> bool:
    return bool(action.ref and action.version) and action.version < batch.versions.get(action.ref, 0)


def _lane(tools: Tools, batch: Batch, lane: Sequence[Event], outcomes: dict[int, Outcome]) -> None:
    """Apply events of one card until one must wait; then the later ones wait with it."""
    held = put_off([event.id for event in lane], {e.id: e.keys for e in lane}, batch.blockers)
    for place, event in enumerate(lane):
        if held is not None and held[0] < event.id:
            outcomes[event.id] = Outcome.behind(event, event.keys, held[1])
            continue
        done = outcomes[event.id] = _apply(tools, batch, event)
        if done.due_at is not None and not done.parked:
            held = (event.id, done.due_at)
        elif done.state == "applied":
            _once_more(tools, batch, lane[:place], event, outcomes)
            held = _next_is_parked(tools, batch, event)


def _next_is_parked(tools: Tools, batch: Batch, done: Event) -> tuple[int, datetime] | None:
    """The earliest event that waited for nothing but this one: it goes before those that came after it."""
    first = min((each.event_id for each in batch.parked if each.awaited <= done.keys), default=None)
    return None if first is None else (first, tools.now)


def _once_more(
    tools: Tools, batch: Batch, before: Sequence[Event], done: Event, outcomes: dict[int, Outcome]
) -> None:
    """What was parked may have waited for a later event of its lane, which is `done`: a return whose sale
    came after it.
    """
    for event in before:
        waits = outcomes[event.id]
        if waits.parked and set(waits.keys) <= done.keys:
            outcomes[event.id] = _apply(tools, batch, event)


def _apply(tools: Tools, batch: Batch, event: Event) -> Outcome:
    results: list[dict[str, Any]] = []
    fresh: dict[str, int] = {}
    try:
        for index, action in enumerate(event.actions):
            results.append(_act(tools, batch, event, index, action))
            if action.ref and action.version:
                fresh[action.ref] = batch.versions[action.ref] = action.version
    except Parked as error:
        return _park(tools, event, error, results)
    except Refused as error:
        return Outcome.dead(event, f"{error.code}: {error.message}", results)
    except LeaseLost:
        raise
    except Exception as error:
        log.warning("crm.event_failed", event_id=event.id, error=type(error).__name__, exc_info=True)
        return again(tools, event, error, event.keys, results)
    return Outcome.applied(event, results, fresh, tools.now)


def _act(tools: Tools, batch: Batch, event: Event, index: int, action: Action) -> dict[str, Any]:
    if _stale(batch, action):
        return {"kind": action.kind, "skipped": "something newer was applied before"}
    try:
        return apply_action(tools.db, batch.source, action, f"{event.dedup_key}:{index}", now=tools.now)
    except Ignored as error:
        return {"kind": action.kind, "skipped": str(error)}


def _park(tools: Tools, event: Event, error: Parked, results: Sequence[Mapping[str, Any]]) -> Outcome:
    if event.attempts >= len(PARKED_S):
        return Outcome.dead(event, str(error), results)
    later = tools.now + timedelta(seconds=PARKED_S[event.attempts])
    return Outcome.parked_until(event, str(error), later, error.awaited, results)
