"""The events that others may hear of: their public names, what they mean, and what they carry.

Names here are a promise (docs/events.md). What is not here is our own business and gets no number in a
card's sequence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PING = "ping"
DISABLED = "webhook.disabled"
_OPERATION = {"id": "op_5f2c", "earned": {"points": 123}, "redeemed": {}, "balances": {"points": 1234}}


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """`changed` is an example of what `data.changed` holds; `kinds` are the names inside, if others."""

    name: str
    says: str
    changed: Mapping[str, Any] = field(default_factory=dict)
    kinds: Sequence[str] = ()

    @property
    def inside(self) -> Sequence[str]:
        """What the event is called in our own table."""
        return self.kinds or (self.name,)


_CARDS = (
    PublicEvent("card.issued", "A card was issued.", {"source": "join"}),
    PublicEvent("card.installed", "A phone holds the card now.", {"wallet": "apple"}),
    PublicEvent("card.removed", "The card was taken off a phone.", {"wallet": "google"}),
    PublicEvent("card.updated", "What the card shows has changed.", {"version": 7}),
    PublicEvent(
        "card.status", "The card was blocked, ended, or came back.", {"from": "active", "to": "void"}
    ),
    PublicEvent(
        "delivery.failed",
        "A wallet refused the card; it is tried again when the card changes.",
        {"wallet": "google", "error": "The object was refused."},
    ),
)
_LEDGER = (
    PublicEvent("purchase", "A purchase was booked.", _OPERATION, ("ledger.purchase",)),
    PublicEvent("redeemed", "Points or a reward were handed in.", _OPERATION, ("ledger.redemption",)),
    PublicEvent(
        "reversed", "A purchase or another operation was taken back.", _OPERATION, ("ledger.reversal",)
    ),
    PublicEvent(
        "adjusted",
        "A balance was corrected, brought in, or changed with the rules.",
        _OPERATION,
        ("ledger.adjustment", "ledger.rules", "ledger.import"),
    ),
    PublicEvent("stamped", "Visits were stamped.", _OPERATION, ("ledger.stamps",)),
    PublicEvent(
        "rewarded",
        "Something that the rules reward happened: a birthday, a review, a friend.",
        _OPERATION,
        ("ledger.event", "ledger.referral"),
    ),
    PublicEvent("gift_card.loaded", "Money was put on a gift card.", _OPERATION, ("ledger.gift",)),
    PublicEvent(
        "transferred",
        "Points were brought into an account that several share.",
        _OPERATION,
        ("ledger.transfer",),
    ),
    PublicEvent("hold.placed", "Points were set aside for a receipt.", _OPERATION, ("ledger.hold",)),
    PublicEvent("hold.captured", "Points that were set aside are spent.", _OPERATION, ("ledger.capture",)),
    PublicEvent(
        "hold.released",
        "Points that were set aside came back.",
        _OPERATION,
        ("ledger.void", "ledger.hold-end"),
    ),
    PublicEvent("points.expired", "Points ended.", _OPERATION, ("ledger.expiry",)),
)
_NEWS = (
    PublicEvent(
        "reward.earned", "A reward came in.", {"reward": "coffee", "count": 1, "operation": "op_5f2c"}
    ),
    PublicEvent("goal.near", "The goal is nearly reached.", {"done": 8, "goal": 10, "operation": "op_5f2c"}),
    PublicEvent("points.activated", "Points that waited may be spent now.", {"amounts": {"points": 123}}),
    PublicEvent(
        "points.burning",
        "Points end in 30, 7 or 1 days.",
        {"amounts": {"points": 50}, "at": "2026-04-01T00:00:00Z", "days": 7},
    ),
    PublicEvent("tier.up", "The tier rose.", {"from": "silver", "to": "gold"}),
    PublicEvent("tier.down", "The tier fell.", {"from": "gold", "to": "silver"}),
    PublicEvent(
        "tier.at_risk",
        "The tier will be lost in 30 days, as things stand.",
        {"tier": "gold", "at": "2026-04-01T00:00:00Z", "missing": 5000, "by": "spend"},
    ),
    PublicEvent(
        "membership.paid",
        "A membership was paid or renewed.",
        {
            "key": "club",
            "payment": "pay-17",
            "starts_at": "2026-03-02T00:00:00Z",
            "ends_at": "2027-03-02T00:00:00Z",
        },
    ),
    PublicEvent(
        "membership.cancelled",
        "A membership was cancelled.",
        {"key": "club", "payment": "pay-17", "at": "now", "refund": False},
    ),
    PublicEvent("membership.ended", "A membership is over.", {"key": "club"}),
    PublicEvent("coupon.issued", "A code of a coupon was given out.", {"rule": "spring", "count": 1}),
    PublicEvent("message.posted", "A message is shown on cards.", {"message": 4, "everyone": False}),
    PublicEvent("message.withdrawn", "A message is shown no longer.", {"message": 4, "everyone": False}),
)
_CAMPAIGNS = (
    PublicEvent("campaign.started", "A campaign begins.", {"campaign": 5, "total": 900, "reached": 0}),
    PublicEvent("campaign.paused", "A campaign rests.", {"campaign": 5, "total": 900, "reached": 300}),
    PublicEvent("campaign.resumed", "A campaign goes on.", {"campaign": 5, "total": 900, "reached": 300}),
    PublicEvent("campaign.done", "A campaign is through.", {"campaign": 5, "reached": 880, "skipped": 20}),
    PublicEvent("banner.posted", "A banner is shown on cards.", {"banner": 2, "everyone": True}),
    PublicEvent("banner.withdrawn", "A banner is shown no longer.", {"banner": 2}),
)
_PEOPLE = (
    PublicEvent(
        "member.updated",
        "Data of the member changed; only which of them is told.",
        {"changed": ["email", "phone"]},
    ),
    PublicEvent("member.consents", "The member allowed or withdrew something.", {"changed": ["marketing"]}),
    PublicEvent("member.erased", "The person was erased, and the card is over."),
    PublicEvent("company.joined", "The card shares an account of several from now on.", {"account": "c5-1"}),
    PublicEvent("company.left", "The card left the account of several.", {"account": "c5-1"}),
)
_OURS = (
    PublicEvent(
        DISABLED,
        "An endpoint gets nothing any more: it failed for days, or said that it is gone.",
        {"endpoint": 3, "reason": "Every delivery failed for 3 days."},
    ),
    PublicEvent(PING, "A test, sent to one endpoint when somebody asks for it.", {"endpoint": 3}),
)
EVENTS: Sequence[PublicEvent] = (*_CARDS, *_LEDGER, *_NEWS, *_CAMPAIGNS, *_PEOPLE, *_OURS)
PUBLIC: Mapping[str, str] = {kind: each.name for each in EVENTS for kind in each.inside}
"""From the name inside to the public one."""
INSIDE = frozenset(
    (
        "card.personalised",
        "card.tier",
        "delivery.repaired",
        "design.published",
        "ledger.cancellation",
        "ledger.membership",
        "programme.changed",
        "programme.created",
        "rules.began",
        "rules.scheduled",
        "rules.withdrawn",
    )
)
"""Ours alone: what is set up here, or what another event tells already."""
OFFERED: Sequence[str] = tuple(each.name for each in EVENTS if each.name != PING)
"""What an endpoint may choose: a ping comes whenever it is asked for."""


def insides(names: Sequence[str]) -> list[str]:
    """The names inside of these public ones; of all but a ping, where none is named."""
    return [kind for each in EVENTS if each.name in (names or OFFERED) for kind in each.inside]


EXAMPLE: Mapping[str, Any] = {
    "type": "purchase",
    "timestamp": "2026-03-02T09:00:00Z",
    "data": {
        "id": 1718,
        "sequence": 12,
        "programme": "cafe",
        "card": {
            "serial": "Zk1q0uW9xq3mJf8sVb2Lhw",
            "number": "7HXK4MPA9Q",
            "programme": "cafe",
            "status": "active",
            "tier": "gold",
            "expires_at": None,
            "values": {},
            "balances": {"points": 1234, "stamps": 0, "spend_minor": 12340},
            "rewards": [{"key": "coffee", "name": "A coffee", "count": 1}],
            "version": 7,
            "links": {
                "page": "https://cards.example.com/c/Qm2",
                "apple": "https://cards.example.com/c/Qm2/card.pkpass",
                "google": "https://cards.example.com/c/Qm2/google",
            },
            "wallets": {"apple": {"devices": 1}, "google": {"saved": False}},
            "created_at": "2026-02-01T10:00:00Z",
            "updated_at": "2026-03-02T09:00:00Z",
        },
        "member": {"external_id": "crm-7"},
        "channel": {
            "utm_source": "newsletter",
            "utm_medium": "email",
            "utm_campaign": "spring",
            "utm_content": "",
            "utm_term": "",
            "ref": "",
            "link_code": "k7mpx2q",
        },
        "changed": _OPERATION,
    },
}
"""A whole payload, for documents and the API's catalogue."""
