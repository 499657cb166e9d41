"""Partial responses: `fields=pagination,resources(id,state)` leaves out the rest of a reply."""

import re
from collections.abc import Iterator
from typing import Any

from app.sandbox.google_modes import front_end

Mask = dict[str, Any]
"""Names to the mask below them; an empty one keeps everything."""

_TOKENS = re.compile(r"[A-Za-z0-9_*]+|[(),/]")


def read_mask(text: str) -> Mask:
    """Parse a mask; raises `Refusal` (400) for one that cannot be read."""
    tokens = iter([*_TOKENS.findall(text), ")"])
    try:
        mask = _group(tokens)
    except (KeyError, ValueError, RecursionError):
        mask = {}
    if not mask or next(tokens, None) is not None or "".join(_TOKENS.findall(text)) != text.replace(" ", ""):
        raise front_end(400, f"Invalid field selection {text}", "INVALID_ARGUMENT")
    return mask


def masked(value: Any, mask: Mask) -> Any:
    """The parts of a reply that the mask names; lists are looked into."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [masked(one, mask) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: masked(value[key], below) for key, below in mask.items() if key in value}


def _group(tokens: Iterator[str]) -> Mask:
    """Names up to the closing bracket; `a/b` is `a(b)`."""
    found: Mask = {}
    place, name = found, ""
    for token in tokens:
        if token == "(":
            place[name] |= _group(tokens)
        elif token == "/":
            place = place[name]
        elif token in "),":
            if token == ")":
                return found
            place, name = found, ""
        else:
            name = token
            place.setdefault(name, {})
    raise ValueError("a bracket is open")
