"""Arithmetic on `#rrggbb` colours, so that whatever palette a marketer picks stays readable."""

from __future__ import annotations

import colorsys

from app.domain.design import contrast

WHITE, BLACK = "#ffffff", "#000000"


def parts(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255 each."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def joined(red: int, green: int, blue: int) -> str:
    """The `#rrggbb` of three parts."""
    return f"#{red:02x}{green:02x}{blue:02x}"


def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0 to 1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(parts(one), parts(other), strict=True))
    return joined(red, green, blue)


def extreme_on(colour: str) -> str:
    """White or black, whichever reads better on `colour` (always 4.5 to 1 or more)."""
    return max(WHITE, BLACK, key=lambda ink: contrast(ink, colour))


def legible(colour: str, *, on: str, ratio: float) -> str:
    """`colour`, moved towards white or black as little as it takes to reach `ratio` on `on`."""
    end = extreme_on(on)
    steps = (mix(colour, end, step / 16) for step in range(17))
    return next((each for each in steps if contrast(each, on) >= ratio), end)


def is_dark(colour: str) -> bool:
    """Whether white reads better on it than black."""
    return extreme_on(colour) == WHITE


def lit(colour: str, by: float) -> str:
    """The same hue in more light: lightness raised by `by` (0 to 1), colour kept strong (no grey veil)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in parts(colour)))
    lighter = lightness + (1 - lightness) * by
    return joined(
        *(round(part * 255) for part in colorsys.hls_to_rgb(hue, lighter, min(1.0, saturation * 1.15)))
    )
