"""How well we stand with Google: whether it signs us in, whose issuer we are, what became of our looks, and
whether it tells us of cards that were added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.services.causes import fine, found
from app.services.ports import Finding
from app.storage.tables import Delivery, GoogleClass, GoogleNonce, GoogleObject
from app.wallets.google.client import GoogleClient
from app.wallets.google.credentials import ServiceAccount, authorized_session
from app.wallets.google.errors import GoogleError, Reason
from app.wallets.google.objects import KIND_NAMES, kind_of_class

TIMEOUT_S = (3.0, 6.0)
CLASSES_ASKED, OBJECTS_ASKED = 300, 500
SETTLED = timedelta(minutes=10)
"""So long a callback may be on its way."""
A_DAY = timedelta(days=1)
FEW_OFFERED = 3
_OUT_OF_TIME = re.compile(r"\biat\b|\bexp\b|timeframe|clock", re.IGNORECASE)
_CODES = {
    Reason.PERMISSION: "google-permission-denied",
    Reason.NOT_FOUND: "google-issuer-wrong",
    Reason.INVALID: "google-issuer-wrong",
    Reason.QUOTA: "google-quota",
    Reason.RATE: "google-rate-limited",
    Reason.NETWORK: "google-unreachable",
}


def check(account: ServiceAccount) -> list[Finding]:
    """The key works as far as can be seen without asking Google."""
    return [fine("google-credentials", email=account.email)]


def inspect(read: sessionmaker[Session]) -> list[Finding]:
    """What our own database knows: pictures that Google could not load."""
    refused = select(func.count(), func.max(Delivery.last_error)).where(
        Delivery.wallet == "google", Delivery.last_error.ilike("%image%")
    )
    with read() as session:
        count, said = session.execute(refused).one()
    return [found("google-image-refused", count=count, said=said[:300])] if count else []


def probe(
    account: ServiceAccount,
    issuer: str,
    api_url: str,
    callback_url: str,
    read: sessionmaker[Session],
    now: datetime,
) -> list[Finding]:
    """Sign in, ask for the issuer's looks and the cards of those that we made; raises nothing."""
    client = GoogleClient(
        authorized_session(account), api_url, lambda turns: 0.0, now=lambda: now, timeout_s=TIMEOUT_S
    )
    try:
        with read() as session:
            own = GoogleClass.class_id.startswith(f"{issuer}.", autoescape=True)
            ours = list(
                session.scalars(select(GoogleClass.class_id).where(own).order_by(GoogleClass.class_id))
            )
        kinds = {"loyalty", *(KIND_NAMES[kind_of_class(one)] for one in ours)}
        listed = (each for kind in sorted(kinds) for each in client.list_classes(issuer, resource=kind))
        at_google = {str(each.get("id", "")): each for each in islice(listed, CLASSES_ASKED)}
        seen = [*_looks(ours, at_google), *_cards(client, ours, at_google, callback_url, read, now)]
    except GoogleError as error:
        return [_refusal(error, account, issuer, api_url)]
    return seen or [fine("google", email=account.email, issuer=issuer)]


def _refusal(error: GoogleError, account: ServiceAccount, issuer: str, api_url: str) -> Finding:
    said = error.message
    if error.reason is Reason.CREDENTIALS and error.retry_after_s is None:
        return found("google-unwell", said=said)  # the sign-in itself is down
    if error.reason is Reason.CREDENTIALS:
        code = "google-clock-refused" if _OUT_OF_TIME.search(said) else "google-credentials-refused"
        return found(code, said=said)
    code = _CODES.get(error.reason, "google-unwell")
    facts = {"issuer": issuer, "email": account.email, "host": urlsplit(api_url).hostname}
    return found(code, level=None, said=said, **facts)


def _looks(ours: Iterable[str], at_google: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    """Google's own word for each look that we made."""
    for class_id in ours:
        if class_id not in at_google:
            if len(at_google) < CLASSES_ASKED:
                yield found("google-class-missing", class_id=class_id)
            continue
        status = str(at_google[class_id].get("reviewStatus", "")).replace("_", "").lower()
        if status == "rejected":
            yield found("google-class-rejected", class_id=class_id)
        elif status in ("underreview", "draft"):
            yield found("google-class-waiting", class_id=class_id, status=status)


def _cards(
    client: GoogleClient,
    ours: Iterable[str],
    at_google: dict[str, dict[str, Any]],
    callback_url: str,
    read: sessionmaker[Session],
    now: datetime,
) -> Iterator[Finding]:
    """Cards that somebody has at Google, held against what callbacks told us."""
    listed = (
        each
        for one in ours
        if one in at_google
        for each in client.list_objects(one, resource=KIND_NAMES[kind_of_class(one)])
    )
    held = {str(each.get("id", "")) for each in islice(listed, OBJECTS_ASKED) if each.get("hasUsers")}
    with read() as session:
        untold = _untold(session, held, now)
        offered = _offered_in_vain(session, now)
    if untold:
        yield found("google-callbacks-silent", count=untold, url=callback_url)
    elif not held and offered >= FEW_OFFERED:
        yield found("google-demo-mode", count=offered)


def _untold(session: Session, held: set[str], now: datetime) -> int:
    """Cards that are held by somebody and of which no callback came, though there was time.

    The nightly round learns of them too; then no callback has come since they are known.
    """
    if not held:
        return 0
    rows = session.scalars(
        select(GoogleObject).where(
            GoogleObject.object_id.in_(held), GoogleObject.inserted_at <= now - SETTLED
        )
    ).all()
    newest = session.scalar(select(func.max(GoogleNonce.at)))
    return sum(
        row.saved_at is None or newest is None or row.saved_at > newest + A_DAY
        for row in rows
        if row.removed_at is None
    )


def _offered_in_vain(session: Session, now: datetime) -> int:
    """How many cards were given to Google a day ago or earlier, if nobody ever added one."""
    if session.scalar(select(GoogleObject.card_id).where(GoogleObject.saved_at.is_not(None)).limit(1)):
        return 0
    old = select(func.count()).where(GoogleObject.inserted_at <= now - A_DAY)
    return session.scalar(old.select_from(GoogleObject)) or 0
