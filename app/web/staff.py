"""The owner's pages: cards and why a phone does not show one, people, keys, systems, what needs mending."""

from __future__ import annotations

from app.web import (
    staff_acts,
    staff_cards,
    staff_connect,
    staff_health,
    staff_move,
    staff_people,
    staff_phones,
    staff_settlement,
    staff_systems,
    staff_tester,
    staff_webhooks,
)
from app.web.staff_room import bp

__all__ = [
    "bp",
    "staff_acts",
    "staff_cards",
    "staff_connect",
    "staff_health",
    "staff_move",
    "staff_people",
    "staff_phones",
    "staff_settlement",
    "staff_systems",
    "staff_tester",
    "staff_webhooks",
]
