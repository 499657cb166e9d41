"""The starters' own art, drawn in the programme's colours: one file a starter, no text in any picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.domain.design import Palette
from app.rendering.canvas import Canvas
from app.rendering.glyphs import Glyph, cup, tick
from app.rendering.scenes.cafe import draw_cafe
from app.rendering.scenes.ribbons import draw_ribbons
from app.rendering.scenes.waves import draw_waves

Scene = Callable[[Canvas, Palette, bool], None]
"""Paints the whole canvas; `calm` keeps the middle free for stamps or a line."""

SCENES: Mapping[str, Scene] = {
    "stamp-cafe": draw_cafe,
    "points-shop": draw_waves,
    "discount-club": draw_ribbons,
}
STAMPS: Mapping[str, Glyph] = {"stamp-cafe": cup}
"""What a filled stamp shows; the others show a tick."""


def scene_of(starter: str) -> Scene:
    """The art of that starter; unknown names get waves."""
    return SCENES.get(starter, draw_waves)


def stamp_of(starter: str) -> Glyph:
    """The sign on that starter's stamps."""
    return STAMPS.get(starter, tick)
