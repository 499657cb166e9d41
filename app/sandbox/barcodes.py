"""Barcodes for cards on screen, as SVG that a till's scanner really reads."""

import re

import zxingcpp

LONGEST_MESSAGE = 1500
_FORMATS = {
    "qr": zxingcpp.BarcodeFormat.QRCode,
    "pdf417": zxingcpp.BarcodeFormat.PDF417,
    "aztec": zxingcpp.BarcodeFormat.Aztec,
    "code128": zxingcpp.BarcodeFormat.Code128,
    "code39": zxingcpp.BarcodeFormat.Code39,
    "codabar": zxingcpp.BarcodeFormat.Codabar,
    "ean13": zxingcpp.BarcodeFormat.EAN13,
    "ean8": zxingcpp.BarcodeFormat.EAN8,
    "upca": zxingcpp.BarcodeFormat.UPCA,
    "i2of5": zxingcpp.BarcodeFormat.ITF,
    "itf14": zxingcpp.BarcodeFormat.ITF14,
    "datamatrix": zxingcpp.BarcodeFormat.DataMatrix,
}
_SIZE = re.compile(r'<svg width="(\d+)" height="(\d+)"')


def barcode_svg(kind: str, message: str) -> str:
    """An SVG without margins. `kind` is Apple's or Google's name, in any spelling. Raises ValueError."""
    plain = re.sub(r"[^a-z0-9]", "", kind.lower().removeprefix("pkbarcodeformat"))
    form = _FORMATS.get("qr" if plain.startswith("qr") else plain)
    if form is None or not message or len(message) > LONGEST_MESSAGE:
        raise ValueError(f"cannot draw {kind!r:.40} with {len(message)} characters")
    try:
        svg = zxingcpp.create_barcode(message, form).to_svg(add_quiet_zones=False)
    except Exception as fault:  # the library raises its C++ faults as several unrelated types
        raise ValueError(f"not a message for {kind}: {fault}") from fault
    return _SIZE.sub(
        r'<svg viewBox="0 0 \1 \2" width="\1" height="\2" shape-rendering="crispEdges"', svg, count=1
    )
