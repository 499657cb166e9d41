"""Silk: threads that leave one knot at the lower left and open to the right, over a deep gradient."""

from __future__ import annotations

import math

from PIL import ImageChops

from app.domain.design import Palette
from app.rendering.canvas import Canvas, Point, ramp
from app.rendering.colours import is_dark, lit, mix

_STEPS = 80


def draw_waves(canvas: Canvas, palette: Palette, calm: bool) -> None:
    """Calm or not, the upper left stays quiet: the phone writes the balance there."""
    deep = palette.background
    glowing = lit(deep, 0.22) if is_dark(deep) else mix(deep, palette.accent, 0.22)
    unit = canvas.height / 144
    canvas.wash([deep, deep, mix(deep, glowing, 0.5), glowing], 12)
    canvas.glow(
        (canvas.width * 0.96, canvas.height * 0.05), 260 * unit, mix(glowing, palette.accent, 0.45), 0.75
    )
    _silk(canvas, palette, (0.0, 0.34), 0.30)
    _silk(canvas, palette, (0.5, 1.0), 0.22)
    _threads(canvas, palette, unit, 26 if calm else 44)


def _curve(canvas: Canvas, spread: float) -> list[Point]:
    """One thread; at two thirds of the way all of them cross, which twists the silk."""
    points = []
    for step in range(_STEPS + 1):
        share = step / _STEPS
        opening = share**1.35
        upper = 0.98 - 0.76 * opening + 0.13 * math.sin(share * 5.6 + 0.4)
        lower = 1.02 - 0.34 * opening - 0.34 * opening * math.sin(share * 4.6 - 1.2)
        points.append(
            (canvas.width * (share * 1.08 - 0.04), canvas.height * (upper + (lower - upper) * spread))
        )
    return points


def _threads(canvas: Canvas, palette: Palette, unit: float, count: int) -> None:
    mask = Canvas(canvas.width, canvas.height, canvas.scale, mode="L", ground="#000000")
    for index in range(count):
        spread = index / (count - 1)
        shine = 0.5 + 0.5 * math.cos((spread - 0.1) * 6.8)
        grey = round(70 + 170 * shine)
        mask.stroke(_curve(canvas, spread), (0.5 + 0.35 * shine) * unit, f"#{grey:02x}{grey:02x}{grey:02x}")
    fading = ramp(mask.image.size, 0).point([round(255 * (level / 255) ** 1.25) for level in range(256)])
    canvas.image.paste(mix(palette.accent, "#ffffff", 0.12), (0, 0), ImageChops.multiply(mask.image, fading))


def _silk(canvas: Canvas, palette: Palette, between: tuple[float, float], strength: float) -> None:
    mask = Canvas(canvas.width, canvas.height, canvas.scale, mode="L", ground="#000000")
    mask.polygon([*_curve(canvas, between[0]), *reversed(_curve(canvas, between[1]))], "#ffffff")
    fading = ramp(mask.image.size, 0).point([round(level * strength) for level in range(256)])
    canvas.image.paste(palette.accent, (0, 0), ImageChops.multiply(mask.image, fading))
