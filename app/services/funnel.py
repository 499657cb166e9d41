"""Counting of what leaves no row: a join page that was opened, a form that was sent; by day and channel.

Nothing of the visitor is kept: no cookie, no address, no name; only that it happened once more.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.storage.tables import FunnelCount, ProgrammeRow

Step = Literal["view", "form"]
KEYS = ("utm_source", "utm_medium", "utm_campaign", "link_code")
"""What tells channels apart; `utm_content`, `utm_term` and `ref` may name a person, and are not kept."""
SHARDS = 8
MOST_ROWS = 4000
"""So many rows a day and programme: whoever makes up channels fills no table; the rest counts as `OTHER`."""
OTHER: Mapping[str, str] = {"utm_source": "other"}
_PROGRAM = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|slurp|facebookexternalhit|whatsapp/|vkshare|preview|embed|monitor"
    r"|lighthouse|pingdom|curl|wget|python|go-http|okhttp|java/|libwww|httpclient|scrapy",
    re.IGNORECASE,
)
log = logging.getLogger(__name__)


def by_a_person(method: str, header: Callable[[str, str], str]) -> bool:
    """Whether a page was opened to be looked at: no HEAD, no prefetch, no program that says so.

    `header` gives a header of the request, or the text beside it.
    """
    purpose = " ".join(header(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz")).lower()
    if method == "HEAD" or "prefetch" in purpose or "preview" in purpose:
        return False
    agent = header("User-Agent", "")
    return bool(agent) and not _PROGRAM.search(agent)


def channel_of(utm: Mapping[str, Any]) -> dict[str, str]:
    """The part of these values that is counted, in one form."""
    made = {key: str(utm.get(key) or "").strip()[: 40 if key == "link_code" else 200] for key in KEYS}
    return {key: value if key == "link_code" else value.lower() for key, value in made.items() if value}


def count(
    db: sessionmaker[Session],
    programme: str,
    step: Step,
    utm: Mapping[str, Any],
    day: date,
    *,
    shard: int | None = None,
) -> bool:
    """Count one more for the programme of this slug, in one statement where the channel is known.

    False (and a line in the log) where that failed: nobody waits for a statistic, or sees it fail.
    """
    where = secrets.randbelow(SHARDS) if shard is None else shard
    try:
        with db.begin() as session:
            _count(session, programme, step, channel_of(utm), day, where)
    except SQLAlchemyError as error:
        log.warning("a step was not counted: %s", type(error).__name__, extra={"step": step})
        return False
    return True


def _count(
    session: Session, programme: str, step: str, utm: Mapping[str, str], day: date, shard: int
) -> None:
    of = select(ProgrammeRow.id).where(ProgrammeRow.slug == programme).scalar_subquery()
    found = {"programme_id": of, "day": day, "step": step, "shard": shard}
    mine = [getattr(FunnelCount, name) == value for name, value in found.items()]
    more = update(FunnelCount).values(count=FunnelCount.count + 1)
    raised: Any = session.execute(more.where(*mine, FunnelCount.channel == _hash(utm)))
    if raised.rowcount:
        return
    kept = utm if _has_room(session, of, day) else OTHER
    adding: Any = (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(
        FunnelCount
    )
    row = {**found, "channel": _hash(kept), "utm": dict(kept), "count": 1}
    session.execute(
        adding.values(row).on_conflict_do_update(
            index_elements=["programme_id", "day", "step", "channel", "shard"],
            set_={"count": FunnelCount.count + 1},
        )
    )


def _has_room(session: Session, of: Any, day: date) -> bool:
    rows = select(func.count()).select_from(FunnelCount)
    mine = rows.where(FunnelCount.programme_id == of, FunnelCount.day == day)
    return (session.scalar(mine) or 0) < MOST_ROWS


def _hash(utm: Mapping[str, str]) -> str:
    return hashlib.sha256(orjson.dumps(dict(utm), option=orjson.OPT_SORT_KEYS)).hexdigest()[:40]
