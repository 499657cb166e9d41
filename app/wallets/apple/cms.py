"""Reads and checks a CMS signature (RFC 5652) of anybody's pass, without trusting the code that wrote it.

The same reader checks our own passes before they leave and foreign ones in the validator.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.wallets.apple.der import OID, BadDer, Element, encode, read

ALGORITHMS: dict[str, str] = {
    OID.SHA1: "sha1",
    OID.SHA256: "sha256",
    OID.SHA384: "sha384",
    OID.SHA512: "sha512",
    OID.RSA: "rsa",
    OID.RSA_SHA1: "rsa-sha1",
    OID.RSA_SHA256: "rsa-sha256",
    OID.RSA_SHA384: "rsa-sha384",
    OID.RSA_SHA512: "rsa-sha512",
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_PKCS1 = padding.PKCS1v15()
_MOST_CERTIFICATES = 16
_INTEGER, _OCTETS, _SEQUENCE, _SET = 0x02, 0x04, 0x30, 0x31
_EXPLICIT = _CERTIFICATES = _SIGNED_ATTRIBUTES = 0xA0
_REVOCATIONS = _UNSIGNED = 0xA1
_NULL, _VERSION = b"\x05\x00", b"\x01"  # 1: the signer is named by issuer and serial number
_SINGLE_VALUED = frozenset({OID.SIGNING_TIME, OID.MESSAGE_DIGEST, OID.CONTENT_TYPE})


class SignedData(NamedTuple):
    """What a signature says of itself. `issuer` and `serial` name the signer; certificates are DER."""

    detached: bool
    certificates: tuple[bytes, ...]
    issuer: bytes
    serial: int
    digest: str
    attributes: dict[str, Element]
    attribute_set: Element
    signature: Element

    @property
    def signing_time(self) -> datetime | None:
        """When the signer says it signed; raises BadDer when that is unreadable."""
        value = self.attributes.get(OID.SIGNING_TIME)
        return value.as_moment() if value else None

    def covers(self, content: bytes) -> bool:
        """Whether the digest inside is that of exactly these bytes."""
        value = self.attributes.get(OID.MESSAGE_DIGEST)
        return value is not None and value.content == hashlib.new(self.digest, content).digest()

    def signed_by(self, key: rsa.RSAPublicKey) -> bool:
        """Whether this key made the signature (PKCS#1 v1.5)."""
        signed = encode(_SET, self.attribute_set.content)
        try:
            key.verify(self.signature.content, signed, _PKCS1, _HASHES[self.digest])
        except (InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def reread(self, data: bytes) -> SignedData:
        """Read another signature of the same signer, quickly where only time, digest and signature differ.

        All other bytes, the lengths among them, are compared with this one, which was read whole; else
        `data` is read whole too. Raises BadDer as `parse` does.
        """
        mine, at = self.signature.source, 0
        for part in self._changing:
            if data[at : part.content_start] != mine[at : part.content_start]:
                return parse(data)
            at = part.content_end
        if len(data) != len(mine) or data[at:] != mine[at:]:
            return parse(data)
        attributes = {name: value.in_source(data) for name, value in self.attributes.items()}
        return self._replace(
            attributes=attributes,
            attribute_set=self.attribute_set.in_source(data),
            signature=self.signature.in_source(data),
        )

    @property
    def _changing(self) -> list[Element]:
        kinds = (OID.SIGNING_TIME, OID.MESSAGE_DIGEST)
        parts = [self.attributes[kind] for kind in kinds if kind in self.attributes]
        return sorted((*parts, self.signature), key=lambda part: part.start)


def parse(data: bytes) -> SignedData:
    """Read a signature of exactly one signer, every part in its place; raises BadDer with the reason."""
    outer = read(data)
    if outer.end != len(data):
        raise BadDer("bytes follow the signature")
    kind, wrapped = _parts(outer, _SEQUENCE, 2, 2)
    if kind.as_oid() != OID.SIGNED_DATA:
        raise BadDer("this is not CMS signed data")
    version, digests, content, *optional, signers = _parts(_only(wrapped, _EXPLICIT), _SEQUENCE, 4, 6)
    _require_version(version)
    content_kind, *inside = _parts(content, _SEQUENCE, 1, 2)
    if content_kind.as_oid() != OID.DATA:
        raise BadDer("the content is not declared as data")
    signed = _signer(_only(signers, _SET), not inside, _certificates(optional))
    if [_algorithm(each) for each in _parts(digests, _SET, 1, 1)] != [signed.digest]:
        raise BadDer("the digest algorithms do not agree")
    return signed


def _certificates(groups: list[Element]) -> tuple[bytes, ...]:
    """The certificates of the optional groups, where revocation lists may stand behind them."""
    if [group.tag for group in groups] not in ([], [_CERTIFICATES], [_CERTIFICATES, _REVOCATIONS]):
        raise BadDer("an unknown part between content and signer")
    return tuple(part.whole for group in groups[:1] for part in group.children(limit=_MOST_CERTIFICATES))


def _signer(info: Element, detached: bool, certificates: tuple[bytes, ...]) -> SignedData:
    parts = _parts(info, _SEQUENCE, 5, 7)
    if parts[3].tag != _SIGNED_ATTRIBUTES or len(parts) < 6:
        raise BadDer("the signature has no signed attributes, so no signing time")
    version, name, digest, attributes, algorithm, signature, *unsigned = parts
    _require_version(version)
    issuer, serial = _parts(name, _SEQUENCE, 2, 2)
    if signature.tag != _OCTETS or serial.tag != _INTEGER or any(each.tag != _UNSIGNED for each in unsigned):
        raise BadDer("the signer's parts are not in their places")
    told = _algorithm(digest)
    if _algorithm(algorithm) not in ("rsa", f"rsa-{told}"):
        raise BadDer("the signature is not RSA with the digest that it names")
    return SignedData(
        detached=detached,
        certificates=certificates,
        issuer=issuer.whole,
        serial=int.from_bytes(serial.content, "big", signed=True),
        digest=told,
        attributes=_attributes(attributes),
        attribute_set=attributes,
        signature=signature,
    )


def _attributes(group: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for attribute in group.children():
        kind, values = _parts(attribute, _SEQUENCE, 2, 2)
        if (name := kind.as_oid()) in found:
            raise BadDer(f"the attribute {name} comes twice")
        # A value too many would let two readers see two different things.
        found[name] = _only(values, _SET) if name in _SINGLE_VALUED else values
    content, digest = found.get(OID.CONTENT_TYPE), found.get(OID.MESSAGE_DIGEST)
    if content is None or content.as_oid() != OID.DATA or digest is None or digest.tag != _OCTETS:
        raise BadDer("the signed attributes lack the content type or the digest")
    return found


def _algorithm(element: Element) -> str:
    """The name of a digest or signature algorithm; its parameters are absent or NULL."""
    kind, *parameters = _parts(element, _SEQUENCE, 1, 2)
    if parameters and parameters[0].whole != _NULL:
        raise BadDer("an algorithm with parameters")
    name = ALGORITHMS.get(kind.as_oid())
    if name is None:
        raise BadDer(f"an unknown algorithm ({kind.as_oid()})")
    return name


def _require_version(element: Element) -> None:
    if element.tag != _INTEGER or element.content != _VERSION:
        raise BadDer("an unknown version")


def _only(element: Element, tag: int) -> Element:
    return _parts(element, tag, 1, 1)[0]


def _parts(element: Element, tag: int, least: int, most: int) -> list[Element]:
    if element.tag != tag:
        raise BadDer("a part is not what it should be")
    children = element.children(limit=most)
    if len(children) < least:
        raise BadDer("parts are missing")
    return children
