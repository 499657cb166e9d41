"""A canvas in points: shapes are drawn four times too large and reduced, which smoothes every edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from app.rendering.colours import mix, parts

OVERSAMPLE = 4
Point = tuple[float, float]


@dataclass
class Canvas:
    """`width` and `height` in points, `scale` pixels a point; the origin is the upper left corner."""

    width: float
    height: float
    scale: int
    mode: str = "RGB"
    ground: str = "#ffffff"
    image: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        size = (round(self.width * self._k), round(self.height * self._k))
        clear = (*parts(self.ground), 0)
        self.image = Image.new(self.mode, size, clear if self.mode == "RGBA" else self.ground)
        self.pen = ImageDraw.Draw(self.image)

    @property
    def _k(self) -> int:
        return self.scale * OVERSAMPLE

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        """A filled shape."""
        self.pen.polygon([(x * self._k, y * self._k) for x, y in points], fill=colour)

    def disc(self, centre: Point, radius: float, colour: str) -> None:
        """A filled circle."""
        self.pen.ellipse(self._around(centre, radius), fill=colour)

    def ring(self, centre: Point, radius: float, width: float, colour: str) -> None:
        """A circle line whose outer edge is at `radius`."""
        self.pen.ellipse(self._around(centre, radius), outline=colour, width=max(1, round(width * self._k)))

    def bar(self, box: tuple[float, float, float, float], radius: float, colour: str) -> None:
        """A rectangle with round corners: left, top, right, bottom."""
        left, top, right, bottom = (round(each * self._k) for each in box)
        self.pen.rounded_rectangle((left, top, right - 1, bottom - 1), round(radius * self._k), fill=colour)

    def stroke(self, points: Sequence[Point], width: float, colour: str) -> None:
        """A line with round ends and corners; many points are a smooth curve and need no rounding."""
        scaled = [(x * self._k, y * self._k) for x, y in points]
        joint = "curve" if len(points) < 64 else None
        self.pen.line(scaled, fill=colour, width=max(1, round(width * self._k)), joint=joint)
        for end in (points[0], points[-1]):
            self.disc(end, width / 2, colour)

    def wash(self, colours: Sequence[str], direction: float = 90) -> None:
        """Fill everything with a gradient; `direction` in degrees, 0 is rightwards, 90 downwards."""
        size = self.image.size
        coarse = tint(_coarse_ramp(_coarse(size), direction), colours)
        self.image.paste(coarse.resize(size, Image.Resampling.BILINEAR))

    def glow(self, centre: Point, radius: float, colour: str, strength: float) -> None:
        """A soft round light."""
        mask = halo(self.image.size, (centre[0] * self._k, centre[1] * self._k), radius * self._k)
        self.image.paste(colour, (0, 0), mask.point([round(v * strength) for v in range(256)]))

    def finish(self) -> Image.Image:
        """The picture at its true size."""
        return self.image.reduce(OVERSAMPLE)

    def _around(self, centre: Point, radius: float) -> tuple[float, float, float, float]:
        x, y, r = centre[0] * self._k, centre[1] * self._k, radius * self._k
        return (x - r, y - r, x + r, y + r)


def ramp(size: tuple[int, int], direction: float) -> Image.Image:
    """A grey picture that rises from 0 to 255 along `direction`, corner to corner."""
    return _coarse_ramp(_coarse(size), direction).resize(size, Image.Resampling.BILINEAR)


def halo(size: tuple[int, int], centre: Point, radius: float) -> Image.Image:
    """A grey picture: 255 at `centre`, falling softly to 0 at `radius`."""
    coarse = _coarse(size)
    shrink = coarse[0] / size[0], coarse[1] / size[1]
    rates = 127 / radius / shrink[0], 127 / radius / shrink[1]
    shift = 128 - centre[0] * shrink[0] * rates[0], 128 - centre[1] * shrink[1] * rates[1]
    affine = (rates[0], 0.0, shift[0], 0.0, rates[1], shift[1])
    light = Image.radial_gradient("L").point(_FALL)
    small = light.transform(coarse, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return small.resize(size, Image.Resampling.BILINEAR)


def _coarse(size: tuple[int, int]) -> tuple[int, int]:
    """Gradients have no detail: made at an eighth of the size they cost a fifth of the time."""
    return max(1, size[0] // 8), max(1, size[1] // 8)


def _coarse_ramp(size: tuple[int, int], direction: float) -> Image.Image:
    width, height = size
    dx, dy = math.cos(math.radians(direction)), math.sin(math.radians(direction))
    corners = [x * dx + y * dy for x in (0, width) for y in (0, height)]
    low, high = min(corners), max(corners)
    rise = 254 / (high - low)
    affine = (0.0, 0.0, 128.0, dx * rise, dy * rise, 0.5 - low * rise)
    grey = Image.linear_gradient("L")
    return grey.transform(size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)


_FALL = [round(255 * max(0.0, 1 - level / 179) ** 2) for level in range(256)]
"""Pillow's radial gradient is 180, not 255, where its circle touches the edge of its square."""


def tint(grey: Image.Image, colours: Sequence[str]) -> Image.Image:
    """Colours instead of greys, evenly spread from dark to light."""
    last = len(colours) - 1
    shades = []
    for level in range(256):
        place = level / 255 * last
        lower = min(int(place), last - 1)
        shades.append(parts(mix(colours[lower], colours[lower + 1], place - lower)))
    return Image.merge("RGB", [grey.point([shade[i] for shade in shades]) for i in range(3)])
