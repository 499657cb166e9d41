"""The address behind "Add to Google Wallet".

The link carries ids only: class and object are inserted over REST before. A link with everything inside
is longer than browsers keep (over 1,800 characters it may be cut), and it would never update a card that
the customer has already.

Vendor page: developers.google.com/wallet/reference/rest/v1/Jwt (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import jwt

from .credentials import ServiceAccount

SAVE_URL = "https://pay.google.com/gp/v/save/"
SAFE_LENGTH = 1800


class SaveLinkTooLong(ValueError):
    """The signed part reaches 1,800 characters: put fewer cards into one link."""


class CardReference(NamedTuple):
    """A card that was inserted over REST; `resource` is Google's word for its kind (`giftCard`)."""

    object_id: str
    class_id: str
    resource: str = "loyalty"


@dataclass(frozen=True, slots=True)
class SaveLinks:
    """Makes save links for one service account.

    `save_url` is the prefix before the signed part; `origins` are the web origins that may show the button.
    """

    account: ServiceAccount
    save_url: str = SAVE_URL
    origins: tuple[str, ...] = ()

    def save_link(self, cards: Sequence[CardReference], now: datetime) -> str:
        """The link that offers these cards to whoever opens it; raises `SaveLinkTooLong`.

        It has no end of validity, as in Google's own samples: links live in e-mails.
        """
        token = jwt.encode(self._claims(cards, now), self.account.key, "RS256", headers=self._headers())
        if len(token) >= SAFE_LENGTH:
            raise SaveLinkTooLong(f"{len(token)} characters, {SAFE_LENGTH} is too many")
        return f"{self.save_url.rstrip('/')}/{token}"

    def view_link(self, object_id: str) -> str:
        """Where a customer who has saved the card sees it; "Item not found" for everybody else."""
        return f"{self.save_url.rstrip('/').removesuffix('/save')}/object/{object_id}"

    def _headers(self) -> dict[str, str]:
        return {"kid": self.account.key_id} if self.account.key_id else {}

    def _claims(self, cards: Sequence[CardReference], now: datetime) -> dict[str, object]:
        return {
            "iss": self.account.email,
            "aud": "google",
            "typ": "savetowallet",
            "iat": int(now.timestamp()),
            "origins": list(self.origins),
            "payload": _payload(cards),
        }


def _payload(cards: Sequence[CardReference]) -> dict[str, list[dict[str, str]]]:
    """One list a kind: a link may offer cards of several kinds at once."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in cards:
        reference = {"id": one.object_id, "classId": one.class_id}
        found.setdefault(f"{one.resource}Objects", []).append(reference)
    return found
