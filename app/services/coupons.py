"""Codes of coupons: made for a card or for a list, shown at a till, used up once by whoever is first, given
back when the purchase is taken back.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, KeyReused, NotFound
from app.domain.mechanics import Rulebook
from app.domain.mechanics.base import Sale, State
from app.domain.mechanics.coupon import (
    ENDED,
    NO_END,
    NOT_YET,
    NOT_YOURS,
    UNKNOWN,
    USED,
    Coupon,
    normal,
    refusals,
)
from app.domain.programme import Programme
from app.services import tasks
from app.services.cards import touch
from app.services.events import record
from app.storage import queries
from app.storage.batches import among
from app.storage.states import open_codes
from app.storage.tables import Card, Operation, PromoCode

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without letters and figures that are mistaken for each other."""
LENGTH = 10
MOST_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Issue:
    """Codes that are asked for: of coupon `rule`, for the card `serial` or (empty) `count` for anybody."""

    rule: str
    serial: str = ""
    count: int = 1
    uses: int | None = 1
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    codes: tuple[str, ...] = ()
    """Codes of one's own, in place of drawn ones."""
    seed: bytes = b""
    """What codes are drawn from, so that the same order draws the same codes; empty: chance."""


def draw(seed: bytes = b"", number: int = 0) -> str:
    """A code that nobody guesses: 50 bits."""
    drawn = hmac.digest(seed, str(number).encode(), "sha256") if seed else secrets.token_bytes(LENGTH)
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in drawn[:LENGTH])


def seed_of(secret: bytes, slug: str, key: str) -> bytes:
    """What the codes of an order are drawn from, by its Idempotency-Key; `secret` keeps them unguessable."""
    return hmac.digest(secret, f"codes {slug} {key}".encode(), "sha256")


def issue(
    db: sessionmaker[Session], slug: str, cmd: Issue, *, now: datetime, actor: str = ""
) -> list[PromoCode]:
    """New codes; the card, if there is one, shows its own at once. Raises Invalid, NotFound, Conflict."""
    try:
        with db.begin() as session:
            return _issue(session, slug, cmd, now, actor)
    except IntegrityError:
        raise Conflict("One of these codes is in use already.") from None


def _issue(session: Session, slug: str, cmd: Issue, now: datetime, actor: str) -> list[PromoCode]:
    row = queries.programme_row(session, slug)
    programme = queries.programme_of(row)
    card = queries.card_by_serial(session, cmd.serial, lock=True) if cmd.serial else None
    if card is not None and card.programme_id != row.id:
        raise NotFound("There is no such card.", serial=cmd.serial)
    own = tuple(normal(code) for code in cmd.codes)
    _check(programme, cmd, own, now)
    codes = own or tuple(draw(cmd.seed, number) for number in range(cmd.count))
    if cmd.seed and (known := _made_before(session, row.id, card, cmd, codes)):
        return known
    made = [_row(row.id, card, code, cmd, now) for code in codes]
    session.add_all(made)
    session.flush()
    told = {"rule": cmd.rule, "count": len(made), "actor": actor}
    record(session, row.id, "coupon.issued", told, now, card=card)
    if card is not None:
        _plan_redraws(session, card, cmd, codes[0])
        touch(session, card, now)
    return made


def _made_before(
    session: Session, programme_id: int, card: Card | None, cmd: Issue, codes: Sequence[str]
) -> list[PromoCode]:
    """What this very order made the first time. Raises KeyReused where it asked for something else then."""
    mine = among(session, PromoCode.code, codes)
    here = select(PromoCode).where(PromoCode.programme_id == programme_id, mine).order_by(PromoCode.id)
    known = list(session.scalars(here))
    wanted = (cmd.rule, card.id if card else None)
    if known and (len(known) < len(codes) or any((row.rule, row.card_id) != wanted for row in known)):
        raise KeyReused("This key was used for other codes.")
    return known


def _row(programme_id: int, card: Card | None, code: str, cmd: Issue, now: datetime) -> PromoCode:
    return PromoCode(
        programme_id=programme_id,
        card_id=card.id if card else None,
        code=code,
        rule=cmd.rule,
        uses_left=cmd.uses,
        starts_at=cmd.starts_at,
        ends_at=cmd.ends_at,
        created_at=now,
    )


def _plan_redraws(session: Session, card: Card, cmd: Issue, code: str) -> None:
    """The card shows a code from its beginning to its end: both are moments at which nobody is at a till."""
    for at in (cmd.starts_at, cmd.ends_at):
        if at is not None:
            tasks.plan(session, card.id, "redraw", f"code:{code}:{at:%Y%m%d%H%M}", at)


def _check(programme: Programme, cmd: Issue, codes: Sequence[str], now: datetime) -> None:
    rule = coupon_of(programme.rules, cmd.rule)
    faults: dict[str, str] = {}
    if rule is None:
        faults["/rule"] = "is no coupon of this programme"
    elif cmd.uses is None and rule.gift and not rule.uses_per_card and not rule.uses_in_all:
        faults["/uses"] = NO_END
    if not 1 <= (len(codes) or cmd.count) <= MOST_AT_ONCE:
        faults["/count"] = f"must be from 1 to {MOST_AT_ONCE}"
    if cmd.ends_at is not None and cmd.ends_at <= (cmd.starts_at or now):
        faults["/ends_at"] = "must lie after the beginning, and in the future"
    taken = {each.code for each in programme.rules if isinstance(each, Coupon)}
    for place, code in enumerate(codes):
        if not 4 <= len(code) <= 40 or code in taken:
            faults[f"/codes/{place}"] = "must have 4 to 40 characters and be neither a public code nor twice"
            break
        taken.add(code)
    if faults:
        raise Invalid(faults)


def coupon_of(rules: Iterable[Any], key: str) -> Coupon | None:
    """The coupon called `key`."""
    return next((rule for rule in rules if isinstance(rule, Coupon) and rule.key == key), None)


def with_codes(session: Session, card: Card, rules: Rulebook, sale: Sale, state: State) -> State:
    """The state with those shown codes that anybody may use. Raises Invalid with a reason for each code that
    cannot be used now.
    """
    if not sale.codes:
        return state
    wanted = select(PromoCode).where(
        PromoCode.programme_id == card.programme_id, PromoCode.code.in_(sale.codes)
    )
    rows = {row.code: row for row in session.scalars(wanted)}
    free = {
        row.code: row.rule
        for row in session.scalars(wanted.where(PromoCode.card_id.is_(None), *open_codes(state.now)))
    }
    state = replace(state, codes={**state.codes, **free})
    faults = refusals(rules, sale, state)
    for pointer, reason in faults.items():
        row = rows.get(sale.codes[int(pointer.rpartition("/")[2])])
        if reason == UNKNOWN and row is not None:
            faults[pointer] = _why_not(row, card, state.now)
    if faults:
        raise Invalid(faults)
    return state


def _why_not(row: PromoCode, card: Card, now: datetime) -> str:
    """A code that exists and cannot be used: nobody learns of another's code more than that it is theirs."""
    if row.card_id not in (None, card.id):
        return NOT_YOURS
    if row.ends_at is not None and row.ends_at <= now:
        return ENDED
    if row.uses_left == 0:
        return USED
    return NOT_YET if row.starts_at is not None and row.starts_at > now else UNKNOWN


def used(used_codes: Sequence[str]) -> dict[str, str]:
    """Code to coupon's key, of what a decision used up."""
    pairs = (each.partition(":") for each in used_codes)
    return {code: key for key, _, code in pairs}


def use_up(session: Session, programme_id: int, rules: Rulebook, used_codes: Sequence[str]) -> None:
    """Take a use off each personal code, in the order of codes; raises Invalid if another till was first."""
    for code, key in sorted(used(used_codes).items()):
        rule = coupon_of(rules, key)
        if rule is not None and rule.code == code:
            continue  # a public code is counted by card, and in all by its budget
        taken = session.execute(
            update(PromoCode)
            .where(_named(programme_id, code), func.coalesce(PromoCode.uses_left, 1) > 0)
            .values(uses_left=PromoCode.uses_left - 1)
            .returning(PromoCode.id)
        ).one_or_none()
        if taken is None:
            raise Invalid({"/codes": USED})


def give_back(session: Session, first: Operation) -> None:
    """Return the uses of an operation that is taken back; what it counted and claimed goes back with all
    else.
    """
    codes: Mapping[str, str] = first.detail.get("coupons", {})
    for code in sorted(codes):
        session.execute(
            update(PromoCode)
            .where(_named(first.programme_id, code))
            .values(uses_left=PromoCode.uses_left + 1)
        )


def _named(programme_id: int, code: str) -> Any:
    return (PromoCode.programme_id == programme_id) & (PromoCode.code == code)
