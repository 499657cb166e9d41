"""Every picture of a card, for every slot and density, from one description: `paint`."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image

from app.domain.design import Palette, Slot
from app.domain.passes import Artwork
from app.rendering.canvas import Canvas
from app.rendering.crops import badge, contained, covered
from app.rendering.images import opened
from app.rendering.monogram import draw_mark, draw_tile
from app.rendering.png import encoded
from app.rendering.progress import calm, draw_progress
from app.rendering.scenes import scene_of, stamp_of

MAX_SIDE_PX = 4096
ROUND_FROM_POINTS = 120
"""From here on an icon is a programme logo that a phone cuts to a circle, so it keeps a margin of 15 %."""


def paint(artwork: Artwork, width: int, height: int, scale: int, source: bytes | None) -> bytes:
    """A PNG of `width` x `height` points at `scale` pixels a point; a logo may be narrower or lower.

    `source` holds the bytes that `artwork.source` names; without them the starter's own art is drawn.
    Equal arguments give equal bytes. Raises ValueError for a size that no phone asks for, Invalid for a
    broken source.
    """
    if not (1 <= scale <= 3 and 0 < width * scale <= MAX_SIDE_PX and 0 < height * scale <= MAX_SIDE_PX):
        raise ValueError(f"{width} x {height} points at {scale} is no size of a card's picture")
    return encoded(_picture(artwork, width, height, scale, source))


def cache_key(artwork: Artwork, width: int, height: int, scale: int) -> str:
    """A name for the finished bytes; it changes whenever `DRAWN` art or the arguments do."""
    return f"{DRAWN}-{artwork.key()}-{width}x{height}@{scale}"


DRAWN = "1"
"""The edition of our own drawings; raise it when they change, and caches forget the older ones."""


_MARKS = ("logo", "primary_logo", "secondary_logo", "personalisation_logo", "footer")
"""Shown whole, as large as they fit; the others cover their place."""


def _picture(artwork: Artwork, width: int, height: int, scale: int, source: bytes | None) -> Image.Image:
    size = (width * scale, height * scale)
    if artwork.slot in _MARKS:
        return contained(opened(source), size) if source else _logo(artwork, width, height, scale)
    if artwork.slot == "icon":
        safe = max(width, height) >= ROUND_FROM_POINTS
        return (
            badge(opened(source), size, artwork.palette.background, safe)
            if source
            else _icon(artwork, width, height, scale)
        )
    return _banner(artwork, width, height, scale, source)


def _banner(artwork: Artwork, width: int, height: int, scale: int, source: bytes | None) -> Image.Image:
    progress, palette = artwork.progress, artwork.palette
    if source:
        picture = _uploaded(source, (width * scale, height * scale), palette.background)
        picture = calm(picture, progress, palette) if progress else picture.copy()
    else:
        picture = _drawn(
            artwork.starter, artwork.slot, palette, width, height, scale, progress is not None
        ).copy()
    if progress:
        return draw_progress(picture, progress, palette, scale, stamp_of(artwork.starter))
    return picture


@lru_cache(maxsize=8)
def _uploaded(source: bytes, size: tuple[int, int], ground: str) -> Image.Image:
    return covered(opened(source), size, ground)


@lru_cache(maxsize=24)
def _drawn(
    starter: str, slot: Slot, palette: Palette, width: int, height: int, scale: int, quiet: bool
) -> Image.Image:
    """A scene without progress: all cards of one look share it, so it is kept (never changed in place)."""
    canvas = Canvas(width, height, scale, ground=palette.background)
    scene_of(starter)(canvas, palette, quiet)
    return canvas.finish()


def _logo(artwork: Artwork, width: int, height: int, scale: int) -> Image.Image:
    side = min(width, height)
    canvas = Canvas(side, side, scale, mode="RGBA", ground=artwork.palette.background)
    draw_mark(canvas, artwork.mark, artwork.palette)
    return canvas.finish()


def _icon(artwork: Artwork, width: int, height: int, scale: int) -> Image.Image:
    canvas = Canvas(width, height, scale, ground=artwork.palette.background)
    draw_tile(canvas, artwork.mark, artwork.palette)
    return canvas.finish()
