"""Who signed the pass, over what and when: the checks that end in "this pass cannot be read" on a phone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa

from app.wallets.apple import cms
from app.wallets.apple.certificates import APPLE_WWDR_G4, fingerprint
from app.wallets.apple.der import BadDer
from app.wallets.apple.validate.certificates import (
    CertificateFacts,
    check_kind,
    check_life,
    check_names,
    check_today,
    facts_of,
)
from app.wallets.apple.validate.faults import Faults

_WHERE = "signature"
_CLOCKS_DIFFER = timedelta(days=1)
_RESIGN = "Sign manifest.json anew: detached CMS, SHA-256, binary, with leaf, WWDR and signingTime."


def check_signature(
    members: Mapping[str, bytes],
    card: Mapping[str, Any] | None,
    faults: Faults,
    *,
    trusted: Collection[str],
    now: datetime | None = None,
) -> CertificateFacts | None:
    """Check the signature, its certificates, and that they are those of this pass; tells what they say."""
    signed = _read(members, faults)
    if signed is None:
        return None
    when = signed.signing_time
    certificates = _certificates(signed, faults)
    leaf = _find_leaf(signed, certificates)
    _check_content(signed, members.get("manifest.json", b""), faults)
    if when is None:
        faults.add("signing-time-missing", _WHERE, "The signature has no signing time.", _RESIGN)
    elif now is not None and when > now + _CLOCKS_DIFFER:
        message = f"The signature says that it was made on {when:%Y-%m-%d}, which is yet to come."
        faults.warn("signing-time-ahead", _WHERE, message, "Set the signer's clock right, and sign anew.")
    if leaf is None:
        faults.add("leaf-missing", _WHERE, "The signer's certificate is not in the signature.", _RESIGN)
        return None
    _check_leaf(leaf, signed, when, faults)
    issuer = _check_issuer(leaf, certificates, when, faults, trusted)
    if card is not None:
        check_names(leaf, members, card, faults)
    if now is not None:
        check_today(leaf, issuer, now, faults)
    return facts_of(leaf, when)


def _read(members: Mapping[str, bytes], faults: Faults) -> cms.SignedData | None:
    if "signature" not in members:
        faults.add("signature-missing", _WHERE, "The pass is not signed.", _RESIGN)
        return None
    try:
        signed = cms.parse(members["signature"])
        _ = signed.signing_time  # read late, and may be broken
    except BadDer as error:
        faults.add("signature-unreadable", _WHERE, f"The signature cannot be read: {error}.", _RESIGN)
        return None
    return signed


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
    check_life(leaf, "certificate", when, faults)
    check_kind(leaf, faults)


def _check_issuer(
    leaf: x509.Certificate,
    certificates: Iterable[x509.Certificate],
    when: datetime | None,
    faults: Faults,
    trusted: Collection[str],
) -> x509.Certificate | None:
    issuer = next((each for each in certificates if _issued(each, leaf)), None)
    if issuer is None:
        message = (
            f"The intermediate that issued the certificate is not inside: {leaf.issuer.rfc4514_string()}."
        )
        faults.add(
            "wwdr-missing", _WHERE, message, "Add Apple's WWDR intermediate with that name (G4 for new ones)."
        )
        return None
    check_life(issuer, "wwdr", when, faults)
    mark, name = fingerprint(issuer), issuer.subject.rfc4514_string()
    if mark in trusted and mark != APPLE_WWDR_G4:
        message = f"Signed with a development certificate ({name}); phones outside the sandbox refuse it."
        faults.warn("wwdr-development", _WHERE, message, "For customers, use Apple's certificates.")
    elif mark != APPLE_WWDR_G4:
        message = f"The certificate was issued by {name}, which is not Apple's WWDR G4."
        faults.add("wwdr-unknown", _WHERE, message, "Use a Pass Type ID certificate and WWDR G4 from Apple.")
    return issuer


def _issued(issuer: x509.Certificate, leaf: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    except Exception:  # unsupported algorithms in a stranger's certificate
        return False
    return issuer is not leaf
