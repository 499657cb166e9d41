"""One more knock, hours later, at phones that were told of a change and never came for it; never a third one.

Several developers saw phones stop fetching after many pushes in a short time; one later push brings most of
them back, and more would make it worse. The round walks over all registrations in windows, a few pushes a
second at most, and writes down first whom it is about to push: a crash costs that push, and never makes two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.services.phones import asleep, unfetched
from app.storage.tables import AppleDevice, AppleRegistration, Card, Chore
from app.wallets.apple.apns_replies import Push, Verdict, said
from app.wallets.apple.apps import APPLE
from app.wallets.apple.pushing import Clients
from app.wallets.apple.registrations import forget_dead
from app.wallets.apple.signing import CertificateError

NAME = "apple:unfetched"
WINDOW = 5000
AT_ONCE, REST = 15, timedelta(seconds=5)
"""So many pushes, then so long a rest: three a second at most."""
EVERY = timedelta(minutes=30)
LEASE = timedelta(minutes=2)


def step(db: sessionmaker[Session], read: sessionmaker[Session], clients: Clients, now: datetime) -> bool:
    """A window of the round, if one is due; returns whether the next may follow at once."""
    with read() as session:
        chore = session.get(Chore, NAME)
        if chore is not None and chore.next_at is not None and chore.next_at > now:
            return False
    try:
        chosen = _claim(db, now)
    except IntegrityError:
        return False  # another worker began the very first round
    if chosen is None:
        return False
    _push(db, clients, chosen, now)
    return _rest(db, bool(chosen), now)


def _claim(db: sessionmaker[Session], now: datetime) -> Sequence[Any] | None:
    """Take the next window, and mark those to push in it; None where somebody else has the turn."""
    with db.begin() as session:
        chore = session.get(Chore, NAME, with_for_update=True)
        if chore is None:
            chore = Chore(name=NAME, result={"cursor": 0})
            session.add(chore)
            session.flush()
        if chore.next_at is not None and chore.next_at > now:
            return None
        begin = int(chore.result.get("cursor", 0))
        end = _window_end(session, begin)
        rows = _owed(session, begin, end or begin, now) if end else []
        session.execute(
            update(AppleRegistration)
            .where(AppleRegistration.id.in_([row.id for row in rows]))
            .values(repushed_version=AppleRegistration.pushed_version)
        )
        cursor = rows[-1].id if len(rows) == AT_ONCE else end or 0
        chore.last_at, chore.next_at, chore.result = now, now + LEASE, {"cursor": cursor}
        return rows


def _window_end(session: Session, begin: int) -> int:
    """The last registration of the window, 0 at the end of the round."""
    ids = select(AppleRegistration.id).where(AppleRegistration.id > begin)
    window = ids.order_by(AppleRegistration.id).limit(WINDOW).subquery()
    return session.scalar(select(func.max(window.c.id))) or 0


def _owed(session: Session, begin: int, end: int, now: datetime) -> Sequence[Any]:
    rows = (
        select(
            AppleRegistration.id,
            AppleDevice.push_token,
            AppleDevice.token_seen_at,
            AppleDevice.pass_type_identifier,
        )
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .join(Card, Card.id == AppleRegistration.card_id)
        .where(
            AppleRegistration.id > begin,
            AppleRegistration.id <= end,
            AppleRegistration.repushed_version < AppleRegistration.pushed_version,
            AppleDevice.scheme == APPLE,
            unfetched(now),
            ~asleep(now),
        )
    )
    return session.execute(rows.order_by(AppleRegistration.id).limit(AT_ONCE)).all()


def _rest(db: sessionmaker[Session], pushed: bool, now: datetime) -> bool:
    with db.begin() as session:
        chore = session.get_one(Chore, NAME, with_for_update=True)
        is_over = not chore.result.get("cursor")
        chore.next_at = now + (EVERY if is_over else REST if pushed else timedelta())
        return not is_over and not pushed


def _push(db: sessionmaker[Session], clients: Clients, rows: Sequence[Any], now: datetime) -> None:
    by_type: dict[str, list[Push]] = {}
    for row in rows:
        if clients.can_push(row.pass_type_identifier, now):
            push = Push(row.push_token, row.token_seen_at, row.id)
            by_type.setdefault(row.pass_type_identifier, []).append(push)
    dead: dict[int, tuple[str, datetime | None]] = {}
    for pass_type, pushes in by_type.items():
        dead |= _knock(db, clients, pass_type, pushes)
    if dead:
        with db.begin() as session:
            forget_dead(session, dead)


def _knock(
    db: sessionmaker[Session], clients: Clients, pass_type: str, pushes: Sequence[Push]
) -> dict[int, tuple[str, datetime | None]]:
    """Push; what failed is written beside the registration, and tokens that are over are returned."""
    try:
        results = list(clients.client(pass_type).push(pushes))
    except CertificateError:
        return {}
    dead = {}
    for result in results:
        registration = result.push.tag
        assert isinstance(registration, int)
        if result.verdict is Verdict.DROP:
            dead[registration] = (result.push.token, result.push.registered_at)
        elif result.verdict is not Verdict.SENT:
            with db.begin() as session:
                mine = update(AppleRegistration).where(AppleRegistration.id == registration)
                session.execute(mine.values(push_error=said(result.reply)[:200]))
    return dead
