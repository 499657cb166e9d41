"""Packs a .pkpass: what all cards of a design share is laid out once, the rest is added for each.

Everything is stored, not deflated: PNGs do not shrink, and deflating them costs ten times the signature.
Every pass is read back and checked before it leaves, by code that shares nothing with the writer but the
ZIP and ASN.1 readers. Follows Apple's "Building a Pass" (last checked 2026-07).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import rsa

from app.wallets.apple import cms, zipfmt
from app.wallets.apple.der import BadDer
from app.wallets.apple.signing import Signer

PASS, MANIFEST, SIGNATURE = "pass.json", "manifest.json", "signature"
MEDIA_TYPE = "application/vnd.apple.pkpass"

LARGEST_MEMBER = 8 << 20
_MEMBER_NAME = re.compile(r"(?=.{1,120}\Z)(?!.*(?:^|/)\.)[A-Za-z0-9@._+-]+(?:/[A-Za-z0-9@._+-]+){0,3}\Z")
_ICON = re.compile(r"(?:[^/]+\.lproj/)?icon(?:@[23]x)?\.png\Z")


class BrokenPass(ValueError):
    """A pass that no phone would take, or that is not what was asked for; it must not leave."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The part of a bundle that does not change from card to card, laid out and hashed."""

    body: bytes = field(repr=False)
    directory: bytes = field(repr=False)
    manifest_prefix: bytes = field(repr=False)
    digests: Mapping[str, str]
    """Member to SHA-1 (hex)."""
    taken: frozenset[str] = field(repr=False)
    """Names in lower case, as a phone's file system may see them."""


def prepare(static_files: Mapping[str, bytes]) -> Prepared:
    """Lay out and check the members that all cards share (an icon among them).

    Raises BrokenPass for a name that is no plain relative path, for a name twice but for case, and without
    an icon.
    """
    _require_names(static_files)
    if reserved := {PASS, MANIFEST, SIGNATURE} & set(static_files):
        raise BrokenPass(f"{min(reserved)} differs from card to card and cannot be prepared")
    if not any(_ICON.match(name) for name in static_files):
        raise BrokenPass("icon.png is missing: a phone refuses a pass without an icon")
    records = [zipfmt.record(name, data) for name, data in static_files.items()]
    digests = {name: _sha1(data) for name, data in static_files.items()}
    body = b"".join(part for record in records for part in (record.head, record.data))
    prepared = Prepared(body, _directory(records, 0), _manifest_lines(digests), digests, _folded(digests))
    _check_static(prepared)
    return prepared


def assemble(prepared: Prepared, dynamic: Mapping[str, bytes], signer: Signer, now: datetime) -> bytes:
    """A whole signed pass: `dynamic` holds pass.json and whatever else is this card's alone.

    The same input in the same second gives the same bytes. Raises BrokenPass for bad names, and
    CertificateError when the certificate is not valid at `now`.
    """
    _require_names(dynamic, beside=prepared.taken)
    if PASS not in dynamic or MANIFEST in dynamic or SIGNATURE in dynamic:
        raise BrokenPass("a card brings pass.json, and neither manifest.json nor signature")
    lines = _manifest_lines({name: _sha1(data) for name, data in dynamic.items()})
    manifest = b"{" + prepared.manifest_prefix + b"," + lines + b"}"
    members = {**dynamic, MANIFEST: manifest, SIGNATURE: signer.sign(manifest, now=now)}
    records = [zipfmt.record(name, data) for name, data in members.items()]
    return _close(prepared, records)


def self_check(data: bytes, prepared: Prepared, signer: Signer) -> None:
    """Read a finished pass back and compare everything with everything; raises BrokenPass.

    Members and manifest both ways, the signature by the leaf's public key, the signing time against the
    certificate's life, and the certificate's UID and OU against pass.json. What `prepare` has checked is
    only compared byte for byte.
    """
    try:
        members = _card_members(data, prepared)
        manifest, signature, card = members.pop(MANIFEST), members.pop(SIGNATURE), orjson.loads(members[PASS])
        listed = orjson.loads(manifest)
        signed = signer.example.reread(signature)
    except (zipfmt.BadArchive, BadDer, KeyError, orjson.JSONDecodeError) as error:
        raise BrokenPass(f"the finished pass cannot be read back: {error}") from error
    if listed != {**prepared.digests, **{name: _sha1(content) for name, content in members.items()}}:
        raise BrokenPass("manifest.json does not list exactly what is inside")
    _check_signature(signed, manifest, signer)
    _check_identity(card, signer)


def build(prepared: Prepared, dynamic: Mapping[str, bytes], signer: Signer, now: datetime) -> bytes:
    """Assemble a pass and check it: the only way out of this room for a card that goes to a customer."""
    data = assemble(prepared, dynamic, signer, now)
    self_check(data, prepared, signer)
    return data


# -- writing ---------------------------------------------------------------------------------------


def _require_names(files: Mapping[str, bytes], beside: frozenset[str] = frozenset()) -> None:
    for name, data in files.items():
        if not _MEMBER_NAME.match(name):
            raise BrokenPass(f"{name!r} is not a name for a file in a pass")
        if len(data) > LARGEST_MEMBER:
            raise BrokenPass(f"{name!r} is larger than {LARGEST_MEMBER} bytes")
    if len(folded := _folded(files)) != len(files) or folded & beside:
        raise BrokenPass("two files have names that differ in nothing but capital letters")


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _sha1(data: bytes) -> str:
    # Apple's format asks for SHA-1 here; the signature over the manifest is SHA-256.
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _manifest_lines(digests: Mapping[str, str]) -> bytes:
    return ",".join(f'"{name}":"{digest}"' for name, digest in digests.items()).encode()


def _directory(records: Iterable[zipfmt.Record], offset: int) -> bytes:
    lines = []
    for record in records:
        lines.append(record.directory_line(offset))
        offset += record.size
    return b"".join(lines)


def _close(prepared: Prepared, records: list[zipfmt.Record]) -> bytes:
    own_directory = _directory(records, len(prepared.body))
    start = len(prepared.body) + sum(record.size for record in records)
    size = len(prepared.directory) + len(own_directory)
    parts = [part for record in records for part in (record.head, record.data)]
    closing = zipfmt.end(len(prepared.digests) + len(records), size, start)
    return b"".join((prepared.body, *parts, prepared.directory, own_directory, closing))


# -- checking --------------------------------------------------------------------------------------


def _check_static(prepared: Prepared) -> None:
    """Read the prepared part as an archive of its own, once: each pass is then only compared with it."""
    count, size = len(prepared.digests), len(prepared.directory)
    archive = b"".join((prepared.body, prepared.directory, zipfmt.end(count, size, len(prepared.body))))
    entries = zipfmt.read_entries(archive, zipfmt.find_directory(archive))
    found = {entry.name: _sha1(zipfmt.extract(archive, entry, limit=LARGEST_MEMBER)[0]) for entry in entries}
    if found != dict(prepared.digests) or orjson.loads(b"{" + prepared.manifest_prefix + b"}") != found:
        raise BrokenPass("the prepared part does not read back as it was written")


def _card_members(data: bytes, prepared: Prepared) -> dict[str, bytes]:
    """The members that are this card's own; the prepared ones must be untouched, the rest without gaps."""
    directory = zipfmt.find_directory(data)
    if not data.startswith(prepared.body) or not data.startswith(prepared.directory, directory.start):
        raise BrokenPass("the prepared part was changed")
    members, at = {}, len(prepared.body)
    entries = zipfmt.read_entries(data, directory, skip=len(prepared.directory))
    for entry in entries:
        if entry.offset != at or entry.name in members or entry.name in prepared.digests:
            raise BrokenPass(f"{entry.name} lies where it should not")
        members[entry.name], at = zipfmt.extract(data, entry, limit=LARGEST_MEMBER)
    if at != directory.start or directory.members != len(prepared.digests) + len(entries):
        raise BrokenPass("the archive has gaps, or its count is wrong")
    return members


def _check_signature(signed: cms.SignedData, manifest: bytes, signer: Signer) -> None:
    key = signer.certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or not signed.signed_by(key):
        raise BrokenPass("the signature was not made by the certificate's key")
    if not signed.detached or not signed.covers(manifest):
        raise BrokenPass("the signature is not over this manifest")
    if set(signed.certificates) != signer.chain or (signed.issuer, signed.serial) != signer.identifier:
        raise BrokenPass("the signature does not carry its certificate and the WWDR intermediate")
    signing_time = signed.signing_time
    if signing_time is None or not signer.valid_from <= signing_time <= signer.valid_until:
        raise BrokenPass("the signing time is missing, or outside the certificate's life")


def _check_identity(card: Any, signer: Signer) -> None:
    told = (card.get("passTypeIdentifier"), card.get("teamIdentifier")) if isinstance(card, dict) else None
    if told != (certified := (signer.pass_type_identifier, signer.team_identifier)):
        raise BrokenPass(f"pass.json is for {told}, its certificate for {certified}")
