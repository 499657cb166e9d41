"""What a marketer should mend before a design goes out, in whole sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.apple_lint import apple_faults
from app.domain.codes import holds
from app.domain.design import Design, contrast
from app.domain.google_lint import google_faults
from app.domain.text import fill, in_locale, plain

ROOM = {
    "storeCard": (3, 1, 4, 4),
    "coupon": (3, 1, 4, 4),
    "generic": (3, 1, 4, 4),
    "eventTicket": (3, 1, 4, 8),
    "boardingPass": (3, 2, 4, 5),
}
"""Header, primary, secondary, auxiliary fields that a style draws (Apple, last checked 2026-07)."""


def lint(design: Design, known: Mapping[str, object]) -> list[str]:
    """What a marketer should mend before publishing, one sentence each; `known` holds the placeholders
    that work.
    """
    return [
        *_count_faults(design),
        *_key_faults(design),
        *_contrast_faults(design),
        *_placeholder_faults(design, known),
        *_barcode_faults(design, known),
        *apple_faults(design, known),
        *google_faults(design, known),
    ]


def _count_faults(design: Design) -> list[str]:
    row = len(design.fields.secondary) + len(design.fields.auxiliary)
    if design.style == "storeCard" and row > 4:
        return ["A store card has room for four secondary and auxiliary fields together."]
    poster = design.apple is not None and design.apple.poster is not None
    names = ("header", "primary", "secondary", "auxiliary")
    faults = []
    for name, most in zip(names, ROOM[design.style], strict=True):
        count = len(getattr(design.fields, name))
        if count > most and not (poster and name == "primary"):
            faults.append(f"A pass of style {design.style} has room for {most} {name} fields, not {count}.")
    return faults


def _key_faults(design: Design) -> list[str]:
    keys = [spec.key for _, spec in design.fields] + [link.key for link in design.links]
    return [f"The key '{key}' is used twice." for key in sorted({k for k in keys if keys.count(k) > 1})]


def _contrast_faults(design: Design) -> list[str]:
    palettes = [design.palette, *(tier.palette for tier in design.tiers if tier.palette)]
    faults = []
    for palette in palettes:
        for name, colour in (("text", palette.foreground), ("label", palette.label)):
            ratio = contrast(colour, palette.background)
            if ratio < 3:
                faults.append(
                    f"The {name} colour {colour} is hard to read on {palette.background} ({ratio:.1f} to 1)."
                )
    return faults


def _placeholder_faults(design: Design, known: Mapping[str, object]) -> list[str]:
    faults = []
    for where, text in _texts(design):
        for name in re.findall(r"\{([^}]*)\}" if where.startswith("field") else _NAME, text):
            if name not in known and not name.startswith("values."):
                faults.append(f"The {where} uses {{{name}}}, which no rule of this programme fills.")
    return sorted(set(faults))


_NAME = r"\{([a-z0-9_.]+)\}"


def _texts(design: Design) -> Iterator[tuple[str, str]]:
    """Every text that is filled for each card, with the place where it stands."""
    for _, spec in design.fields:
        parts = (spec.value, spec.link, spec.change_message or {}, spec.semantics)
        yield from ((f"field '{spec.key}'", text) for part in parts for text in _strings(part))
    yield "barcode", design.barcode.value
    for vendor in ("apple", "google"):
        if (look := getattr(design, vendor)) and look.templated:
            for part, value in look.model_dump(mode="json").items():
                yield from ((f"part {vendor}.{part}", text) for text in _strings(value))


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        yield from (text for value in node.values() for text in _strings(value))
    elif isinstance(node, list | tuple):
        yield from (text for value in node for text in _strings(value))


def _barcode_faults(design: Design, known: Mapping[str, object]) -> list[str]:
    """A sample card's number must fit; what each card fills in otherwise is not known yet."""
    spec = design.barcode
    if any(name not in known for name in re.findall(_NAME, spec.value)):
        return []
    message = in_locale(fill(plain(spec.value), known, ("en",)), "en")
    if not message or holds(spec.format, message):
        return []
    return [f"A barcode of the format {spec.format} cannot say '{message[:60]}', so phones show a QR code."]
