"""The barcode in every format that a phone may need: the newest first, one that all can draw last.

Follows Apple's "Pass.Barcodes" (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.codes import holds
from app.domain.passes import Barcode
from app.wallets.apple.strings import Wording, clean

QR = "PKBarcodeFormatQR"
SQUARE = (QR, "PKBarcodeFormatAztec")
FORMATS = {
    "qr": QR,
    "code128": "PKBarcodeFormatCode128",
    "pdf417": "PKBarcodeFormatPDF417",
    "aztec": "PKBarcodeFormatAztec",
    "code39": "PKBarcodeFormatCode39",
    "codabar": "PKBarcodeFormatCodabar",
    "ean13": "PKBarcodeFormatEAN13",
    "itf": "PKBarcodeFormatI2of5",
}
"""Our name of a format to Apple's."""
_NEW = ("code39", "codabar", "ean13", "itf")
"""Drawn from iOS 27 on."""


def codes(barcode: Barcode, wording: Wording) -> list[dict[str, str]]:
    """Apple's `barcodes`; the phone draws the first that it knows. The last one is always an old format."""
    message = clean(barcode.message)
    made = {"message": message, "messageEncoding": "iso-8859-1" if _is_latin(message) else "utf-8"}
    if barcode.alt_text and (words := wording.say(barcode.alt_text)):
        made["altText"] = words
    return [{"format": FORMATS[name], **made} for name in _drawn(barcode.format, message)]


def _drawn(name: str, message: str) -> Iterator[str]:
    """What a laser at the till reads stays striped on older phones; watches draw no stripes, so a QR code
    follows. What Apple cannot draw at all, or this format cannot say, is a QR code.
    """
    if name not in FORMATS or not holds(name, message):
        yield "qr"
        return
    yield name
    if name in _NEW:
        yield "code128"
    if name in _NEW or name == "code128":
        yield "qr"


def _is_latin(text: str) -> bool:
    return text.isascii() or all(ord(letter) < 256 for letter in text)
