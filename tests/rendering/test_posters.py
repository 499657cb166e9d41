"""The poster is printed once and scanned a thousand times."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image

from app.rendering.posters import DPI, join_poster
from app.rendering.scenes import SCENES
from tests.rendering.pictures import CREAM, NIGHT

URL = "https://cards.example/join/cafe?utm_source=till"


def page(pdf: bytes) -> Image.Image:
    start = pdf.index(b"\xff\xd8\xff")
    return Image.open(io.BytesIO(pdf[start:]))


@pytest.mark.parametrize("starter", SCENES)
def test_annas_camera_reads_the_poster(starter: str) -> None:
    pdf = join_poster("Кофе и мята", "Десятый кофе — за наш счёт", URL, CREAM, "ru", starter=starter)

    assert pdf.startswith(b"%PDF-")
    assert (round(210 / 25.4 * DPI), round(297 / 25.4 * DPI)) == page(pdf).size
    assert [URL] == [each.text for each in zxingcpp.read_barcodes(page(pdf))]


def test_a_long_address_and_endless_words_still_make_a_poster() -> None:
    url = URL + "&ref=" + "x" * 300
    pdf = join_poster("Имя" * 40, "Endless words " * 30, url, NIGHT, "en")

    assert [url] == [each.text for each in zxingcpp.read_barcodes(page(pdf))]


def test_equal_input_gives_equal_bytes() -> None:
    assert join_poster("A", "B", URL, NIGHT, "en") == join_poster("A", "B", URL, NIGHT, "en")


def test_every_language_without_words_of_its_own_gets_english() -> None:
    assert (
        page(join_poster("A", "B", URL, NIGHT, "lv")).tobytes()
        == page(join_poster("A", "B", URL, NIGHT, "en")).tobytes()
    )
