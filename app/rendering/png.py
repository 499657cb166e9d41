"""Writing pictures for phones: small, without metadata, the same bytes for the same picture."""

from __future__ import annotations

import io

from PIL import Image

BUDGET_BYTES = 300_000
"""What one picture of a pass may weigh; a strip at 1125 x 432 pixels is the largest."""
_LADDER = (
    (256, Image.Dither.FLOYDSTEINBERG),
    (256, Image.Dither.NONE),
    (96, Image.Dither.NONE),
    (16, Image.Dither.NONE),
)


def encoded(picture: Image.Image, budget: int = BUDGET_BYTES) -> bytes:
    """A PNG within the budget: true colours if they fit, else fewer and fewer colours."""
    data = _written(picture)
    if picture.mode == "RGBA":
        return data
    for colours, dither in _LADDER:
        if len(data) <= budget:
            break
        data = _written(_reduced(picture, colours, dither))
    return data


def _reduced(picture: Image.Image, colours: int, dither: Image.Dither) -> Image.Image:
    table = picture.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    return table if dither == Image.Dither.NONE else picture.quantize(palette=table, dither=dither)


def _written(picture: Image.Image) -> bytes:
    """Level 6: level 9 takes five times as long and saves three bytes of a hundred."""
    picture.info.clear()
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()
