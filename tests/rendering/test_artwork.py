"""One description in, every picture of a card out: exact sizes, little weight, always the same bytes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from app.domain.design import SLOTS
from app.domain.errors import Invalid
from app.domain.mechanics.base import Progress
from app.rendering.artwork import cache_key, paint
from app.rendering.png import BUDGET_BYTES
from app.rendering.scenes import SCENES
from tests.rendering.pictures import (
    CREAM,
    NIGHT,
    STRIP,
    art,
    colour_at,
    cut_out_logo,
    near,
    noise,
    painted,
    photo,
    written,
)

PLACES = [
    ("banner", 375, 144, 1),
    ("banner", 375, 144, 2),
    ("banner", 375, 144, 3),
    ("banner", 1032, 336, 1),
    ("icon", 38, 38, 1),
    ("icon", 38, 38, 2),
    ("icon", 38, 38, 3),
    ("icon", 660, 660, 1),
    ("icon", 40, 30, 2),
    ("thumbnail", 90, 90, 3),
    ("background", 180, 220, 2),
]


@pytest.mark.parametrize(
    "source", [None, photo(dark=True), cut_out_logo()], ids=["drawn", "photo", "cut-out"]
)
@pytest.mark.parametrize(("slot", "width", "height", "scale"), PLACES)
def test_every_place_gets_exactly_its_pixels(
    slot: str, width: int, height: int, scale: int, source: bytes | None
) -> None:
    picture = painted(art(slot, uploaded=source is not None, mark="ЗП"), width, height, scale, source)

    assert (width * scale, height * scale) == picture.size
    assert "PNG" == picture.format
    assert picture.mode != "RGBA"


@pytest.mark.parametrize("starter", SCENES)
def test_equal_input_gives_equal_bytes(starter: str) -> None:
    artwork = art(starter=starter, palette=CREAM, progress=Progress("stamps", 3, 7))

    assert paint(artwork, *STRIP, 2, None) == paint(artwork, *STRIP, 2, None)


def test_progress_on_one_card_leaves_no_trace_on_the_next() -> None:
    """Drawn scenes are kept and shared; a card must never show another card's stamps."""
    first = paint(art(progress=Progress("stamps", 0, 5)), *STRIP, 1, None)
    paint(art(progress=Progress("stamps", 5, 5)), *STRIP, 1, None)

    assert first == paint(art(progress=Progress("stamps", 0, 5)), *STRIP, 1, None)


@pytest.mark.parametrize("source", [photo(dark=False), noise((1400, 600))], ids=["photo", "noise"])
def test_the_largest_strip_stays_light(source: bytes) -> None:
    data = paint(art(progress=Progress("line", 40, 100), uploaded=True), *STRIP, 3, source)

    assert len(data) <= BUDGET_BYTES
    assert (1125, 432) == Image.open(io.BytesIO(data)).size


@pytest.mark.parametrize("slot", SLOTS)
def test_pictures_carry_no_metadata(slot: str) -> None:
    picture = Image.open(io.BytesIO(photo(dark=True)))
    exif = Image.Exif()
    exif[0x010E] = "Anna's kitchen"
    source = written(picture, "JPEG", exif=exif, comment=b"Anna's kitchen")
    data = paint(art(slot, uploaded=True), 40, 40, 1, source)

    assert b"Anna" in source
    assert b"Anna" not in data
    assert {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"} >= set(chunks(data))


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        found.append(png[at + 4 : at + 8])
        at += 12 + length
    return found


def test_a_banner_keeps_the_middle_of_the_upload() -> None:
    picture = Image.new("RGB", (400, 1200), "#204060")
    picture.paste("#f0f0f0", (0, 500, 400, 700))
    shown = painted(art(uploaded=True), *STRIP, 1, written(picture))

    assert near("#f0f0f0", colour_at(shown, 187, 72))


def test_a_logo_fits_and_loses_its_empty_border() -> None:
    logo = painted(art("logo", uploaded=True), 160, 50, 2, cut_out_logo())

    assert "RGBA" == logo.mode
    assert (320, 80) == logo.size
    assert near("#d0402a", colour_at(logo, 2, 2))


def test_a_drawn_logo_is_a_rounded_mark_on_nothing() -> None:
    logo = painted(art("logo", mark="КМ"), 160, 50, 3)

    assert (150, 150) == logo.size
    assert (0, 255) == (logo.getpixel((0, 0))[3], logo.getpixel((75, 20))[3])  # type: ignore[index]


def test_a_programme_logo_keeps_its_mark_inside_the_circle() -> None:
    """Google cuts 660 x 660 to a circle: 15 % on every side hold nothing but the ground."""
    shown = painted(art("icon", uploaded=True), 660, 660, 1, cut_out_logo()).convert("RGB")
    margin = [shown.getpixel((x, y)) for x in range(0, 660, 11) for y in (0, 50, 97, 562, 610, 659)]

    assert {(0x1D, 0x18, 0x38)} == set(margin)
    assert near("#d0402a", colour_at(shown, 330, 330))


def test_an_opaque_logo_continues_in_its_own_colour() -> None:
    picture = Image.new("RGB", (300, 300), "#ffffff")
    picture.paste("#2255cc", (60, 60, 240, 240))
    shown = painted(art("icon", uploaded=True), 660, 660, 1, written(picture))

    assert "#ffffff" == colour_at(shown, 3, 3)


@pytest.mark.parametrize("mark", ["", "•", "გა", "W", "ЩЖ", "Ā", "🍩"])
def test_any_name_makes_a_mark(mark: str) -> None:
    """Letters that the typeface lacks become a star, never an empty box."""
    shown = painted(art("icon", mark=mark), 38, 38, 3).convert("RGB")

    assert len(shown.getcolors(38 * 38 * 9) or []) > 10


@pytest.mark.parametrize(("width", "height", "scale"), [(0, 10, 1), (10, -1, 1), (10, 10, 4), (5000, 10, 1)])
def test_a_size_that_no_phone_asks_for_is_refused(width: int, height: int, scale: int) -> None:
    with pytest.raises(ValueError, match="no size"):
        paint(art(), width, height, scale, None)


def test_a_broken_source_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match="damaged"):
        paint(art(uploaded=True), *STRIP, 1, photo(dark=True)[:400])


def test_caches_tell_pictures_apart() -> None:
    artworks = [art(), art(palette=CREAM), art(progress=Progress("line", 2, 100)), art(uploaded=True)]
    keys = {cache_key(each, *STRIP, scale) for each in artworks for scale in (1, 2, 3)}

    assert 12 == len(keys)
    assert cache_key(art(), *STRIP, 1) == cache_key(art(palette=NIGHT), *STRIP, 1)
