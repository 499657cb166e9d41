"""Fitting one upload into places of other shapes."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageOps

from app.rendering.colours import joined

_MARGIN = 0.15
"""Left free around a mark that is cut to a circle (Google's brand guidelines for programme logos)."""


def covered(picture: Image.Image, size: tuple[int, int], ground: str) -> Image.Image:
    """The picture enlarged or reduced until it covers everything; the middle stays."""
    return ImageOps.fit(_on(picture, ground), size, Image.Resampling.LANCZOS)


def contained(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The whole picture as large as fits, without transparent borders; may be narrower or lower."""
    trimmed = _trimmed(picture.convert("RGBA"))
    return ImageOps.contain(trimmed, size, Image.Resampling.LANCZOS)


def badge(picture: Image.Image, size: tuple[int, int], ground: str, round_safe: bool) -> Image.Image:
    """A square mark without transparency; `round_safe` keeps it inside a circle, on its border's colour."""
    even = _even_border(picture)
    if picture.mode == "RGB" and (even is None or not round_safe):
        return covered(picture, size, ground)
    share = 1 - 2 * _MARGIN if round_safe else 0.88
    room = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
    mark = contained(picture, room)
    result = Image.new("RGB", size, even or ground)
    result.paste(mark, ((size[0] - mark.width) // 2, (size[1] - mark.height) // 2), mark)
    return result


def _on(picture: Image.Image, ground: str) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    result = Image.new("RGB", picture.size, ground)
    result.paste(picture, (0, 0), picture)
    return result


def _trimmed(picture: Image.Image) -> Image.Image:
    box = picture.getchannel("A").point([255 if v > 8 else 0 for v in range(256)]).getbbox()
    return picture.crop(box) if box else picture


def _even_border(picture: Image.Image) -> str | None:
    """The colour of all four edges if it is one colour; None for a photo or a cut-out."""
    if picture.mode != "RGB" or min(picture.size) < 3:
        return None
    width, height = picture.size
    edges = [
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    ]
    corner = picture.crop((0, 0, 1, 1))
    for edge in edges:
        strip = picture.crop(edge)
        apart = ImageChops.difference(strip, corner.resize(strip.size))
        if max(apart.tobytes()) > 18:
            return None
    return joined(*corner.tobytes())
