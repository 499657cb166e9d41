"""The channels of a programme: its tracked links with what each of them brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.storage import queries
from app.storage.tables import Attribution, ChannelLink


@dataclass(frozen=True, slots=True)
class Channel:
    """A tracked link to the join page: `opened` counts its visitors, `joined` the cards that it brought."""

    code: str
    utm: Mapping[str, str]
    opened: int
    joined: int
    created_at: datetime

    @property
    def source(self) -> str:
        """Who brings the visitors."""
        return self.utm.get("utm_source", "")


def listed(session: Session, slug: str, *, limit: int = 200) -> Sequence[Channel]:
    """The programme's channels, the newest first; links to one person's card are none. Raises NotFound."""
    programme = queries.programme_row(session, slug)
    rows = session.scalars(
        select(ChannelLink)
        .where(ChannelLink.programme_id == programme.id, ChannelLink.card_id.is_(None))
        .order_by(ChannelLink.created_at.desc(), ChannelLink.code)
        .limit(limit)
    ).all()
    joined: Mapping[str, int] = dict(
        session.execute(
            select(Attribution.link_code, func.count())
            .where(
                Attribution.programme_id == programme.id,
                Attribution.link_code.in_([row.code for row in rows]),
            )
            .group_by(Attribution.link_code)
        ).all()
    )
    return [_channel(row, joined.get(row.code, 0)) for row in rows]


def channel(session: Session, slug: str, code: str) -> Channel:
    """One of them; raises NotFound."""
    programme = queries.programme_row(session, slug)
    row = session.get(ChannelLink, code) if len(code) <= 40 else None
    if row is None or row.programme_id != programme.id or row.card_id is not None:
        raise NotFound("There is no such channel.", code=code)
    mine = (Attribution.programme_id == programme.id, Attribution.link_code == code)
    return _channel(row, session.scalar(select(func.count()).select_from(Attribution).where(*mine)) or 0)


def _channel(row: ChannelLink, joined: int) -> Channel:
    return Channel(row.code, dict(row.utm), row.clicks, joined, row.created_at)
