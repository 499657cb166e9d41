"""What every mechanic is given and what it answers; a new mechanic is a new file beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from app.domain.ledger import Earn, Holdings, Move
from app.domain.mechanics.bill import Bill, Boost, Item, Offer
from app.domain.text import LocalText
from app.domain.values import Frozen

if TYPE_CHECKING:
    from app.domain.programme import Programme

__all__ = ["Item"]

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
"""What a rule, tier, reward or event is called in keys."""
EVER = date(1, 1, 1)
"""The day of counts that run for ever."""
RISK = timedelta(days=30)
"""So long before its review, a tier that the card will not keep as things stand is at risk."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase at a till: `amount_minor` in the programme's currency, before discounts of ours.

    `redeem_points` and `gift_minor` are paid in; `codes` are coupons that the customer shows; `luck`, 0 to
    9,999, decides surprises and is the same however often the purchase is sent.
    """

    amount_minor: int
    redeem_points: int = 0
    items: Sequence[Item] = ()
    store: str = ""
    partner: str = ""
    codes: tuple[str, ...] = ()
    gift_minor: int = 0
    luck: int = 9_999
    at: datetime | None = None
    """When it happened, where that was not now: weekdays, hours and campaigns count by this."""
    hold: tuple[tuple[int, int], ...] = ()
    """What a hold set aside for this purchase: (lot, amount); `redeem_points` are paid from it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit without a receipt that gives `stamps` stamps."""

    stamps: int = 1
    store: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something else that a rule may reward: `welcome`, `birthday`, `referred`, `review`, `packaging`, …"""

    event: str
    times: int = 1
    store: str = ""
    luck: int = 9_999
    at: datetime | None = None


Occasion = Sale | Visit | Happening


@dataclass(frozen=True, slots=True)
class Count:
    """A count that a rule asks for: all of `what` since the day `since` (inclusive, the programme's zone),
    or ever.

    `what` is a unit that purchases move (`spend_minor`, `visits`, `points`: earned less what went back), or
    a rule's own key (`event:review`, `coupon:spring`).
    """

    what: str
    since: date = EVER


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of the card's member."""

    birthday: date | None = None
    city: str = ""
    filled: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    joined_at: datetime | None = None
    referral_code: str = ""
    """The personal code that this member gives to friends."""
    referred: bool = False
    """Whether a friend brought this member."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A tier that a card has, and since when; `invited` tiers are given by hand.

    `earned` is the tier that stands below an invitation or a paid membership, safe until `until`, when it is
    reviewed; None is for ever.
    """

    tier: str = ""
    since: datetime | None = None
    until: datetime | None = None
    invited: bool = False
    earned: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What a mechanic may look at: the card's holdings, tier, named values and counts, at `now` (days end in
    `zone`).

    `memberships` maps a membership's key to the time until which it is paid; `codes` are coupons that this
    card holds or that anybody may use (code to rule key); `spent_budgets` are keys of budgets that are gone.
    """

    holdings: Holdings
    now: datetime
    tier: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    counts: Mapping[Count, int] = field(default_factory=dict)
    standing: Standing = Standing()
    person: Person = Person()
    memberships: Mapping[str, datetime] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    spent_budgets: frozenset[str] = frozenset()
    code_ends: Mapping[str, datetime] = field(default_factory=dict)
    """Until when codes count, where that is bounded."""
    currency: str = "EUR"
    joined: bool = False
    """Whether this card spends from another card's account: one more holder of a company."""

    @property
    def today(self) -> date:
        """The day at `now` in the programme's time zone."""
        return self.now.astimezone(self.zone).date()

    def count(self, what: str, since: date = EVER) -> int:
        """A count that the rule's `needs` named."""
        return self.counts.get(Count(what, since), 0)

    def day_of(self, occasion: Occasion) -> date:
        """The day on which something happened, in the programme's time zone."""
        return (occasion.at or self.now).astimezone(self.zone).date()

    def between(self, what: str, since: date, until: date) -> int:
        """A count from `since` up to `until`, which no longer belongs to it. Limits of a day are those of the
        day on which something happened, however late that is entered.
        """
        return self.count(what, since) - self.count(what, until)

    def counted(self, more: Mapping[str, int], day: date) -> State:
        """The same after so much more was counted on `day`: windows that begin later do not see it."""
        raised = {
            count: amount + (more.get(count.what, 0) if count.since <= day else 0)
            for count, amount in self.counts.items()
        }
        return replace(self, counts=raised)

    def end_of_day(self, days: int) -> datetime:
        """The midnight that ends the day `days` days from today, in the programme's time zone."""
        return self.midnight(self.today + timedelta(days=days + 1))

    def midnight(self, day: date) -> datetime:
        """When `day` begins in the programme's time zone."""
        return datetime.combine(day, time.min, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far to the goal: `done` of `goal`, drawn as a straight line or as a grid of stamps."""

    kind: Literal["line", "stamps"]
    done: int
    goal: int

    @property
    def percent(self) -> int:
        """0 to 100, in whole steps of two: few pictures serve all cards."""
        return 0 if self.goal <= 0 else max(0, min(100, self.done * 100 // self.goal // 2 * 2))


@dataclass(frozen=True, slots=True)
class Reward:
    """Something the card holder may have: `count` of them are ready."""

    key: str
    name: LocalText
    count: int


@dataclass(frozen=True, slots=True)
class Coming:
    """Something the card holder may take up, in words; `sort` says under which placeholder it is listed."""

    sort: Literal["coupons", "offers"]
    name: LocalText
    code: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """What a mechanic shows on the card: values for the design's placeholders, progress, rewards that are
    ready, flags that only a cashier sees, and what may be taken up.
    """

    values: Mapping[str, int | LocalText] = field(default_factory=dict)
    progress: Progress | None = None
    rewards: tuple[Reward, ...] = ()
    flags: tuple[LocalText, ...] = ()
    coming: tuple[Coming, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A part of something that all cards share: `amount` of budget `key`, whose limit is `limit`."""

    key: str
    amount: int
    limit: int


@dataclass(frozen=True, slots=True)
class Award:
    """What a mechanic gives on an occasion.

    `counts` raises the card's counts; `claims` must all be met, or the mechanic is asked again with the
    budget in `State.spent_budgets`; `for_friend` goes to the member who brought this one; `used_codes` are
    coupons that are used up (key, colon, code); `notes` say in words what was not given, and why.
    """

    moves: tuple[Move, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    for_friend: tuple[Earn, ...] = ()
    used_codes: tuple[str, ...] = ()
    notes: tuple[LocalText, ...] = ()


NOTHING = Award()


class Mechanic(Frozen):
    """The frozen rules of one way to reward; pure. Each override answers one question of `decide`."""

    kind: str
    looks_at: ClassVar[frozenset[str]] = frozenset()
    """What of `State` it needs beside holdings and counts: `person`, `memberships`, `codes`, `budgets`."""

    shares_accounts: ClassVar[bool] = False
    """Whether it lets several cards share an account."""

    draws_last: ClassVar[bool] = False
    """Whether its progress and words only count where no other rule has any."""

    @property
    def rule(self) -> str:
        """The name under which the journal keeps what this rule did: its kind, and its key if it has one."""
        key = getattr(self, "key", "")
        return f"{self.kind}:{key}" if key else self.kind

    def units(self) -> tuple[str, ...]:
        """The units that it moves, for adjustments and balances."""
        return ()

    def reward_names(self) -> Mapping[str, LocalText]:
        """The rewards that it names: key to what people call it."""
        return {}

    def needs(self, today: date) -> tuple[Count, ...]:
        """The counts that it looks at on this day."""
        return ()

    def review_needs(self, review: date) -> tuple[Count, ...]:
        """The counts that it looks at ahead of a review of the card's tier on that day."""
        return ()

    def budgets(self) -> Mapping[str, int]:
        """Its budgets, which all cards share: key to limit."""
        return {}

    def offers(self, bill: Bill, sale: Sale, state: State) -> tuple[Offer, ...]:
        """What it takes off the receipt."""
        return ()

    def pay(self, bill: Bill, sale: Sale, state: State) -> tuple[Bill, tuple[Move, ...]]:
        """What the customer pays with it. Raises Invalid, InsufficientBalance."""
        return bill, ()

    def boosts(self, bill: Bill, sale: Sale, state: State) -> tuple[Boost, ...]:
        """The factors by which others give more."""
        return ()

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """What this occasion gives and takes; `bill` is empty unless it is a sale."""
        return NOTHING

    def weights(self, sale: Sale, bill: Bill) -> tuple[int, ...]:
        """How much each line of the bill counted towards what this rule gave: a returned item takes its
        share.
        """
        return tuple(max(0, line.net_minor) for line in bill.lines)

    def complete(self, state: State) -> Award:
        """What follows by itself from what the card holds now, whatever brought it there."""
        return NOTHING

    def ends(self, unit: str, state: State) -> datetime | None:
        """When `unit` that is given now without a purchase ends; None: never, or it is none of its own."""
        return None

    def trade(self, reward: str, state: State) -> tuple[Move, ...]:
        """What a reward that the customer chooses costs; empty where it is none of its own."""
        return ()

    def standing(self, state: State) -> Standing | None:
        """The tier that the card has from now on; None where this rule knows no tiers."""
        return None

    def face(self, state: State) -> Face:
        """What the card shows now."""
        return Face()

    def changes_at(self, state: State) -> datetime | None:
        """When its face changes by itself next, because a window moves on; None: not before something
        happens.
        """
        return None

    def sample(self, filled: float) -> Award:
        """What a made-up card holds that is `filled` (0 to 1) of the way: for previews of a design."""
        return NOTHING

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """What contradicts itself or the programme's other rules: pointer within the rule to a sentence."""
        return {}
