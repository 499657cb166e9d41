"""Names that cannot be guessed: serials, card numbers, links."""

from __future__ import annotations

import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TYPED = str.maketrans({"O": "0", "I": "1", "L": "1"})


def token(bytes_: int = 16) -> str:
    """A URL-safe secret of that many random bytes."""
    return secrets.token_urlsafe(bytes_)


def card_number() -> str:
    """16 characters for people and scanners: 75 random bits in Crockford's base 32 and a check character
    of the same alphabet.
    """
    body = "".join(secrets.choice(CROCKFORD) for _ in range(15))
    return body + check_character(body)


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


def looks_right(number: str) -> bool:
    """Whether it is one of our numbers, typed without a slip."""
    known = len(number) == 16 and all(char in CROCKFORD for char in number)
    return known and check_character(number[:-1]) == number[-1]
