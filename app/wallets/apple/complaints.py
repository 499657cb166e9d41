"""What phones complain about (Apple's log endpoint): read into a kind and a serial, kept for the card's
page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from app.storage.tables import DeviceLog

MOST_LINES, MOST_CHARS, MOST_KEPT = 30, 600, 20_000
_SERIAL = re.compile(r"serial number:? '?([A-Za-z0-9_.-]{1,40})'?", re.IGNORECASE)
_KINDS = (
    ("authentication", re.compile(r"authentication failure|response code 401", re.IGNORECASE)),
    ("unchanged", re.compile(r"but the pass was unchanged|full unchanged pass", re.IGNORECASE)),
    ("tag", re.compile(r"lastUpdated tag .* remained the same", re.IGNORECASE)),
    ("unregistered", re.compile(r"unregistered serial", re.IGNORECASE)),
    ("enhanced", re.compile(r"enhanced (passbook |wallet )?certificate", re.IGNORECASE)),
    ("personalise", re.compile(r"personali[sz]", re.IGNORECASE)),
    ("signature", re.compile(r"signature|manifest|certificate|signing (date|time)", re.IGNORECASE)),
    ("invalid", re.compile(r"invalid (pass )?data|unable to parse|cannot be read", re.IGNORECASE)),
    ("list", re.compile(r"get serial (#s|numbers) task|what changed\?", re.IGNORECASE)),
    ("register", re.compile(r"^(\[.*?\] )?(un)?register task", re.IGNORECASE)),
    ("fetch", re.compile(r"get pass task", re.IGNORECASE)),
    ("network", re.compile(r"connection was lost|timed out|appears to be offline|could not connect", re.I)),
    ("answer", re.compile(r"unexpected response code", re.IGNORECASE)),
)
"""The first that fits: `services/complaints` says what each means."""


def read_complaint(line: str) -> tuple[str, str, str]:
    """(kind, serial, text without control characters and device ids) of one line."""
    text = "".join(char if char.isprintable() else " " for char in line)[:MOST_CHARS]
    text = re.sub(r"(for device )[^\s,)]+", r"\1…", text)
    kind = next((name for name, pattern in _KINDS if pattern.search(text)), "other")
    serial = _SERIAL.search(text)
    return kind, serial[1] if serial else "", text


def keep_complaints(db: sessionmaker[Session], lines: Sequence[str], *, now: datetime) -> None:
    """Store the first lines; the oldest of all give way once there are too many."""
    with db.begin() as session:
        for line in lines[:MOST_LINES]:
            kind, serial, text = read_complaint(line)
            session.add(DeviceLog(kind=kind, serial=serial, message=text, at=now))
        session.flush()
        newest = session.scalar(select(func.max(DeviceLog.id))) or 0
        session.execute(delete(DeviceLog).where(DeviceLog.id <= newest - MOST_KEPT))
