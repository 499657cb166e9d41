"""Names that cannot be guessed: serials, card numbers, links."""

from __future__ import annotations

import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TYPED = str.maketrans({"O": "0", "I": "1", "L": "1"})


def token(bytes_: int = 16) -> str:
    """A URL-safe secret of that many random bytes; none begins like an option of a command."""
    made = secrets.token_urlsafe(bytes_)
    return made if made[:1].isalnum() else token(bytes_)


def card_number(kind: str = "letters") -> str:
    """A number for people and scanners, with a check character. `letters`: 16 characters of Crockford's base
    32 (75 random bits). `ean13`: an EAN-13 of the in-store range 20 to 29. `digits16`: 16 digits after Luhn.
    """
    if kind == "ean13":
        body = "2" + _digits(11)
        return body + ean_check(body)
    if kind == "digits16":
        body = "9" + _digits(14)
        return body + _luhn_check(body)
    body = "".join(secrets.choice(CROCKFORD) for _ in range(15))
    return body + check_character(body)


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


def ean_check(body: str) -> str:
    """The check digit of an EAN or UPC (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _luhn_check(body: str) -> str:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body)))
    return str(-sum(each // 10 + each % 10 for each in doubled) % 10)


def referral_code() -> str:
    """A personal code that is easily typed and not easily guessed: 8 letters (40 random bits)."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(8))


def check_character(body: str) -> str:
    """ISO 7064 style (mod 31) over position-weighted digits: finds every single wrong character and most
    swaps.
    """
    total = sum((index + 2) * CROCKFORD.index(char) for index, char in enumerate(body))
    return CROCKFORD[total % 31]


def read_number(typed: str) -> str:
    """A number as people type it: spaces, hyphens, small letters, `O` for zero and `I` or `L` for one are
    forgiven.
    """
    return "".join(char for char in typed.upper() if char.isalnum()).translate(_TYPED)


def numbers(typed: str) -> tuple[str, ...]:
    """What a typed card number may be kept as: as it came (cards that moved in have numbers of others), or as
    one of ours. Nothing where nothing was typed.
    """
    return tuple(dict.fromkeys(each for each in (typed.strip(), read_number(typed)) if each))


def looks_right(number: str) -> bool:
    """Whether it is one of our numbers, typed without a slip."""
    if number.isdecimal() and number.isascii() and len(number) in (13, 16):
        check = ean_check if len(number) == 13 else _luhn_check
        return check(number[:-1]) == number[-1] or _is_letters(number)
    return _is_letters(number)


def _is_letters(number: str) -> bool:
    known = len(number) == 16 and all(char in CROCKFORD for char in number)
    return known and check_character(number[:-1]) == number[-1]
