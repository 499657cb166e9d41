"""Who signed the pass, over what and when: the checks that end in "this pass cannot be read" on a phone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from app.wallets.apple import cms
from app.wallets.apple.certificates import APPLE_WWDR_G4, fingerprint, pass_type_extension
from app.wallets.apple.der import BadDer
from app.wallets.apple.validate.faults import Faults

_WHERE = "signature"
_RESIGN = "Sign manifest.json anew: detached CMS, SHA-256, binary, with leaf, WWDR and signingTime."


def check_signature(
    members: Mapping[str, bytes], card: Mapping[str, Any] | None, faults: Faults, *, trusted: Collection[str]
) -> None:
    """Check the signature, its certificates, and that they are those of this pass."""
    if "signature" not in members:
        faults.add("signature-missing", _WHERE, "The pass is not signed.", _RESIGN)
        return
    try:
        signed = cms.parse(members["signature"])
        when = signed.signing_time
    except BadDer as error:
        faults.add("signature-unreadable", _WHERE, f"The signature cannot be read: {error}.", _RESIGN)
        return
    certificates = _certificates(signed, faults)
    leaf = _find_leaf(signed, certificates)
    _check_content(signed, members.get("manifest.json", b""), faults)
    if when is None:
        faults.add("signing-time-missing", _WHERE, "The signature has no signing time.", _RESIGN)
    if leaf is None:
        faults.add("leaf-missing", _WHERE, "The signer's certificate is not in the signature.", _RESIGN)
        return
    _check_leaf(leaf, signed, when, faults)
    _check_issuer(leaf, certificates, when, faults, trusted)
    if card is not None:
        _check_names(leaf, card, faults)


def _certificates(signed: cms.SignedData, faults: Faults) -> list[x509.Certificate]:
    found = []
    for der in signed.certificates:
        try:
            certificate = x509.load_der_x509_certificate(der)
            _ = (
                certificate.subject,
                certificate.issuer,
                certificate.extensions,
            )  # read late, and may be broken
        except (ValueError, x509.InvalidVersion):
            faults.add("certificate-unreadable", _WHERE, "A certificate inside cannot be read.", _RESIGN)
        else:
            found.append(certificate)
    return found


def _find_leaf(signed: cms.SignedData, certificates: Iterable[x509.Certificate]) -> x509.Certificate | None:
    named = (signed.issuer, signed.serial)
    return next(
        (each for each in certificates if (each.issuer.public_bytes(), each.serial_number) == named), None
    )


def _check_content(signed: cms.SignedData, manifest: bytes, faults: Faults) -> None:
    if not signed.detached:
        message = "The signature carries its content inside; Wallet wants it detached."
        faults.add("signature-attached", _WHERE, message, _RESIGN)
    if signed.digest == "sha1":
        message = "The signature is made with SHA-1, which new systems no longer accept."
        faults.warn("signature-sha1", _WHERE, message, "Sign with SHA-256.")
    if not signed.covers(manifest):
        crlf = signed.covers(manifest.replace(b"\n", b"\r\n"))
        why = " (the signer turned LF into CRLF: sign in binary mode)" if crlf else ""
        message = f"The signature is not over this manifest.json{why}."
        faults.add("signature-other-content", _WHERE, message, _RESIGN)


def _check_leaf(
    leaf: x509.Certificate, signed: cms.SignedData, when: datetime | None, faults: Faults
) -> None:
    try:
        key = leaf.public_key()
    except Exception:  # any kind of key may be in a stranger's certificate, known to us or not
        key = None
    if not isinstance(key, rsa.RSAPublicKey):
        faults.add("leaf-key", _WHERE, "The signer's key is not RSA.", "Make the CSR with an RSA-2048 key.")
    elif not signed.signed_by(key):
        faults.add("signature-wrong", _WHERE, "The signature was not made by its certificate's key.", _RESIGN)
    _check_time(leaf, "certificate", when, faults)
    marked, named = pass_type_extension(leaf), _subject(leaf, NameOID.USER_ID)
    if marked is None or marked != named:
        message = (
            "The signer's certificate is no Pass Type ID certificate (its extension and UID do not agree)."
        )
        faults.add("leaf-kind", _WHERE, message, "Use the Pass Type ID certificate of this pass type.")


def _check_time(certificate: x509.Certificate, name: str, when: datetime | None, faults: Faults) -> None:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if when and not begins <= when <= ends:
        message = f"It was signed on {_day(when)}, but the {name} lives from {_day(begins)} to {_day(ends)}."
        faults.add(
            f"{name}-not-valid",
            _WHERE,
            message,
            "Renew the certificate, or set the clock right, and sign anew.",
        )


def _check_issuer(
    leaf: x509.Certificate,
    certificates: Iterable[x509.Certificate],
    when: datetime | None,
    faults: Faults,
    trusted: Collection[str],
) -> None:
    issuer = next((each for each in certificates if _issued(each, leaf)), None)
    if issuer is None:
        message = (
            f"The intermediate that issued the certificate is not inside: {leaf.issuer.rfc4514_string()}."
        )
        faults.add(
            "wwdr-missing", _WHERE, message, "Add Apple's WWDR intermediate with that name (G4 for new ones)."
        )
        return
    _check_time(issuer, "wwdr", when, faults)
    mark, name = fingerprint(issuer), issuer.subject.rfc4514_string()
    if mark in trusted and mark != APPLE_WWDR_G4:
        message = f"Signed with a development certificate ({name}); phones outside the sandbox refuse it."
        faults.warn("wwdr-development", _WHERE, message, "For customers, use Apple's certificates.")
    elif mark != APPLE_WWDR_G4:
        message = f"The certificate was issued by {name}, which is not Apple's WWDR G4."
        faults.add("wwdr-unknown", _WHERE, message, "Use a Pass Type ID certificate and WWDR G4 from Apple.")


def _issued(issuer: x509.Certificate, leaf: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    except Exception:  # unsupported algorithms in a stranger's certificate
        return False
    return issuer is not leaf


def _check_names(leaf: x509.Certificate, card: Mapping[str, Any], faults: Faults) -> None:
    pairs = {"passTypeIdentifier": NameOID.USER_ID, "teamIdentifier": NameOID.ORGANIZATIONAL_UNIT_NAME}
    for key, kind in pairs.items():
        if card.get(key) != (certified := _subject(leaf, kind)):
            message = f"pass.json says {card.get(key)!r}, the certificate {certified!r}."
            faults.add(
                f"{key}-mismatch",
                f"pass.json#/{key}",
                message,
                "Sign with the certificate of this pass type.",
            )
    nfc = _subject(leaf, NameOID.COMMON_NAME).startswith("Pass Type ID with NFC")
    if "nfc" in card and not nfc:
        message = "The pass uses NFC, but its certificate is not one with NFC."
        faults.add(
            "nfc-certificate",
            "pass.json#/nfc",
            message,
            "Ask Apple for an NFC certificate, or leave nfc out.",
        )


def _subject(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> str:
    parts = certificate.subject.get_attributes_for_oid(kind)
    return str(parts[0].value) if parts else ""


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d}"
