"""Every code is read back by an independent reader."""

from __future__ import annotations

import io
import re
from typing import get_args

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.domain.errors import Invalid
from app.domain.fields import BarcodeFormat
from app.rendering.barcodes import barcode_png, barcode_svg, drawn_as

READABLE = [
    ("qr", "1234567890123456", "QRCode"),
    ("qr", "Кофе и мята ☕ 🍩", "QRCode"),
    ("qr", "https://cards.example/join/cafe?utm_source=till", "QRCode"),
    ("code128", "1234567890123456", "Code128"),
    ("code128", "Ab-12 %", "Code128"),
    ("ean13", "4006381333931", "EAN13"),
    ("ean8", "96385074", "EAN8"),
    ("pdf417", "1234567890123456", "PDF417"),
    ("pdf417", "Карта 42", "PDF417"),
    ("aztec", "1234567890123456", "Aztec"),
    ("aztec", "Карта ☕", "Aztec"),
    ("code39", "CARD-42 $/+%.", "Code39"),
    ("code39", "K3FQ7M2X9RT4WZ8H", "Code39"),
    ("codabar", "A40156-7B", "Codabar"),
    ("itf", "1234567890123456", "ITF"),
    ("data_matrix", "1234567890123456", "DataMatrix"),
    ("data_matrix", "Карта ☕", "DataMatrix"),
]


def read(picture: Image.Image) -> list[tuple[str, str]]:
    return [(re.sub("[ -]", "", str(each.format)), each.text) for each in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize(("format", "message", "symbology"), READABLE)
def test_a_till_reads_what_was_written(format: str, message: str, symbology: str) -> None:
    shown = read(Image.open(io.BytesIO(barcode_png(format, message, 3))))

    assert [message] == [text for _, text in shown]
    assert symbology.lower() in shown[0][0].lower()


@pytest.mark.parametrize(("format", "message", "symbology"), READABLE)
def test_the_svg_draws_the_same_modules(format: str, message: str, symbology: str) -> None:
    svg = barcode_svg(format, message)
    box = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    assert box
    picture = Image.new("L", (int(box[1]), int(box[2])), 255)
    for x, y, run, tall in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", svg.split('fill="#000"')[1]):
        picture.paste(0, (int(x), int(y), int(x) + int(run), int(y) + int(tall)))

    assert picture.tobytes() == Image.open(io.BytesIO(barcode_png(format, message, 1))).convert("L").tobytes()


@pytest.mark.parametrize(
    ("format", "quiet"), [("qr", 4), ("code128", 10), ("ean13", 11), ("pdf417", 2), ("code39", 10)]
)
def test_the_quiet_zone_is_as_wide_as_the_standard_says(format: str, quiet: int) -> None:
    picture = Image.open(io.BytesIO(barcode_png(format, "4006381333931", 1))).convert("L")
    dark = picture.point([255 if level < 128 else 0 for level in range(256)]).getbbox()

    assert dark
    assert (quiet, quiet) == (dark[0], picture.width - dark[2])


def test_an_ean_without_its_check_digit_gets_it() -> None:
    assert "4006381333931" == read(Image.open(io.BytesIO(barcode_png("ean13", "400638133393", 3))))[0][1]


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("qr", ""),
        ("qr", "x" * 5000),
        ("code128", "Карта"),
        ("ean13", "12345"),
        ("ean13", "4006381333930"),
        ("ean8", "ABCDEFGH"),
        ("pdf417", "x" * 9000),
        ("datamatrix", "1"),
        ("code39", "small letters"),
        ("code39", "1" * 200),
        ("codabar", "12AB34"),
        ("itf", "12345"),
        ("itf", "12a4"),
        ("upca", "036000291450"),
        ("upca", "1234"),
        ("data_matrix", "x" * 4000),
    ],
)
def test_what_a_code_cannot_hold_is_refused(format: str, message: str) -> None:
    with pytest.raises(Invalid):
        barcode_svg(format, message)


def test_a_upc_is_an_ean_that_begins_with_nought() -> None:
    """Readers say all 13 digits; the check digit may be left to us."""
    for message in ("036000291452", "03600029145"):
        assert "0036000291452" == read(Image.open(io.BytesIO(barcode_png("upca", message, 3))))[0][1]


def test_codabar_gets_the_frame_that_it_cannot_do_without() -> None:
    assert "A1234567A" == read(Image.open(io.BytesIO(barcode_png("codabar", "1234567", 3))))[0][1]


@pytest.mark.parametrize("format", get_args(BarcodeFormat))
def test_every_format_of_a_design_is_drawn_or_becomes_a_qr_code(format: str) -> None:
    """As the wallets do: a customer is never without a code."""
    digits = {"ean13": "4006381333931", "ean8": "96385074", "upca": "036000291452"}.get(format, "12345678")

    assert format == drawn_as(format, digits)
    assert ("qr" if format not in ("pdf417", "aztec", "data_matrix") else format) == drawn_as(format, "Карта")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_a_qr_code_holds_any_text(message: str) -> None:
    assert [message.encode()] == [
        each.bytes for each in zxingcpp.read_barcodes(Image.open(io.BytesIO(barcode_png("qr", message, 3))))
    ]
