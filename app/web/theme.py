"""A page's colours from a programme's palette: whatever a marketer picks, buttons and links stay readable."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from app.domain.design import Palette, contrast
from app.rendering.colours import extreme_on, legible, mix, parts

LIGHT, DARK = "#ffffff", "#17181c"
"""The surfaces that accents stand on; the same as `--surface` in tokens.css."""


@dataclass(frozen=True, slots=True)
class Shade:
    """Colours for one of light and dark: `accent` for buttons and links, `on_accent` on them, `wash` behind
    the card.
    """

    accent: str
    on_accent: str
    wash: str


@dataclass(frozen=True, slots=True)
class Theme:
    """A page's colours in light and in dark surroundings."""

    light: Shade
    dark: Shade


def theme_of(palette: Palette) -> Theme:
    """The page's colours that go with a card of this palette; text contrasts are 4.5 to 1 or more."""
    colour = _hue(palette)
    return Theme(_shade(colour, LIGHT, 0.90), _shade(colour, DARK, 0.84))


def _shade(colour: str, surface: str, plain: float) -> Shade:
    wash = mix(colour, surface, plain)
    accent = legible(legible(colour, on=surface, ratio=4.6), on=wash, ratio=4.6)
    white = contrast("#ffffff", accent) >= 4.5
    return Shade(accent, "#ffffff" if white else extreme_on(accent), wash)


def _hue(palette: Palette) -> str:
    """The first colour with some life in it: a white or black card lends the page its accent instead."""
    for colour in (palette.background, palette.accent, palette.foreground):
        _, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in parts(colour)))
        if saturation > 0.12 and 0.08 < lightness < 0.92:
            return colour
    return palette.background
