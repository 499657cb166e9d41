"""What only Google Wallet knows of a design. Texts may have `{placeholders}`; each card's are filled.

Vendor page: developers.google.com/wallet/reference/rest (last checked 2026-08).
"""

from __future__ import annotations

from typing import Literal

from app.domain.values import Look


class GoogleLook(Look):
    """Google's own part of a design."""

    kind: Literal["loyalty", "offer", "gift_card", "generic"] = "loyalty"
