"""The one typeface that pictures use: Manrope (SIL Open Font License), with Latin and Cyrillic letters.

It is shipped because no font may be assumed on a server, and equal input must give equal bytes everywhere.
"""

from __future__ import annotations

from functools import lru_cache

from PIL import ImageFont

from app.resources import folder

_MISSING = "\uffff"


@lru_cache(maxsize=64)
def typeface(size_px: int) -> ImageFont.FreeTypeFont:
    """Manrope Bold; with the basic layout engine, so that optional libraries cannot change the result."""
    path = folder("templates") / "cards" / "_fonts" / "Manrope-Bold.ttf"
    return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=512)
def can_write(text: str) -> bool:
    """Whether the typeface has a shape for every letter (it has none for, say, Georgian)."""
    font = typeface(32)
    blank = bytes(font.getmask(_MISSING))
    return bool(text.strip()) and all(
        bytes(font.getmask(letter)) != blank for letter in text if not letter.isspace()
    )
