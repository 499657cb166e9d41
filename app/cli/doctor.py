"""`tillpass doctor`: what is wrong, found before a customer finds it, each with the mend."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.cli.slips import database_says
from app.clock import utc_now
from app.compose import Tillpass, compose
from app.services.explain import duration
from app.services.ports import Finding
from app.settings import Settings, SettingsError, unknown_names
from app.storage.schema import is_current
from app.storage.tables import Delivery, HookEvent, Rollout
from app.wallets.apple.signing import CertificateError
from app.wallets.google.credentials import InvalidCredentials

LATE_S, FORGOTTEN_S = 60, 600
"""Work is taken within a second: after a minute something is slow, after ten nobody takes any."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Check settings, database, certificates, keys and queues; one line a finding, exit 1 when something
    is broken.
    """
    findings = [*examine()]
    if as_json:
        rows = [{"level": f.level, "code": f.code, "message": f.message, "mend": f.mend} for f in findings]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.level:8} {finding.message}{f' {finding.mend}' if finding.mend else ''}")
    sys.exit(1 if any(finding.level == "broken" for finding in findings) else 0)


def examine() -> Iterator[Finding]:
    """All findings of this environment, gravest causes first; raises nothing that an operator can cause."""
    yield from _names()
    try:
        settings = Settings.load()
    except SettingsError as error:
        for fault in error.faults:
            yield Finding("broken", "settings", f"{fault}.", "See the settings in docs/operations.md.")
        return
    yield from _settings(settings)
    try:
        parts = compose(settings)
    except (CertificateError, InvalidCredentials) as error:
        yield Finding("broken", "keys", str(error), "See docs/going-live.md.")
    except (SQLAlchemyError, OSError, ValueError) as error:
        yield _database_broken(error)
    else:
        yield from _service(parts, utc_now())
        parts.database.close()


def _names() -> Iterator[Finding]:
    for name in unknown_names(os.environ):
        message = f"{name} is set, but there is no such setting."
        yield Finding("warning", "setting-unknown", message, "Is it a typing error? Nobody reads it.")


def _settings(settings: Settings) -> Iterator[Finding]:
    if settings.sandbox:
        message = "This is the sandbox: stand-ins answer for Apple and Google, and no real phone is reached."
        yield Finding("warning", "sandbox", message, "Unset TILLPASS_SANDBOX to go live.")
    elif not settings.base_url.startswith("https://"):
        message = f"The public address is {settings.base_url}: no phone can reach it."
        yield Finding("warning", "base-url", message, "Set TILLPASS_BASE_URL to your https address.")
    else:
        yield Finding("ok", "base-url", f"The public address is {settings.base_url}.")
    if settings.smtp_url is None:
        yield Finding("warning", "mail-off", "There is no mail server: no letters.", "Set TILLPASS_SMTP_URL.")
    for path in sorted(settings.certs_dir.glob("*/key.pem")):
        yield from _key_is_ours_alone(path)


def _key_is_ours_alone(path: Path) -> Iterator[Finding]:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        yield Finding("warning", "key-readable", f"{path} can be read by others.", f"chmod 600 {path}")


def _service(parts: Tillpass, now: datetime) -> Iterator[Finding]:
    """The database first: where it does not answer, only papers can still be looked at."""
    database = list(_database(parts))
    yield from database
    if any(finding.level == "broken" for finding in database):
        for wallet in parts.deps.wallets.values():
            yield from wallet.check(now)
        return
    yield from (finding for finding in parts.deps.findings() if finding.code != "database")
    with parts.deps.read() as session:
        yield from queues(session, now)


def _database(parts: Tillpass) -> Iterator[Finding]:
    try:
        current = is_current(parts.database)
    except (SQLAlchemyError, OSError) as error:
        yield _database_broken(error)
        return
    if not current:
        message = "The database lacks migrations: its tables are not those of this version."
        yield Finding("broken", "database-migrations", message, "Run: tillpass migrate")
        return
    yield Finding("ok", "database", f"The {parts.database.dialect} database answers and is up to date.")


def _database_broken(error: Exception) -> Finding:
    said = database_says(error) if isinstance(error, SQLAlchemyError) else f"{error}."
    message = f"The database cannot be used: {said}"
    return Finding("broken", "database", message, "Look at TILLPASS_DATABASE_URL and the server.")


def queues(session: Session, now: datetime) -> Iterator[Finding]:
    """What waits for longer than it should, and what was given up."""
    found = [
        *_overdue(session, now, Delivery, "cards for their wallets"),
        *_overdue(session, now, Rollout, "changes of whole programmes"),
        *_overdue(session, now, HookEvent, "webhook events"),
        *_given_up(session),
    ]
    yield from found or [Finding("ok", "queues", "Nothing waits, and nothing was given up.")]


def _overdue(session: Session, now: datetime, table: Any, what: str) -> Iterator[Finding]:
    """A row's due time moves when a worker takes it, so one that lies in the past was taken by nobody."""
    asked = select(func.count(), func.min(table.due_at)).where(table.due_at <= now)
    count, oldest = session.execute(asked).one()
    late_s = (now - oldest).total_seconds() if oldest else 0.0
    if late_s < LATE_S:
        return
    message = f"Waiting: {count} {what}; the oldest is overdue by {duration(late_s, 'en')}."
    mend = "Is a worker running? `tillpass serve` has one inside; elsewhere start `tillpass worker`."
    yield Finding("broken" if late_s >= FORGOTTEN_S else "warning", "queue-late", message, mend)


def _given_up(session: Session) -> Iterator[Finding]:
    stopped = (Delivery.due_at.is_(None), Delivery.last_error != "")
    rows = session.execute(
        select(Delivery.wallet, func.count(), func.max(Delivery.last_error))
        .where(*stopped)
        .group_by(Delivery.wallet)
        .order_by(Delivery.wallet)
    )
    for wallet, count, example in rows:
        message = f"Given up until the next change: {count} cards for {wallet}; one says: {example}"
        yield Finding("warning", "deliveries-given-up", message, "See docs/troubleshooting.md.")
    dead = session.scalar(select(func.count()).select_from(HookEvent).where(HookEvent.state == "dead"))
    if dead:
        message = f"Put aside: {dead} webhook events that could not be applied."
        mend = "GET /api/v1/sources/{id}/events?state=dead says why; mend it and replay them."
        yield Finding("warning", "events-dead", message, mend)


COMMANDS = (doctor,)
