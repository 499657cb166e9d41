"""Values in the forms that pass.json takes, and nothing where a value has no such form."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

OPENED = re.compile(
    r"(?:https?://[^\s/?#\[\]@:\\]+(?::[0-9]{1,5})?(?:[/?#]\S*)?|(?!https?:)[a-z][a-z0-9+.-]{1,30}:\S+)\Z",
    re.IGNORECASE,
)
"""An address that a phone can open."""
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}\Z")
PHONE = re.compile(r"\+?[0-9 ().,;#*-]{3,40}\Z")
ZONE = re.compile(r"(?:UTC|GMT|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2})\Z")


def rgb(colour: str) -> str:
    """A colour as every phone reads it."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgb({red},{green},{blue})"


def w3c(when: datetime) -> str:
    """The moment in UTC: Wallet reads no fractions of a second."""
    try:
        when = when.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar
        return w3c_there(when)
    return f"{when.replace(microsecond=0, tzinfo=None).isoformat()}Z"


def w3c_there(when: datetime) -> str:
    """The moment in its own zone, for a place whose local time matters; an offset has its colon."""
    offset = when.utcoffset() or timedelta()
    if offset.seconds % 60:  # local mean times of long ago; Wallet reads whole minutes
        when = when.replace(tzinfo=UTC) if when.year < 2 else when.astimezone(UTC)
    return when.replace(microsecond=0).isoformat()
