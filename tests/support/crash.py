"""Tills and workers as processes of their own, killed without warning; then everything is counted.

A process that forks is started once with all code loaded and every statement compiled, so that a new till is
at work within a few milliseconds and a kill hits transactions, not imports. A till notes an intent, calls the
service, and notes the answer after it came; a new till in its place repeats what has no answer under the same
key. Workers tell a wallet that is a file. `Judge` compares the notes, the ledger and the file.

Mutants are the three classic mistakes; the harness proves its worth by finding them.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.services import cards, delivery, journal, loyalty
from app.services.delivery import Lane
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.services.operating import Order, Work
from app.services.ports import Job, Outcome
from app.storage.database import Database, connect
from app.storage.tables import Account, Card, Delivery, LotRow, Operation, TransferRow
from tests.support.clock import Clock
from tests.support.shop import POINTS, STAMPS, Pocket, Shop

TILLS, WORKERS, CARDS = 3, 2, 24
LEAST_ANSWERS = 40
"""On a slow machine the killing goes on until so many purchases were answered, up to four times as long."""
LEASE = timedelta(seconds=1)
WARM = "warm"
_PAUSE = threading.Event()


def utc_now() -> datetime:
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    _PAUSE.wait(seconds)


def append(path: Path, line: str) -> None:
    """One line, whole or not at all, whatever happens to this process."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, f"{line}\n".encode())
    os.close(file)


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


class FileWallet(Pocket):
    """A wallet that writes each card and version down, slowly enough for a scan to come in between."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def deliver(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        for job in jobs:
            pause(0.02)
            append(self._path, f"{job.card_id} {job.version}")
            yield Outcome(job, job.version)


@dataclass
class Scene:
    """One database and the notes beside it."""

    database: Database
    notes: Path

    @property
    def provider(self) -> Path:
        return self.notes / "provider"

    def till(self, slot: int) -> Path:
        return self.notes / f"till-{slot}"

    def opens(self) -> None:
        """A café with cards in a wallet; every statement compiled once, all connections closed again."""
        shop = Shop(self.database, Clock(utc_now()), [POINTS, STAMPS])
        serials = [shop.customer(f"Anna {number}") for number in range(CARDS)]
        shop.buys(serials[0], 1000, key=f"{WARM}-1")
        shop.stamps(serials[0], key=f"{WARM}-2")
        self.works(utc_now)
        self.database.close()

    def serials(self) -> list[str]:
        with self.database.read() as session:
            return list(session.scalars(select(Card.serial).order_by(Card.id)))

    def works(self, now: Callable[[], datetime]) -> int:
        """One round of a worker."""
        lane = Lane(FileWallet(self.provider), limit=20)
        return delivery.run_once(self.database.write, lane, now=now, jitter=lambda: 0.0, lease=LEASE)

    def drains(self) -> None:
        """What a worker does that nobody kills, an hour later: all leases have run out."""
        while self.works(lambda: utc_now() + timedelta(hours=1)):
            pass


# --- the processes ----------------------------------------------------------------------------------------


def be_till(scene: Scene, slot: int, seed: int) -> None:
    """Repeat what has no answer, then go on; for ever."""
    chance, serials = random.Random(seed), scene.serials()
    log = scene.till(slot)
    said = lines(log)
    answered = {line[1] for line in said if line[0] == "ack"}
    for _, key, serial, amount in [line for line in said if line[0] == "intent" and line[1] not in answered]:
        _pay(scene.database.write, log, key, serial, int(amount))
    serial = serials[0]
    for number in range(len(said), sys.maxsize):
        serial = serial if number % 2 else chance.choice(serials)  # people scan twice: that is the hard case
        key, amount = f"till-{slot}-{number}", chance.choice((0, 1000, 2500))
        append(log, f"intent {key} {serial} {amount}")
        _pay(scene.database.write, log, key, serial, amount)


def _pay(db: sessionmaker[Session], log: Path, key: str, serial: str, amount: int) -> None:
    """A purchase, or a visit where there is no amount; however often the database is away."""
    once, by, now = Once("test", key, {"amount": amount}), By("boris"), utc_now()
    for _ in range(1000):
        try:
            if amount:
                loyalty.purchase(db, Purchase(serial, amount, "EUR"), once, by, now=now)
            else:
                loyalty.stamp(db, serial, 1, once, by, now=now)
        except Exception as trouble:
            append(log.with_name("trouble"), f"{key} {type(trouble).__name__} {str(trouble)[:300]!r}")
            pause(0.02)
        else:
            pause(0.01)  # the answer is on its way
            append(log, f"ack {key}")
            return


def be_worker(scene: Scene) -> None:
    """Deliver what is due; for ever."""
    while True:
        try:
            if not scene.works(utc_now):
                pause(0.005)
        except Exception as trouble:
            append(scene.notes / "trouble", f"worker {type(trouble).__name__} {str(trouble)[:300]!r}")
            pause(0.02)


def killing(scene: Scene, seconds: float, seed: int) -> int:
    """Keep tills and workers running and kill one every 20 to 150 ms; returns how many died."""
    chance, deaths, ends = random.Random(seed), 0, time.monotonic() + seconds
    tills = [partial(be_till, scene, slot) for slot in range(TILLS)]
    jobs = [*tills, *(partial(_as_worker, scene) for _ in range(WORKERS))]
    alive = [_fork(job, chance.randrange(2**32)) for job in jobs]
    while time.monotonic() < ends or (
        _answers(scene) < LEAST_ANSWERS and time.monotonic() < ends + 3 * seconds
    ):
        pause(chance.uniform(0.02, 0.15))
        victim = chance.randrange(len(jobs))
        _kill(alive[victim])
        deaths += 1
        alive[victim] = _fork(jobs[victim], chance.randrange(2**32))
    for pid in alive:
        _kill(pid)
    return deaths


def _answers(scene: Scene) -> int:
    return sum(line[0] == "ack" for slot in range(TILLS) for line in lines(scene.till(slot)))


def _as_worker(scene: Scene, seed: int) -> None:
    be_worker(scene)


def _fork(work: Callable[[int], None], seed: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work(seed)
    finally:
        os._exit(1)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


# --- what must be true afterwards --------------------------------------------------------------------------


@dataclass
class Verdict:
    """What is wrong: all lists empty is a pass. `acked` and `deaths` say how hard the test was."""

    acked: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, list[str]]:
        named = {name: getattr(self, name) for name in ("lost", "twice", "unasked", "unbalanced", "stale")}
        return {name: found for name, found in named.items() if found}


def judge(scene: Scene) -> Verdict:
    """Compare the tills' notes, the ledger, and what the wallet was told."""
    notes = [line for slot in range(TILLS) for line in lines(scene.till(slot))]
    intents = {line[1] for line in notes if line[0] == "intent"}
    acks = {line[1] for line in notes if line[0] == "ack"}
    with scene.database.read() as session:
        keys = Counter(key.partition("#")[0] for key in session.scalars(select(Operation.key)))
        done = Counter({key: times for key, times in keys.items() if not key.startswith(WARM)})
        return Verdict(
            acked=len(acks),
            lost=sorted(acks - done.keys()),
            twice=sorted(key for key, times in done.items() if times > 1),
            unasked=sorted(done.keys() - intents),
            unbalanced=list(_unbalanced(session)),
            stale=list(_stale(session, scene.provider)),
        )


def _unbalanced(session: Session) -> Iterator[str]:
    signed = [
        (row.card_id, row.unit, row.amount if row.credit == "available" else -row.amount)
        for row in session.scalars(select(TransferRow))
    ]
    sums: Counter[tuple[int, str]] = Counter()
    for card_id, unit, amount in signed:
        sums[card_id, unit] += amount
    rest = select(LotRow.card_id, LotRow.unit, func.sum(LotRow.remaining)).group_by(
        LotRow.card_id, LotRow.unit
    )
    lots = {(card_id, unit): int(left) for card_id, unit, left in session.execute(rest)}
    for account in session.scalars(select(Account)):
        about = (account.card_id, account.unit)
        if not account.balance == sums[about] == lots.get(about, 0):
            yield f"{about}: balance {account.balance}, journal {sums[about]}, lots {lots.get(about, 0)}"


def _stale(session: Session, provider: Path) -> Iterator[str]:
    told: dict[int, int] = {}
    for card_id, version in lines(provider):
        told[int(card_id)] = max(told.get(int(card_id), 1), int(version))
    for card, row in session.execute(select(Card, Delivery).join(Delivery, Delivery.card_id == Card.id)):
        if (told.get(card.id, 1), None) != (card.version, row.due_at):
            yield f"card {card.id}: version {card.version}, told {told.get(card.id)}, due {row.due_at}"


# --- the classic mistakes ----------------------------------------------------------------------------------


def dual_write(db: sessionmaker[Session]) -> None:
    """A: the queue is written after the ledger has committed; whoever dies in between loses the push."""
    make_due, owed = cards.make_due, "owed"

    def later(session: Session, card_ids: Sequence[int], now: datetime, priority: int) -> None:
        if session.info.get(owed) is not Ellipsis:
            session.info[owed] = (list(card_ids), now, priority)

    @event.listens_for(db, "after_commit")
    def committed(session: Session) -> None:
        debt = session.info.pop(owed, None)
        if not isinstance(debt, tuple):
            return
        pause(0.02)
        with db() as second:
            make_due(second, *debt)
            second.commit()

    cards.make_due = later


def done_is_wanted(db: sessionmaker[Session]) -> None:
    """B: what was wanted is marked as done, without looking whether the row is still the one we took."""

    def settle(session: Session, table: Any, done: Sequence[tuple[Any, dict[str, Any]]]) -> None:
        wanted = select(Card.version).where(Card.id == Delivery.card_id).scalar_subquery()
        for row, _ in done:
            mark = update(Delivery).where(Delivery.id == row.id)
            session.execute(mark.values(due_at=None, attempts=0, delivered_version=wanted))

    delivery.settle_many = settle


def no_unique_key(db: sessionmaker[Session]) -> None:
    """C: a repeated key is not known again."""
    open_operation = journal.open_operation

    def opened(session: Session, work: Work, order: Order) -> Operation:
        once = replace(order.once, key=f"{order.once.key}#{secrets.token_hex(4)}")
        return open_operation(session, work, replace(order, once=once))

    journal.open_operation = opened


MUTANTS: dict[str, Callable[[sessionmaker[Session]], None]] = {
    "none": lambda db: None,
    "dual-write": dual_write,
    "done-is-wanted": done_is_wanted,
    "no-unique-key": no_unique_key,
}


def main(url: str, notes: str, seconds: str, seed: str, mutant: str) -> None:
    """The process that forks; prints how many it killed."""
    scene = Scene(connect(url), Path(notes))
    scene.opens()
    MUTANTS[mutant](scene.database.write)
    print(killing(scene, float(seconds), int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
