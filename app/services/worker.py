"""The worker: a handful of loops, each in a thread of its own, so that a till's change never waits for a
roll-out.

Any number of workers may run on any number of machines; the database's leases keep them apart.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session, sessionmaker

from app.services import campaign_walk, delivery, rollouts
from app.services.cards import CHANNEL
from app.services.delivery import BULK_LANES, URGENT_LANES, Lane, Note, nobody
from app.services.ports import Wallet
from app.storage.tables import Rollout

log = structlog.get_logger(__name__)
REST = 1.0
"""A roll-out rests this many times as long as its last chunk took: a till comes between, phones keep up."""
RESTING = ("rollouts", "campaigns")
HOOKS = ("hooks", "hooks-2", "hooks-3")
"""Sources are taken in turn; one whose system answers slowly keeps a single loop busy."""
SWITCH_S = 0.0002
"""How long a busy thread keeps the interpreter from a till's (by itself Python takes 5 ms)."""
Step = Callable[[], bool]
"""Does one piece of work; returns whether there was any."""


class Bell:
    """Wakes all loops of this process; a ring is never lost between looking and waiting."""

    def __init__(self) -> None:
        self._rung = 0
        self._changed = threading.Condition()

    def ring(self) -> None:
        """Something became due."""
        with self._changed:
            self._rung += 1
            self._changed.notify_all()

    def count(self) -> int:
        """How often it rang; take this before looking for work."""
        with self._changed:
            return self._rung

    def wait(self, seen: int, timeout_s: float) -> None:
        """Until it rang more often than `seen`, or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._rung > seen, timeout_s)


def ring_after_commit(db: sessionmaker[Session], bell: Bell) -> None:
    """Ring when a transaction of this process that made something due has committed."""

    @event.listens_for(db, "after_commit")
    def committed(session: Session) -> None:
        if session.info.pop("due", False):
            bell.ring()


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loops work with."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    engine: Engine
    wallets: Mapping[str, Wallet]
    now: Callable[[], datetime]
    apply_hooks: Step
    housekeeping: Step
    note: Note = nobody
    poll_systems: Step = lambda: False
    jobs: Step = lambda: False
    webhooks: Mapping[str, Step] = field(default_factory=dict)


def steps(parts: Parts) -> dict[str, Step]:
    """The loops by name: two lanes and the upkeep of each wallet, roll-outs, campaigns, and all the rest."""
    made: dict[str, Step] = {}
    for name, wallet in parts.wallets.items():
        made[f"{name}-urgent"] = _lane_step(parts, Lane(wallet, URGENT_LANES, 200))
        bulk = _lane_step(parts, Lane(wallet, BULK_LANES, 2000 if name == "apple" else 100))
        made[f"{name}-bulk"] = bulk
        if name == "apple" and parts.engine.dialect.name == "postgresql":
            made[f"{name}-bulk-2"] = bulk  # one settles while the other pushes; SQLite has one writer anyway
        made[f"{name}-upkeep"] = partial(_upkeep_step, parts, wallet)
    made["rollouts"] = lambda: _rollout_step(parts)
    made["campaigns"] = lambda: _campaign_step(parts)
    for name in HOOKS:
        made[name] = parts.apply_hooks
    made["polls"] = parts.poll_systems
    made.update(parts.webhooks)
    made["jobs"] = parts.jobs
    made["housekeeping"] = parts.housekeeping
    return made


def _lane_step(parts: Parts, lane: Lane) -> Step:
    def step() -> bool:
        if not delivery.is_due(parts.read, lane, parts.now()):
            return False
        return delivery.run_once(parts.db, lane, now=parts.now, jitter=random.random, note=parts.note) > 0

    return step


def _upkeep_step(parts: Parts, wallet: Wallet) -> bool:
    return wallet.tend(parts.now())


def _rollout_step(parts: Parts) -> bool:
    now = parts.now()
    with parts.read() as session:
        if session.scalar(select(Rollout.id).where(Rollout.due_at <= now).limit(1)) is None:
            return False
    return rollouts.run_rollout(parts.db, parts.wallets, now=now, jitter=random.random(), read=parts.read)


def _campaign_step(parts: Parts) -> bool:
    now = parts.now()
    due = campaign_walk.is_due(parts.read, now)
    return due and campaign_walk.run_step(parts.db, parts.read, now=now, jitter=random.random())


def run_until_idle(parts: Parts, *, most: int = 1000) -> None:
    """Do all that is due now, in this thread; for commands and tests."""
    each = list(dict.fromkeys(steps(parts).values()))  # what several loops do, one thread does once
    for _ in range(most):
        if not sum(step() for step in each):
            return


class Worker:
    """Runs all loops until stopped; a loop that fails logs it, waits, and goes on."""

    def __init__(self, parts: Parts, bell: Bell) -> None:
        self._parts, self._bell = parts, bell
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._poll_s = 1.0 if parts.engine.dialect.name == "postgresql" else 0.25

    def start(self) -> None:
        """Start the loops, and on PostgreSQL a listener for other machines' changes."""
        sys.setswitchinterval(min(SWITCH_S, sys.getswitchinterval()))
        jobs: dict[str, Callable[[], None]] = {
            name: partial(self._loop, name, step) for name, step in steps(self._parts).items()
        }
        if self._parts.engine.dialect.name == "postgresql":
            jobs["listener"] = self._listen
        for name, job in jobs.items():
            thread = threading.Thread(target=job, name=f"worker-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Let each loop finish its batch, then return."""
        self._stopping.set()
        self._bell.ring()
        for thread in self._threads:
            thread.join(timeout_s)

    def _loop(self, name: str, step: Step) -> None:
        failures = 0
        while not self._stopping.is_set():
            seen, began = self._bell.count(), time.monotonic()
            try:
                worked, failures = step(), 0
            except Exception:
                failures += 1
                log.exception("worker loop failed", loop=name, failures=failures)
                self._stopping.wait(min(30.0, 0.5 * 2**failures))
                continue
            if worked and name in RESTING:
                self._stopping.wait(REST * (time.monotonic() - began))
            elif not worked:
                self._bell.wait(seen, self._poll_s)

    def _listen(self) -> None:
        """Ring for notifications of other machines; without them the loops still look every second."""
        while not self._stopping.is_set():
            try:
                self._listen_once()
            except Exception:
                log.exception("notifications are not heard; looking every second instead")
                self._stopping.wait(5.0)

    def _listen_once(self) -> None:
        raw = self._parts.engine.raw_connection()
        try:
            connection = raw.driver_connection
            assert connection is not None
            raw.detach()
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._stopping.is_set():
                for _ in connection.notifies(timeout=1.0, stop_after=1):
                    self._bell.ring()
        finally:
            raw.close()
