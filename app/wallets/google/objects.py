"""The card's face in Google's words: `Pass` -> an object of its kind. Pure.

Colour, logo and status live on Google's class, so there is one class a tier and a card changes its class when
it climbs; a new banner is one request for all cards. The picture of a card's own progress is the exception:
a hero image on the object wins over that of the class.

Vendor pages: developers.google.com/wallet/reference/rest/v1 (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from app.domain.google_look import Kind
from app.domain.passes import Pass

from . import kinds
from .kinds.base import (
    KIND_NAMES,
    NO_SECRET,
    Issuing,
    all_links,
    class_id,
    kind_of,
    kind_of_class,
    look_of,
    managed,
    object_id,
    pass_class_id,
)
from .kinds.loyalty import BALANCES

Json = dict[str, Any]
__all__ = [
    "KIND_NAMES",
    "NO_SECRET",
    "SHOWN_BALANCES",
    "Issuing",
    "all_links",
    "balance_changed",
    "card_object",
    "class_id",
    "kind_of",
    "kind_of_class",
    "managed",
    "may_announce",
    "object_id",
    "pass_class_id",
]

SHOWN_BALANCES = BALANCES


def card_object(
    pass_: Pass,
    issuing: Issuing,
    kind: Kind | None = None,
    *,
    notify: bool = False,
    secret: str = "",
    known: Collection[str] = (),
) -> Json:
    """The card as Google's object of its `kind` (None: what its design says now).

    `notify` asks for the phone to buzz, which Google does for a loyalty card's balance and at most three
    times a day: it is never stored and must be sent anew. `secret` and `known`: see `kinds.object_body`.
    """
    kind = kind or kind_of(pass_)
    body = kinds.object_body(pass_, issuing, kind, secret=secret, known=known)
    if notify and kind == "loyalty" and may_announce(pass_):
        body["notifyPreference"] = "NOTIFY_ON_UPDATE"
    return body


def may_announce(pass_: Pass) -> bool:
    """Whether the design lets phones buzz for a new balance."""
    return look_of(pass_).announce != "nothing"


def balance_changed(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether a shown balance differs between two bodies of the same object; a first body is no change."""
    if before is None:
        return False
    return any(_balance_of(before, name) != _balance_of(after, name) for name in SHOWN_BALANCES)


def _balance_of(body: Mapping[str, Any], name: str) -> Json:
    """Without the empty and the vendor's own keys, so that a reply compares with a request."""
    balance = (body.get(name) or {}).get("balance") or {}
    return {key: value for key, value in balance.items() if value is not None and key != "kind"}
