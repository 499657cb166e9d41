"""The ground: clocks, disk, folders, time zones, the typeface."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.rendering.fonts import can_write
from app.services.causes import found
from app.services.ports import Finding
from app.storage.tables import ProgrammeRow

LEAST_FREE_MB = 200
MOST_SKEW_S = 30.0
"""Google takes an assertion that is a minute off; half of it is when to say so."""


def folders(paths: Iterable[Path], *, least_free_mb: int = LEAST_FREE_MB) -> Iterable[Finding]:
    """Whether each folder can be written into, and whether its disk has room."""
    for path in paths:
        if said := _refusal(path):
            yield found("folder-not-writable", path=path, said=said)
            continue
        free_mb = shutil.disk_usage(path).free // 1_000_000
        if free_mb < least_free_mb:
            yield found("disk-full", free_mb=free_mb, path=path)


def _refusal(path: Path) -> str:
    """Why a file cannot be made there; asked by making one, for permissions alone do not tell."""
    trial = path / f".tillpass-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def database_clock(session: Session, now: datetime) -> Iterable[Finding]:
    """PostgreSQL has a clock of its own; SQLite has ours."""
    if session.get_bind().dialect.name != "postgresql":
        return
    theirs = session.scalar(select(func.clock_timestamp()))
    skew_s = abs((theirs - now).total_seconds()) if theirs else 0.0
    if skew_s > MOST_SKEW_S:
        yield found("clock-database", skew_s=skew_s)


def clock_of(date_header: str, now: datetime, source: str) -> Iterable[Finding]:
    """Compare our clock with the `Date` of somebody's answer, which has a grain of a second."""
    try:
        theirs = parsedate_to_datetime(date_header)
        skew_s = abs((theirs - now).total_seconds())
    except (ValueError, TypeError):
        return
    if skew_s > MOST_SKEW_S:
        yield found("clock-skew", skew_s=skew_s, source=source)


def time_zones(session: Session) -> Iterable[Finding]:
    """Programmes in a time zone of which this machine has no data."""
    rows: Sequence[ProgrammeRow] = session.scalars(select(ProgrammeRow).order_by(ProgrammeRow.id)).all()
    for row in rows:
        zone = str(row.body.get("time_zone", "UTC"))
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            yield found("time-zone-unknown", programme=row.slug, zone=zone)


def typeface(write: Callable[[str], bool] = can_write) -> Iterable[Finding]:
    """Whether pictures can be written on; `write` tries letters."""
    try:
        readable = write("Aя")
    except OSError as error:
        yield found("fonts-missing", said=error.strerror or error)
        return
    if not readable:
        yield found("fonts-missing", said="no letters in it")
