"""Pictures: uploads kept by content, and drawings of artwork made once for all machines."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker, undefer

from app.domain.errors import NotFound
from app.domain.passes import Artwork
from app.rendering.artwork import cache_key, paint
from app.rendering.images import Admitted, admit
from app.storage.tables import ImageRow, Rendition

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
MOST_UPLOAD_BYTES = 8_000_000
MOST_KEPT_BYTES = 64_000_000
Paint = Callable[[Artwork, int, int, int, bytes | None], bytes]
"""What draws; `rendering.artwork.paint`."""


def upload(db: sessionmaker[Session], data: bytes, *, now: datetime) -> str:
    """Keep an uploaded picture, checked and re-encoded; returns its SHA-256. Raises Invalid."""
    return keep(db, admit(data, max_bytes=MOST_UPLOAD_BYTES), now=now)


def keep(db: sessionmaker[Session], admitted: Admitted, *, now: datetime) -> str:
    """Keep a picture that was checked before; returns its SHA-256."""
    with db.begin() as session:
        _keep(
            session, admitted.sha256, admitted.media_type, admitted.width, admitted.height, admitted.data, now
        )
    return admitted.sha256


def read(session: Session, sha256: str) -> ImageRow:
    """A picture with its bytes; raises NotFound."""
    row = session.get(ImageRow, sha256, options=[undefer(ImageRow.body)])
    if row is None:
        raise NotFound("There is no such picture.")
    return row


def _keep(
    session: Session, sha256: str, media_type: str, width: int, height: int, body: bytes, now: datetime
) -> None:
    if session.get(ImageRow, sha256) is None:
        session.merge(
            ImageRow(
                sha256=sha256, media_type=media_type, width=width, height=height, body=body, created_at=now
            )
        )


class Pictures:
    """Draws artwork at a size, once: kept in memory (bounded) and in the database. Safe for many threads."""

    def __init__(
        self,
        db: sessionmaker[Session],
        read_db: sessionmaker[Session],
        base_url: str,
        now: Callable[[], datetime],
        draw: Paint = paint,
    ) -> None:
        self._db, self._read_db, self._base_url, self._now = db, read_db, base_url, now
        self._paint = draw
        self._kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def png(self, art: Artwork, width: int, height: int, scale: int = 1) -> bytes:
        """The picture as PNG, `width` × `height` points at `scale` pixels a point."""
        return self._drawn(art, width, height, scale)[1]

    def url(self, art: Artwork, width: int, height: int, scale: int = 1) -> str:
        """A public, immutable address of the picture."""
        return f"{self._base_url}/media/{self._drawn(art, width, height, scale)[0]}.png"

    def _drawn(self, art: Artwork, width: int, height: int, scale: int) -> tuple[str, bytes]:
        key = cache_key(art, width, height, scale)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self._stored(key) or self._draw(key, art, width, height, scale)
        self._remember(key, found)
        return found

    def _stored(self, key: str) -> tuple[str, bytes] | None:
        with self._read_db() as session:
            row = session.execute(
                select(ImageRow.sha256, ImageRow.body)
                .join(Rendition, Rendition.image == ImageRow.sha256)
                .where(Rendition.key == key)
            ).one_or_none()
            return (row[0], row[1]) if row else None

    def _draw(self, key: str, art: Artwork, width: int, height: int, scale: int) -> tuple[str, bytes]:
        with self._read_db() as session:
            source = read(session, art.source).body if art.source else None
        body = self._paint(art, width, height, scale, source)
        size = (width * scale, height * scale)
        try:
            return self._keep_drawing(key, body, size)
        except IntegrityError:  # two phones at once: the other one's drawing is there by now
            return self._keep_drawing(key, body, size)

    def _keep_drawing(self, key: str, body: bytes, size: tuple[int, int]) -> tuple[str, bytes]:
        sha256 = hashlib.sha256(body).hexdigest()
        with self._db.begin() as session:
            _keep(session, sha256, "image/png", *size, body, self._now())
            session.flush()
            session.merge(Rendition(key=key, image=sha256, created_at=self._now()))
        return sha256, body

    def _remember(self, key: str, found: tuple[str, bytes]) -> None:
        with self._lock:
            if key not in self._kept:
                self._size += len(found[1])
            self._kept[key] = found
            while self._size > MOST_KEPT_BYTES:
                self._size -= len(self._kept.popitem(last=False)[1][1])
