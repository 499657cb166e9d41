"""Forms with keys like `data[FIELDS][ID]`, as PHP systems send them, within limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from app.domain.errors import Invalid

MOST_FIELDS = 5000
MOST_DEPTH = 16
_KEY = re.compile(r"([^\[\]]{1,100})((?:\[[^\[\]]{0,100}\])*)")

Form = Mapping[str, Any]
"""Texts, and forms in forms."""


def parse(body: bytes, *, depth: int = 4) -> Form:
    """The form as nested values; raises Invalid.

    What stands deeper than `depth` is left out, as is a key that means both a text and a form. Lists are
    forms with the keys `0`, `1`, …
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise Invalid({"": f"is no form: {type(error).__name__}"}) from None
    made: dict[str, Any] = {}
    for name, value in pairs:
        _put(made, _steps(name), value, depth)
    return made


def text_at(form: Form, *path: str) -> str:
    """The text at this place; empty where there is none."""
    found: Any = form
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def form_at(form: Form, *path: str) -> Form:
    """The form at this place; empty where there is none."""
    found: Any = form
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _steps(name: str) -> list[str]:
    if name.count("[") > MOST_DEPTH:
        raise Invalid({"": f"has keys deeper than {MOST_DEPTH}"})
    found = _KEY.fullmatch(name)
    if found is None:
        raise Invalid({"": "has a key that is none"})
    return [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]


def _put(made: dict[str, Any], steps: list[str], value: str, depth: int) -> None:
    if len(steps) > depth:
        return
    for step in steps[:-1]:
        inner = made.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        made = inner
    last = steps[-1] or str(len(made))
    made.setdefault(last, value)
