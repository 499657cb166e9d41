"""Addresses that hear of events: added, changed, paused, given new secrets, taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.services.cards import wake
from app.services.events import record
from app.services.ports import Connector, Telling
from app.services.webhooks import signing
from app.services.webhooks.catalogue import OFFERED, PING
from app.services.webhooks.fanout import insert_new, message
from app.storage import queries
from app.storage.tables import (
    HookSource,
    ProgrammeRow,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
)

Check = Callable[[str], None]
"""Raises Invalid at `/url` for an address that may not be called (`Outside.check`)."""
Seal = Callable[[str], str]
Mine = Sequence[int] | None
"""Programmes that the caller may see; None means all."""
MOST_ENDPOINTS = 50
"""Of one programme: each event is a message for each of them."""
MOST_SECRETS = 3
DELETED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An address, or (`source`) a system that its connector writes back to; `kinds` empty means all."""

    programme: str
    url: str = ""
    kinds: Sequence[str] = ()
    description: str = ""
    member_data: bool = False
    source: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What is to be different; None stays. `state` is `active` or `paused`."""

    url: str | None = None
    kinds: Sequence[str] | None = None
    description: str | None = None
    member_data: bool | None = None
    state: str | None = None


def create(
    db: sessionmaker[Session],
    new: NewEndpoint,
    *,
    now: datetime,
    check: Check,
    seal: Seal,
    connectors: Mapping[str, Connector],
) -> tuple[int, str]:
    """Its number and its secret, which is shown this once (a source has none). Raises NotFound, Invalid,
    Conflict.
    """
    _check(new.url, new.kinds, check, needed=not new.source)
    secret = "" if new.source else signing.new_secret()
    try:
        with db.begin() as session:
            programme = queries.programme_row(session, new.programme)
            _require_room(session, programme)
            source, tells = _source(session, programme, new.source, connectors)
            row = WebhookEndpoint(
                programme_id=programme.id,
                source_id=source,
                url=new.url,
                description=new.description,
                kinds=list(dict.fromkeys(new.kinds or tells)),
                secrets=[seal(secret)] if secret else [],
                member_data=new.member_data,
                author=new.author[:120],
                created_at=now,
                changed_at=now,
            )
            session.add(row)
            session.flush()
            return row.id, secret
    except IntegrityError:
        raise Conflict("This source is told already.", source=new.source) from None


def _require_room(session: Session, programme: ProgrammeRow) -> None:
    mine = select(WebhookEndpoint.id).where(WebhookEndpoint.programme_id == programme.id)
    if len(session.scalars(mine.limit(MOST_ENDPOINTS)).all()) >= MOST_ENDPOINTS:
        raise Conflict(f"A programme may have {MOST_ENDPOINTS} endpoints.", most=MOST_ENDPOINTS)


def _check(url: str | None, kinds: Sequence[str] | None, check: Check, *, needed: bool) -> None:
    faults: dict[str, str] = {}
    if url is not None and needed:
        try:
            check(url)
        except Invalid as error:
            faults |= error.faults
    elif url:
        faults["/url"] = "a source knows its address itself"
    for index, kind in enumerate(kinds or ()):
        if kind not in OFFERED:
            faults[f"/kinds/{index}"] = "is no event; GET /webhook-events lists them"
    if faults:
        raise Invalid(faults)


def _source(
    session: Session, programme: ProgrammeRow, slug: str, connectors: Mapping[str, Connector]
) -> tuple[int | None, Sequence[str]]:
    if not slug:
        return None, ()
    mine = (HookSource.slug == slug, HookSource.programme_id == programme.id)
    row = session.scalars(select(HookSource).where(*mine)).one_or_none()
    if row is None:
        raise Invalid({"/source": "there is no such source in this programme"})
    connector: object = connectors.get(row.kind)
    if not isinstance(connector, Telling):
        raise Invalid({"/source": "this kind of system takes nothing back"})
    return row.id, [kind for kind in connector.tells if kind in OFFERED]


def reached(session: Session, endpoint_id: int, mine: Mine, *, lock: bool = False) -> WebhookEndpoint:
    """The endpoint; raises NotFound for one that is another programme's."""
    row = session.get(WebhookEndpoint, endpoint_id, with_for_update=lock)
    if row is None or (mine is not None and row.programme_id not in mine):
        raise NotFound("There is no such endpoint.", endpoint=endpoint_id)
    return row


def listed(
    session: Session, mine: Mine, *, after_id: int = 0, limit: int = 200
) -> Sequence[tuple[WebhookEndpoint, str, str]]:
    """Endpoints with the slugs of their programme and of their source (or an empty text), oldest first."""
    statement = (
        select(WebhookEndpoint, ProgrammeRow.slug, HookSource.slug)
        .join(ProgrammeRow, ProgrammeRow.id == WebhookEndpoint.programme_id)
        .outerjoin(HookSource, HookSource.id == WebhookEndpoint.source_id)
        .where(WebhookEndpoint.id > after_id)
    )
    if mine is not None:
        statement = statement.where(WebhookEndpoint.programme_id.in_(mine))
    rows = session.execute(statement.order_by(WebhookEndpoint.id).limit(limit)).all()
    return [(row, slug, source or "") for row, slug, source in rows]


def change(
    db: sessionmaker[Session],
    endpoint_id: int,
    wish: EndpointChange,
    mine: Mine,
    *,
    now: datetime,
    check: Check,
    guard: Callable[[WebhookEndpoint], None] | None = None,
) -> None:
    """Set what is given; `active` also brings back a disabled one. `guard` may refuse, once the row is
    locked. Raises NotFound, Invalid.
    """
    with db.begin() as session:
        row = reached(session, endpoint_id, mine)
        is_source = row.source_id is not None
    _check(wish.url, wish.kinds, check, needed=not is_source)  # asks a name server: in no transaction
    with db.begin() as session:
        row = reached(session, endpoint_id, mine, lock=True)
        if guard:
            guard(row)
        for name in ("url", "description", "member_data"):
            if getattr(wish, name) is not None:
                setattr(row, name, getattr(wish, name))
        if wish.kinds is not None:
            row.kinds = list(dict.fromkeys(wish.kinds))
        if wish.state is not None:
            _set_state(row, wish.state)
        row.changed_at, row.revision = now, row.revision + 1
        wake(session)


def _set_state(row: WebhookEndpoint, state: str) -> None:
    if row.state == "disabled" and state == "active":
        row.failing_since, row.disabled_reason = None, ""
    if row.state != "disabled" or state == "active":
        row.state = state


def rotate(
    db: sessionmaker[Session], endpoint_id: int, mine: Mine, *, now: datetime, hours: int, seal: Seal
) -> str:
    """A new secret, shown this once; the former ones go on signing beside it for so long. Raises NotFound,
    Conflict.
    """
    secret = signing.new_secret()
    with db.begin() as session:
        row = reached(session, endpoint_id, mine, lock=True)
        if row.source_id is not None:
            raise Conflict("What goes to a source is not signed.", endpoint=endpoint_id)
        former = row.secrets if row.former_until and now < row.former_until else row.secrets[:1]
        row.secrets = [seal(secret), *former][:MOST_SECRETS]
        row.former_until = now + timedelta(hours=hours)
        row.changed_at, row.revision = now, row.revision + 1
    return secret


def ping(db: sessionmaker[Session], endpoint_id: int, mine: Mine, *, now: datetime) -> int:
    """Send a test to this endpoint alone; its message's number. Raises NotFound, Conflict."""
    with db.begin() as session:
        row = reached(session, endpoint_id, mine)
        if row.state != "active":
            raise Conflict(f"This endpoint is {row.state}.", state=row.state)
        event = record(session, row.programme_id, PING, {"endpoint": row.id}, now)
        event.due_at = None  # for nobody else
        session.flush()
        insert_new(session, [message(row.id, event.id, None, PING, now)])
        wake(session)
        made = select(WebhookMessage.id).where(WebhookMessage.event_id == event.id)
        return session.scalars(made).one()


def remove(db: sessionmaker[Session], endpoint_id: int, mine: Mine, *, now: datetime) -> None:
    """Take it away with all that was sent to it, a stretch at a time. Raises NotFound."""
    with db.begin() as session:
        row = reached(session, endpoint_id, mine, lock=True)
        row.state, row.disabled_reason, row.changed_at = "disabled", "It is being deleted.", now
    while not _removed(db, endpoint_id):
        pass


def _removed(db: sessionmaker[Session], endpoint_id: int) -> bool:
    """Whether the endpoint is gone; a message that was being made meanwhile is taken next time."""
    try:
        with db.begin() as session:
            first = select(WebhookMessage.id).where(WebhookMessage.endpoint_id == endpoint_id)
            found = session.scalars(first.order_by(WebhookMessage.id).limit(DELETED_AT_ONCE)).all()
            forget(session, found)
            if len(found) < DELETED_AT_ONCE:
                session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))
                return True
    except IntegrityError:
        return False
    return False


def forget(session: Session, message_ids: Sequence[int]) -> None:
    """Delete these messages with their attempts."""
    if message_ids:
        session.execute(delete(WebhookAttempt).where(WebhookAttempt.message_id.in_(message_ids)))
        session.execute(delete(WebhookMessage).where(WebhookMessage.id.in_(message_ids)))
