"""A page's colours from a programme's palette: whatever a marketer picks, buttons and links stay readable."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from app.domain.design import Palette, contrast
from app.rendering.colours import extreme_on, legible, mix, parts

READABLE, NEARLY = 4.6, 3.0
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
    return Theme(_shade(_hue(palette, LIGHT), LIGHT, 0.90), _shade(_hue(palette, DARK), DARK, 0.86))


def _shade(colour: str, surface: str, plain: float) -> Shade:
    wash = mix(colour, surface, plain)
    accent = legible(legible(colour, on=surface, ratio=READABLE), on=wash, ratio=READABLE)
    white = contrast("#ffffff", accent) >= 4.5
    return Shade(accent, "#ffffff" if white else extreme_on(accent), wash)


def _hue(palette: Palette, surface: str) -> str:
    """The first colour with some life in it that needs little change here, else the first with some life.

    A white or black card lends the page its accent instead, and so does a navy one in the dark.
    """
    lively = [each for each in (palette.background, palette.accent, palette.foreground) if _is_lively(each)]
    fit = [each for each in lively if contrast(each, surface) >= NEARLY]
    return next(iter(fit or lively), palette.background)


def _is_lively(colour: str) -> bool:
    _, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in parts(colour)))
    return saturation > 0.12 and 0.08 < lightness < 0.92
