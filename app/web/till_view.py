"""What a cashier sees of a card: who it is, what they have, what can be done now, and what was just done."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from babel.numbers import get_currency_precision
from sqlalchemy.orm import Session

from app.domain.mechanics import paying_rule, show
from app.domain.mechanics.base import Face, State
from app.domain.mechanics.chips import Chips
from app.domain.mechanics.coupon import Coupon
from app.domain.mechanics.discount import TakesOff
from app.domain.mechanics.event import Event
from app.domain.mechanics.gift_card import UNIT as GIFT
from app.domain.mechanics.gift_card import GiftCard
from app.domain.mechanics.points import CASHBACK, Points
from app.domain.mechanics.stamps import Stamps
from app.domain.mechanics.tiers import Tiers
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import local, locale, ngettext, use
from app.services import statement
from app.services.cards import current_pass
from app.storage.states import programme_at, state_of
from app.storage.tables import Card, Operation, ProgrammeRow
from app.web.faces import FaceView, face_view
from app.web.theme import Theme, theme_of
from app.web.till_extras import is_gift_card, takes_codes
from app.web.till_words import done_words, level_name
from app.web.unit_words import counted

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
    facts: tuple[str, ...]
    gives_stamps: bool
    takes_amount: bool
    pays: Pays | None
    programme: Programme
    face: FaceView
    theme: Theme
    undo: Undo | None
    events: tuple[TillEvent, ...] = ()
    takes_codes: bool = False
    is_gift_card: bool = False
    gift_minor: int = 0
    stamps_by_hand: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the page has, for faults to stand at."""
        there = {
            "amount": self.takes_amount,
            "redeem_points": self.takes_amount and self.pays is not None,
            "codes": self.takes_amount and self.takes_codes,
            "gift": self.takes_amount and self.gift_minor > 0,
            "load": self.is_gift_card,
        }
        return frozenset(name for name, is_there in there.items() if is_there and self.status == "active")

    @property
    def takes_off(self) -> bool:
        """Whether what is to be paid may differ from the amount before anybody chooses anything."""
        return self.takes_codes or any(isinstance(rule, TakesOff) for rule in self.programme.rules)


@dataclass(frozen=True, slots=True)
class Pays:
    """Points, or cashback, that a purchase may be paid with: how much there is, in words."""

    held: str
    is_money: bool


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
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    use(locale(), programme.zone)
    face = current_pass(session, card, now)
    expired = card.status == "active" and card.expires_at is not None and card.expires_at <= now
    kinds = [rule for rule in programme.rules if isinstance(rule, Stamps)]
    events = [rule for rule in programme.rules if isinstance(rule, Event)]
    state = state_of(session, card, programme, now)
    shown = show(programme.rules, state)
    return Customer(
        serial=card.serial,
        name=face.holder,
        number=card.number,
        status="expired" if expired else card.status,
        tier=_tier(face, programme),
        hint=local(face.progress_words),
        figures=(
            *_discount(shown),
            *(Figure(local(each.label), local(each.value)) for each in face.balances),
        ),
        rewards=tuple(Ready(each.key, local(each.name), each.count) for each in face.rewards),
        flags=tuple(local(flag) for flag in shown.flags),
        perks=tuple(_said(shown, "perks").splitlines()),
        facts=_facts(shown),
        gives_stamps=any(rule.per in ("visit", "item") for rule in kinds),
        takes_amount=_looks_at_receipts(programme),
        pays=_pays(programme, state, now),
        programme=programme,
        face=face_view(face, "till"),
        theme=theme_of(face.palette),
        undo=_undo(session, card, programme, now, actor),
        events=tuple(TillEvent(rule.key, local(rule.title)) for rule in events if rule.at_till),
        takes_codes=takes_codes(programme),
        is_gift_card=is_gift_card(programme),
        gift_minor=state.holdings.usable(GIFT, now),
        stamps_by_hand=bool(kinds),
    )


def _tier(face: Pass, programme: Programme) -> str:
    """As the design calls it; a level without a look as the rules do."""
    if face.tier is None:
        return ""
    name = local(face.tier.name)
    return level_name(face.tier.key, programme) or name if name == face.tier.key else name


def _facts(shown: Face) -> tuple[str, ...]:
    """What a cashier might say to the customer: until when they are a member, what is about to end."""
    name, until = _said(shown, "membership"), _said(shown, "member_until")
    member = _("%(name)s until %(day)s", name=name, day=until) if name and until else name
    return tuple(each for each in (member, _said(shown, "burning")) if each)


def _pays(programme: Programme, state: State, now: datetime) -> Pays | None:
    rule = paying_rule(programme.rules)
    held = state.holdings.usable(rule.unit, now) if rule else 0
    return Pays(counted(rule.unit, held, programme), rule.unit == CASHBACK) if rule and held else None


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
        or (isinstance(rule, Stamps) and rule.per in ("purchase", "amount"))
        for rule in programme.rules
    )


def _undo(session: Session, card: Card, programme: Programme, now: datetime, actor: str) -> Undo | None:
    last = statement.last_undoable(session, card, since=now - UNDO_FOR, actor=actor)
    if last is None:
        return None
    told = done_words(last.kind, last.reply, programme)
    gain = next((line for line in told if line.startswith("+")), "")
    return Undo(last.public_id, gain or (_("Purchase") if last.kind == "purchase" else told[0]))


def amount_minor(typed: str, currency: str) -> int | None:
    """Minor units of an amount as people type it (`12.34`, `12,34`, `1 234,50`); None for anything else."""
    text = "".join(typed.split()).replace(",", ".")
    if not _AMOUNT.fullmatch(text):
        return None
    minor = Decimal(text).scaleb(get_currency_precision(currency))
    return int(minor) if minor == minor.to_integral_value() else None


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
