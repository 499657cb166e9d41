"""A terminal's key, and the `nfc` of a pass that is read by it."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def terminal_key(curve: ec.EllipticCurve | None = None, *, compressed: bool = True) -> str:
    """A key as a terminal's maker gives it."""
    public = ec.derive_private_key(7, curve or ec.SECP256R1()).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if compressed and curve is None:
        point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
        der = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    return base64.b64encode(der).decode()


NFC = {"message": "0001", "encryptionPublicKey": terminal_key(), "requiresAuthentication": False}
