"""What phones complained about, by card: each kind with what it means, and what to do.

The kinds are those that `wallets/apple/complaints` reads out of the lines of Apple's log endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.tables import DeviceLog

KINDS: Mapping[str, tuple[str, str]] = {
    "authentication": (
        "The phone showed a token that is not this card's.",
        "Was TILLPASS_SECRET_KEY changed, or does the proxy take the Authorization header away?",
    ),
    "unchanged": (
        "The phone was told of a change and found the same card.",
        "Once is harmless. Often: does the proxy take If-Modified-Since away, or keep answers?",
    ),
    "tag": (
        "The phone was given a list under a tag that it knew already.",
        "Does the proxy keep answers below /apple/v1/devices? Switch caching off there.",
    ),
    "unregistered": (
        "The phone was told of a card that it does not hold.",
        "Harmless: the card was just removed. Many: was a database copied to a second server?",
    ),
    "enhanced": (
        "The card has NFC or a sign-up, and its certificate is not one for NFC.",
        "Import an NFC certificate for this pass type, or take NFC out of the design.",
    ),
    "signature": (
        "The phone does not trust the signature or the certificate of the card.",
        "tillpass certs show, and tillpass doctor with the card's number.",
    ),
    "invalid": (
        "The phone fetched the card and could not use it.",
        "tillpass doctor with the card's number makes the pass and names the fault.",
    ),
    "personalise": (
        "The sign-up at the reader did not work.",
        "Tap again; if it stays so, look whether the certificate is one for NFC: tillpass certs show.",
    ),
    "network": (
        "The phone lost its connection on the way to us.",
        "Nothing to mend: it tries again by itself. Many: look at the public address and the proxy.",
    ),
    "answer": (
        "The phone got an answer that it did not expect.",
        "Look at the number in its words and at the proxy's log: 5xx is ours, 3xx and 404 are mostly its.",
    ),
    "list": (
        "The phone could not ask which cards have changed.",
        "Look at the public address and at what the proxy does below /apple/v1/devices.",
    ),
    "register": (
        "The phone could not register for changes: this card will not update there.",
        "Look at the public address: its certificate, redirects, POST below /apple/v1.",
    ),
    "fetch": (
        "The phone could not fetch the card.",
        "tillpass doctor with the card's number makes the pass and checks it; look for 5xx in the log.",
    ),
    "other": (
        "The phone says something that we do not know.",
        "The words are the phone's own; search for them, and tell us.",
    ),
}
"""By kind: what it means, and what to do; both are keys of the translations."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A kind of complaint about one card: how often, when last, and the phone's last words."""

    kind: str
    count: int
    last_at: datetime
    said: str
    meaning: str
    mend: str


def findings_for(session: Session, serial: str) -> list[Complaint]:
    """What phones complained about this card, the latest kind first."""
    newest = (
        select(func.max(DeviceLog.id).label("id"), func.count().label("count"))
        .where(DeviceLog.serial == serial)
        .group_by(DeviceLog.kind)
        .subquery()
    )
    rows = session.execute(
        select(DeviceLog.kind, newest.c.count, DeviceLog.at, DeviceLog.message)
        .join(newest, newest.c.id == DeviceLog.id)
        .order_by(DeviceLog.id.desc())
    )
    return [
        Complaint(kind, count, at, said, *KINDS.get(kind, KINDS["other"])) for kind, count, at, said in rows
    ]
