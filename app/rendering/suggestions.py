"""A palette out of a picture: the first thing a marketer sees after uploading a logo."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

from PIL import Image

from app.domain.design import Palette, contrast
from app.rendering.colours import extreme_on, joined, legible, mix, parts
from app.rendering.images import opened

Weighed = tuple[float, str]


def dominant_palette(data: bytes) -> Palette:
    """Colours that suit the picture; texts keep 4.5 to 1 and progress 3 to 1. Raises Invalid."""
    colours = _colours(opened(data))
    background = max(colours, key=lambda each: each[0] * (0.35 + _vivid(each[1])))[1]
    accent = max(colours, key=lambda each: _apart(each, background))[1]
    foreground = extreme_on(background)
    label = next(
        shade
        for share in (0.35, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05, 0.0)
        if contrast(shade := mix(foreground, background, share), background) >= 4.5
    )
    return Palette(
        background=background,
        foreground=foreground,
        label=label,
        accent=legible(accent, on=background, ratio=3),
    )


def _colours(picture: Image.Image) -> Sequence[Weighed]:
    small = picture.convert("RGBA")
    small.thumbnail((96, 96), Image.Resampling.BOX)
    seen = [pixel[:3] for pixel in _pixels(small) if pixel[3] > 127] or [(32, 40, 56)]
    solid = Image.frombytes("RGB", (len(seen), 1), bytes(part for pixel in seen for part in pixel))
    reduced = solid.quantize(8, Image.Quantize.MEDIANCUT).convert("RGB")
    counted = reduced.getcolors(256) or []
    return [(count / len(seen), joined(*colour)) for count, colour in counted if isinstance(colour, tuple)]


def _pixels(picture: Image.Image) -> list[tuple[int, int, int, int]]:
    raw = picture.tobytes()
    return [(raw[i], raw[i + 1], raw[i + 2], raw[i + 3]) for i in range(0, len(raw), 4)]


def _vivid(colour: str) -> float:
    _, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in parts(colour)))
    return saturation * (1 - abs(2 * lightness - 1))


def _apart(each: Weighed, background: str) -> float:
    weight, colour = each
    return (contrast(colour, background) - 1) * (0.15 + _vivid(colour)) * (0.2 + math.sqrt(math.sqrt(weight)))
