"""The folder of pass certificates: one a pass type, several brands side by side, renewed without a restart.

A certificate that ends unseen stops every card of a brand; so this room also says, in good time, what to
renew. Follows Apple's "Generating a Pass Type ID certificate" (last checked 2026-07).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from app.services.causes import fine, found
from app.services.ports import Finding
from app.wallets.apple.der import OID, BadDer, read
from app.wallets.apple.push_keys import PushKey, find_push_key
from app.wallets.apple.signing import CertificateError, Signer

FILES = ("certificate", "key", "wwdr")
APPLE_WWDR_G4 = "ea4757885538dd8cb59ff4556f676087d83c85e70902c122e42c0808b5bce14c"
"""SHA-256 of Apple's WWDR intermediate G4, which issues pass certificates and lives until 2030-12-10."""
WARN_DAYS = (7, 30, 60)

_FOLDER = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z")
_NFC = "Pass Type ID with NFC"

Stamp = tuple[tuple[int, int, int], ...]


class UnknownPassType(CertificateError):
    """There is no certificate for that pass type, or no single one where one is meant."""


@dataclass(frozen=True, slots=True)
class PassIdentity:
    """Who signs: what the certificate says of the pass type, and the signer made of it.

    `folder` holds the PEM files, with which APNs is logged in to as well.
    """

    pass_type_identifier: str
    team_identifier: str
    organisation: str
    nfc: bool
    not_before: datetime
    not_after: datetime
    signer: Signer
    folder: Path
    push_key: PushKey | None = None
    push_key_fault: str = ""

    @property
    def papers(self) -> tuple[object, ...]:
        """What a connection to Apple was opened with: another value asks for another connection."""
        return (self.signer.identifier, self.push_key)


def read_identity(folder: Path) -> PassIdentity:
    """Load and check `certificate.pem`, `key.pem` and `wwdr.pem` of a folder, and its push key if it has one;
    raises CertificateError. A push key that cannot be used is told, and the certificate pushes in its place.
    """
    papers = {name: _read(folder / f"{name}.pem") for name in FILES}
    signer = Signer(certificate=papers["certificate"], key=papers["key"], wwdr=papers["wwdr"])
    if not signer.pass_type_identifier or not signer.team_identifier:
        raise CertificateError("certificate.pem is no pass certificate: its subject lacks UID or OU.")
    push_key, fault = _push_key(folder, signer.team_identifier)
    return PassIdentity(
        pass_type_identifier=signer.pass_type_identifier,
        team_identifier=signer.team_identifier,
        organisation=_subject(signer.certificate, NameOID.ORGANIZATION_NAME),
        nfc=_subject(signer.certificate, NameOID.COMMON_NAME).startswith(_NFC),
        not_before=signer.valid_from,
        not_after=signer.valid_until,
        signer=signer,
        folder=folder,
        push_key=push_key,
        push_key_fault=fault,
    )


def _push_key(folder: Path, team: str) -> tuple[PushKey | None, str]:
    try:
        return find_push_key(folder, team), ""
    except CertificateError as error:
        return None, str(error)


def pass_type_extension(certificate: x509.Certificate) -> str | None:
    """The pass type that Apple's own extension names, or None where there is none to be read."""
    try:
        extension = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(OID.PASS_TYPE))
        return read(extension.value.public_bytes()).content.decode()
    except (x509.ExtensionNotFound, ValueError, BadDer):
        return None


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What was last read of one folder: the papers in use, and why newer ones could not be."""

    stamp: Stamp
    identity: PassIdentity | None
    error: CertificateError | None


class CertificateStore:
    """All pass types of `directory`; safe for many threads.

    Files are looked at anew (not read) on each question, so a renewal counts at once; while a renewal is
    half copied the earlier papers stay in use. `issue` makes papers for a pass type that has none: the
    sandbox gives one, nobody else.
    """

    def __init__(self, directory: Path, *, issue: Callable[[str], object] | None = None) -> None:
        self._directory = Path(directory)
        self._issue = issue
        self._shelves: dict[str, _Shelf] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """The pass types that have a folder with a certificate, in order."""
        try:
            folders = [path for path in self._directory.iterdir() if _FOLDER.match(path.name)]
        except FileNotFoundError:
            return []
        return sorted(path.name for path in folders if (path / "certificate.pem").is_file())

    def folder(self, pass_type_identifier: str) -> Path:
        """Where the papers of a pass type lie, or belong."""
        return self._directory / pass_type_identifier

    def identity(self, pass_type_identifier: str) -> PassIdentity:
        """The papers of a pass type. Raises UnknownPassType, or CertificateError in plain words."""
        if not _FOLDER.match(pass_type_identifier):
            raise UnknownPassType(f"{pass_type_identifier!r} is not a pass type identifier.")
        folder = self._directory / pass_type_identifier
        stamp = _stamp(folder) or self._issued(folder)
        if stamp is None:
            raise UnknownPassType(
                f"There is no certificate for {pass_type_identifier}: put certificate.pem, key.pem and "
                f"wwdr.pem into {folder} (see `tillpass certs`)."
            )
        shelf = self._shelf(folder, stamp)
        if shelf.identity is None:
            raise shelf.error or CertificateError(f"The papers in {folder} cannot be used.")
        return shelf.identity

    def only(self) -> PassIdentity:
        """The papers of the only pass type there is; raises UnknownPassType if none or several."""
        names = self.names()
        if len(names) != 1:
            several = f"several pass types ({', '.join(names)}): name one in the programme"
            many = several if names else "no pass type"
            raise UnknownPassType(f"{self._directory} holds {many}.")
        return self.identity(names[0])

    def check(self, now: datetime) -> list[Finding]:
        """What the operator should know of each pass type, `ok` included."""
        if not (names := self.names()):
            return [found("apple-no-certificate", folder=self._directory)]
        return [finding for name in names for finding in self._findings(name, now)]

    def wwdr_fingerprints(self) -> frozenset[str]:
        """SHA-256 (hex) of the intermediates in all folders: what `verify` may trust beside Apple's own."""
        found = set()
        for name in self.names():
            with suppress(CertificateError):
                found.add(fingerprint(self.identity(name).signer.wwdr))
        return frozenset(found)

    def _issued(self, folder: Path) -> Stamp | None:
        if self._issue is None:
            return None
        try:
            self._issue(folder.name)
        except ValueError as error:
            raise UnknownPassType(str(error)) from error
        return _stamp(folder)

    def _shelf(self, folder: Path, stamp: Stamp) -> _Shelf:
        with self._lock:
            known = self._shelves.get(folder.name)
            if known is None or known.stamp != stamp:
                known = self._shelves[folder.name] = _load(folder, stamp, earlier=known)
            return known

    def _findings(self, name: str, now: datetime) -> list[Finding]:
        try:
            identity = self.identity(name)
        except CertificateError as error:
            return [found(error.code, pass_type=name, said=str(error))]
        with self._lock:
            unusable = self._shelves[name].error
        seen = [
            *_renewal_findings(name, unusable),
            *_life_findings(identity, now),
            *_name_findings(identity),
            *_wwdr_findings(identity, now, development=self._issue is not None),
            *_push_key_findings(identity),
        ]
        worry = any(finding.level != "ok" for finding in seen)
        return seen if worry else [*seen, fine("apple-certificate", **_in_order(identity))]


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, in lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


# -- files -----------------------------------------------------------------------------------------


def _stamp(folder: Path) -> Stamp | None:
    """Something that changes when any of the files does; None where there is no certificate.

    The folder's own time stands for push keys, which have names of their own.
    """
    marks = []
    for name in FILES:
        try:
            seen = (folder / f"{name}.pem").stat()
        except OSError:
            if name == "certificate":
                return None
            marks.append((0, 0, 0))
        else:
            marks.append((seen.st_mtime_ns, seen.st_size, seen.st_ino))
    with suppress(OSError):
        marks.append((folder.stat().st_mtime_ns, 0, 0))
    return tuple(marks)


def _load(folder: Path, stamp: Stamp, *, earlier: _Shelf | None) -> _Shelf:
    try:
        return _Shelf(stamp, read_identity(folder), None)
    except CertificateError as error:
        return _Shelf(stamp, earlier.identity if earlier else None, error)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}."
        raise CertificateError(message, code="apple-paper-missing") from None


def _subject(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> str:
    parts = certificate.subject.get_attributes_for_oid(kind)
    return str(parts[0].value) if parts else ""


# -- findings --------------------------------------------------------------------------------------


def _renewal_findings(name: str, error: CertificateError | None) -> Iterable[Finding]:
    if error:
        yield found("apple-renewal-unusable", pass_type=name, said=str(error))


def _life_findings(identity: PassIdentity, now: datetime) -> Iterable[Finding]:
    name, until = identity.pass_type_identifier, identity.not_after
    if now > until:
        yield found("apple-certificate-expired", pass_type=name, until_on=until)
        return
    if now < identity.not_before:
        yield found("apple-certificate-not-yet-valid", pass_type=name, from_on=identity.not_before)
    days = (until - now).days
    if step := next((step for step in WARN_DAYS if days < step), None):
        yield found(f"apple-certificate-ends-in-{step}-days", pass_type=name, days=days, until_on=until)


def _name_findings(identity: PassIdentity) -> Iterable[Finding]:
    name, folder = identity.pass_type_identifier, identity.folder.name
    if name != folder:
        yield found("apple-folder-mismatch", folder=folder, pass_type=name)
    marked = pass_type_extension(identity.signer.certificate)
    if marked != name:
        told = marked or "nothing"
        yield found("apple-not-a-pass-certificate", folder=folder, marked=told, pass_type=name)


def _in_order(identity: PassIdentity) -> dict[str, Any]:
    """What there is to say of papers without a fault."""
    return {
        "pass_type": identity.pass_type_identifier,
        "team": f"{identity.team_identifier}{' (NFC)' if identity.nfc else ''}",
        "until_on": identity.not_after,
    }


def pushes_with(identity: PassIdentity) -> str:
    """How this pass type logs in to Apple's push service, in words."""
    key = identity.push_key
    return f"the key {key.key_id} of team {key.team}" if key else "its certificate"


def _push_key_findings(identity: PassIdentity) -> Iterable[Finding]:
    if key := identity.push_key:
        yield fine("apple-push-key", pass_type=identity.folder.name, key_id=key.key_id, team=key.team)
    if fault := identity.push_key_fault:
        yield found("apple-push-key-unusable", pass_type=identity.pass_type_identifier, said=fault)


def _wwdr_findings(identity: PassIdentity, now: datetime, *, development: bool) -> Iterable[Finding]:
    wwdr, name = identity.signer.wwdr, identity.pass_type_identifier
    if now > wwdr.not_valid_after_utc:
        yield found("apple-wwdr-expired", pass_type=name, until_on=wwdr.not_valid_after_utc)
    elif fingerprint(wwdr) != APPLE_WWDR_G4 and not development:
        yield found("apple-wwdr-not-g4", pass_type=name, until_on=identity.not_after)
