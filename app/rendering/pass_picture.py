"""Any pass as a phone would draw it, from its pass.json and pictures: to see what a stranger's file holds.

Pure and deterministic. Places and sizes follow Apple's Human Interface Guidelines for Wallet (last checked
2026-08); what Wallet would cut off is cut off here too. Nothing in a pass can make it fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.rendering.colours import extreme_on, mix
from app.rendering.pass_sheet import MARGIN, WIDTH, Sheet
from app.rendering.pass_words import Shown, Words, colour_of

STYLES = ("boardingPass", "coupon", "eventTicket", "generic", "storeCard")
HEIGHT, POSTER_HEIGHT = 478, 448
_HEADER = 56
_INNER = WIDTH - 2 * MARGIN
_FORMATS = {
    "PKBarcodeFormatQR": "qr",
    "PKBarcodeFormatPDF417": "pdf417",
    "PKBarcodeFormatAztec": "aztec",
    "PKBarcodeFormatCode128": "code128",
    "PKBarcodeFormatCode39": "code39",
    "PKBarcodeFormatCodabar": "codabar",
    "PKBarcodeFormatEAN13": "ean13",
    "PKBarcodeFormatI2of5": "itf",
}


def pass_picture(
    card: Mapping[str, Any],
    images: Mapping[str, bytes],
    translations: Mapping[str, str],
    *,
    locale: str = "en",
    poster: bool = False,
) -> bytes:
    """A PNG at two pixels a point of the front of a pass; `poster` draws its poster face instead.

    `images` are the pass's own files by name (`logo@2x.png`, `ru.lproj/strip.png`); `translations` are those
    of one pass.strings. Equal arguments give equal bytes.
    """
    face = _Face(card, images, Words(translations, locale), poster)
    return face.poster() if poster else face.plain()


def has_poster(card: Mapping[str, Any]) -> bool:
    """Whether newer phones show this pass as a poster."""
    schemes = card.get("preferredStyleSchemes")
    ticket = isinstance(schemes, list) and "posterEventTicket" in schemes
    return "posterGeneric" in card or ticket


class _Face:
    """One pass with its colours and words."""

    def __init__(
        self, card: Mapping[str, Any], images: Mapping[str, bytes], words: Words, poster: bool
    ) -> None:
        self.card, self.words = card, words
        self.ground = colour_of(card.get("backgroundColor"), "#ffffff")
        self.ink = colour_of(card.get("foregroundColor"), extreme_on(self.ground))
        self.label = colour_of(card.get("labelColor"), mix(self.ink, self.ground, 0.35))
        self.style = next((style for style in STYLES if isinstance(card.get(style), dict)), "generic")
        self.content = card.get(self.style)
        self.sheet = Sheet(POSTER_HEIGHT if poster else HEIGHT, self.ground, images, words.locale)

    # -- the five plain styles ---------------------------------------------------------------------

    def plain(self) -> bytes:
        self._backdrop()
        self._header(self.words.fields(self.content, "headerFields")[:3], "logo")
        below = self._middle()
        self._rows(below)
        self._code(HEIGHT - 14)
        return self.sheet.png()

    def _backdrop(self) -> None:
        if self.style != "eventTicket" or self.sheet.picture("strip"):
            return
        if picture := self.sheet.picture("background"):
            self.sheet.cover(picture, (0, 0, WIDTH, HEIGHT), blur=True)

    def _header(self, fields: list[Shown], slot: str) -> None:
        """Logo and its text at the left; header fields from the right edge inwards."""
        right = float(WIDTH - MARGIN)
        for field in reversed(fields):
            width = 82.0
            self._stacked(field, (right - width, 10, right), 11, 17, "right")
            right -= width + 6
        left = float(MARGIN)
        if logo := self.sheet.picture(slot):
            left += self.sheet.contain(logo, (MARGIN, 10, min(MARGIN + 160, right - 4), 46)) + 8
        key = "eventLogoText" if slot == "primaryLogo" else "logoText"
        if right - left > 20:
            text = self.words.say(self.card.get(key)) or (
                self.words.say(self.card.get("logoText")) if slot == "primaryLogo" else ""
            )
            self.sheet.words(text, (left, 18, right - 4, 40), 17, self.ink)

    def _middle(self) -> float:
        """Primary fields and the pictures around them; where the rows below begin."""
        primary = self.words.fields(self.content, "primaryFields")
        if self.style == "boardingPass":
            return self._journey(primary[:2])
        strip = self.sheet.picture("strip") if self.style != "generic" else None
        if self.style in ("storeCard", "coupon") or strip:
            return self._strip(strip, primary[:1])
        return self._beside_thumbnail(primary[:1])

    def _strip(self, strip: Any, primary: list[Shown]) -> float:
        height = {"eventTicket": 98, "coupon": 144}.get(self.style, 123)
        if strip:
            self.sheet.cover(strip, (0, _HEADER, WIDTH, _HEADER + height))
        for field in primary:
            ink = "#ffffff" if strip else self.ink
            small = "#ffffff" if strip else self.label
            self.sheet.words(field.value, (MARGIN, _HEADER + 14, WIDTH - MARGIN, 0), 44, ink)
            self.sheet.words(field.label, (MARGIN, _HEADER + 70, WIDTH - MARGIN, 0), 14, small)
        return _HEADER + height + 12

    def _beside_thumbnail(self, primary: list[Shown]) -> float:
        right = float(WIDTH - MARGIN)
        if thumbnail := self.sheet.picture("thumbnail"):
            right -= self.sheet.contain(thumbnail, (right - 90, 66, right, 156), right=True) + 10
        for field in primary:
            self._stacked(field, (MARGIN, 74, right), 12, 28)
        return 168

    def _journey(self, primary: list[Shown]) -> float:
        """From here to there: two large values with the means of travel between them."""
        half = _INNER / 2 - 26
        places = (("left", MARGIN, MARGIN + half), ("right", WIDTH - MARGIN - half, WIDTH - MARGIN))
        for field, (align, left, right) in zip(primary, places, strict=False):
            self._stacked(field, (left, 66, right), 11, 38, align)
        if len(primary) == 2:
            self.sheet.pen.polygon([(WIDTH - 12, 190), (WIDTH + 14, 204), (WIDTH - 12, 218)], fill=self.ink)
        return 138

    def _rows(self, top: float) -> None:
        secondary = self.words.fields(self.content, "secondaryFields")
        auxiliary = self.words.fields(self.content, "auxiliaryFields")
        for row in self._laid_out(secondary, auxiliary):
            if row and top + 40 < HEIGHT:
                self._row(row, top)
                top += 50

    def _laid_out(self, secondary: list[Shown], auxiliary: list[Shown]) -> list[list[Shown]]:
        if self.style == "storeCard":
            return [(secondary + auxiliary)[:4]]
        if self.style == "boardingPass":
            return [auxiliary[:5], secondary[:4]]
        if self.style == "eventTicket":
            first, second = ([each for each in auxiliary if each.row == row][:4] for row in (0, 1))
            return [secondary[:4], first, second]
        if self._code_format() in ("qr", "aztec"):
            beside = max(0, 4 - len(secondary[:4]))
            return [secondary[:4], auxiliary[:beside]]
        return [secondary[:4], auxiliary[:4]]

    def _row(self, fields: list[Shown], top: float) -> None:
        """Side by side; the last of several stands at the right edge, as on the phone."""
        width = _INNER / len(fields)
        for place, field in enumerate(fields):
            left = MARGIN + place * width
            last = place == len(fields) - 1 and len(fields) > 1
            align = (
                field.align if field.align in ("left", "center", "right") else ("right" if last else "left")
            )
            self._stacked(field, (left, top, left + width - (0 if last else 8)), 11, 17, align)

    def _stacked(
        self,
        field: Shown,
        place: tuple[float, float, float],
        small: float,
        large: float,
        align: str = "left",
        inks: tuple[str, str] | None = None,
    ) -> None:
        """A label and its value beneath, from left to right at a height."""
        left, top, right = place
        label, ink = inks or (self.label, self.ink)
        self.sheet.words(field.label.upper(), (left, top, right, 0), small, label, align)
        self.sheet.words(field.value, (left, top + small + 4, right, 0), large, ink, align)

    # -- the poster --------------------------------------------------------------------------------

    def poster(self) -> bytes:
        sheet, words = self.sheet, self.words
        content = self.card.get("posterGeneric", self.content)
        art = sheet.picture("artwork") or sheet.picture("background") or sheet.picture("strip")
        if art:
            sheet.cover(art, (0, 0, WIDTH, POSTER_HEIGHT))
            sheet.shade((0, POSTER_HEIGHT - 150, WIDTH, POSTER_HEIGHT), 0.45)
            self.ink, self.label = "#ffffff", "#f0f0f0"
        slot = "primaryLogo" if sheet.picture("primaryLogo") else "logo"
        self._header(words.fields(content, "headerFields")[:1], slot)
        primary = words.fields(content, "primaryFields")[:4]
        footer = words.fields(content, "footerFields")[:2]
        for row, top in ((primary, POSTER_HEIGHT - 136), (footer, POSTER_HEIGHT - 74)):
            if row:
                self._row(row, top)
        if mark := sheet.picture("secondaryLogo"):
            sheet.contain(mark, (MARGIN, POSTER_HEIGHT - 24, MARGIN + 135, POSTER_HEIGHT - 12))
        return sheet.png()

    # -- the code ----------------------------------------------------------------------------------

    def _codes(self) -> list[Mapping[str, Any]]:
        codes = self.card.get("barcodes")
        listed = codes[:8] if isinstance(codes, list) else []
        return [each for each in (*listed, self.card.get("barcode")) if isinstance(each, Mapping)]

    def _code_format(self) -> str:
        code = next(iter(self._codes()), {})
        form = code.get("format")
        return _FORMATS.get(form, "") if isinstance(form, str) else ""

    def _code(self, bottom: float) -> None:
        """The first code of the list: the newest phone draws that one."""
        code = next(iter(self._codes()), None)
        if code is None:
            return
        message = code.get("message")
        text = message if isinstance(message, str) else ""
        caption = self.words.say(code.get("altText"))
        footer = self.sheet.picture("footer") if self.style == "boardingPass" else None
        self.sheet.code(self._code_format() or "qr", text[:3000], caption, bottom=bottom)
        if footer:
            top = bottom - (192 if self._code_format() in ("qr", "aztec", "") else 132) - 22
            self.sheet.contain(footer, (MARGIN, top, WIDTH - MARGIN, top + 15))
