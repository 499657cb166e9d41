"""All rooms of the health check, put together: cheap at every look; closely, and from outside, on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.services.causes import fine, found, same
from app.services.health import fleet, ground, hooks_out, landmarks
from app.services.health.address import as_written
from app.services.health.outside import Outside
from app.services.health.wire import ask
from app.services.images import EXTENSIONS
from app.services.ports import Finding, Probing, Wallet
from app.storage.tables import Card, ImageRow

PICTURES_ASKED = 3


@dataclass(frozen=True)
class Health:
    """What is looked at. `landmarks` answers what must not change (see there), `paths` are folders that we
    write into, `google_urls` the addresses of Google's interface and of its callback keys, where it is on.
    """

    base_url: str
    dialect: str
    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    wallets: Mapping[str, Wallet]
    landmarks: Callable[[], Mapping[str, str]]
    paths: tuple[Path, ...]
    prove: Callable[[str], str]
    trusted_proxies: int = 0
    google_urls: tuple[str, str] | None = None
    anchors: Path | None = field(default=None)

    def ready(self) -> list[Finding]:
        """What `/readyz` tells, in a few quick questions; the database first, because all else needs it."""
        try:
            with self.read() as session:
                session.execute(text("SELECT 1 FROM programmes LIMIT 1"))
                moved = [*landmarks.moved(session, self.landmarks()), *hooks_out.disabled(session)]
        except Exception as error:
            return [found("database", said=f"{type(error).__name__}.")]
        return same([fine("database", dialect=self.dialect), *moved, *self.papers()])

    def papers(self) -> Iterator[Finding]:
        """Certificates and keys, which can be looked at without a database."""
        for wallet in self.wallets.values():
            with suppress(SQLAlchemyError):  # which is a finding of its own
                yield from wallet.check(self.now())
        if "google" not in self.wallets:
            yield found("google-off")

    def closely(self) -> list[Finding]:
        """All of `ready`, and what takes longer: queues, phones, disk, clocks, sample cards; no network."""
        ready = self.ready()
        if any(finding.code == "database" and finding.level == "broken" for finding in ready):
            return ready
        return same([*as_written(self.base_url), *ready, *self._closely()])

    def _closely(self) -> Iterator[Finding]:
        yield from ground.folders(self.paths)
        yield from ground.typeface()
        with self.read() as session:
            yield from fleet.everything(session, self.now(), self.base_url)
            yield from ground.time_zones(session)
            yield from ground.database_clock(session, self.now())
        for wallet in self._probing():
            yield from wallet.inspect(self.now())

    def outside(self) -> list[Finding]:
        """Ask the public address and the vendors, all at once; several seconds, never in a transaction."""
        looks: list[Callable[[], Iterable[Finding]]] = [self._address().findings, self._google_side]
        looks += [partial(wallet.probe, self.now()) for wallet in self._probing()]
        with ThreadPoolExecutor(len(looks)) as people:
            told = list(people.map(lambda look: list(look()), looks))
        return same(finding for each in told for finding in each)

    def _address(self) -> Outside:
        return Outside(
            self.base_url,
            self.prove,
            self.now,
            self._pictures,
            trusted_proxies=self.trusted_proxies,
            anchors=self.anchors,
        )

    def _google_side(self) -> Iterator[Finding]:
        """Its clock, and the keys without which no callback can be believed."""
        if self.google_urls is None:
            return
        api, keys = self.google_urls
        host = urlsplit(api).hostname or ""
        yield from ground.clock_of(ask("GET", api).headers.get("Date", ""), self.now(), host)
        answer = ask("GET", keys)
        if answer.status != 200:
            yield found("google-callbacks-unverified", said=answer.said, host=urlsplit(keys).hostname)

    def _probing(self) -> list[Probing]:
        return [wallet for wallet in self.wallets.values() if isinstance(wallet, Probing)]

    def _pictures(self) -> list[str]:
        """The newest pictures, at the addresses that Google is given."""
        newest = select(ImageRow.sha256, ImageRow.media_type).order_by(ImageRow.created_at.desc())
        try:
            with self.read() as session:
                rows = session.execute(newest.limit(PICTURES_ASKED)).all()
        except SQLAlchemyError:
            return []
        known = [(sha256, EXTENSIONS.get(media_type)) for sha256, media_type in rows]
        return [f"{self.base_url}/media/{sha256}.{ending}" for sha256, ending in known if ending]

    def remember(self) -> None:
        """Write down, once the first pass has left, what must not change from then on."""
        with self.read() as session:
            left = session.scalar(select(Card.id).where(Card.served_version > 0).limit(1))
        if left is not None:
            landmarks.keep(self.db, self.landmarks(), self.now())

    def accept(self) -> list[str]:
        """Take key, address and teams as they are now for the right ones; the names of what was different."""
        return landmarks.accept(self.db, self.landmarks(), self.now())


class Notebook:
    """Lets `remember` run now and then; called as often as the worker likes."""

    EVERY = timedelta(minutes=1)

    def __init__(self, health: Health) -> None:
        self._health, self._next = health, health.now()

    def step(self) -> None:
        """Look at the clock, and remember when it is time."""
        now = self._health.now()
        if now >= self._next:
            self._health.remember()
            self._next = now + self.EVERY
