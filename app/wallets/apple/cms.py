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

DIGESTS: dict[str, str] = {
    OID.SHA1: "sha1",
    OID.SHA256: "sha256",
    OID.SHA384: "sha384",
    OID.SHA512: "sha512",
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_PKCS1 = padding.PKCS1v15()
_MOST_CERTIFICATES = 16
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
        signed = encode(0x31, self.attribute_set.content)
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
        attributes = {name: value._replace(source=data) for name, value in self.attributes.items()}
        return self._replace(
            attributes=attributes,
            attribute_set=self.attribute_set._replace(source=data),
            signature=self.signature._replace(source=data),
        )

    @property
    def _changing(self) -> list[Element]:
        kinds = (OID.SIGNING_TIME, OID.MESSAGE_DIGEST)
        parts = [self.attributes[kind] for kind in kinds if kind in self.attributes]
        return sorted((*parts, self.signature), key=lambda part: part.start)


def parse(data: bytes) -> SignedData:
    """Read a signature with exactly one signer; raises BadDer with the reason."""
    outer = read(data)
    if outer.end != len(data):
        raise BadDer("bytes follow the signature")
    kind, wrapped = _expect(outer, 2)
    if kind.as_oid() != OID.SIGNED_DATA or wrapped.tag != 0xA0:
        raise BadDer("this is not CMS signed data")
    version, _digests, content, *rest = _expect(_only(wrapped), 4)
    if version.tag != 0x02 or content.tag != 0x30:
        raise BadDer("not laid out as signed data")
    certificates = tuple(
        part.whole for group in rest if group.tag == 0xA0 for part in group.children(limit=_MOST_CERTIFICATES)
    )
    signers = rest[-1].children()
    if rest[-1].tag != 0x31 or len(signers) != 1:
        raise BadDer("there must be exactly one signer")
    return _signer(signers[0], detached=len(content.children()) == 1, certificates=certificates)


def _signer(info: Element, *, detached: bool, certificates: tuple[bytes, ...]) -> SignedData:
    parts = _expect(info, 5)
    if parts[3].tag != 0xA0:
        raise BadDer("the signature has no signed attributes, so no signing time")
    _version, name, digest, attributes, _algorithm, signature, *_ = _expect(info, 6)
    if name.tag != 0x30 or signature.tag != 0x04:
        raise BadDer("the signer is not named by issuer and serial number")
    issuer, serial = _expect(name, 2)
    algorithm = _expect(digest, 1)[0].as_oid()
    if algorithm not in DIGESTS:
        raise BadDer(f"an unknown digest algorithm ({algorithm})")
    return SignedData(
        detached=detached,
        certificates=certificates,
        issuer=issuer.whole,
        serial=int.from_bytes(serial.content, "big", signed=True),
        digest=DIGESTS[algorithm],
        attributes=_attributes(attributes),
        attribute_set=attributes,
        signature=signature,
    )


def _attributes(group: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for attribute in group.children():
        kind, values = _expect(attribute, 2)
        if (name := kind.as_oid()) in found:
            raise BadDer(f"the attribute {name} comes twice")
        # A value too many would let two readers see two different things.
        found[name] = _only(values) if name in _SINGLE_VALUED else values
    return found


def _only(element: Element) -> Element:
    children = element.children()
    if len(children) != 1:
        raise BadDer("one value was expected")
    return children[0]


def _expect(element: Element, least: int) -> list[Element]:
    children = element.children()
    if len(children) < least:
        raise BadDer("parts are missing")
    return children
