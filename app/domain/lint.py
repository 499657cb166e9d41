"""What a marketer should mend before a design goes out, in whole sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.domain.design import Design, contrast

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
    for _, spec in design.fields:
        for text in (*spec.value.values(), spec.link):
            for name in re.findall(r"\{([^}]*)\}", text):
                if name not in known and not name.startswith("values."):
                    faults.append(
                        f"The field '{spec.key}' uses {{{name}}}, which no rule of this programme fills."
                    )
    return sorted(set(faults))
