"""Passes for the tests and the benchmark: noise for pictures, a full store card, OpenSSL as the judge."""

from __future__ import annotations

import io
import json
import random
import struct
import subprocess
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from app.wallets.apple.bundle import MANIFEST, SIGNATURE
from app.wallets.apple.signing import Signer
from tests.support.apple_certs import PASS_TYPE, TEAM, papers

SIZES = {"icon": (29, 29), "logo": (80, 25), "strip": (96, 34)}
"""Points of the fixture's pictures; smaller than Apple's for speed."""


@cache
def signer() -> Signer:
    """The cafe's signer."""
    return Signer(**papers().arguments())


@cache
def png(width: int, height: int, seed: int = 0) -> bytes:
    """A picture of noise, which does not shrink."""
    noise = random.Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(width * 3) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 1))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def pictures() -> dict[str, bytes]:
    """Three slots in three resolutions."""
    return {
        f"{slot}{suffix}.png": png(width * scale, height * scale, scale)
        for slot, (width, height) in SIZES.items()
        for scale, suffix in ((1, ""), (2, "@2x"), (3, "@3x"))
    }


def strings(**words: str) -> bytes:
    """A pass.strings file."""
    return "".join(f'"{key}" = "{text}";\n' for key, text in words.items()).encode("utf-16")


@cache
def static_files() -> dict[str, bytes]:
    """What all of the cafe's cards share."""
    return {
        **pictures(),
        "en.lproj/pass.strings": strings(Points="Points", Website="Website"),
        "ru.lproj/pass.strings": strings(Points="Баллы", Website="Сайт"),
    }


def card(serial: str = "0001", points: int = 120, **changes: Any) -> dict[str, Any]:
    """A store card's pass.json; `changes` replaces keys, and None takes one away."""
    barcode = {"message": f"48{serial}", "messageEncoding": "iso-8859-1", "altText": serial}
    whole = {
        "formatVersion": 1,
        "passTypeIdentifier": PASS_TYPE,
        "teamIdentifier": TEAM,
        "serialNumber": serial,
        "organizationName": "Coffee and Mint",
        "description": "Loyalty card of Coffee and Mint",
        "logoText": "Coffee and Mint",
        "backgroundColor": "rgb(20,60,50)",
        "foregroundColor": "rgb(255,255,255)",
        "labelColor": "rgb(200,230,220)",
        "webServiceURL": "https://cards.example.com/apple",
        "authenticationToken": f"token-of-{serial}-long-enough",
        "barcodes": [
            {"format": "PKBarcodeFormatQR", **barcode},
            {"format": "PKBarcodeFormatCode128", **barcode},
        ],
        "barcode": {"format": "PKBarcodeFormatQR", **barcode},
        "locations": [
            {"latitude": 56.95, "longitude": 24.1, "relevantText": "Coffee is near"},
            {"latitude": 56.96, "longitude": 24.2},
        ],
        "expirationDate": "2027-01-31T20:00:00Z",
        "storeCard": {
            "headerFields": [
                {"key": "points", "label": "Points", "value": points, "numberStyle": "PKNumberStyleDecimal"}
                | {"changeMessage": "You now have %@ points"}
            ],
            "secondaryFields": [{"key": "name", "label": "Name", "value": "Anna"}],
            "auxiliaryFields": [{"key": "tier", "label": "Status", "value": "Gold"}],
            "backFields": [
                {
                    "key": f"back{n}",
                    "label": "Website",
                    "value": f"Words about how the card works, part {n}. " * 3,
                }
                for n in range(5)
            ],
        },
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def dumps(content: Any) -> bytes:
    """JSON as bytes."""
    return json.dumps(content, ensure_ascii=False).encode()


def members(data: bytes) -> dict[str, bytes]:
    """What is in a pass, read by the standard library."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rezip(files: dict[str, bytes]) -> bytes:
    """An archive of these members, written by the standard library."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def openssl_accepts(signature: bytes, manifest: bytes, wwdr: bytes, *, at: int | None = None) -> bool:
    """Whether OpenSSL verifies a detached signature down to this intermediate; `at` is a Unix time."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        files = {"signature": signature, "manifest": manifest, "wwdr.pem": wwdr}
        for name, content in files.items():
            (home / name).write_bytes(content)
        command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "signature", "-binary"]
        command += ["-content", "manifest", "-CAfile", "wwdr.pem", "-partial_chain", "-purpose", "any"]
        command += ["-out", "verified", *(["-attime", str(at)] if at else [])]
        result = subprocess.run(command, cwd=home, capture_output=True, check=False)
        return result.returncode == 0 and (home / "verified").read_bytes() == manifest


def openssl_accepts_pass(data: bytes, *, at: int | None = None) -> bool:
    """Whether OpenSSL verifies a whole pass of the cafe."""
    files = members(data)
    return openssl_accepts(files[SIGNATURE], files[MANIFEST], papers().wwdr, at=at)
