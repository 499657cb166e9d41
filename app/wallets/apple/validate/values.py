"""Kinds of values in pass.json: each says in a few words what is wrong with a value, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from app.wallets.apple.validate.faults import Faults

Kind = Callable[[Any], str | None]

_W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)\Z", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}\Z")
_PHONE = re.compile(r"\+?[\d\s().,;#*-]{3,40}\Z")
_ZONE = re.compile(r"(?:UTC|GMT|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2})\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_AMOUNT = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?\Z", re.ASCII)


def text(value: Any) -> str | None:
    """Text that is not empty."""
    if not isinstance(value, str):
        return "is not text"
    return None if value.strip() else "is empty"


def words(value: Any) -> str | None:
    """Text, which may be empty."""
    return None if isinstance(value, str) else "is not text"


def number(value: Any) -> str | None:
    """A number, which true and false are not."""
    return None if isinstance(value, int | float) and not isinstance(value, bool) else "is not a number"


def whole(value: Any) -> str | None:
    """A whole number."""
    return None if isinstance(value, int) and not isinstance(value, bool) else "is not a whole number"


def positive(value: Any) -> str | None:
    """A number above zero."""
    return number(value) or (None if value > 0 else "is not above zero")


def boolean(value: Any) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "is neither true nor false"


def moment(value: Any) -> str | None:
    """A W3C date with its zone."""
    if not isinstance(value, str) or not _W3C.match(value):
        return "is no W3C date with a zone, without fractions (2026-12-31T20:00:00+02:00)"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "is no date of the calendar"
    return None


def colour(value: Any) -> str | None:
    """A colour as every phone reads it."""
    parts = _RGB.match(value) if isinstance(value, str) else None
    fits = parts and all(int(part) <= 255 for part in parts.groups())
    return None if fits else "is no colour like rgb(20,60,50)"


def wholes(value: Any) -> str | None:
    """A list of whole numbers."""
    fits = isinstance(value, list) and not any(whole(each) for each in value)
    return None if fits else "is not a list of whole numbers"


def texts(value: Any) -> str | None:
    """A list of texts."""
    fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return None if fits else "is not a list of texts"


def mapping(value: Any) -> str | None:
    """An object."""
    return None if isinstance(value, dict) else "is not an object"


def mappings(value: Any) -> str | None:
    """A list of objects."""
    fits = isinstance(value, list) and all(isinstance(each, dict) for each in value)
    return None if fits else "is not a list of objects"


def https(value: Any) -> str | None:
    """An address that phones open."""
    return None if _address(value) == "https" else "is not an https address"


def address(value: Any) -> str | None:
    """An address of any scheme, also an app's own."""
    return None if _address(value) else "is no address with a scheme, such as https:// or tel:"


def _address(value: Any) -> str | None:
    if not isinstance(value, str) or any(letter.isspace() for letter in value):
        return None
    try:
        parts = urlsplit(value)
        scheme, host = parts.scheme, parts.hostname
    except ValueError:
        return None
    needs_host = scheme in ("http", "https")
    return scheme if scheme and (host or not needs_host) and len(value) > len(scheme) + 1 else None


def email(value: Any) -> str | None:
    """An e-mail address."""
    return None if isinstance(value, str) and _EMAIL.match(value) else "is no e-mail address"


def phone(value: Any) -> str | None:
    """A telephone number."""
    return None if isinstance(value, str) and _PHONE.match(value) else "is no telephone number"


def zone(value: Any) -> str | None:
    """A time zone of the IANA."""
    fits = isinstance(value, str) and _ZONE.match(value)
    return None if fits else "is no time zone such as Europe/Riga"


def currency(value: Any) -> str | None:
    """A currency of ISO 4217."""
    fits = isinstance(value, str) and _CURRENCY.match(value)
    return None if fits else "is no code of ISO 4217, such as EUR"


def amount(value: Any) -> str | None:
    """An amount of money, which Apple writes as text."""
    fits = isinstance(value, str) and _AMOUNT.match(value)
    return None if fits else 'is not an amount written as text, such as "21.75"'


def anything(_value: Any) -> str | None:
    """Whatever it is."""
    return None


def one_of(*known: Any) -> Kind:
    """One of a few known values."""

    def check(value: Any) -> str | None:
        fits = any(value == each and type(value) is type(each) for each in known)
        return None if fits else f"is not one of {', '.join(map(str, known))}"

    return check


def shaped(kinds: Mapping[str, Kind], needs: Collection[str] = ()) -> Kind:
    """An object whose keys are of these kinds; the first thing wrong is told."""

    def check(value: Any) -> str | None:
        return next(problems(value, kinds, needs), None)

    return check


def listed(kind: Kind) -> Kind:
    """A list of one kind."""

    def check(value: Any) -> str | None:
        if not isinstance(value, list):
            return "is not a list"
        found = ((place, kind(each)) for place, each in enumerate(value))
        return next((f"has something wrong at {place}: it {said}" for place, said in found if said), None)

    return check


def problems(value: Any, kinds: Mapping[str, Kind], needs: Collection[str] = ()) -> Iterator[str]:
    """All that is wrong with an object."""
    if not isinstance(value, dict):
        yield "is not an object"
        return
    yield from (f"lacks {key}" for key in needs if key not in value)
    for key, each in value.items():
        if key not in kinds:
            yield f"has a key that Wallet does not know, {key!r}"
        elif said := kinds[key](each):
            yield f"has {key}, which {said}"


def check_keys(
    value: Mapping[str, Any], kinds: Mapping[str, Kind], where: str, faults: Faults, *, code: str, mend: str
) -> None:
    """Note each key of the wrong kind; one that Wallet does not know is a warning."""
    for key, each in value.items():
        if key not in kinds:
            message = f"Wallet knows no key {key!r} here and passes over it."
            faults.warn(f"{code}-unknown", f"{where}/{key}", message, "Look for a slip of the pen.")
        elif said := kinds[key](each):
            faults.add(f"{code}-wrong", f"{where}/{key}", f"{key} {said}.", mend)
