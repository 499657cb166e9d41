"""Passes made by hand, so that the phones are tested against something that is not our own builder."""

import hashlib
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from PIL import Image

PASS_TYPE = "pass.example.cafe"


class Signer:
    """Signs manifests with the certificate of a folder `certificate.pem`, `key.pem`, `wwdr.pem`."""

    def __init__(self, folder: Path) -> None:
        self._leaf = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
        self._wwdr = x509.load_pem_x509_certificate((folder / "wwdr.pem").read_bytes())
        self._key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
        units = self._leaf.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
        self.team = str(units[0].value)

    def sign(self, manifest: bytes) -> bytes:
        builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest)
        builder = builder.add_signer(self._leaf, self._key, hashes.SHA256())
        options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
        return builder.add_certificate(self._wwdr).sign(serialization.Encoding.DER, options)


@cache
def picture(width: int = 29, height: int = 29, colour: str = "#225544") -> bytes:
    """A PNG of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "PNG")
    return stream.getvalue()


def pass_json(signer: Signer, **changes: Any) -> dict[str, Any]:
    """A storeCard with a points field that announces its changes; `changes` replace top-level keys."""
    points = {"key": "points", "label": "points", "value": 0, "changeMessage": "Points are now %@"}
    tier = {"key": "tier", "label": "tier", "value": "Silver", "changeMessage": "You are %@ now"}
    back = [{"key": "contact", "label": "Contact", "value": "hello@cafe.example"}]
    fields = {"primaryFields": [points], "secondaryFields": [tier], "backFields": back}
    plain: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": PASS_TYPE,
        "serialNumber": "S1",
        "teamIdentifier": signer.team,
        "organizationName": "Coffee & Mint",
        "description": "Loyalty card",
        "storeCard": fields,
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def pkpass(signer: Signer, content: dict[str, Any], files: dict[str, bytes] | None = None) -> bytes:
    """A signed archive of pass.json, an icon and `files`."""
    return archive(
        signer, {"pass.json": json.dumps(content).encode(), "icon.png": picture(), **(files or {})}
    )


def archive(signer: Signer, files: dict[str, bytes]) -> bytes:
    """Any files with a right manifest and signature."""
    digests = {name: hashlib.sha1(data).hexdigest() for name, data in files.items()}
    manifest = json.dumps(digests).encode()
    return zipped({**files, "manifest.json": manifest, "signature": signer.sign(manifest)})


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        for name, data in files.items():
            written.writestr(name, data)
    return stream.getvalue()
