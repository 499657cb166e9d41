"""What a cashier sees of a card: who it is, what they have, what can be done now, and what was just done."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy.orm import Session

from app.domain.mechanics import show
from app.domain.mechanics.base import Face
from app.domain.mechanics.chips import Chips
from app.domain.mechanics.coupon import Coupon
from app.domain.mechanics.discount import TakesOff
from app.domain.mechanics.event import Event
from app.domain.mechanics.gift_card import UNIT as GIFT
from app.domain.mechanics.gift_card import GiftCard
from app.domain.mechanics.gifts import first_names
from app.domain.mechanics.points import Points
from app.domain.mechanics.stamps import Stamps
from app.domain.mechanics.tiers import Tiers
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import local, locale, money, ngettext, number, use
from app.services import statement
from app.services.cards import current_pass
from app.storage import queries
from app.storage.states import state_of
from app.storage.tables import Card, Operation, ProgrammeRow
from app.web.faces import FaceView, face_view
from app.web.theme import Theme, theme_of
from app.web.till_extras import is_gift_card, takes_codes

UNDO_FOR = timedelta(minutes=10)
MOST_STAMPS = 10
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{0,4})?")


@dataclass(frozen=True, slots=True)
class Figure:
    """A balance: what it is called, and how much there is."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A reward that can be handed out."""

    key: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Customer:
    """A card as the till shows it. `status` is `expired` also for a card whose time has run out.

    `flags` is what only the cashier reads, `perks` what the customer has been promised.
    """

    serial: str
    name: str
    number: str
    status: str
    tier: str
    hint: str
    figures: tuple[Figure, ...]
    rewards: tuple[Ready, ...]
    flags: tuple[str, ...]
    perks: tuple[str, ...]
    points: int
    gives_stamps: bool
    takes_amount: bool
    pays_points: bool
    programme: Programme
    face: FaceView
    theme: Theme
    undo: Undo | None
    events: tuple[TillEvent, ...] = ()
    takes_codes: bool = False
    is_gift_card: bool = False
    gift_minor: int = 0


@dataclass(frozen=True, slots=True)
class TillEvent:
    """Something that a cashier may note with one tap."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Undo:
    """The last thing that this cashier did on the card, while it can be taken back."""

    id: str
    words: str


def customer_of(session: Session, card: Card, *, now: datetime, actor: str) -> Customer:
    """The card as it is now, in the caller's snapshot; turns the page to the programme's time zone."""
    programme = queries.programme_of(session.get_one(ProgrammeRow, card.programme_id))
    use(locale(), programme.zone)
    face = current_pass(session, card, now)
    expired = card.status == "active" and card.expires_at is not None and card.expires_at <= now
    kinds = [rule for rule in programme.rules if isinstance(rule, Stamps)]
    points = [rule for rule in programme.rules if isinstance(rule, Points)]
    events = [rule for rule in programme.rules if isinstance(rule, Event)]
    state = state_of(session, card, programme, now)
    shown = show(programme.rules, state)
    return Customer(
        serial=card.serial,
        name=face.holder,
        number=card.number,
        status="expired" if expired else card.status,
        tier=local(face.tier.name) if face.tier else "",
        hint=local(face.progress_words),
        figures=(
            *_discount(shown),
            *(Figure(local(each.label), local(each.value)) for each in face.balances),
        ),
        rewards=tuple(Ready(each.key, local(each.name), each.count) for each in face.rewards),
        flags=tuple(local(flag) for flag in shown.flags),
        perks=tuple(_said(shown, "perks").splitlines()),
        points=_points(face),
        gives_stamps=bool(kinds),
        takes_amount=_looks_at_receipts(programme),
        pays_points=bool(points),
        programme=programme,
        face=face_view(face, "till"),
        theme=theme_of(face.palette),
        undo=_undo(session, card, programme, now, actor),
        events=tuple(TillEvent(rule.key, local(rule.title)) for rule in events if rule.at_till),
        takes_codes=takes_codes(programme),
        is_gift_card=is_gift_card(programme),
        gift_minor=state.holdings.usable(GIFT, now),
    )


def _discount(shown: Face) -> tuple[Figure, ...]:
    """In big figures, as the cashier types it into a till that knows nothing of us."""
    percent = _said(shown, "discount")
    return (Figure(_("Discount"), f"−{percent}"),) if percent else ()


def _said(shown: Face, key: str) -> str:
    words = shown.values.get(key)
    return local(words) if isinstance(words, Mapping) else ""


def _looks_at_receipts(programme: Programme) -> bool:
    """Whether an amount means anything here: not where cards know visits and paid memberships alone."""
    return not programme.rules or any(
        isinstance(rule, Points | Chips | Coupon | GiftCard | TakesOff)
        or (isinstance(rule, Tiers) and rule.by == "spend")
        or (isinstance(rule, Stamps) and rule.per != "visit")
        for rule in programme.rules
    )


def _points(face: Pass) -> int:
    held = next((each.value for each in face.balances if each.key == "points"), 0)
    return held if isinstance(held, int) else 0


def _undo(session: Session, card: Card, programme: Programme, now: datetime, actor: str) -> Undo | None:
    last = statement.last_undoable(session, card, since=now - UNDO_FOR, actor=actor)
    if last is None:
        return None
    return Undo(last.public_id, done_words(last.kind, last.reply, programme)[0])


def done_words(kind: str, reply: Mapping[str, Any], programme: Programme) -> list[str]:
    """What happened, the most important first; never empty."""
    earned, redeemed = reply.get("earned", {}), reply.get("redeemed", {})
    lines = {
        "stamps": lambda: [_given(earned, programme, "stamps"), *_ready(earned, programme)],
        "purchase": lambda: [*_off(reply, programme), *_purchase_words(earned, redeemed, programme)],
        "redemption": lambda: [_("Handed out: %(what)s", what=_units(redeemed, programme))],
        "event": lambda: _event_words(reply, programme),
        "gift": lambda: [_("Loaded: %(what)s", what=counted(GIFT, earned.get(GIFT, 0), programme))],
        "reversal": lambda: [_("Taken back")],
    }
    found = [line for line in lines.get(kind, list)() if line]
    return found or [_("Done")]


def _purchase_words(
    earned: Mapping[str, int], redeemed: Mapping[str, int], programme: Programme
) -> list[str]:
    points = redeemed.get("points", 0)
    paid = [_("Paid with %(what)s", what=counted("points", points, programme))] if points else []
    if gift := redeemed.get(GIFT, 0):
        paid.append(_("Paid with the gift card: %(what)s", what=counted(GIFT, gift, programme)))
    given = [_given(earned, programme, unit) for unit in ("points", "stamps") if earned.get(unit)]
    return [*paid, *given, *_ready(earned, programme)] or [_("Purchase noted")]


def _event_words(reply: Mapping[str, Any], programme: Programme) -> list[str]:
    earned = reply.get("earned", {})
    if not earned:
        return [_("Nothing was given: it was often enough, or is not the time for it.")]
    less = [_("Not all of it: the rule allows no more now.")] if reply.get("notes") else []
    given = [_given(earned, programme, unit) for unit in earned if not unit.startswith("reward.")]
    return [*given, *_ready(earned, programme), *less]


def _given(earned: Mapping[str, int], programme: Programme, unit: str) -> str:
    return "+\u2009" + counted(unit, earned[unit], programme) if earned.get(unit) else ""


def _ready(earned: Mapping[str, int], programme: Programme) -> list[str]:
    rewards = {unit: count for unit, count in earned.items() if unit.startswith("reward.")}
    return [_("Reward ready: %(what)s", what=_units(rewards, programme))] if rewards else []


def _units(amounts: Mapping[str, int], programme: Programme) -> str:
    return ", ".join(counted(unit, count, programme) for unit, count in amounts.items())


def counted(unit: str, count: int, programme: Programme) -> str:
    """`3 stamps`, `120 points`, `a coffee`, `2 × a coffee`."""
    if unit == "points":
        return ngettext("%(num)s point", "%(num)s points", count)
    if unit == "stamps":
        return ngettext("%(num)s stamp", "%(num)s stamps", count)
    if unit == GIFT:
        return money(count, programme.currency)
    known = first_names(programme)
    name = local(known[unit]) if unit in known else unit
    return name if count == 1 else f"{number(count)} × {name}"


def amount_minor(typed: str, currency: str) -> int | None:
    """Minor units of an amount as people type it (`12.34`, `12,34`, `1 234,50`); None for anything else."""
    text = "".join(typed.split()).replace(",", ".")
    if not _AMOUNT.fullmatch(text):
        return None
    minor = Decimal(text).scaleb(get_currency_precision(currency))
    return int(minor) if minor == minor.to_integral_value() else None


def _off(reply: Mapping[str, Any], programme: Programme) -> list[str]:
    """What the customer pays, where a discount was taken off."""
    if not reply.get("discount_minor"):
        return []
    off, due = (money(reply[key], programme.currency) for key in ("discount_minor", "due_minor"))
    return [_("To pay: %(due)s (discount %(off)s)", due=due, off=off)]


def quote_words(said: Mapping[str, Any], programme: Programme) -> str:
    """`Earns 123 points`, and what is to be paid after a discount; in this page's language."""
    off, earned = _off(said, programme), _earns(said["earned"], programme)
    return ". ".join([*off, earned] if said["earned"] or not off else off)


def _earns(earned: Mapping[str, int], programme: Programme) -> str:
    shown = {unit: count for unit, count in earned.items() if unit in ("points", "stamps")}
    return _("Earns %(what)s", what=_units(shown, programme)) if shown else _("Earns nothing at this amount")


def payable_words(points: int, programme: Programme) -> str:
    """`500 points = €5.00`."""
    rule = next(rule for rule in programme.rules if isinstance(rule, Points))
    worth = money(rule.worth_minor(points), programme.currency)
    return f"{counted('points', points, programme)} = {worth}"


def stamp_buttons() -> Sequence[str]:
    """The words of the big button for 1, 2, … stamps."""
    return [
        ngettext("Give %(num)s stamp", "Give %(num)s stamps", count) for count in range(1, MOST_STAMPS + 1)
    ]


def undoable(session: Session, operation: Operation, *, now: datetime, actor: str) -> bool:
    """Whether this person may still take back exactly this."""
    card = session.get_one(Card, operation.card_id)
    last = statement.last_undoable(session, card, since=now - UNDO_FOR, actor=actor)
    return last is not None and last.id == operation.id
