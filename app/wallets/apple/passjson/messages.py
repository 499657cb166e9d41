"""The shop's messages on the back of a card, and the one field through which they reach the lock screen.

A phone shows a notice when a field that it knew before changes and carries a `changeMessage`. So every card
has the field `message` from the start: empty, then the newest message, then empty again without a word.
Follows Apple's "Updating a pass" and "PassFieldContent" (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from app.domain.passes import Message, Pass
from app.wallets.apple.passjson.fields import unique
from app.wallets.apple.strings import Wording

KEY = "message"
"""Of the pass's keys this one is set aside, so that it never changes."""
FRESH = timedelta(days=1)
"""So long after it began a message is still news. Later on, the phone would announce it once more only
because a newer one ran out.
"""


def first_fields(pass_: Pass, wording: Wording, taken: set[str]) -> list[dict[str, Any]]:
    """What leads the back: the newest message and those before it."""
    return list(_told(pass_, wording, taken))


def last_fields(pass_: Pass) -> list[dict[str, Any]]:
    """What ends the back of a card without messages: the empty field that waits for one."""
    return [] if pass_.messages else [{"key": KEY, "value": ""}]


def _told(pass_: Pass, wording: Wording, taken: set[str]) -> Iterator[dict[str, Any]]:
    for place, message in enumerate(pass_.messages):
        made = {
            "key": unique(f"{KEY}-{message.key}", taken) if place else KEY,
            "value": wording.say(message.body),
        }
        if header := wording.say(message.header):
            made["label"] = header
        if not place and _is_announced(pass_, message):
            made["changeMessage"] = "%@"
        yield made


def _is_announced(pass_: Pass, message: Message) -> bool:
    """Apple's guidelines allow no advertising there: news only stand on the back (see docs/messages.md)."""
    return message.loud and message.purpose == "service" and _is_fresh(pass_, message)


def _is_fresh(pass_: Pass, message: Message) -> bool:
    return pass_.changed_at is None or pass_.changed_at - message.at <= FRESH
