"""What the calls give. The answers are built elsewhere; tests hold every one of them against these types."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from app.domain.design import Design
from app.domain.programme import Programme

Item = TypeVar("Item")


class Out(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid")


class PageOut(Out, Generic[Item]):
    """A part of a list; `next_cursor` is null at the end."""

    items: list[Item]
    next_cursor: str | None


class MemberOut(Out):
    """Who holds the card; null in its place means that the person was erased."""

    phone: str | None
    email: str | None
    external_id: str | None
    given_name: str
    family_name: str
    birthday: date | None
    city: str
    locale: str
    attributes: dict[str, Any]


class RewardOut(Out):
    """A reward that is ready, `count` times."""

    key: str
    name: str
    count: int


class LinksOut(Out):
    """The customer's card page, and where each wallet's button leads."""

    page: str
    apple: str
    google: str


class AppleOut(Out):
    devices: int


class GoogleOut(Out):
    saved: bool


class WalletsOut(Out):
    """Where the card is installed."""

    apple: AppleOut
    google: GoogleOut


class CardOut(Out):
    """A card as it is now; `version` rises when somebody could see a difference."""

    serial: str
    number: str
    programme: str
    status: str
    tier: str
    expires_at: datetime | None
    values: dict[str, str]
    balances: dict[str, int]
    rewards: list[RewardOut]
    version: int
    member: MemberOut | None
    links: LinksOut
    wallets: WalletsOut
    created_at: datetime
    updated_at: datetime


class LineOut(Out):
    unit: str
    amount: int
    balance: int


class HoldOut(Out):
    """Points set aside. `state`: open, captured, voided or expired."""

    id: str
    serial: str
    amount: int
    state: str
    receipt: str
    store: str
    expires_at: datetime
    created_at: datetime
    resolved_at: datetime | None


class OperationOut(Out):
    """What was done; `id` is what a reversal names.

    Of a reversal, per unit: `due` back = `taken` + `written_off` + `debt`; `restored` went back to the
    customer. Of a receipt that comes back also: `amount_minor` of it now, of which `money_minor` was paid in
    money and `gift_minor` by gift card, and `left_minor` that may still come back.
    """

    id: str
    kind: str
    earned: dict[str, int]
    redeemed: dict[str, int]
    balances: dict[str, int]
    tier: str
    rewards: list[RewardOut]
    entries: list[LineOut]
    discount_minor: int = 0
    due_minor: int = 0
    notes: list[str] = []
    event: str | None = None
    times: int | None = None
    hold: HoldOut | None = None
    due: dict[str, int] | None = None
    taken: dict[str, int] | None = None
    written_off: dict[str, int] | None = None
    debt: dict[str, int] | None = None
    restored: dict[str, int] | None = None
    amount_minor: int | None = None
    money_minor: int | None = None
    gift_minor: int | None = None
    left_minor: int | None = None


class QuoteLineOut(Out):
    """A line of the receipt, counted from 0 in the order of `items`; what no item names is the last one.

    `earned` in points (cashback in minor units) sums up to what the earning rule gives; `redeemable_minor` is
    what `redeemable_points` would pay of the line.
    """

    line: int
    earned: int
    redeemable_minor: int
    discount_minor: int


class QuoteOut(Out):
    """What a purchase would earn, how many points could pay for it, and what would be due in money.

    `pending_until` is the time from which the earned points may be spent, null where they may at once.
    """

    earned: dict[str, int]
    redeemable_points: int
    discount_minor: int
    due_minor: int
    notes: list[str]
    pending_until: datetime | None
    lines: list[QuoteLineOut]


class EntryOut(Out):
    """A line of the journal."""

    id: int
    operation: str
    kind: str
    unit: str
    amount: int
    balance: int
    at: datetime
    reason: str
    actor: str
    store: str
    via: str = ""
    partner: str = ""
    against: str
    rule: str
    lot: int | None
    ends_at: datetime | None


class DeviceOut(Out):
    """How far the news went to one phone; versions are the card's."""

    wallet: str
    device: str
    registered_at: datetime | None
    pushed_version: int
    pushed_at: datetime | None
    asked_version: int
    asked_at: datetime | None
    fetched_version: int
    fetched_at: datetime | None
    error: str


class QueueOut(Out):
    """What waits for a wallet."""

    wallet: str
    state: str
    delivered_version: int
    due_at: datetime | None
    queued_at: datetime | None
    delivered_at: datetime | None
    attempts: int
    last_error: str


class ComplaintOut(Out):
    """A kind of complaint that phones sent about a card: how often, when last, what it means, what to do."""

    kind: str
    count: int
    last_at: datetime
    said: str
    meaning: str
    mend: str


class DeliveriesOut(Out):
    """Why a phone shows what it shows, in one sentence, and the facts."""

    why: str
    code: str
    version: int
    queues: list[QueueOut]
    devices: list[DeviceOut]
    complaints: list[ComplaintOut]


class ProgrammeOut(Programme):
    """A programme with its join page."""

    revision: int
    design: int | None
    links: dict[str, str]
    created_at: datetime
    updated_at: datetime


class DesignSummary(Out):
    """A version of a look."""

    id: int
    version: int
    note: str
    author: str
    current: bool
    created_at: datetime
    published_at: datetime | None


class DesignOut(DesignSummary):
    """A version of a look, whole; `advice` says what a phone may cut off, and stops nothing."""

    design: Design
    advice: list[str]


class ImportedOut(Out):
    """A draft that was made from somebody's pass or template; `notes` say what could not come along."""

    design: DesignOut
    notes: list[str]


class PublishedOut(Out):
    """A design that goes out to all cards now; `rollout` walks over them in the background.

    `banner` is the number of a banner of some time or some cards, `campaign` the one that deals it out.
    """

    design: DesignSummary
    rollout: int | None
    banner: int | None = None
    campaign: int | None = None


class PictureOut(Out):
    """A picture that designs may name by its hash."""

    sha256: str
    url: str


class ReachOut(Out):
    """How many cards and looks took it, and how many of the cards somebody holds."""

    sent: int
    reached: int


class MessageOut(Out):
    """A message; `serial` is null for one to all cards. `state`: scheduled, shown, ended or withdrawn.

    `advice` has codes: header-long, language-missing, shouting, insecure-link, news-silent, news-permission.
    """

    id: int
    serial: str | None
    header: dict[str, str]
    body: dict[str, str]
    purpose: str
    loud: bool
    starts_at: datetime
    ends_at: datetime
    withdrawn_at: datetime | None
    state: str
    author: str
    created_at: datetime
    google: ReachOut
    advice: list[str]


class EventOut(Out):
    """An inbound event; `body` is what came, as text."""

    id: int
    key: str
    state: str
    content_type: str
    body: str
    result: dict[str, Any]
    last_error: str
    attempts: int
    received_at: datetime
    due_at: datetime | None
    applied_at: datetime | None


class FaultOut(Out):
    pointer: str
    detail: str


class ProblemOut(Out):
    """RFC 9457: `type` is stable, `errors` lists every fault with its JSON pointer, `state` has the facts."""

    model_config = ConfigDict(title="Problem")
    type: str
    title: str
    status: int
    detail: str
    errors: list[FaultOut] | None = None
    state: dict[str, Any] | None = None
