"""What other systems write (amounts, times, phone numbers) as our actions want it.

A CRM holds whatever people typed. What cannot be read is left out rather than refused, so that one bad phone
number does not keep a customer out; money alone is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from app.domain.errors import Invalid
from app.domain.money import EXPONENTS
from app.services.contacts import email_address, phone_e164
from app.services.inputs import MOST_MINOR

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_FIRST_MS, _LAST_MS = 946_684_800_000, 7_258_118_400_000
"""2000 and 2200: what our own inputs believe."""


def minor_units(amount: Any, currency: str, where: str = "/amount_minor") -> int:
    """`"199.90"` with EUR is 19990; halves of the smallest unit are rounded up. Raises Invalid at `where`."""
    try:
        if isinstance(amount, bool):
            raise InvalidOperation
        text = str(amount).replace("\u00a0", "").replace(" ", "").replace(",", ".")
        scaled = Decimal(text).scaleb(EXPONENTS.get(currency, 2))
        if not scaled.is_finite() or abs(scaled) > MOST_MINOR:
            raise InvalidOperation
        return int(scaled.to_integral_value(ROUND_HALF_UP))
    except ArithmeticError:
        raise Invalid({where: "should be an amount of money"}) from None


def minor_or_none(amount: Any, currency: str) -> int | None:
    """The same; None for what is no amount: the service then refuses that one thing, and says which."""
    try:
        return minor_units(amount, currency)
    except Invalid:
        return None


def moment(value: Any, zone: tzinfo = UTC) -> datetime | None:
    """A time written as ISO 8601, as `2026-03-02 09:00:00`, or as seconds or milliseconds since 1970; None
    for anything else. `zone` is that of times which do not say theirs.
    """
    try:
        if isinstance(value, bool) or value is None:
            return None
        text = str(value).strip()
        if re.fullmatch(r"[0-9]{9,14}(\.[0-9]{1,6})?", text):
            number = float(text)
            at = datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
        else:
            at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=zone) if at.tzinfo is None else at
        at = at.astimezone(UTC)
        return at if _FIRST_MS <= at.timestamp() * 1000 < _LAST_MS else None
    except (ValueError, OverflowError, OSError):
        return None


def moment_text(value: Any, zone: tzinfo = UTC) -> str | None:
    """The same as our inputs read it."""
    at = moment(value, zone)
    return None if at is None else at.isoformat()


def version_ms(value: Any, zone: tzinfo = UTC) -> int:
    """The time of a change as a number that only rises; 0 where it cannot be read."""
    at = moment(value, zone)
    return 0 if at is None else round(at.timestamp() * 1000)


def day(value: Any) -> str | None:
    """A birthday, `1990-05-01`, from a date or a time; None for anything else.

    Seconds since 1970 mean a midnight that is somewhere the begin of that day: noon is the same day for all.
    """
    text = str(value or "").strip()
    if re.fullmatch(r"-?[0-9]{1,10}", text):
        return (datetime(1970, 1, 1, 12) + timedelta(seconds=int(text))).date().isoformat()
    text = text[:10]
    dotted = re.fullmatch(r"(\d{2})\.(\d{2})\.(\d{4})", text)
    try:
        found = date.fromisoformat(f"{dotted[3]}-{dotted[2]}-{dotted[1]}" if dotted else text)
    except ValueError:
        return None
    return found.isoformat() if 1900 <= found.year < 2200 else None


def first_phone(values: Iterable[Any]) -> str | None:
    """The first that may be a telephone number; one with `+` is checked, others need the programme's
    country.
    """
    for value in values:
        text = str(value or "").strip()
        if "\x00" in text or len(text) > 40 or not 5 <= sum(letter.isdigit() for letter in text) <= 15:
            continue
        if not text.startswith("+"):
            return text
        try:
            return phone_e164(text)
        except Invalid:
            continue
    return None


def first_email(values: Iterable[Any]) -> str | None:
    """The first that is an e-mail address."""
    for value in values:
        try:
            return email_address(str(value or "").strip()[:254])
        except (Invalid, ValueError):
            continue
    return None


def short(value: Any, most: int = 120) -> str | None:
    """A text of this length at most; None for nothing, and for what is no text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return " ".join(str(value).replace("\x00", "").split())[:most].strip() or None


def without_nothing(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what is there: what is None stays as it is on our side."""
    return {name: value for name, value in values.items() if value is not None and value != {}}


def channel_of(values: Mapping[str, Any]) -> dict[str, str]:
    """`utm_source` and its four sisters, whatever case they are written in."""
    low = {str(name).lower(): value for name, value in values.items()}
    found = {name: short(low.get(name), 200) for name in UTM}
    return {name: text for name, text in found.items() if text}
