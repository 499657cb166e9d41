"""The authenticationToken of a pass: derived, so that a copy of the database alone opens nothing.

A card that moved in with its pass on phones keeps the token that its former vendor made, sealed (`kept`).

It can never change in an installed pass (Apple, "Updating a Pass"), and must be known again for each update,
so it can
be neither random and forgotten nor hashed. The key comes from the settings; each card has a salt of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

from app.wallets.apple.apps import read_authorization


class PassTokens:
    """Makes and compares tokens with one key (32 bytes); `unseal` opens those that were kept."""

    def __init__(self, key: bytes, unseal: Callable[[str], str] = str) -> None:
        self._key, self._unseal = key, unseal

    def token(self, serial: str, salt: bytes) -> str:
        """43 URL-safe characters for this card."""
        digest = hmac.digest(self._key, b"apple-pass\0" + serial.encode() + b"\0" + salt, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def token_of(self, serial: str, salt: bytes, kept: str | None) -> str:
        """The one that the card's passes hold: what was kept, else its own."""
        own = self.token(serial, salt)
        return self._unseal(kept) if kept else own

    def matches(self, header: str | None, serial: str, salt: bytes, kept: str | None = None) -> bool:
        """Whether an `Authorization` header is this card's, in Apple's word or in that of another app; takes
        the same time for every wrong one of a card.
        """
        given, wanted = read_authorization(header).token, self.token_of(serial, salt, kept)
        return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
