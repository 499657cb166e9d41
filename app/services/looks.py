"""The look that all cards share, brought to the vendors that keep one (Google's classes).

It waits for nobody and nobody waits for it: while one vendor is down, the other's cards go on changing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from app.services.ports import DeliveryError, Wallet
from app.storage import queries
from app.storage.queue import backoff_s
from app.storage.tables import DesignRow, ProgrammeRow, Rollout


def publish_looks(
    db: sessionmaker[Session],
    wallets: Mapping[str, Wallet],
    held: Rollout,
    *,
    now: datetime,
    jitter: float,
) -> None:
    """Tell each wallet of the programme's current look; no transaction is open meanwhile."""
    with db() as session:
        row = session.get_one(ProgrammeRow, held.programme_id)
        look = session.get_one(DesignRow, row.design_id)
        programme, design = queries.programme_of(row), queries.design_of(look)
    told, fault = set(held.looks_published.split()), None
    for name, wallet in wallets.items():
        if name in told:
            continue
        try:
            wallet.publish(programme, design, look.id)
            told.add(name)
        except DeliveryError as error:
            fault = error
    _settle(db, held, " ".join(sorted(told)), fault, now, jitter)


def _settle(
    db: sessionmaker[Session],
    held: Rollout,
    told: str,
    fault: DeliveryError | None,
    now: datetime,
    jitter: float,
) -> None:
    wait = 0.0 if fault is None else fault.retry_after_s or backoff_s(held.attempts, jitter, cap_s=300)
    over = fault is None or fault.permanent
    values = {
        "looks_published": told,
        "last_error": fault.message[:500] if fault else "",
        "due_at": None if over else now + timedelta(seconds=wait),
        "finished_at": now if over else None,
    }
    with db.begin() as session:
        mine = (Rollout.id == held.id, Rollout.due_at == held.due_at)
        session.execute(update(Rollout).where(*mine).values(values))
