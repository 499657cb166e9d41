"""The poster beside the till: one look, one code to scan, one card."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from app.domain.design import Palette
from app.rendering.barcodes import barcode_image
from app.rendering.canvas import Canvas
from app.rendering.colours import legible
from app.rendering.fonts import can_write, typeface
from app.rendering.scenes import scene_of

DPI = 200
"""Pixels an inch of the A4 page; the A6 card has as many pixels on a quarter of the paper, less a few."""
Paper = Literal["a4", "a6"]
Format = Literal["pdf", "png"]
_SHARPNESS: dict[Paper, tuple[int, int]] = {"a4": (DPI, 1), "a6": (150, 2)}
"""Pixels an inch as if it were A4, in which everything is measured, and how much smaller it is printed."""
_WIDTH_MM, _HEIGHT_MM, _BAND_MM = 210, 297, 78
_WORDS = {
    "en": ("Scan to get the card", "Point your phone's camera at the code. No app, no plastic."),
    "ru": ("Наведите камеру — получите карту", "Карта появится в телефоне. Без приложения и пластика."),
}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC).timetuple()


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The page, measured in millimetres of A4."""

    image: Image.Image
    dpi: int

    def px(self, millimetres: float) -> int:
        return round(millimetres / 25.4 * self.dpi)


def join_poster(
    name: str,
    headline: str,
    url: str,
    palette: Palette,
    locale: str,
    *,
    starter: str = "points-shop",
    paper: Paper = "a4",
    format: Format = "pdf",
) -> bytes:
    """A page in the programme's colours: A4 for a wall (200 dpi) or A6 for a table (300 dpi), as PDF or PNG.

    Equal input gives equal bytes.
    """
    dpi, smaller = _SHARPNESS[paper]
    size = (round(_WIDTH_MM / 25.4 * dpi), round(_HEIGHT_MM / 25.4 * dpi))
    sheet = _Sheet(Image.new("RGB", size, palette.background), dpi)
    _fill(sheet, name, headline, url, palette, locale, starter)
    out, resolution = io.BytesIO(), dpi * smaller
    if format == "png":
        sheet.image.save(out, "PNG", optimize=True, dpi=(resolution, resolution))
    else:
        sheet.image.save(
            out, "PDF", resolution=resolution, quality=92, title=name, creationDate=_EPOCH, modDate=_EPOCH
        )
    return out.getvalue()


def _fill(
    sheet: _Sheet, name: str, headline: str, url: str, palette: Palette, locale: str, starter: str
) -> None:
    sheet.image.paste(_band(sheet, palette, starter), (0, 0))
    title, hint = _WORDS.get(locale.split("-")[0], _WORDS["en"])
    accent = legible(palette.accent, on=palette.background, ratio=4.5)
    text = legible(palette.foreground, on=palette.background, ratio=4.5)
    y = _write(sheet, name, 94, 7.5, accent, lines=1)
    y = _write(sheet, headline, y + 3, 12.5, text, lines=2)
    y = _code(sheet, url, y + 9)
    y = _write(sheet, title, y + 11, 9.5, text, lines=1)
    y = _write(sheet, hint, y + 3, 5, legible(palette.label, on=palette.background, ratio=4.5), lines=2)
    _write(sheet, url.removeprefix("https://"), max(y + 4, 281), 4, accent, lines=1)


def _band(sheet: _Sheet, palette: Palette, starter: str) -> Image.Image:
    canvas = Canvas(_WIDTH_MM * 2, _BAND_MM * 2, 1, ground=palette.background)
    scene_of(starter)(canvas, palette, False)
    return canvas.image.resize((sheet.image.width, sheet.px(_BAND_MM)), Image.Resampling.LANCZOS)


def _write(sheet: _Sheet, text: str, top_mm: float, size_mm: float, colour: str, *, lines: int) -> float:
    """Centred lines, smaller where the words are long; answers where they end, in mm from the top."""
    written = "".join(letter for letter in _tied(text) if letter.isspace() or can_write(letter))
    room = sheet.px(_WIDTH_MM - 36)
    wrapped = _wrapped(written, sheet.px(size_mm), room)
    while len(wrapped) > lines and size_mm > 2.5:
        size_mm *= 0.92
        wrapped = _wrapped(written, sheet.px(size_mm), room)
    pen, font = ImageDraw.Draw(sheet.image), typeface(sheet.px(size_mm))
    for line in wrapped[: lines + 1]:
        pen.text((sheet.image.width / 2, sheet.px(top_mm)), line, font=font, fill=colour, anchor="ma")
        top_mm += size_mm * 1.3
    return top_mm


def _tied(text: str) -> str:
    """Single spaces, and a dash tied to the word before it: no line begins with a dash."""
    return re.sub(r"[ \t\r\n]+", " ", text).strip().replace(" —", "\u00a0—").replace(" –", "\u00a0–")


def _balanced(lines: list[str], font: ImageFont.FreeTypeFont, room_px: int) -> list[str]:
    """Move words to the last line while it is much shorter: no word stands alone."""
    while " " in lines[-2]:
        rest, word = lines[-2].rsplit(" ", 1)
        longer = f"{word} {lines[-1]}"
        if font.getlength(longer) > min(room_px, font.getlength(rest) * 1.15):
            break
        lines = [*lines[:-2], rest, longer]
    return lines


def _wrapped(text: str, size_px: int, room_px: int) -> list[str]:
    font, lines = typeface(size_px), [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= room_px:
            lines[-1] = longer
        else:
            lines.append(word)
    lines = [line for line in lines if line]
    if len(lines) > 1:
        lines = _balanced(lines, font, room_px)
    too_wide = any(font.getlength(line) > room_px for line in lines)
    return [*lines, *[""] * 9] if too_wide else lines


def _code(sheet: _Sheet, url: str, top_mm: float) -> float:
    side_mm = 98
    inner = sheet.px(side_mm)
    module = barcode_image("qr", url, 1)
    code = barcode_image("qr", url, max(1, inner // module.width))
    panel = Image.new("RGB", (inner, inner), "#ffffff")
    panel.paste(code, ((inner - code.width) // 2, (inner - code.height) // 2))
    mask = Canvas(side_mm, side_mm, 2, mode="L", ground="#000000")
    mask.bar((0, 0, side_mm, side_mm), 7, "#ffffff")
    sheet.image.paste(
        panel,
        ((sheet.image.width - inner) // 2, sheet.px(top_mm)),
        mask.image.resize(panel.size, Image.Resampling.LANCZOS),
    )
    return top_mm + side_mm
