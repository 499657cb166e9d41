"""A crowd of customers in a moment: cards, phones and deliveries, made by the database itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, text

from app.storage.tables.base import Utc

FIRST_ID = 1_000_000
"""Ids of the crowd start here, clear of anything that was enrolled one by one."""
PASS_TYPE = "pass.example.cafe"
_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
)
_DIGITS = f"substr('{'0' * 64}' || CAST(i AS TEXT), length(CAST(i AS TEXT)) + 1)"  # 64 of them, both engines

_TABLES = (
    f"""INSERT INTO members (id, programme_id, locale, created_at)
        {_NUMBERS} SELECT i, :programme, 'en', :now FROM n""",
    f"""INSERT INTO cards (id, programme_id, member_id, serial, number, link, salt, pass_type_identifier,
            status, tier, tier_earned, tier_invited, named_values, version, face, served_version, changed_at,
            created_at)
        {_NUMBERS} SELECT i, :programme, i, 's' || i, CAST(i AS TEXT), 'l' || i, :salt, '{PASS_TYPE}',
            'active', '', '', FALSE, '{{}}', 1, '', 1, :now, :now FROM n""",
    f"""INSERT INTO apple_devices (id, library_id, pass_type_identifier, push_token, token_seen_at)
        {_NUMBERS} SELECT i, 'd' || i, '{PASS_TYPE}', {_DIGITS}, :now FROM n""",
    f"""INSERT INTO apple_registrations (id, device_id, card_id, registered_at, pushed_version, push_error,
            asked_version, fetched_version)
        {_NUMBERS} SELECT i, i, i, :now, 0, '', 0, 1 FROM n""",
    f"""INSERT INTO deliveries (id, card_id, wallet, delivered_version, priority, attempts, last_error)
        {_NUMBERS} SELECT i, i, 'apple', 1, 1, 0, '' FROM n""",
)
_MARK = """UPDATE deliveries SET due_at = :now, queued_at = :now, priority = :lane
           WHERE id >= :first AND (id - :first) % :every = :shift"""


def fill(engine: Engine, programme_id: int, size: int, now: datetime) -> None:
    """Give the programme `size` members, each with a card in step on one iPhone."""
    given = {"first": FIRST_ID, "last": FIRST_ID + size - 1, "programme": programme_id}
    with engine.begin() as connection:
        _without_timeout(connection)
        for statement in _TABLES:
            named = {"now": now} if ":now" in statement else {}
            named |= {"salt": b"salt of the crowd"} if ":salt" in statement else {}
            known = {name: value for name, value in given.items() if f":{name}" in statement}
            made = text(statement).bindparams(
                *(bindparam(each, type_=Utc()) for each in named if each == "now")
            )
            connection.execute(made, known | named)
    tidy(engine)


def mark_due(engine: Engine, lane: int, now: datetime, *, every: int = 1, shift: int = 0) -> int:
    """Queue each `every`-th card of the crowd, beginning with the `shift`-th; answers how many."""
    statement = text(_MARK).bindparams(bindparam("now", type_=Utc()))
    with engine.begin() as connection:
        _without_timeout(connection)
        given = {"now": now, "lane": lane, "first": FIRST_ID, "every": every, "shift": shift}
        return connection.execute(statement, given).rowcount


def tidy(engine: Engine) -> None:
    """What autovacuum would have done meanwhile."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            _without_timeout(connection)
            connection.execute(text("VACUUM ANALYZE"))


def _without_timeout(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET statement_timeout = 0"))
