"""Signs manifests for Apple Wallet: the one room that holds private keys.

The CMS envelope is written here as plain DER, since only two of its parts differ from pass to pass; a
general builder costs a tenth of the RSA signature itself. The tests hold it against OpenSSL and against
the builder of `cryptography`. Follows RFC 5652 and Apple's "Building a Pass" (last checked 2026-07).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from app.wallets.apple import cms
from app.wallets.apple.der import OID, encode, integer, moment, oid

SMALLEST_KEY_BITS = 2048

_SHA256 = encode(0x30, oid(OID.SHA256), b"\x05\x00")
_RSA = encode(0x30, oid(OID.RSA), b"\x05\x00")
_CONTENT_TYPE = encode(0x30, oid(OID.CONTENT_TYPE), encode(0x31, oid(OID.DATA)))
_SIGNING_TIME = oid(OID.SIGNING_TIME)
_MESSAGE_DIGEST = oid(OID.MESSAGE_DIGEST)
_PKCS1, _HASH = padding.PKCS1v15(), hashes.SHA256()


class CertificateError(ValueError):
    """A certificate, key or intermediate that cannot sign passes; the message says what to do, `code` which
    known cause it is (see services/causes).
    """

    def __init__(self, message: str, *, code: str = "apple-certificate-unusable") -> None:
        super().__init__(message)
        self.code = code


class Signer:
    """One pass type's certificate and key, loaded once: checking a key costs as much as 140 signatures.

    Takes PEM bytes. `wwdr` may hold several certificates: the one that issued the leaf is taken. Raises
    CertificateError.
    """

    __slots__ = (
        "_constant",
        "_key",
        "_signer_id",
        "certificate",
        "chain",
        "example",
        "identifier",
        "pass_type_identifier",
        "team_identifier",
        "valid_from",
        "valid_until",
        "wwdr",
    )

    def __init__(self, *, certificate: bytes, key: bytes, wwdr: bytes) -> None:
        self.certificate = _certificates(certificate, "certificate.pem")[0]
        self._key = _private_key(key)
        if self._key.public_key() != self.certificate.public_key():
            raise CertificateError(
                "key.pem does not belong to certificate.pem: take the key that made the CSR.",
                code="apple-key-mismatch",
            )
        self.wwdr = _issuer(self.certificate, _certificates(wwdr, "wwdr.pem"))
        self._describe()
        issuer, serial = self.identifier
        self._signer_id = encode(0x30, issuer, encode(0x02, integer(serial)))
        content = encode(0x30, oid(OID.DATA))  # no content inside: the signature is detached
        certificates = encode(0xA0, *sorted(self.chain))
        self._constant = encode(0x02, b"\x01") + encode(0x31, _SHA256) + content + certificates
        self.example = cms.parse(self.sign(b"", now=self.valid_from))

    def _describe(self) -> None:
        """What the certificate says, taken out once: each look into it costs as much as a hash."""
        leaf = self.certificate
        self.valid_from, self.valid_until = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        self.pass_type_identifier = _subject(leaf, NameOID.USER_ID)
        self.team_identifier = _subject(leaf, NameOID.ORGANIZATIONAL_UNIT_NAME)
        self.identifier = (leaf.issuer.public_bytes(), leaf.serial_number)
        self.chain = frozenset(part.public_bytes(serialization.Encoding.DER) for part in (leaf, self.wwdr))

    def __repr__(self) -> str:
        return f"<Signer of {self.pass_type_identifier!r} until {self.valid_until:%F}>"

    def __reduce__(self) -> str:
        raise TypeError("a Signer holds a private key and stays in its process")

    def sign(self, manifest: bytes, *, now: datetime) -> bytes:
        """A detached CMS signature (DER) over exactly these bytes, with signing time, leaf and intermediate.

        Raises CertificateError when the certificate is not valid at `now`.
        """
        self._require_valid(now)
        attributes = _attributes(hashlib.sha256(manifest).digest(), now)
        signature = self._key.sign(encode(0x31, attributes), _PKCS1, _HASH)
        # The attributes are signed as a SET, and sent under an implicit tag (RFC 5652 section 5.4).
        parts = (self._signer_id, _SHA256, encode(0xA0, attributes), _RSA, encode(0x04, signature))
        signer_info = encode(0x30, encode(0x02, b"\x01"), *parts)
        signed_data = encode(0x30, self._constant, encode(0x31, signer_info))
        return encode(0x30, oid(OID.SIGNED_DATA), encode(0xA0, signed_data))

    def _require_valid(self, now: datetime) -> None:
        if now > self.valid_until:
            raise CertificateError(f"The pass certificate ended on {self.valid_until:%F}: renew it.")
        if now < self.valid_from:
            raise CertificateError(
                f"The pass certificate begins on {self.valid_from:%F %T} UTC: look at the clock."
            )


def _attributes(digest: bytes, now: datetime) -> bytes:
    """The signed attributes; DER wants a SET in order, and these three are by their lengths."""
    time = encode(0x30, _SIGNING_TIME, encode(0x31, moment(now.astimezone(UTC))))
    return _CONTENT_TYPE + time + encode(0x30, _MESSAGE_DIGEST, encode(0x31, encode(0x04, digest)))


def _subject(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> str:
    """One part of the subject; empty where a foreign certificate lacks it."""
    parts = certificate.subject.get_attributes_for_oid(kind)
    return str(parts[0].value) if parts else ""


def _certificates(pem: bytes, name: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise CertificateError(
            f"{name} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)."
        ) from None


def _private_key(pem: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise CertificateError(
            "key.pem is locked by a passphrase: store it without one, readable by us only.",
            code="apple-key-locked",
        ) from None
    except Exception:  # the cause is dropped on purpose: nothing of a key's text may reach a log
        raise CertificateError("key.pem holds no usable private key in PEM form.") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < SMALLEST_KEY_BITS:
        raise CertificateError(
            f"key.pem is not an RSA key of at least {SMALLEST_KEY_BITS} bits, which Apple asks for."
        )
    return key


def _issuer(leaf: x509.Certificate, candidates: Iterable[x509.Certificate]) -> x509.Certificate:
    for candidate in candidates:
        try:
            leaf.verify_directly_issued_by(candidate)  # names and signature, both
        except (ValueError, TypeError, InvalidSignature):
            continue
        return candidate
    raise CertificateError(
        "wwdr.pem did not issue certificate.pem: take Apple's WWDR intermediate named "
        f"{leaf.issuer.rfc4514_string()!r} (for new pass certificates that is G4).",
        code="apple-wwdr-wrong",
    )
