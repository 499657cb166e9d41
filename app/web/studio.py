"""The studio: a programme's card, its words and pictures, messages, and where customers come from."""

from __future__ import annotations

from app.web import (
    studio_campaigns,
    studio_card,
    studio_channels,
    studio_codes,
    studio_import,
    studio_liability,
    studio_messages,
    studio_more,
    studio_new,
    studio_numbers,
    studio_pictures,
    studio_rules,
    studio_settings,
)
from app.web.studio_room import bp

__all__ = [
    "bp",
    "studio_campaigns",
    "studio_card",
    "studio_channels",
    "studio_codes",
    "studio_import",
    "studio_liability",
    "studio_messages",
    "studio_more",
    "studio_new",
    "studio_numbers",
    "studio_pictures",
    "studio_rules",
    "studio_settings",
]
