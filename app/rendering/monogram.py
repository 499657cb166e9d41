"""A shop without a logo gets its letters in a rounded mark."""

from __future__ import annotations

from PIL import Image, ImageDraw

from app.domain.design import Palette, contrast
from app.rendering.canvas import Canvas, ramp, tint
from app.rendering.colours import extreme_on, legible, mix
from app.rendering.fonts import can_write, typeface
from app.rendering.glyphs import star


def draw_mark(canvas: Canvas, mark: str, palette: Palette) -> None:
    """A rounded tile in the accent colour on nothing, for the card's upper left corner."""
    side = canvas.width
    tile = legible(palette.accent, on=palette.background, ratio=1.6)
    shape = Canvas(side, side, canvas.scale, mode="L", ground="#000000")
    shape.bar((0, 0, side, side), side * 0.26, "#ffffff")
    canvas.image.paste(_sheen(canvas, tile), (0, 0), shape.image)
    _letters(canvas, mark, _ink(tile, palette), 0.5)


def draw_tile(canvas: Canvas, mark: str, palette: Palette) -> None:
    """A full square for notifications and round logos; letters keep clear of the corners that phones cut."""
    canvas.image.paste(_sheen(canvas, palette.background), (0, 0))
    ink = legible(palette.accent, on=palette.background, ratio=4.5)
    _letters(canvas, mark, ink, 0.44)


def _sheen(canvas: Canvas, colour: str) -> Image.Image:
    return tint(
        ramp(canvas.image.size, 60), [mix(colour, "#ffffff", 0.12), colour, mix(colour, "#000000", 0.1)]
    )


def _ink(tile: str, palette: Palette) -> str:
    ink = max((palette.background, palette.foreground), key=lambda each: contrast(each, tile))
    return ink if contrast(ink, tile) >= 3 else extreme_on(tile)


def _letters(canvas: Canvas, mark: str, ink: str, share: float) -> None:
    """Letters centred by their own shape, at most 62 % of the side; a star where the typeface has none."""
    if not can_write(mark):
        star(canvas, (canvas.width / 2, canvas.height / 2), min(canvas.width, canvas.height) * 0.3, ink)
        return
    size = canvas.image.size
    font = typeface(max(1, round(min(size) * share)))
    left, _, right, _ = font.getbbox(mark)
    if right - left > min(size) * 0.62:
        font = typeface(max(1, round(min(size) * share * min(size) * 0.62 / (right - left))))
    left, top, right, bottom = font.getbbox(mark)
    place = ((size[0] - left - right) / 2, (size[1] - top - bottom) / 2)
    ImageDraw.Draw(canvas.image).text(place, mark, font=font, fill=ink)
