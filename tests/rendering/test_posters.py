"""The poster is printed once and scanned a thousand times."""

from __future__ import annotations

import io
import re

import pytest
import zxingcpp
from PIL import Image

from app.rendering.posters import DPI, Paper, join_poster
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


@pytest.mark.parametrize(("paper", "dots"), [("a4", 200), ("a6", 300)])
def test_a_poster_for_the_wall_and_a_card_for_the_table_come_as_pictures_too(paper: Paper, dots: int) -> None:
    drawn = Image.open(io.BytesIO(join_poster("A", "B", URL, CREAM, "en", paper=paper, format="png")))
    width_mm = {"a4": 210, "a6": 105}[paper]

    assert [URL] == [each.text for each in zxingcpp.read_barcodes(drawn)]
    assert dots == round(drawn.info["dpi"][0])
    assert width_mm == round(drawn.width / dots * 25.4)


def test_an_a6_card_is_a_quarter_of_the_paper() -> None:
    pdf = join_poster("A", "B", URL, CREAM, "en", paper="a6")
    box = re.search(rb"MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)

    assert box
    assert (105, 148) == tuple(int(float(side) / 72 * 25.4 + 0.2) for side in box.groups())
