"""The small signs on stamps: a cup, a tick, a star. Shapes, so that they are sharp at every density."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from app.rendering.canvas import Canvas, Point

Glyph = Callable[[Canvas, Point, float, str, float], None]


def placed(points: Sequence[Point], centre: Point, radius: float, turn: float = 0) -> list[Point]:
    """Points of the unit circle, turned by degrees, enlarged and moved."""
    cos, sin = math.cos(math.radians(turn)) * radius, math.sin(math.radians(turn)) * radius
    return [(centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos) for x, y in points]


def arc(centre: Point, radius: float, start: float, end: float, steps: int = 24) -> list[Point]:
    """Points along a circle, degrees clockwise from the right."""
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles]


def cup(canvas: Canvas, centre: Point, radius: float, colour: str, turn: float = 0) -> None:
    """A cup of coffee with steam, inside a circle of `radius`."""
    body = [(-0.66, -0.2), (0.4, -0.2), *arc((0.0, 0.22), 0.4, 0, 90), *arc((-0.26, 0.22), 0.4, 90, 180)]
    canvas.polygon(placed(body, centre, radius, turn), colour)
    canvas.stroke(placed(arc((0.4, 0.08), 0.24, -80, 80), centre, radius, turn), 0.13 * radius, colour)
    canvas.stroke(placed([(-0.62, 0.82), (0.36, 0.82)], centre, radius, turn), 0.11 * radius, colour)
    for x in (-0.34, 0.08):
        wisp = [(x + 0.07 * math.sin(i / 16 * math.tau), -0.84 + i * 0.42 / 16) for i in range(17)]
        canvas.stroke(placed(wisp, centre, radius, turn), 0.12 * radius, colour)


def tick(canvas: Canvas, centre: Point, radius: float, colour: str, turn: float = 0) -> None:
    """A check mark."""
    canvas.stroke(
        placed([(-0.55, 0.05), (-0.15, 0.45), (0.6, -0.42)], centre, radius, turn), 0.24 * radius, colour
    )


def star(canvas: Canvas, centre: Point, radius: float, colour: str, turn: float = 0) -> None:
    """A five-pointed star with slightly rounded points."""
    reach = [0.82 if i % 2 == 0 else 0.4 for i in range(10)]
    angles = [math.radians(36 * i - 90) for i in range(10)]
    points = [(r * math.cos(a), r * math.sin(a) + 0.05) for r, a in zip(reach, angles, strict=True)]
    outline = placed(points, centre, radius, turn)
    canvas.polygon(outline, colour)
    canvas.stroke([*outline, outline[0], outline[1]], 0.14 * radius, colour)


def bean(canvas: Canvas, centre: Point, radius: float, colour: str, seam: str, turn: float = 0) -> None:
    """A coffee bean whose seam is drawn in another colour."""
    shape = [(x * 0.66, y) for x, y in arc((0, 0), 1, 0, 360, 40)]
    canvas.polygon(placed(shape, centre, radius, turn), colour)
    line = [(0.16 * math.sin(i / 20 * math.tau), -0.86 + 1.72 * i / 20) for i in range(21)]
    canvas.stroke(placed(line, centre, radius, turn), 0.13 * radius, seam)
