"""How well we stand with Apple: papers and fuses at every look, trial cards and a knock at the door on wish.

The fuse between Apple's "bad token" and our registrations blows in the process that pushes, while `/readyz`
is asked in another: so its state is kept in the database.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.services import pass_moves
from app.services.causes import fine, found
from app.services.health.address import is_this_machine
from app.services.health.wire import handshake, resolves
from app.services.ports import Finding
from app.storage.tables import Card, Chore, ProgrammeRow
from app.wallets.apple.apns_breaker import CircuitBreaker
from app.wallets.apple.apns_replies import Push, Reply, mend, said
from app.wallets.apple.bundle import BrokenPass
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.pushing import Clients
from app.wallets.apple.signing import CertificateError
from app.wallets.apple.validate import verify

FUSE = "apns:"
FUSE_LASTS = timedelta(days=2)
"""An alarm that nobody has renewed or withdrawn: its process is gone, and nothing was pushed since."""
PROGRAMMES_ASKED = 50
NOBODY = "00" * 32
"""A push token that no phone has: Apple calls it bad, once it has accepted everything else."""
_NOT_PRODUCTION = ("api.sandbox.push.apple.com", "api.development.push.apple.com")
_REFUSALS: Mapping[str, frozenset[str]] = {
    "apns-certificate-refused": frozenset(
        {"BadCertificate", "CertificateRefused", "CertificateUnusable", "Forbidden"}
    ),
    "apns-topic-refused": frozenset({"TopicDisallowed", "BadTopic", "MissingTopic"}),
    "apns-environment": frozenset({"BadCertificateEnvironment", "BadEnvironmentKeyIdInToken"}),
    "apns-token-refused": frozenset(
        {"InvalidProviderToken", "ExpiredProviderToken", "MissingProviderToken", "UnrelatedKeyIdInToken"}
    ),
}


def findings(
    store: CertificateStore, clients: Clients, read: sessionmaker[Session], now: datetime
) -> Iterator[Finding]:
    """Certificates, whether Apple refuses our tokens as a whole, and what it refused last because of us."""
    yield from _papers(store, read, now)
    host = urlsplit(clients.url).hostname or ""
    if host in _NOT_PRODUCTION:
        yield found("apns-not-production", url=clients.url)
    fuses = {**_kept_fuses(read, now), **_own_fuses(clients.breakers())}
    for pass_type, facts in sorted(fuses.items()):
        yield found("apns-mass-rejection", pass_type=pass_type, **facts)  # type: ignore[arg-type]
    for pass_type, reply in clients.refusals().items():
        yield found("apns-refused", pass_type=pass_type, said=said(reply), advice=mend(reply.reason))


def _papers(store: CertificateStore, read: sessionmaker[Session], now: datetime) -> Iterator[Finding]:
    """What the store says; of a pass type that no programme issues any more, only what old passes lose."""
    left = _left_behind(read)
    for name, count in left.items():
        if count and not _works(store, name, now):
            yield found("apple-old-pass-type-ended", pass_type=name, count=count)
    yield from (one for one in store.check(now) if not (one.level == "broken" and _about(one) in left))


def _about(finding: Finding) -> str:
    return str(finding.facts.get("pass_type", ""))


def _works(store: CertificateStore, name: str, now: datetime) -> bool:
    try:
        return name in store.names() and store.identity(name).not_after >= now
    except CertificateError:
        return False


def _left_behind(read: sessionmaker[Session]) -> dict[str, int]:
    try:
        with read() as session:
            return pass_moves.left_behind(session)
    except Exception:  # a database that is away or old is a finding of its own
        return {}


# -- fuses -----------------------------------------------------------------------------------------


def _own_fuses(breakers: Mapping[str, CircuitBreaker]) -> dict[str, dict[str, object]]:
    blown = {name: breaker.finding for name, breaker in breakers.items()}
    return {
        name: {"answered": one.answered, "rejected": one.rejected, "reason": one.reason}
        for name, one in blown.items()
        if one is not None
    }


def _kept_fuses(read: sessionmaker[Session], now: datetime) -> dict[str, dict[str, object]]:
    asked = select(Chore).where(Chore.name.startswith(FUSE), Chore.last_at > now - FUSE_LASTS)
    try:
        with read() as session:
            return {row.name.removeprefix(FUSE): dict(row.result) for row in session.scalars(asked)}
    except Exception:  # a database that is away or old is a finding of its own
        return {}


def keep_fuses(db: sessionmaker[Session], clients: Clients, now: datetime) -> None:
    """Write down which fuses have blown, and take back an alarm once pushes are taken again."""
    for name, breaker in clients.breakers().items():
        blown = _own_fuses({name: breaker}).get(name)
        if blown is None and not breaker.is_well:
            continue
        with db() as session:
            kept = session.get(Chore, FUSE + name)
            is_told = kept is not None and bool(kept.last_at and kept.last_at > now - FUSE_LASTS / 2)
        if bool(blown) != (kept is not None) or (blown and not is_told):
            _keep_fuse(db, FUSE + name, blown, now)


def _keep_fuse(db: sessionmaker[Session], name: str, blown: dict[str, object] | None, now: datetime) -> None:
    try:
        with db.begin() as session:
            row = session.get(Chore, name, with_for_update=True)
            if blown is None:
                if row is not None:
                    session.delete(row)
                return
            session.merge(Chore(name=name, last_at=now, next_at=None, result=blown))
    except IntegrityError:
        return  # another lane was faster with the same news


# -- sample cards ----------------------------------------------------------------------------------


def inspect(
    store: CertificateStore, read: sessionmaker[Session], signed: Callable[[int], bytes]
) -> Iterator[Finding]:
    """Whether each programme has papers, and whether a phone would take the newest card of each."""
    with read() as session:
        rows = session.scalars(select(ProgrammeRow).order_by(ProgrammeRow.id).limit(PROGRAMMES_ASKED)).all()
        newest = _newest_cards(session)
    yield from _unsigned(store, rows)
    trusted, taken = store.wwdr_fingerprints(), 0
    for slug, card_id in newest:
        faults = [*_refused(slug, card_id, signed, trusted)]
        yield from faults
        taken += not faults
    if taken and taken == len(newest):
        yield fine("apple-pass", count=taken)


def _newest_cards(session: Session) -> list[tuple[str, int]]:
    newest = (
        select(func.max(Card.id).label("id"))
        .where(Card.pass_type_identifier != "")
        .group_by(Card.programme_id)
        .limit(PROGRAMMES_ASKED)
        .subquery()
    )
    rows = (
        select(ProgrammeRow.slug, Card.id)
        .join(Card, Card.programme_id == ProgrammeRow.id)
        .join(newest, newest.c.id == Card.id)
        .order_by(ProgrammeRow.slug)
    )
    return [(slug, card_id) for slug, card_id in session.execute(rows)]


def _unsigned(store: CertificateStore, rows: Iterable[ProgrammeRow]) -> Iterator[Finding]:
    names = store.names()
    for row in rows:
        wanted = str((row.body.get("apple") or {}).get("pass_type_identifier") or "")
        if wanted and wanted not in names and names:
            yield found(
                "apple-pass-type-missing", programme=row.slug, pass_type=wanted, folder=store.folder(wanted)
            )
        elif not wanted and len(names) > 1:
            yield found("apple-pass-type-unnamed", programme=row.slug, names=", ".join(names))


def _refused(
    slug: str, card_id: int, signed: Callable[[int], bytes], trusted: frozenset[str]
) -> Iterator[Finding]:
    try:
        faults = verify(signed(card_id), trusted=trusted)
    except CertificateError:
        return  # said of the papers themselves
    except BrokenPass as error:
        yield found(
            "apple-pass-refused", programme=slug, fault=f"{error}.", advice="Publish a mended design."
        )
        return
    for fault in [each for each in faults if each.severity == "error"][:3]:
        yield found(
            "apple-pass-refused", programme=slug, fault=f"{fault.where}: {fault.message}", advice=fault.mend
        )


# -- the door --------------------------------------------------------------------------------------


def probe(store: CertificateStore, clients: Clients) -> list[Finding]:
    """Knock at Apple's push service with the papers of each pass type, for a phone that does not exist."""
    names = store.names()
    if not names:
        return []
    if closed := [*_door(clients)]:
        return closed
    return [finding for name in names for finding in _knock(name, clients.apart())]


def _door(clients: Clients) -> Iterator[Finding]:
    """Name, port, trust and protocol in turn; behind a proxy of the environment only a push can tell."""
    parts = urlsplit(clients.url)
    host, port = parts.hostname or "", parts.port or 443
    proxied = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    if proxied and not is_this_machine(host):
        return
    if not resolves(host, port):
        yield found("apns-unresolved", host=host)
        return
    met = handshake(host, port, anchors=clients.ca, alpn=("h2",))
    if not met.connected:
        yield found("apns-blocked", host=host, port=port, said=met.fault)
    elif met.verify_code:
        yield found("apns-not-trusted", host=host, said=met.fault)
    elif met.protocol != "h2":
        yield found("apns-no-http2", host=host, port=port)


def _knock(name: str, clients: Clients) -> Iterator[Finding]:
    try:
        client = clients.client(name)
    except CertificateError:
        return  # said of the papers themselves
    try:
        replies = [result.reply for result in client.push([Push(NOBODY)])]
    finally:
        client.close()
    for reply in replies:
        yield _meaning(name, reply, clients.url)


def _meaning(name: str, reply: Reply, url: str) -> Finding:
    parts = urlsplit(url)
    host, words = parts.hostname or "", said(reply)
    for code, reasons in _REFUSALS.items():
        if reply.reason in reasons:
            return found(code, pass_type=name, said=words)
    if reply.reason == "ServerNotTrusted":
        return found("apns-not-trusted", host=host, said=words)
    if reply.status == 0:
        return found("apns-blocked", host=host, port=parts.port or 443, said=words)
    if reply.status >= 500 or reply.status == 429:
        return found("apns-unwell", said=words)
    if reply.status in (200, 400, 410) and reply.reason in ("", "BadDeviceToken", "Unregistered"):
        return fine("apns", pass_type=name)
    return found("apns-refused", pass_type=name, said=words, advice=mend(reply.reason))
