"""The sheet a pass is drawn on: points in, pixels out; pictures, words that fit, a code on its panel."""

from __future__ import annotations

import io
from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from app.domain.errors import Invalid
from app.rendering.barcodes import barcode_image
from app.rendering.colours import mix
from app.rendering.fonts import typeface
from app.rendering.images import opened

SCALE = 2
WIDTH = 375
MARGIN = 15
_MOST_PIXELS = 4_000_000
_ELLIPSIS = "…"
_SMOOTH = 4
Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in points."""


class Sheet:
    """A pass in the making, `WIDTH` points wide; pictures that cannot be read are left out."""

    def __init__(self, height: int, ground: str, images: Mapping[str, bytes], locale: str) -> None:
        self.height = height
        self.image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), ground)
        self.pen = ImageDraw.Draw(self.image)
        self._images, self._locale = images, locale

    def picture(self, slot: str) -> Image.Image | None:
        """The picture of a slot, of the density that suits; one at the root wins over translated ones."""
        short = self._locale.split("-")[0]
        for folder in ("", f"{self._locale}.lproj/", f"{short}.lproj/", "en.lproj/", "Base.lproj/"):
            for density in ("@2x", "@3x", ""):
                data = self._images.get(f"{folder}{slot}{density}.png")
                if data is not None and (found := _read(data)) is not None:
                    return found
        return None

    def cover(self, picture: Image.Image, box: Box, *, blur: bool = False) -> None:
        """Fill a box with a picture; what does not fit is cut off, as the phone does."""
        left, top, right, bottom = _pixels(box)
        fitted = ImageOps.fit(picture, (right - left, bottom - top), Image.Resampling.LANCZOS)
        if blur:
            fitted = fitted.filter(ImageFilter.GaussianBlur(12 * SCALE))
        self._paste(fitted, left, top)

    def contain(self, picture: Image.Image, box: Box, *, right: bool = False) -> float:
        """Put a whole picture into a box at its left or right; the width that it takes, in points."""
        left, top, end, bottom = _pixels(box)
        fitted = ImageOps.contain(picture, (end - left, bottom - top), Image.Resampling.LANCZOS)
        x = end - fitted.width if right else left
        self._paste(fitted, x, top + (bottom - top - fitted.height) // 2)
        return fitted.width / SCALE

    def _paste(self, picture: Image.Image, x: int, y: int) -> None:
        self.image.paste(picture, (x, y), picture if picture.mode == "RGBA" else None)

    def words(self, text: str, box: Box, size: float, colour: str, align: str = "left") -> None:
        """One line in a box, made smaller down to seven tenths, then cut off with an ellipsis."""
        if not text:
            return
        left, top, right, _bottom = (each * SCALE for each in box)
        pixels = max(1, round(size * SCALE))
        while typeface(pixels).getlength(text) > right - left and pixels > size * SCALE * 0.7:
            pixels -= 1
        line = _cut(text, right - left, pixels)
        length = typeface(pixels).getlength(line)
        x = {"right": right - length, "center": (left + right - length) / 2}.get(align, left)
        self.pen.text((round(x), round(top)), line, font=typeface(pixels), fill=colour)

    def shade(self, box: Box, strength: float) -> None:
        """Darken a part, so that words on a picture can be read."""
        left, top, right, bottom = _pixels(box)
        part = self.image.crop((left, top, right, bottom))
        black = Image.new("RGB", part.size, "#000000")
        self.image.paste(Image.blend(part, black, strength), (left, top))

    def line(self, y: float, colour: str, ground: str) -> None:
        """A hairline from margin to margin."""
        points = (MARGIN * SCALE, round(y * SCALE), (WIDTH - MARGIN) * SCALE, round(y * SCALE))
        self.pen.line(points, fill=mix(ground, colour, 0.25), width=1)

    def code(self, format: str, message: str, caption: str, *, bottom: float) -> None:
        """The barcode on a white panel, its caption beneath; its words where it cannot be drawn."""
        square = format in ("qr", "aztec", "data_matrix")
        width, height = (160, 160) if square else (315, 100)
        panel_height = height + (24 if caption else 8)
        left, top = (WIDTH - width) / 2 - 8, bottom - panel_height - 8
        panel = (left, top, WIDTH - left, bottom)
        self._panel(panel)
        drawn = _code(format, message)
        if drawn is None:
            self.words(
                message or "?", (left + 10, top + height / 2, WIDTH - left - 10, 0), 13, "#555555", "center"
            )
        else:
            inner = (left + 8, top + 8, WIDTH - left - 8, top + 8 + height)
            self._fit_code(drawn, inner)
        self.words(caption, (left + 6, bottom - 24, WIDTH - left - 6, bottom), 12, "#000000", "center")

    def _panel(self, box: Box) -> None:
        left, top, right, bottom = _pixels(box)
        shape = Image.new("L", ((right - left) * _SMOOTH, (bottom - top) * _SMOOTH), 0)
        corner = 8 * SCALE * _SMOOTH
        ImageDraw.Draw(shape).rounded_rectangle((0, 0, shape.width - 1, shape.height - 1), corner, fill=255)
        self.image.paste("#ffffff", (left, top), shape.reduce(_SMOOTH))

    def _fit_code(self, drawn: Image.Image, box: Box) -> None:
        """Whole pixels a module where there is room, so that the picture itself can be scanned."""
        left, top, right, bottom = _pixels(box)
        times = min((right - left) // drawn.width, (bottom - top) // drawn.height)
        if times >= 1:
            fitted = drawn.resize((drawn.width * times, drawn.height * times), Image.Resampling.NEAREST)
        else:
            fitted = ImageOps.contain(drawn, (right - left, bottom - top), Image.Resampling.LANCZOS)
        x, y = left + (right - left - fitted.width) // 2, top + (bottom - top - fitted.height) // 2
        self.image.paste(fitted, (x, y))

    def png(self) -> bytes:
        """The finished pass with its round corners."""
        shape = Image.new("L", (self.image.width * 2, self.image.height * 2), 0)
        ImageDraw.Draw(shape).rounded_rectangle((0, 0, shape.width - 1, shape.height - 1), 48, fill=255)
        whole = self.image.convert("RGBA")
        whole.putalpha(shape.reduce(2))
        out = io.BytesIO()
        whole.save(out, "PNG", compress_level=4)
        return out.getvalue()


def _pixels(box: Box) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(each * SCALE) for each in box)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _read(data: bytes) -> Image.Image | None:
    try:
        return opened(data, max_pixels=_MOST_PIXELS)
    except Invalid:
        return None


def _code(format: str, message: str) -> Image.Image | None:
    try:
        return barcode_image(format, message, 1)
    except Invalid:
        return None


def _cut(text: str, width: float, pixels: int) -> str:
    font = typeface(pixels)
    if font.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = font.getlength(text[:middle].rstrip() + _ELLIPSIS) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + _ELLIPSIS
