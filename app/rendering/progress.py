"""Progress in the banner: stamps in one to three rows, or one straight line; readable over any picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from PIL import Image

from app.domain.design import Palette, contrast
from app.domain.mechanics.base import Progress
from app.rendering.canvas import Canvas, Point, halo, ramp
from app.rendering.colours import extreme_on, legible, mix
from app.rendering.glyphs import Glyph, star

_GAP = 0.2
"""Space between two stamps, as a share of their diameter."""
_TURNS = (-7, 4, -3, 8, -5, 6, 0, -8, 3)
"""Degrees by which stamps lean, as a hand would set them."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One place on the card, in points."""

    centre: Point
    radius: float


@dataclass(frozen=True, slots=True)
class Inks:
    """The colours of progress, each far enough from what it stands on."""

    ground: str
    done: str
    mark: str
    outline: str
    ghost: str
    track: str


def inks(palette: Palette) -> Inks:
    """Colours from the palette, moved where it is too faint: done parts and outlines keep 3 to 1."""
    ground = palette.background
    track = mix(ground, palette.foreground, 0.2)
    done = legible(legible(palette.accent, on=ground, ratio=3), on=track, ratio=2.2)
    choices = (palette.background, palette.foreground)
    mark = max(choices, key=lambda ink: contrast(ink, done))
    return Inks(
        ground=ground,
        done=done,
        mark=mark if contrast(mark, done) >= 3 else extreme_on(done),
        outline=legible(mix(ground, done, 0.75), on=ground, ratio=3),
        ghost=mix(ground, palette.foreground, 0.2),
        track=track,
    )


def stamp_grid(goal: int, width: float, height: float) -> tuple[Stamp, ...]:
    """Places for `goal` stamps in balanced rows, as large as they fit into `width` x `height` points."""
    rows = max((1, 2, 3), key=lambda count: (round(_radius(goal, count, width, height), 6), -count))
    radius = _radius(goal, rows, width, height)
    pitch = 2 * radius * (1 + _GAP)
    places = []
    for row, count in enumerate(_rows(goal, rows)):
        y = height / 2 + (row - (rows - 1) / 2) * pitch
        places += [Stamp((width / 2 + (i - (count - 1) / 2) * pitch, y), radius) for i in range(count)]
    return tuple(places)


def _rows(goal: int, rows: int) -> list[int]:
    edges = [-(-goal * row // rows) for row in range(rows + 1)]
    return [after - before for before, after in pairwise(edges)]


def _radius(goal: int, rows: int, width: float, height: float) -> float:
    if goal < rows:
        return 0.0
    longest = max(_rows(goal, rows))
    across = width * 0.92 / (longest + (longest - 1) * _GAP)
    down = height * 0.86 / (rows + (rows - 1) * _GAP)
    return min(across, down, height * 0.5) / 2


def draw_progress(
    picture: Image.Image, progress: Progress, palette: Palette, scale: int, glyph: Glyph
) -> Image.Image:
    """A copy of the banner with the progress on it."""
    layer = Canvas(
        picture.width / scale, picture.height / scale, scale, mode="RGBA", ground=palette.background
    )
    if progress.kind == "stamps":
        _stamps(layer, progress, inks(palette), glyph)
    else:
        _line(layer, progress.percent, inks(palette))
    drawn = layer.finish()
    result = picture.convert("RGB")
    result.paste(drawn, (0, 0), drawn)
    return result


def _stamps(canvas: Canvas, progress: Progress, colours: Inks, glyph: Glyph) -> None:
    places = stamp_grid(max(1, progress.goal), canvas.width, canvas.height)
    for index, place in enumerate(places):
        last = index == len(places) - 1
        sign, turn = (star, 0) if last else (glyph, _TURNS[index % len(_TURNS)])
        if index < progress.done:
            _filled(canvas, place, colours, sign, turn)
        else:
            _empty(canvas, place, colours, sign, last)


def _filled(canvas: Canvas, place: Stamp, colours: Inks, sign: Glyph, turn: float) -> None:
    rim = place.radius * 0.07
    canvas.disc(place.centre, place.radius + rim, colours.ground)
    canvas.disc(place.centre, place.radius, colours.done)
    sign(canvas, place.centre, place.radius * 0.58, colours.mark, turn)


def _empty(canvas: Canvas, place: Stamp, colours: Inks, sign: Glyph, last: bool) -> None:
    line = max(1.0, place.radius * 0.075)
    canvas.disc(place.centre, place.radius + place.radius * 0.07, colours.ground)
    canvas.ring(
        place.centre, place.radius, line * (1.7 if last else 1), colours.done if last else colours.outline
    )
    sign(canvas, place.centre, place.radius * 0.54, colours.done if last else colours.ghost, 0)


def _line(canvas: Canvas, percent: int, colours: Inks) -> None:
    """On a panel of the ground's colour; it ends where the goal's circle begins, so 98 % is not 100."""
    unit = canvas.height / 144
    left, y, half, around = 16 * unit, 122 * unit, 5 * unit, 12.5 * unit
    goal = (canvas.width - 25 * unit, y)
    room, start = goal[0] - around - left, left + 2 * half
    margin = half + 6 * unit
    canvas.bar((left - 6 * unit, y - margin, goal[0], y + margin), margin, colours.ground)
    canvas.disc(goal, 16 * unit, colours.ground)
    canvas.bar((left, y - half, goal[0], y + half), half, colours.track)
    if percent > 0:
        end = goal[0] if percent == 100 else start + (room - 2 * half) * percent / 100
        canvas.bar((left, y - half, end, y + half), half, colours.done)
    canvas.disc(goal, around, colours.done if percent == 100 else colours.ground)
    canvas.ring(goal, around, 2.2 * unit, colours.done)
    star(canvas, goal, 7.6 * unit, colours.mark if percent == 100 else colours.done)


def calm(picture: Image.Image, progress: Progress, palette: Palette) -> Image.Image:
    """An uploaded picture, veiled where progress and the phone's large figure stand."""
    veil = Image.new("RGB", picture.size, palette.background)
    if progress.kind == "stamps":
        return Image.blend(picture, veil, 0.42)
    shade = ramp(picture.size, 180).point([min(200, round(v * 0.85)) for v in range(256)])
    result = picture.copy()
    result.paste(veil, (0, 0), shade)
    reach = picture.width * 0.9
    low = halo(picture.size, (picture.width * 0.2, picture.height * 1.0), reach).point(
        [round(v * 0.5) for v in range(256)]
    )
    result.paste(veil, (0, 0), low)
    return result
