"""Folded ribbons and a large percent sign made of two rings and a bar."""

from __future__ import annotations

from app.domain.design import Palette
from app.rendering.canvas import Canvas, Point
from app.rendering.colours import is_dark, mix

_LEAN = 0.62
"""How far a ribbon moves left for one step down."""


def draw_ribbons(canvas: Canvas, palette: Palette, calm: bool) -> None:
    """Ribbons at the right; the percent sign only where nothing else stands in the middle."""
    ground = palette.background
    canvas.wash([ground, mix(ground, _shade(ground), 0.16)], 20)
    unit = canvas.height / 144
    right = canvas.width
    _band(canvas, right - 150 * unit, 52 * unit, mix(ground, _shade(ground), 0.14))
    _band(canvas, right - 98 * unit, 58 * unit, mix(ground, _shine(ground), 0.12))
    _band(canvas, right - 40 * unit, 40 * unit, mix(ground, palette.accent, 0.62))
    _band(canvas, right, 90 * unit, palette.accent)
    _band(canvas, right + 34 * unit, 200 * unit, mix(ground, palette.accent, 0.8))
    _corner(canvas, palette, unit)
    radius = min(46 * unit, canvas.width * 0.3)
    if not calm:
        _percent(canvas, palette, (max(right - 104 * unit, right / 2), canvas.height * 0.5), radius)


def _shade(ground: str) -> str:
    return "#000000" if is_dark(ground) else "#5a4a3a"


def _shine(ground: str) -> str:
    return "#ffffff"


def _band(canvas: Canvas, left: float, width: float, colour: str) -> None:
    lean = canvas.height * _LEAN
    top, bottom = left + lean / 2, left - lean / 2
    canvas.polygon(
        [(top, 0), (top + width, 0), (bottom + width, canvas.height), (bottom, canvas.height)], colour
    )


def _corner(canvas: Canvas, palette: Palette, unit: float) -> None:
    for index in range(3):
        canvas.ring(
            (-6 * unit, canvas.height + 8 * unit),
            (44 + 22 * index) * unit,
            1.4 * unit,
            mix(palette.background, palette.accent, 0.42 - 0.12 * index),
        )


def _percent(canvas: Canvas, palette: Palette, centre: Point, radius: float) -> None:
    ink = palette.foreground
    x, y = centre
    bar = [(x + 0.62 * radius, y - 0.95 * radius), (x - 0.62 * radius, y + 0.95 * radius)]
    soft = [(px + 0.05 * radius, py + 0.07 * radius) for px, py in bar]
    canvas.stroke(soft, 0.24 * radius, mix(palette.background, "#000000", 0.2))
    canvas.stroke(bar, 0.24 * radius, ink)
    for spot in ((x - 0.58 * radius, y - 0.5 * radius), (x + 0.58 * radius, y + 0.5 * radius)):
        canvas.ring(spot, 0.44 * radius, 0.22 * radius, ink)
