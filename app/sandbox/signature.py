"""The signature of a pass as a phone sees it: a detached CMS over the manifest, by the pass type's key.

The most common complaint about passes anywhere is one that "will not open" because of its signature, so the
phone on screen checks the mathematics and not only that the file is there.
"""

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from pyasn1.codec.der import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import useful
from pyasn1_modules import rfc5652

_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
    "1.3.14.3.2.26": hashes.SHA1(),
}


class SignatureRefused(Exception):
    """The phone does not trust this signature; the text says why."""


def check_signature(signature: bytes, manifest: bytes, *, pass_type: str, team: str) -> None:
    """Verify a detached signature and that its certificate belongs to the pass. Raises SignatureRefused."""
    try:
        signer = _signer_info(signature)
        certificates = pkcs7.load_der_pkcs7_certificates(signature)
    except (PyAsn1Error, ValueError, IndexError) as fault:
        raise SignatureRefused("the signature is not PKCS #7 in DER") from fault
    leaf = _leaf(signer, certificates)
    attributes = _attributes(signer)
    _check_digest(signer, attributes, manifest)
    _check_mathematics(signer, leaf)
    _check_signing_time(attributes, leaf)
    _check_owner(leaf, pass_type=pass_type, team=team)
    _check_issuer(leaf, certificates)


def is_enhanced(signature: bytes) -> bool:
    """Whether a checked signature was made with a certificate for NFC, by the name that Apple gives those."""
    leaf = _leaf(_signer_info(signature), pkcs7.load_der_pkcs7_certificates(signature))
    return (_name(leaf, NameOID.COMMON_NAME) or "").startswith("Pass Type ID with NFC")


def _signer_info(signature: bytes) -> Any:
    content, _ = decoder.decode(signature, asn1Spec=rfc5652.ContentInfo())
    signed, _ = decoder.decode(content["content"], asn1Spec=rfc5652.SignedData())
    return signed["signerInfos"][0]


def _leaf(signer: Any, certificates: list[x509.Certificate]) -> x509.Certificate:
    serial = int(signer["sid"]["issuerAndSerialNumber"]["serialNumber"])
    for certificate in certificates:
        if certificate.serial_number == serial:
            return certificate
    raise SignatureRefused("the signature does not hold the certificate that made it")


def _attributes(signer: Any) -> dict[str, bytes]:
    return {str(item["attrType"]): bytes(item["attrValues"][0]) for item in signer["signedAttrs"]}


def _digest(signer: Any) -> hashes.HashAlgorithm:
    try:
        return _DIGESTS[str(signer["digestAlgorithm"]["algorithm"])]
    except KeyError as fault:
        raise SignatureRefused("the signature uses an unknown digest") from fault


def _check_digest(signer: Any, attributes: dict[str, bytes], manifest: bytes) -> None:
    digest = hashes.Hash(_digest(signer))
    digest.update(manifest)
    signed = attributes.get(_MESSAGE_DIGEST)
    if signed is None or bytes(decoder.decode(signed)[0]) != digest.finalize():
        raise SignatureRefused("Manifest signature did not verify successfully")


def _check_mathematics(signer: Any, leaf: x509.Certificate) -> None:
    key = leaf.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise SignatureRefused("the certificate has no RSA key")
    implicit = encoder.encode(signer["signedAttrs"])
    signed = b"\x31" + implicit[1:]  # signed as SET OF, carried as [0]: RFC 5652, 5.4
    try:
        key.verify(bytes(signer["signature"]), signed, padding.PKCS1v15(), _digest(signer))
    except InvalidSignature as fault:
        raise SignatureRefused("Manifest signature did not verify successfully") from fault


def _check_signing_time(attributes: dict[str, bytes], leaf: x509.Certificate) -> None:
    raw = attributes.get(_SIGNING_TIME)
    if raw is None:
        raise SignatureRefused("Signature must contain a signing date")
    value, _ = decoder.decode(raw)
    if not isinstance(value, useful.UTCTime | useful.GeneralizedTime):
        raise SignatureRefused("unable to decode Signing Time value")
    signed_at: datetime = value.asDateTime.astimezone(UTC)
    if not leaf.not_valid_before_utc <= signed_at <= leaf.not_valid_after_utc:
        raise SignatureRefused("signed outside the life of its certificate")


def _check_owner(leaf: x509.Certificate, *, pass_type: str, team: str) -> None:
    uid = _name(leaf, NameOID.USER_ID)
    if uid != pass_type:
        raise SignatureRefused(f"the certificate is for {uid}, the pass says {pass_type}")
    unit = _name(leaf, NameOID.ORGANIZATIONAL_UNIT_NAME)
    if unit != team:
        raise SignatureRefused(f"the certificate is of team {unit}, the pass says {team}")


def _name(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None


def _check_issuer(leaf: x509.Certificate, certificates: list[x509.Certificate]) -> None:
    issuers = [other for other in certificates if other.subject == leaf.issuer and other is not leaf]
    if not issuers:
        raise SignatureRefused("the intermediate (WWDR) certificate is not in the signature")
    try:
        leaf.verify_directly_issued_by(issuers[0])
    except (InvalidSignature, TypeError, ValueError) as fault:
        raise SignatureRefused("the intermediate certificate did not issue the pass certificate") from fault
