"""What a barcode can say: one that cannot be drawn leaves a blank card at the till."""

from __future__ import annotations

import re

_FITTING = {
    "qr": r"(?s).{1,1000}",
    "aztec": r"(?s).{1,1000}",
    "pdf417": r"(?s).{1,1000}",
    "data_matrix": r"(?s).{1,1000}",
    "code128": r"[\x20-\x7e]{1,80}",
    "code39": r"[0-9A-Z .$/+%-]{1,48}",
    "codabar": r"[A-Da-d][0-9$:/.+-]{1,48}[A-Da-d]|[0-9$:/.+-]{1,48}",
    "ean13": r"[0-9]{12,13}",
    "ean8": r"[0-9]{7,8}",
    "upca": r"[0-9]{11,12}",
    "itf": r"(?:[0-9]{2}){1,24}",
}
_WITH_CHECK = {"ean13": 13, "ean8": 8, "upca": 12}


def holds(format_: str, message: str) -> bool:
    """Whether a barcode of this format can say `message` (a check digit must be right where there is one)."""
    if not re.fullmatch(_FITTING[format_], message):
        return False
    whole = _WITH_CHECK.get(format_)
    return len(message) != whole or message[-1] == check_digit(message[:-1])


def check_digit(digits: str) -> str:
    """The last digit of an EAN or UPC whose other digits are these (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)
