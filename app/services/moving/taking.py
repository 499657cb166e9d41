"""Rows on their way in: read, and each matched with the member and card that it means."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid
from app.domain.mechanics.standing import ladder_of
from app.domain.programme import Programme
from app.services import members
from app.services.moving import flat, reading
from app.services.moving.reading import Record
from app.services.moving.rows import Row, read_row
from app.storage.tables import Card, Member, MemberPii, ProgrammeRow

_OTHERS = "these keys belong to different members or cards"


@dataclass(frozen=True, slots=True)
class Order:
    """What an import is asked to do. `batch` names the file in keys of operations; `announce` also tells the
    phones that came along.
    """

    slug: str
    batch: str
    actor: str
    default_pass_type: str
    seal: Callable[[str], str]
    unseal: Callable[[str], str]
    pass_token: Callable[[str, bytes], str]
    announce: bool = False


@dataclass(slots=True)
class Taken:
    """A row with what was found for it; `faults` (by column or pointer) say why it is refused."""

    record: Record
    row: Row = field(default_factory=Row)
    member: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    card: Card | None = None
    is_new: bool = False
    changed: bool = False

    @property
    def digest(self) -> str:
        """What the row says, for its operation's key."""
        said = orjson.dumps(self.record.said, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(said).hexdigest()

    @property
    def found(self) -> Card:
        """The card that it is about."""
        assert self.card is not None, "it was matched"
        return self.card

    def keys(self) -> set[tuple[str, str]]:
        """What no other row may have at the same time."""
        card = self.row.card
        named = {
            "serial": card.serial, "number": card.number, "link": card.link, "code": card.referral_code,
            **{key: self.member.get(key) for key in members.KEYS},
        }  # fmt: skip
        found = {(name, value) for name, value in named.items() if value}
        found |= {("payment", each.payment) for each in self.row.memberships}
        found |= {("coupon", each.code) for each in self.row.codes}
        found |= {("serial", each) for each in (card.account, card.referred_by) if each}
        return found | ({("google", self.row.google.object_id)} if self.row.google else set())


def taken(record: Record, format_: str, programme: Programme) -> Taken:
    """The record as a row, or with its faults."""
    made = Taken(record)
    if record.fault or record.said is None:
        made.faults = {"": record.fault or "cannot be read"}
        return made
    faults: dict[str, str] = {}
    said: dict[str, Any] = record.said
    if format_ == reading.CSV:
        said, faults = flat.nested(record.said)
    else:
        said = {name: value for name, value in said.items() if name not in flat.IGNORED}
    try:
        made.row, made.member = read_row(said, programme)
    except Invalid as error:
        named = flat.column_of if format_ == reading.CSV else str
        faults = {**{named(where): words for where, words in error.faults.items()}, **faults}
    made.faults = faults
    return made


def stretches(rows: Sequence[Taken], most: int) -> Iterator[list[Taken]]:
    """The rows in their order, so many at once, and none with another that it has a key in common with."""
    mine: list[Taken] = []
    seen: set[tuple[str, str]] = set()
    for each in rows:
        keys = set() if each.faults else each.keys()
        if mine and (len(mine) >= most or keys & seen):
            yield mine
            mine, seen = [], set()
        mine.append(each)
        seen |= keys
    if mine:
        yield mine


def match(session: Session, programme: ProgrammeRow, rows: Sequence[Taken]) -> None:
    """Find the card of each row and lock it; what cannot be is noted as a fault."""
    known = _Known(session, programme, rows)
    for each in rows:
        _match_one(each, known, programme.id)
    ids = sorted({each.card.id for each in rows if each.card is not None and not each.faults})
    if ids:
        locked = select(Card).where(Card.id.in_(ids)).order_by(Card.id)
        session.scalars(
            locked.with_for_update(key_share=True), execution_options={"populate_existing": True}
        ).all()


class _Known:
    """The cards and members that these rows name."""

    def __init__(self, session: Session, programme: ProgrammeRow, rows: Sequence[Taken]) -> None:
        wanted: dict[str, set[str]] = {}
        for each in rows:
            for name, value in each.keys() if not each.faults else ():
                wanted.setdefault(name, set()).add(value)
        columns = {
            "serial": Card.serial, "number": Card.number, "link": Card.link, "code": Card.referral_code,
        }  # fmt: skip
        tests = [columns[name].in_(values) for name, values in wanted.items() if name in columns]
        named = session.scalars(select(Card).where(or_(*tests))).all() if tests else []
        people = [getattr(MemberPii, name).in_(wanted[name]) for name in members.KEYS if name in wanted]
        pii: Sequence[MemberPii] = []
        if people:
            of = select(MemberPii).where(MemberPii.programme_id == programme.id, or_(*people))
            pii = session.scalars(of).all()
        owners = {row.member_id for row in pii}
        held = session.scalars(select(Card).where(Card.member_id.in_(owners))).all() if owners else []
        by_member = {card.member_id: card for card in held}
        self.by = {(name, getattr(card, _ATTRIBUTE[name])): card for card in named for name in _ATTRIBUTE}
        self.by |= {
            (name, getattr(row, name)): by_member[row.member_id]
            for row in pii
            if row.member_id in by_member
            for name in members.KEYS
        }
        ids = {card.member_id for card in self.by.values()}
        gone = select(Member.id).where(Member.id.in_(ids), Member.erased_at.is_not(None))
        self.erased = set(session.scalars(gone)) if ids else set()


_ATTRIBUTE = {"serial": "serial", "number": "number", "link": "link", "code": "referral_code"}


def _match_one(each: Taken, known: _Known, programme_id: int) -> None:
    if each.faults:
        return
    said = each.row.card
    names = [("serial", said.serial), ("number", said.number)]
    names += [(key, each.member.get(key)) for key in members.KEYS]
    found = {card.id: card for name in names if (card := known.by.get((name[0], name[1] or "")))}
    foreign = [card for card in found.values() if card.programme_id != programme_id]
    if foreign or len(found) > 1:
        each.faults = {"": "this serial or number is in use already" if foreign else _OTHERS}
        return
    each.card = next(iter(found.values()), None)
    each.is_new = each.card is None
    each.faults = _unlike(each, known) if each.card else _in_use(each, known)
    for name in ("account", "referred_by"):
        serial = getattr(said, name)
        other = known.by.get(("serial", serial)) if serial else None
        if each.is_new and serial and (other is None or other.programme_id != programme_id):
            each.faults[name] = "there is no such card here (yet): import the row of that card first"


def _in_use(each: Taken, known: _Known) -> dict[str, str]:
    said = {"link": each.row.card.link, "code": each.row.card.referral_code}
    return {
        _ATTRIBUTE[name]: "is in use already"
        for name, value in said.items()
        if value and (name, value) in known.by
    }


def _unlike(each: Taken, known: _Known) -> dict[str, str]:
    """Why the row cannot be about the card that was found."""
    card, said = each.found, each.row.card
    faults: dict[str, str] = {}
    if said.serial not in (None, card.serial):
        faults["serial"] = f"this member has the card {card.serial} already"
    elif said.number not in (None, card.number):
        faults["number"] = f"the card {card.serial} has the number {card.number}"
    if card.member_id in known.erased and each.member:
        faults[""] = "this person was erased; their data cannot be set again"
    return faults


def check_tiers(rows: Sequence[Taken], programme: Programme) -> None:
    """A tier must be a level of the programme's ladder, where there is one."""
    ladder = ladder_of(programme.rules)
    for each in rows:
        for name in ("tier", "tier_earned"):
            tier = getattr(each.row.card, name)
            if tier and ladder is not None and ladder.level(tier) is None and not each.faults:
                levels = ", ".join(level.key for level in ladder.levels)
                each.faults[name] = f"is no level of this programme; there are {levels}"


def since(said: datetime | None, now: datetime) -> datetime:
    """A time of the past, now where none is said."""
    return min(said, now) if said else now
