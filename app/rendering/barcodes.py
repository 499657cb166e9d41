"""Barcodes for pages, posters and previews: black on white, with the quiet zone that scanners need."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import barcode
import qrcode
import zxingcpp
from PIL import Image

from app.domain.errors import Invalid

Modules = Sequence[Sequence[bool]]


@dataclass(frozen=True, slots=True)
class _Symbol:
    """Rows of dark (true) modules, without quiet zone; a line code is one row of `row_height` modules."""

    modules: Modules
    quiet: int
    row_height: int = 1

    @property
    def width(self) -> int:
        return len(self.modules[0]) + 2 * self.quiet

    @property
    def height(self) -> int:
        return len(self.modules) * self.row_height + 2 * self.quiet_above

    @property
    def quiet_above(self) -> int:
        """A line code needs its quiet zone at the ends only; a little above and below is for the eye."""
        return self.quiet if self.row_height == 1 else 4


@lru_cache(maxsize=2048)
def drawn_as(format: str, message: str) -> str:
    """The format in which a phone shows the message: `format`, or `qr` where that cannot hold it."""
    try:
        _symbol(format, message)
    except Invalid:
        return "qr"
    return format


def barcode_svg(format: str, message: str) -> str:
    """An SVG without size, one unit a module; raises Invalid if the code cannot hold the message."""
    symbol = _symbol(format, message)
    path = "".join(f"M{x} {y}h{run}v{symbol.row_height}h-{run}z" for x, y, run in _runs(symbol))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {symbol.width} {symbol.height}" '
        'shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{symbol.width}v{symbol.height}h-{symbol.width}z"/>'
        f'<path fill="#000" d="{path}"/></svg>'
    )


def barcode_png(format: str, message: str, scale: int) -> bytes:
    """A PNG with `scale` pixels a module; raises Invalid if the code cannot hold the message."""
    out = io.BytesIO()
    barcode_image(format, message, scale).save(out, "PNG", optimize=True)
    return out.getvalue()


def barcode_image(format: str, message: str, scale: int) -> Image.Image:
    """The same as a grey picture, for posters."""
    symbol = _symbol(format, message)
    picture = Image.new("L", (symbol.width, symbol.height), 255)
    for x, y, run in _runs(symbol):
        picture.paste(0, (x, y, x + run, y + symbol.row_height))
    return picture.resize((symbol.width * scale, symbol.height * scale), Image.Resampling.NEAREST)


def _runs(symbol: _Symbol) -> Iterator[tuple[int, int, int]]:
    for number, row in enumerate(symbol.modules):
        x = symbol.quiet
        for dark, group in groupby(row):
            length = len(list(group))
            if dark:
                yield x, symbol.quiet_above + number * symbol.row_height, length
            x += length


def _symbol(format: str, message: str) -> _Symbol:
    make = _MAKERS.get(format)
    if make is None:
        raise Invalid({"/format": f"'{format}' is not one of {', '.join(_MAKERS)}"})
    if not message:
        raise Invalid({"/message": "A barcode needs a message."})
    try:
        return make(message)
    except (
        Exception
    ) as fault:  # Three libraries, each with errors of its own; all mean that the code cannot hold it.
        raise Invalid({"/message": f"This message does not fit into a code of the kind {format}."}) from fault


def _qr(message: str) -> _Symbol:
    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(message.encode(), optimize=0)
    code.make(fit=True)
    return _Symbol(code.get_matrix(), quiet=4)


def _code128(message: str) -> _Symbol:
    return _lines(barcode.get("code128", message), quiet=10)


def _ean(kind: str, digits: int) -> Callable[[str], _Symbol]:
    def make(message: str) -> _Symbol:
        if not (message.isascii() and message.isdigit() and len(message) in (digits - 1, digits)):
            raise ValueError("wrong count of digits")
        made = barcode.get(kind, message)
        if not made.get_fullcode().startswith(message):
            raise ValueError("wrong check digit")
        return _lines(made, quiet=11)

    return make


def _lines(made: barcode.base.Barcode, quiet: int) -> _Symbol:
    return _Symbol([[module == "1" for module in made.build()[0]]], quiet, row_height=48)


def _code39(message: str) -> _Symbol:
    if not set(message) <= _CODE39:
        raise ValueError("a letter that this code does not have")
    return _line(zxingcpp.BarcodeFormat.Code39, message, quiet=10)


def _codabar(message: str) -> _Symbol:
    """Between start and stop letters, which a reader takes away; a message may bring its own."""
    framed = message if message[0] in "ABCD" and message[-1] in "ABCD" else f"A{message}A"
    return _line(zxingcpp.BarcodeFormat.Codabar, framed, quiet=10)


def _itf(message: str) -> _Symbol:
    """Digits in pairs; an odd count is refused, because a zero put before it would be another number."""
    if len(message) % 2:
        raise ValueError("an odd count of digits")
    return _line(zxingcpp.BarcodeFormat.ITF, message, quiet=10)


def _upca(message: str) -> _Symbol:
    if not (message.isascii() and message.isdigit() and len(message) in (11, 12)):
        raise ValueError("wrong count of digits")
    return _line(zxingcpp.BarcodeFormat.UPCA, message, quiet=9)


def _line(format: zxingcpp.BarcodeFormat, message: str, quiet: int) -> _Symbol:
    """A line code is the first row of its picture: what stands below it is for people."""
    top = _matrix(format, quiet)(message).modules[0]
    return _Symbol([top], quiet, row_height=48)


def _matrix(format: zxingcpp.BarcodeFormat, quiet: int) -> Callable[[str], _Symbol]:
    def make(message: str) -> _Symbol:
        made = zxingcpp.create_barcode(message, format)
        image = made.to_image(scale=1, add_quiet_zones=False)
        height, width = image.shape
        raw = Image.fromarray(image).tobytes()
        return _Symbol([[raw[y * width + x] < 128 for x in range(width)] for y in range(height)], quiet)

    return make


_MAKERS: dict[str, Callable[[str], _Symbol]] = {
    "qr": _qr,
    "code128": _code128,
    "ean13": _ean("ean13", 13),
    "ean8": _ean("ean8", 8),
    "code39": _code39,
    "codabar": _codabar,
    "itf": _itf,
    "upca": _upca,
    "pdf417": _matrix(zxingcpp.BarcodeFormat.PDF417, quiet=2),
    "aztec": _matrix(zxingcpp.BarcodeFormat.Aztec, quiet=2),
    "data_matrix": _matrix(zxingcpp.BarcodeFormat.DataMatrix, quiet=2),
}
_CODE39 = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -.$/+%")
