"""A picture that went out as a file comes in again as the same bytes, and nothing else does."""

import io
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.domain.errors import Invalid
from app.rendering.images import LONGEST_SIDE_PX, admit, readmit

LIMIT = 2_000_000


def saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **more)
    return stream.getvalue()


def exif() -> Image.Exif:
    found = Image.Exif()
    found[0x010E] = "Anna at home"
    return found


def chunk() -> PngInfo:
    found = PngInfo()
    found.add_text("Author", "Anna")
    return found


PLAIN = Image.new("RGB", (60, 40), "#c83214")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_what_was_let_in_once_is_let_in_as_it_is(mode: str) -> None:
    once = admit(saved(Image.effect_noise((60, 40), 50).convert(mode), "PNG"), max_bytes=LIMIT)
    clear = admit(saved(Image.new("RGBA", (60, 40), (1, 2, 3, 90)), "PNG"), max_bytes=LIMIT)
    assert [once, clear] == [readmit(each.data, max_bytes=LIMIT) for each in (once, clear)]


@pytest.mark.parametrize(
    "data",
    [
        saved(PLAIN, "JPEG", exif=exif()),
        saved(PLAIN, "JPEG", comment=b"Anna"),
        saved(PLAIN, "PNG", pnginfo=chunk()),
        saved(PLAIN, "WEBP"),
        saved(Image.new("L", (LONGEST_SIDE_PX + 1, 2)), "PNG"),
        saved(PLAIN, "PNG", save_all=True, append_images=[Image.new("RGB", (60, 40))]),
    ],
    ids=["exif", "comment", "words", "webp", "too-wide", "animation"],
)
def test_what_we_cannot_have_written_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="Tillpass did not write this picture"):
        readmit(data, max_bytes=LIMIT)


def test_damage_and_size_are_refused_as_of_any_upload() -> None:
    data = saved(PLAIN, "JPEG")
    with pytest.raises(Invalid, match="damaged or not complete"):
        readmit(data[: len(data) // 2], max_bytes=LIMIT)
    with pytest.raises(Invalid, match="the most is 10"):
        readmit(data, max_bytes=10)
