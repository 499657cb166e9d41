"""Typed client of the Tillpass API.

from tillpass_client import Tillpass

shop = Tillpass("https://cards.example.com", "tp_…")
card = shop.cards.issue({"programme": "cafe", "member": {"phone": "+37120000001"}})
"""

from __future__ import annotations

from typing import Any

from tillpass_client._generated import Rooms
from tillpass_client.problems import (
    AlreadyReversed,
    CardNotActive,
    Conflict,
    Forbidden,
    InsufficientBalance,
    Invalid,
    KeyReused,
    NotFound,
    Outdated,
    Problem,
    ServerFault,
    TooManyRequests,
    Unauthorized,
)
from tillpass_client.transport import Answer, Lost, Transport, etag_of, was_replayed
from tillpass_client.webhooks import WebhookRefused, verify

__all__ = [
    "AlreadyReversed",
    "Answer",
    "CardNotActive",
    "Conflict",
    "Forbidden",
    "InsufficientBalance",
    "Invalid",
    "KeyReused",
    "Lost",
    "NotFound",
    "Outdated",
    "Problem",
    "ServerFault",
    "Tillpass",
    "TooManyRequests",
    "Unauthorized",
    "WebhookRefused",
    "etag_of",
    "verify",
    "was_replayed",
]


class Tillpass(Rooms):
    """A Tillpass server and a key for it; `more` goes to Transport (timeout_s, tries, session, wait)."""

    def __init__(self, base_url: str, api_key: str, **more: Any) -> None:
        self.base_url = base_url.rstrip("/")
        super().__init__(Transport(base_url, api_key, **more))
