"""Fills the placeholders of a design's JSON-like parts for one card: vendors' looks, semantic tags, links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from app.domain.text import ANY, fill, in_locale, plain
from app.domain.values import Look

LONE = re.compile(r"^\{([a-z0-9_.]+)\}$")
"""A text that is one placeholder and nothing else."""
L = TypeVar("L", bound=Look)


def filled_look(look: L, words: Mapping[str, Any], locales: tuple[str, ...], locale: str) -> L:
    """The look with the placeholders of its texts filled for this card.

    A part that this card's values do not fit (an address of a customer who has none) is left out: one odd
    value must not keep a card from being shown at all.
    """
    if not look.templated:
        return look
    told = resolved(look.model_dump(mode="json"), words, locales, locale, exact=look.exact)
    try:
        return type(look).model_validate(told, context={"filled": True})
    except ValidationError as error:
        for part in {fault["loc"][0] for fault in error.errors() if fault["loc"]}:
            told.pop(part, None)
    return type(look).model_validate(told, context={"filled": True})


def resolved(
    node: Any, words: Mapping[str, Any], locales: tuple[str, ...], locale: str, *, exact: bool = False
) -> Any:
    """Every text in a JSON value filled; a text of a language is filled in that language.

    `exact`: a lone placeholder of a number or a time is written for programs, not for people.
    """
    if isinstance(node, str):
        return (_exactly(node, words) if exact else "") or said(node, words, locales, locale)
    if isinstance(node, Mapping):
        if set(node) == {ANY} and isinstance(node[ANY], str):
            return dict(fill(node, words, locales))
        return {
            key: resolved(value, words, locales, key if key in locales else locale, exact=exact)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [resolved(each, words, locales, locale, exact=exact) for each in node]
    return node


def _exactly(text: str, words: Mapping[str, Any]) -> str:
    lone = LONE.match(text)
    found = words.get(lone[1]) if lone else None
    if isinstance(found, datetime):
        return found.isoformat(timespec="seconds")
    return str(found) if isinstance(found, int) else ""


def said(text: str, words: Mapping[str, Any], locales: tuple[str, ...], locale: str) -> str:
    """One text with its placeholders filled, in one language."""
    return in_locale(fill(plain(text), words, (locale,)), locale) if "{" in text else text
