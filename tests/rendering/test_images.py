"""What comes through the gate for uploads, and what does not."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from app.domain.design import contrast
from app.domain.errors import Invalid
from app.rendering.images import Admitted, admit
from app.rendering.suggestions import dominant_palette
from tests.rendering.pictures import colour_at, cut_out_logo, near, photo, written

LIMIT = 2_000_000
RED = "#c83214"


def let_in(data: bytes) -> Admitted:
    return admit(data, max_bytes=LIMIT)


def seen(admitted: Admitted) -> Image.Image:
    return Image.open(io.BytesIO(admitted.data))


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def webp_that_claims(width: int, height: int) -> bytes:
    body = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_photo_comes_in_as_jpeg(format: str) -> None:
    admitted = let_in(written(Image.new("RGB", (120, 80), RED), format))

    assert ("image/jpeg", 120, 80) == (admitted.media_type, admitted.width, admitted.height)
    assert hashlib.sha256(admitted.data).hexdigest() == admitted.sha256
    assert "JPEG" == seen(admitted).format
    assert near(RED, colour_at(seen(admitted), 60, 40))


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_a_cut_out_keeps_its_transparency(format: str) -> None:
    logo = Image.open(io.BytesIO(cut_out_logo()))
    admitted = let_in(written(logo, format, lossless=True))

    assert "image/png" == admitted.media_type
    assert (0, 0, 0, 0) == seen(admitted).getpixel((0, 0))


def test_transparency_that_hides_nothing_is_dropped() -> None:
    assert "image/jpeg" == let_in(written(Image.new("RGBA", (9, 9), RED))).media_type


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK", "YCbCr"])
def test_every_kind_of_pixels_is_understood(mode: str) -> None:
    eight_bit = Image.new("L", (40, 30), 128)
    half = Image.new("I;16", (40, 30), 32768) if mode == "I;16" else eight_bit.convert(mode)
    shown = seen(let_in(written(half, "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"))).convert("L")
    mean = sum(shown.tobytes()) / (40 * 30)

    assert 128 == pytest.approx(mean, abs=6)


def test_a_palette_with_a_transparent_colour_stays_transparent() -> None:
    picture = Image.new("P", (20, 20), 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(1, (5, 5, 15, 15))
    shown = seen(let_in(written(picture, transparency=0))).convert("RGBA")

    assert (0, 255) == (shown.getpixel((0, 0))[3], shown.getpixel((9, 9))[3])  # type: ignore[index]


def test_a_photo_taken_sideways_stands_upright_and_forgets_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Anna's kitchen"
    exif.get_ifd(0x8825)[1] = "N"
    picture = Image.new("RGB", (200, 100), "#0000c8")
    picture.paste(RED, (0, 0, 100, 100))
    admitted = let_in(written(picture, "JPEG", exif=exif, quality=95))

    assert (100, 200) == (admitted.width, admitted.height)
    assert near(RED, colour_at(seen(admitted), 50, 40))
    assert {} == dict(seen(admitted).getexif())
    assert b"Anna" not in admitted.data


def display_p3() -> bytes:
    """The profile of a phone's camera: sRGB with the primaries of Display P3 (adapted to D50)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {"r": (0.5151, 0.2412, -0.0011), "g": (0.2919, 0.6922, 0.0419), "b": (0.1572, 0.0666, 0.7841)}
    for name, xyz in primaries.items():
        entry = profile.index(f"{name}XYZ".encode())
        offset = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
        profile[offset : offset + 12] = struct.pack(">3i", *(round(each * 65536) for each in xyz))
    return bytes(profile)


def test_a_phones_wide_colours_are_converted_before_their_profile_is_dropped() -> None:
    flat = Image.new("RGB", (30, 30), "#c85a5a")
    shown = seen(let_in(written(flat, "JPEG", icc_profile=display_p3(), quality=95)))
    red, green, _ = shown.getpixel((15, 15))  # type: ignore[misc]

    assert "icc_profile" not in shown.info
    assert red - green > 0xC8 - 0x5A + 8


def test_a_broken_colour_profile_does_no_harm() -> None:
    assert 30 == let_in(written(Image.new("RGB", (30, 30)), "JPEG", icc_profile=b"\0" * 200)).width


def test_a_huge_picture_is_reduced() -> None:
    admitted = let_in(written(Image.new("RGB", (3600, 1800), RED), "JPEG"))

    assert (2400, 1200) == (admitted.width, admitted.height)


def test_an_animation_becomes_its_first_picture() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, "#0000ff", "#00ff00")]
    for format in ("PNG", "WEBP"):
        data = written(frames[0], format, save_all=True, append_images=frames[1:], duration=100)

        assert near(RED, colour_at(seen(let_in(data)), 8, 8))


HOSTILE = {
    "nothing": (b"", "empty"),
    "words": (b"hello, this is Charlie", "not a PNG"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not a PNG"),
    "gif": (written(Image.new("P", (4, 4)), "GIF"), "not a PNG"),
    "tiff": (written(Image.new("RGB", (4, 4)), "TIFF"), "not a PNG"),
    "a bomb in PNG": (png_that_claims(50_000, 50_000), "pixels"),
    "a bomb within Pillow's own limit": (png_that_claims(9_000, 9_000), "pixels"),
    "a bomb in WebP": (webp_that_claims(16_000, 16_000), "pixels"),
    "a picture without height": (png_that_claims(10, 0), "damaged|no size"),
    "half a PNG": (cut_out_logo()[:300], "damaged"),
    "half a JPEG": (photo(dark=True)[:3000], "damaged"),
    "a PNG of no more than its name": (b"\x89PNG\r\n\x1a\n", "damaged"),
    "a WebP of no more than its name": (b"RIFF\0\0\0\0WEBP", "not complete"),
    "a WebP with nothing in it": (webp_that_claims(10, 10), "damaged"),
    "a JPEG of no more than its name": (b"\xff\xd8\xff\xe0", "damaged"),
    "too many bytes": (bytes(LIMIT + 1), "bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_charlie_is_turned_away_in_plain_words(name: str) -> None:
    data, words = HOSTILE[name]

    with pytest.raises(Invalid, match=words):
        let_in(data)


def test_a_zip_is_not_a_picture() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", bytes(1_000_000))

    with pytest.raises(Invalid, match="not a PNG"):
        let_in(out.getvalue())


def test_a_picture_with_a_zip_behind_it_loses_the_zip() -> None:
    admitted = let_in(cut_out_logo() + b"PK\x03\x04 Charlie was here")

    assert b"Charlie" not in admitted.data


SMALL = {
    "PNG": written(Image.linear_gradient("L").resize((24, 24)).convert("RGB")),
    "JPEG": written(Image.linear_gradient("L").resize((24, 24)).convert("RGB"), "JPEG"),
    "WEBP": written(Image.linear_gradient("L").resize((24, 24)).convert("RGB"), "WEBP"),
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SMALL)), st.data())
def test_damaged_bytes_are_refused_or_admitted_but_never_crash(kind: str, data: st.DataObject) -> None:
    raw = bytearray(SMALL[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        admitted = admit(bytes(raw), max_bytes=LIMIT, max_pixels=1_000_000)
    except Invalid as refusal:
        assert refusal.faults
    else:
        assert seen(admitted).size == (admitted.width, admitted.height)


Parts = tuple[int, int, int]
colours = st.tuples(*[st.integers(0, 255)] * 3)


@settings(max_examples=40, deadline=None)
@given(colours, colours)
def test_a_suggested_palette_can_always_be_read(ground: Parts, mark: Parts) -> None:
    picture = Image.new("RGB", (40, 40), ground)
    picture.paste(mark, (10, 10, 24, 30))
    palette = dominant_palette(written(picture))

    assert contrast(palette.foreground, palette.background) >= 4.5
    assert contrast(palette.label, palette.background) >= 4.5
    assert contrast(palette.accent, palette.background) >= 3


def test_a_suggested_palette_takes_the_pictures_own_colours() -> None:
    picture = Image.new("RGB", (60, 60), "#123a8c")
    picture.paste("#f5b431", (20, 20, 40, 40))
    palette = dominant_palette(written(picture))

    assert near("#123a8c", palette.background)
    assert near("#f5b431", palette.accent)


def test_a_picture_of_nothing_still_gets_a_palette() -> None:
    palette = dominant_palette(written(Image.new("RGBA", (30, 30), (0, 0, 0, 0))))

    assert contrast(palette.foreground, palette.background) >= 4.5
