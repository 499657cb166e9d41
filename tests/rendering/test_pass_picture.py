"""Any pass drawn as a phone would: the right size, the same bytes each time, and never a failure."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.rendering.pass_picture import HEIGHT, POSTER_HEIGHT, STYLES, has_poster, pass_picture
from app.rendering.pass_sheet import SCALE, WIDTH
from app.rendering.pass_words import Words, colour_of
from tests.support.apple_passes import card, pictures, png


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def of_style(style: str, **changes) -> dict:
    content = {
        "headerFields": [{"key": "p", "label": "Points", "value": 12345}],
        "primaryFields": [{"key": "a", "label": "A", "value": "RIX"}, {"key": "b", "value": "LHR"}],
        "secondaryFields": [{"key": f"s{n}", "label": "Name", "value": "Anna"} for n in range(3)],
        "auxiliaryFields": [{"key": f"x{n}", "value": n, "row": n % 2} for n in range(5)],
        "footerFields": [{"key": "f", "label": "Tier", "value": "Gold"}],
    }
    return card(**{"storeCard": None, style: content} | changes)


def test_its_size_is_that_of_a_phone():
    assert (WIDTH * SCALE, HEIGHT * SCALE) == opened(pass_picture(card(), {}, {})).size
    assert (WIDTH * SCALE, POSTER_HEIGHT * SCALE) == opened(pass_picture(card(), {}, {}, poster=True)).size


@pytest.mark.parametrize("style", [*STYLES, "posterGeneric"])
def test_every_style_is_drawn_in_its_own_way_and_always_the_same(style):
    everything = pictures() | {"thumbnail.png": png(90, 90), "background.png": png(60, 80)}
    everything |= {"artwork.png": png(358, 448), "footer.png": png(286, 15), "secondaryLogo.png": png(60, 12)}
    made = [pass_picture(of_style(style), everything, {}, poster=style == "posterGeneric") for _ in range(2)]
    plain = pass_picture(card(), everything, {})

    assert made[0] == made[1]
    assert plain != made[0]


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("QR", "K3FQ7M2X"),
        ("Aztec", "K3FQ7M2X"),
        ("PDF417", "K3FQ7M2X"),
        ("Code128", "K3FQ7M2X"),
        ("EAN13", "4006381333931"),
        ("Code39", "ABC-12"),
        ("I2of5", "123456"),
    ],
)
def test_the_barcode_of_the_picture_can_be_scanned(format, message):
    code = {"format": f"PKBarcodeFormat{format}", "message": message, "messageEncoding": "utf-8"}
    drawn = opened(pass_picture(card(barcodes=[code]), {}, {})).convert("RGB")

    assert [message] == [found.text for found in zxingcpp.read_barcodes(drawn)]


def test_each_language_has_its_own_words():
    english = pass_picture(card(), {}, {"Points": "Points"})
    russian = pass_picture(card(), {}, {"Points": "Баллы"}, locale="ru")

    assert english != russian


def test_a_translated_picture_is_taken_unless_there_is_a_common_one():
    red, blue = (flat(colour) for colour in ("#ff0000", "#0000ff"))

    def strip(files: dict[str, bytes]) -> tuple[int, ...]:
        drawn = opened(pass_picture(card(), files, {}, locale="ru")).convert("RGB")
        return drawn.getpixel((700, 160))

    assert (255, 0, 0) == strip({"ru.lproj/strip.png": red})
    assert (0, 0, 255) == strip({"ru.lproj/strip.png": red, "strip.png": blue})


def flat(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (375, 123), colour).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("field", "locale", "shown"),
    [
        ({"value": 1234567}, "en", "1,234,567"),
        ({"value": 1234567}, "ru", "1 234 567"),
        ({"value": 21.5, "currencyCode": "EUR"}, "en", "€21.50"),
        ({"value": 21.5, "currencyCode": "EUR"}, "ru", "21,50 €"),
        ({"value": 0.5, "numberStyle": "PKNumberStylePercent"}, "en", "50%"),
        ({"value": "2027-01-31T20:00:00Z", "dateStyle": "PKDateStyleMedium"}, "en", "Jan 31, 2027"),
        ({"value": "2027-01-31T20:05Z", "timeStyle": "PKDateStyleShort"}, "ru", "20:05"),
        ({"value": "not a date", "dateStyle": "PKDateStyleMedium"}, "en", "not a date"),
        ({"value": 10**400}, "en", "∞"),
        ({"value": "two\nlines\x00"}, "en", "two lines"),
        ({"value": None}, "en", ""),
        ({"value": 5, "currencyCode": "???"}, "xx-nowhere", "???5.00"),
    ],
)
def test_values_are_written_as_the_language_does(field, locale, shown):
    (found,) = Words({}, locale).fields({"primaryFields": [field]}, "primaryFields")

    assert shown == found.value.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        ("rgb(1, 2, 255)", "#0102ff"),
        ("#ABC", "#aabbcc"),
        ("#a1b2c3", "#a1b2c3"),
        ("rgb(1,2,256)", "#000000"),
        ("rgb(1,2)", "#000000"),
        ("red", "#000000"),
        (7, "#000000"),
    ],
)
def test_colours_are_read_as_phones_do_and_hex_too(value, colour):
    assert colour == colour_of(value, "#000000")


def test_a_poster_is_known():
    assert has_poster({"posterGeneric": {}})
    assert has_poster({"preferredStyleSchemes": ["posterEventTicket"]})
    assert not has_poster({"preferredStyleSchemes": "posterEventTicket", "storeCard": {}})


def test_pictures_that_are_none_or_too_large_are_left_out():
    bomb = Image.new("1", (9000, 9000))
    out = io.BytesIO()
    bomb.save(out, "PNG")
    none = pass_picture(card(), {}, {})

    assert none == pass_picture(card(), {"logo.png": b"noise", "strip.png": b"\x89PNG\r\n\x1a\n"}, {})
    assert none == pass_picture(card(), {"logo@2x.png": out.getvalue()}, {})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
FIELD = st.dictionaries(
    st.sampled_from(["label", "value", "dateStyle", "timeStyle", "currencyCode", "numberStyle", "row"]),
    ANYTHING,
)
GROUPS = st.sampled_from(["headerFields", "primaryFields", "secondaryFields", "auxiliaryFields"])
CODE = st.fixed_dictionaries(
    {
        "format": st.sampled_from(["PKBarcodeFormatQR", "PKBarcodeFormatAztec", "PKBarcodeFormatEAN13"])
        | ANYTHING
    },
    optional={"message": st.text(max_size=40) | ANYTHING, "altText": ANYTHING},
)


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(card())), ANYTHING, max_size=5),
    st.sampled_from([*STYLES, "posterGeneric"]),
    st.dictionaries(GROUPS, st.lists(FIELD | ANYTHING, max_size=5) | ANYTHING, max_size=4) | ANYTHING,
    st.lists(CODE, max_size=2) | ANYTHING,
    st.booleans(),
)
def test_nothing_in_a_pass_makes_it_fail(changes, style, content, codes, poster):
    hostile = {**card(storeCard=None), **changes, style: content, "barcodes": codes}

    assert opened(pass_picture(hostile, {}, {}, locale="ru", poster=poster)).size[0] == WIDTH * SCALE
