"""Pictures and palettes for the tests of this folder: simulated photos, logos, and a look at pixels."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, ImageFilter

from app.domain.design import Palette, Slot, contrast
from app.domain.mechanics.base import Progress
from app.domain.passes import Artwork
from app.rendering.artwork import paint
from app.rendering.colours import joined

NIGHT = Palette(background="#1d1838", foreground="#ffffff", label="#c9bdf0", accent="#f0a868")
CREAM = Palette(background="#f8efe4", foreground="#3b2418", label="#85634b", accent="#b4622f")
GREY = Palette(background="#808080", foreground="#ffffff", label="#eeeeee", accent="#848484")
STRIP = (375, 144)
SHA = "a" * 64


def art(
    slot: Slot = "banner",
    *,
    starter: str = "points-shop",
    palette: Palette = NIGHT,
    progress: Progress | None = None,
    uploaded: bool = False,
    mark: str = "",
) -> Artwork:
    return Artwork(slot, starter, palette, SHA if uploaded else None, progress, mark)


def painted(
    artwork: Artwork, width: int, height: int, scale: int = 1, source: bytes | None = None
) -> Image.Image:
    return Image.open(io.BytesIO(paint(artwork, width, height, scale, source)))


def written(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def photo(*, dark: bool, size: tuple[int, int] = (900, 600)) -> bytes:
    """Blurred lights with grain: what a phone makes of a shop window."""
    chance = random.Random(7)
    picture = Image.new("RGB", size, "#1d2a22" if dark else "#f1e4c8")
    pen = ImageDraw.Draw(picture)
    low, high = (0, 110) if dark else (140, 256)
    for _ in range(60):
        x, y, r = chance.randrange(size[0]), chance.randrange(size[1]), chance.randrange(30, 160)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(chance.randrange(low, high) for _ in range(3)))
    return written(picture.filter(ImageFilter.GaussianBlur(9)), "JPEG", quality=90)


def noise(size: tuple[int, int]) -> bytes:
    """The worst picture there is: nothing in it repeats."""
    chance = random.Random(3)
    return written(Image.frombytes("RGB", size, chance.randbytes(size[0] * size[1] * 3)))


def cut_out_logo(size: tuple[int, int] = (600, 400)) -> bytes:
    """A wide mark in the middle of much transparency."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((100, 150, size[0] - 101, size[1] - 151), fill="#d0402a")
    return written(picture)


def colour_at(picture: Image.Image, x: float, y: float) -> str:
    pixel = picture.convert("RGB").getpixel((round(x), round(y)))
    assert isinstance(pixel, tuple)
    return joined(*pixel[:3])


def near(one: str, other: str) -> bool:
    """Whether two colours are the same to the eye (a reduced palette moves them a little)."""
    return contrast(one, other) < 1.25
