"""NFC: the part of a pass that a terminal reads, and the enrolment it may ask for (personalization.json).

Follows Apple's "Pass.NFC" and "Pass Personalization" (last checked 2026-08).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.strict_json import parse_object
from app.wallets.apple.validate.values import boolean, check_keys, text, words

PERSONALIZATION = "personalization.json"
_WHERE = "pass.json#/nfc"
_MESSAGE_BYTES = 64
_COMPRESSED_SPKI_BYTES = 59
_ASKED = tuple(f"PKPassPersonalizationField{each}" for each in ("Name", "PostalCode", "EmailAddress"))
ASKED_FOR = (*_ASKED, "PKPassPersonalizationFieldPhoneNumber")
_LOGO = "personalizationLogo"


def check_nfc(card: Mapping[str, Any], faults: Faults) -> None:
    """Check `nfc` of pass.json."""
    nfc = card.get("nfc")
    if not isinstance(nfc, Mapping):
        return
    message = nfc.get("message")
    size = len(message.encode("utf-8", "replace")) if isinstance(message, str) else 0
    if text(message) or size > _MESSAGE_BYTES:
        what = f"The NFC message must be text of at most {_MESSAGE_BYTES} bytes; the rest is cut."
        faults.add("nfc-message", f"{_WHERE}/message", what, "Shorten it.")
    if problem := key_problem(nfc.get("encryptionPublicKey")):
        mend = "Add the terminal's P-256 public key: SPKI with a compressed point, in base64."
        faults.add("nfc-key", f"{_WHERE}/encryptionPublicKey", f"encryptionPublicKey {problem}.", mend)
    kinds = {"message": words, "encryptionPublicKey": words, "requiresAuthentication": boolean}
    check_keys(nfc, kinds, _WHERE, faults, code="nfc-value", mend="See Apple's page on Pass.NFC.")
    if card.get("sharingProhibited") is not True:
        what = "A pass with NFC can be passed on to somebody else's phone."
        faults.warn("nfc-shared", "pass.json#/sharingProhibited", what, "Set sharingProhibited to true.")


def key_problem(key: Any) -> str | None:
    """What is wrong with the key that a phone encrypts its message for, or None."""
    if text(key):
        return "is missing"
    try:
        der = base64.b64decode(key, validate=True)
        public = load_der_public_key(der)
    except (binascii.Error, ValueError):
        return "is no public key in base64"
    except Exception:  # a stranger's bytes: any algorithm that we do not know ends here
        return "is a key of an unknown kind"
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        return "is not a key on the curve P-256"
    return None if len(der) == _COMPRESSED_SPKI_BYTES else "has an uncompressed point"


def check_personalization(
    members: Mapping[str, bytes], card: Mapping[str, Any] | None, faults: Faults
) -> None:
    """Check personalization.json, and that the pass may have one."""
    logo = any(name.rsplit("/", 1)[-1].split("@")[0].split(".")[0] == _LOGO for name in members)
    if PERSONALIZATION not in members:
        if logo:
            what = "The logo is for enrolment by NFC, but there is no personalization.json."
            faults.warn("personalization-logo-alone", f"{_LOGO}.png", what, "Add it, or leave the logo out.")
        return
    if card is not None and "nfc" not in card:
        what = "Enrolment begins at an NFC terminal, but the pass has no nfc: Wallet ignores the file."
        faults.add("personalization-nfc", "pass.json#/nfc", what, "Add nfc, or leave the file out.")
    if not logo:
        what = f"There is no {_LOGO}, so Wallet ignores the file."
        faults.add("personalization-logo", f"{_LOGO}.png", what, f"Add {_LOGO}@2x.png (150 by 40 points).")
    asked = parse_object(members[PERSONALIZATION], PERSONALIZATION, faults)
    if asked is not None:
        _check_asked(asked, faults)


def _check_asked(asked: Mapping[str, Any], faults: Faults) -> None:
    kinds = {"requiredPersonalizationFields": _fields, "description": text, "termsAndConditions": words}
    mend = "See Apple's page on pass personalization."
    for key in ("requiredPersonalizationFields", "description"):
        if key not in asked:
            faults.add("personalization-missing", f"{PERSONALIZATION}#/{key}", f"{key} is missing.", mend)
    check_keys(asked, kinds, f"{PERSONALIZATION}#", faults, code="personalization", mend=mend)


def _fields(value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return "is not a list of what to ask for"
    if wrong := [each for each in value if each not in ASKED_FOR]:
        return f"asks for {wrong[0]!r}, which is not one of {', '.join(ASKED_FOR)}"
    return "asks for something twice" if len(set(value)) != len(value) else None
