"""The systems that may call us: made, changed, paused, given new secrets."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.services.cards import wake
from app.services.crm.telling import follow, is_told
from app.services.ports import Configured, Connector, Polling, Stored
from app.storage import queries
from app.storage.tables import HookSource, ProgrammeRow

STRANGERS = ("refuse", "ignore", "wait", "enrol")
"""What becomes of an event that names nobody we know: it is refused (a dead letter), nothing, it waits for
the person for some days, or they get a card.
"""
OURS = ("strangers",)
"""Settings of every source; all others are its connector's."""
Seal = Callable[[str], str]
CheckUrl = Callable[[str, str], None]
"""(address, where it stands): raises Invalid for one that may not be called (`Outside.check`)."""


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source as it is asked for; without `secret` one is made. `token` is for calling the system back."""

    slug: str
    programme: str
    kind: str = "generic"
    secret: str | None = None
    mapping: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None
    token: str = ""
    quiet_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class SourceChange:
    """What to change; None stays as it is. `quiet_after_s` 0 goes by what is usual."""

    mapping: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None
    token: str | None = None
    quiet_after_s: int | None = None


def create_source(
    db: sessionmaker[Session],
    new: NewSource,
    connectors: Mapping[str, Connector],
    seal: Seal,
    *,
    now: datetime,
    check_url: CheckUrl | None = None,
) -> str:
    """A system may call from now on; returns its secret. Raises NotFound, Invalid, Conflict."""
    connector = connectors.get(new.kind)
    if connector is None:
        raise Invalid({"/kind": f"should be one of {', '.join(sorted(connectors))}"})
    settings = dict(new.settings or {})
    check(connector, new.mapping or {}, settings, check_url)
    secret = new.secret or new_secret()
    try:
        with db.begin() as session:
            row = HookSource(
                slug=new.slug,
                programme_id=queries.programme_row(session, new.programme).id,
                kind=new.kind,
                secrets=[seal(secret)],
                mapping=dict(new.mapping or {}),
                settings=settings,
                token=seal(new.token) if new.token else "",
                quiet_after_s=new.quiet_after_s or None,
                created_at=now,
            )
            row.poll_at = first_poll(connector, row, now)
            session.add(row)
            follow(session, row, connector, now)
    except IntegrityError:
        raise Conflict(f"There is a source '{new.slug}' already.", slug=new.slug) from None
    return secret


def new_secret() -> str:
    """256 random bits, written as Standard Webhooks writes them."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def first_poll(connector: Connector, row: HookSource, now: datetime) -> datetime | None:
    """When the system is asked first; never, where it cannot be called."""
    callable_ = isinstance(connector, Polling) and row.settings.get("url") and row.token
    return now if callable_ else None


def check(
    connector: Connector,
    mapping: Mapping[str, Any],
    settings: Mapping[str, Any],
    check_url: CheckUrl | None = None,
) -> None:
    """Faults of mapping and settings; that an empty body asks for nothing sensible is no fault."""
    faults: dict[str, str] = {}
    for attempt in (
        lambda: connector.actions(Stored(b"{}"), mapping),
        lambda: _check_settings(connector, settings),
        lambda: _check_url(settings, check_url),
    ):
        try:
            attempt()
        except Invalid as error:
            faults |= {w: s for w, s in error.faults.items() if w.startswith(("/mapping", "/settings"))}
    if faults:
        raise Invalid(faults)


def _check_settings(connector: Connector, settings: Mapping[str, Any]) -> None:
    if settings.get("strangers", STRANGERS[0]) not in STRANGERS:
        raise Invalid({"/settings/strangers": f"should be one of {', '.join(STRANGERS)}"})
    theirs = {name: value for name, value in settings.items() if name not in OURS}
    if isinstance(connector, Configured):
        connector.check_settings(theirs)
    elif theirs:
        raise Invalid({f"/settings/{name}": "is not known here" for name in theirs})


def _check_url(settings: Mapping[str, Any], check_url: CheckUrl | None) -> None:
    url = settings.get("url")
    if not url or check_url is None:
        return
    if not isinstance(url, str):
        raise Invalid({"/settings/url": "should be a text"})
    check_url(url, "/settings/url")


def source_called(session: Session, slug: str) -> HookSource | None:
    """The source of `/hooks/<slug>`, if there is one."""
    return session.scalars(select(HookSource).where(HookSource.slug == slug)).one_or_none()


def sources(session: Session, programme_ids: Sequence[int] | None) -> Sequence[tuple[HookSource, str]]:
    """Sources with the slug of their programme, by slug; None means those of all programmes."""
    statement = select(HookSource, ProgrammeRow.slug).join(
        ProgrammeRow, ProgrammeRow.id == HookSource.programme_id
    )
    if programme_ids is not None:
        statement = statement.where(HookSource.programme_id.in_(programme_ids))
    return [(row, slug) for row, slug in session.execute(statement.order_by(HookSource.slug))]


def locked(session: Session, source_id: int, programme_ids: Sequence[int] | None) -> HookSource:
    """The source, locked; raises NotFound for one that these programmes do not have."""
    row = session.get(HookSource, source_id, with_for_update=True)
    if row is None or (programme_ids is not None and row.programme_id not in programme_ids):
        raise NotFound("There is no such source.", source=source_id)
    return row


def change_source(
    db: sessionmaker[Session],
    source_id: int,
    change: SourceChange,
    connectors: Mapping[str, Connector],
    seal: Seal,
    *,
    now: datetime,
    programme_ids: Sequence[int] | None = None,
    check_url: CheckUrl | None = None,
    fits: Callable[[HookSource], None] | None = None,
) -> None:
    """Set what is given; `fits` may refuse the row as it is now (If-Match). Raises NotFound, Invalid."""
    with db.begin() as session:
        row = locked(session, source_id, programme_ids)
        if fits:
            fits(row)
        connector = connectors.get(row.kind)
        mapping = row.mapping if change.mapping is None else dict(change.mapping)
        settings = row.settings if change.settings is None else dict(change.settings)
        if connector is None:
            raise Invalid({"/kind": f"there is no connector '{row.kind}' here"})
        check(connector, mapping, settings, check_url)
        told = is_told(row, connector)
        row.mapping, row.settings, row.revision = mapping, settings, row.revision + 1
        if change.token is not None:
            row.token = seal(change.token) if change.token else ""
        if change.quiet_after_s is not None:
            row.quiet_after_s = change.quiet_after_s or None
        row.poll_at = row.poll_at or first_poll(connector, row, now)
        follow(session, row, connector, now, before=told)


def pause(
    db: sessionmaker[Session], source_id: int, *, now: datetime, programme_ids: Sequence[int] | None = None
) -> None:
    """Keep what comes and apply nothing of it until `resume`; again changes nothing. Raises NotFound."""
    with db.begin() as session:
        row = locked(session, source_id, programme_ids)
        row.paused_at = row.paused_at or now


def resume(db: sessionmaker[Session], source_id: int, *, programme_ids: Sequence[int] | None = None) -> None:
    """Apply what was kept meanwhile, in order; raises NotFound."""
    with db.begin() as session:
        locked(session, source_id, programme_ids).paused_at = None
        wake(session)


def rotate_secret(
    db: sessionmaker[Session],
    source_id: int,
    seal: Seal,
    *,
    now: datetime,
    overlap: timedelta,
    secret: str | None = None,
    programme_ids: Sequence[int] | None = None,
) -> str:
    """A new secret, which is returned; the one before it is good for `overlap` longer. Raises NotFound."""
    fresh = secret or new_secret()
    with db.begin() as session:
        row = locked(session, source_id, programme_ids)
        row.secrets = [seal(fresh), *row.secrets[:1]]
        row.former_until = now + overlap
        row.revision += 1
    return fresh
