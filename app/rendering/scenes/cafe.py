"""A warm café: beans and cups scattered over cream, and one large steaming cup where there is room for it."""

from __future__ import annotations

import math

from app.domain.design import Palette
from app.rendering.canvas import Canvas, Point
from app.rendering.colours import mix
from app.rendering.glyphs import arc, bean, cup, placed


def draw_cafe(canvas: Canvas, palette: Palette, calm: bool) -> None:
    """Pattern everywhere; the large cup stands right of the middle unless stamps need the place."""
    light, warm = palette.background, mix(palette.background, palette.accent, 0.34)
    canvas.wash([light, mix(light, palette.accent, 0.14), warm], 28)
    unit = canvas.height / 144
    canvas.glow((canvas.width * 0.78, canvas.height * 0.3), 190 * unit, light, 0.75)
    _pattern(canvas, palette, unit)
    if not calm:
        _large_cup(
            canvas,
            palette,
            (canvas.width * _place(canvas), canvas.height * 0.58),
            min(52 * unit, canvas.width * 0.3),
        )


def _place(canvas: Canvas) -> float:
    return 0.76 if canvas.width > canvas.height * 1.6 else 0.48


def _pattern(canvas: Canvas, palette: Palette, unit: float) -> None:
    step = 34 * unit
    rows, columns = math.ceil(canvas.height / step) + 1, math.ceil(canvas.width / step) + 1
    for row in range(rows):
        for column in range(columns):
            centre = ((column + (row % 2) / 2) * step - step * 0.2, row * step * 0.94 + step * 0.2)
            _sprinkle(canvas, palette, centre, unit, row * 5 + column * 3)


def _sprinkle(canvas: Canvas, palette: Palette, centre: Point, unit: float, seed: int) -> None:
    across = min(1.0, centre[0] / canvas.width)
    ground = mix(palette.background, palette.accent, 0.3 * across)
    colour = mix(ground, palette.foreground if seed % 2 else palette.accent, 0.09 + 0.06 * across)
    turn = seed * 47 % 360
    if seed % 4 == 1:
        cup(canvas, centre, 8.5 * unit, colour, turn % 50 - 25)
    elif seed % 4 == 3:
        canvas.disc(centre, 2.1 * unit, colour)
    else:
        bean(canvas, centre, 7.2 * unit, colour, ground, turn)


def _large_cup(canvas: Canvas, palette: Palette, centre: Point, radius: float) -> None:
    dark = mix(palette.foreground, palette.accent, 0.18)
    canvas.glow((centre[0], centre[1] - radius * 0.2), radius * 2.6, palette.background, 0.9)
    _saucer(canvas, palette, centre, radius)
    _steam(canvas, palette, centre, radius)
    body = [(-0.74, -0.36), (0.74, -0.36), *arc((0.14, 0.1), 0.56, 0, 90), *arc((-0.14, 0.1), 0.56, 90, 180)]
    canvas.stroke(placed(arc((0.74, 0.02), 0.25, -85, 95), centre, radius), 0.13 * radius, palette.accent)
    canvas.polygon(placed(body, centre, radius), palette.accent)
    shade = [(0.4, -0.36), (0.74, -0.36), *arc((0.14, 0.1), 0.56, 0, 90), *arc((0.02, 0.1), 0.42, 90, 0)]
    canvas.polygon(placed(shade, centre, radius), mix(palette.accent, dark, 0.22))
    _oval(
        canvas,
        (centre[0], centre[1] - 0.36 * radius),
        0.74 * radius,
        0.17,
        mix(palette.accent, "#ffffff", 0.45),
    )
    _oval(canvas, (centre[0], centre[1] - 0.345 * radius), 0.65 * radius, 0.17, dark)
    _oval(
        canvas,
        (centre[0] - 0.1 * radius, centre[1] - 0.34 * radius),
        0.34 * radius,
        0.2,
        mix(dark, palette.accent, 0.5),
    )


def _oval(canvas: Canvas, centre: Point, radius: float, flat: float, colour: str) -> None:
    shape = [(x, y * flat) for x, y in arc((0, 0), 1, 0, 360, 72)]
    canvas.polygon(placed(shape, centre, radius), colour)


def _saucer(canvas: Canvas, palette: Palette, centre: Point, radius: float) -> None:
    low = (centre[0], centre[1] + 0.7 * radius)
    _oval(
        canvas,
        (low[0], low[1] + 0.09 * radius),
        1.24 * radius,
        0.13,
        mix(palette.background, palette.foreground, 0.24),
    )
    _oval(canvas, low, 1.24 * radius, 0.12, mix(palette.accent, "#ffffff", 0.5))
    _oval(
        canvas,
        (low[0], low[1] - 0.02 * radius),
        0.72 * radius,
        0.1,
        mix(palette.accent, palette.foreground, 0.25),
    )


def _steam(canvas: Canvas, palette: Palette, centre: Point, radius: float) -> None:
    for index, x in enumerate((-0.32, 0.02, 0.34)):
        tall = (0.62, 0.8, 0.56)[index]
        wisp = []
        for i in range(33):
            share = i / 32
            wisp.append(
                (x + 0.09 * math.sin(share * math.tau * 1.1 + index) * (0.4 + share), -0.62 - tall * share)
            )
        colour = mix(palette.background, palette.accent, 0.42)
        canvas.stroke(placed(wisp, centre, radius), 0.065 * radius, colour)
