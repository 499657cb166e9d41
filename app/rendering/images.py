"""The gate for uploads: whatever comes in, only a small clean PNG or JPEG without metadata goes on."""

from __future__ import annotations

import hashlib
import io
import struct
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageCms, ImageOps

from app.domain.errors import Invalid

FORMATS = ("PNG", "JPEG", "WEBP")
LONGEST_SIDE_PX = 2400
_MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
_BARE_INFO = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
"""What Pillow tells of a picture without metadata."""
_SIXTEEN_BIT = ("I", "I;16", "I;16B", "I;16L", "I;16N")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A picture that may be stored and shown: `data` was written by us, `sha256` is its name."""

    sha256: str
    media_type: Literal["image/png", "image/jpeg"]
    width: int
    height: int
    data: bytes


def admit(data: bytes, *, max_bytes: int, max_pixels: int = 16_000_000) -> Admitted:
    """Check and re-encode an upload: PNG where it is transparent, else JPEG; at most 2,400 px a side.

    An animation becomes its first picture. Raises Invalid with plain words; nothing is decoded before its
    size is known.
    """
    if not data:
        raise _refused("The file is empty.")
    if len(data) > max_bytes:
        raise _refused(f"The file has {len(data):,} bytes; the most is {max_bytes:,}.")
    picture = _shrunk(opened(data, max_pixels=max_pixels))
    media_type: Literal["image/png", "image/jpeg"] = "image/png" if picture.mode == "RGBA" else "image/jpeg"
    written = _png(picture) if picture.mode == "RGBA" else _jpeg(picture)
    return Admitted(hashlib.sha256(written).hexdigest(), media_type, *picture.size, written)


def readmit(data: bytes, *, max_bytes: int) -> Admitted:
    """A picture that `admit` wrote before, byte by byte as it is: a JPEG would be another one each time.

    Raises Invalid for what it cannot have written.
    """
    if len(data) > max_bytes:
        raise _refused(f"The file has {len(data):,} bytes; the most is {max_bytes:,}.")
    opened(data)
    kind = _kind(data)
    with Image.open(io.BytesIO(data), formats=(kind,)) as file:
        size = file.size
        bare = not file.getexif() and not set(file.info) - _BARE_INFO and getattr(file, "n_frames", 1) == 1
    if kind == "WEBP" or not bare or max(size) > LONGEST_SIDE_PX:
        raise _refused("Tillpass did not write this picture: give the file a name of your own instead.")
    media_type: Literal["image/png", "image/jpeg"] = "image/png" if kind == "PNG" else "image/jpeg"
    return Admitted(hashlib.sha256(data).hexdigest(), media_type, *size, data)


def opened(data: bytes, *, max_pixels: int = 16_000_000) -> Image.Image:
    """The picture upright, in sRGB, as RGB or (where really transparent) RGBA; raises Invalid."""
    kind = _kind(data)
    _require_size(*(_webp_size(data) if kind == "WEBP" else (1, 1)), max_pixels)
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as file:
            _require_size(*file.size, max_pixels)
            file.seek(0)
            file.load()
            return _clean(file)
    except Invalid:
        raise
    except Image.DecompressionBombError as fault:
        raise _refused(f"The picture has far more than {max_pixels:,} pixels.") from fault
    except (
        Exception
    ) as fault:  # Decoders of hostile bytes raise nearly anything; all of it means the same to a person.
        raise _refused("The picture is damaged or not complete; save it again as PNG or JPEG.") from fault


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    raise _refused("This is not a PNG, JPEG or WebP picture.")


def _webp_size(data: bytes) -> tuple[int, int]:
    """WebP's decoder takes memory for the whole canvas as it opens, so the size is read beforehand."""
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise _refused("The picture is not complete.")
    if chunk == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", body[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _require_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise _refused("The picture has no size.")
    if width * height > max_pixels:
        raise _refused(f"The picture has {width} x {height} pixels; the most is {max_pixels:,} in all.")


def _clean(file: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(_eight_bit(file))
    coloured = _in_srgb(upright, file.info.get("icc_profile"))
    if coloured.has_transparency_data:
        flat = coloured.convert("RGBA")
        lowest = flat.getchannel("A").getextrema()[0]
        return _bare(flat if lowest != 255 else flat.convert("RGB"))
    return _bare(coloured.convert("RGB"))


def _eight_bit(file: Image.Image) -> Image.Image:
    """Sixteen-bit greys divided by 256: Pillow's own conversion would cut them off at 255."""
    if file.mode not in _SIXTEEN_BIT:
        return file
    exif = file.getexif()
    grey = file.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    grey.info["exif"] = exif.tobytes()
    return grey


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Phones take photos in Display P3; dropping the profile without converting would fade them."""
    if not profile or picture.mode not in ("RGB", "CMYK"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, source, target, outputMode="RGB") or picture
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture


def _bare(picture: Image.Image) -> Image.Image:
    picture.info.clear()
    return picture


def _shrunk(picture: Image.Image) -> Image.Image:
    if max(picture.size) <= LONGEST_SIDE_PX:
        return picture
    share = LONGEST_SIDE_PX / max(picture.size)
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88, optimize=True, progressive=True)
    return out.getvalue()


def _refused(words: str) -> Invalid:
    return Invalid({"": words})
