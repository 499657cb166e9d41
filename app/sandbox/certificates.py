"""Certificates for development: what Apple would issue, made on the spot and worth nothing to a real phone.

A root, a stand-in for Apple's WWDR intermediate, one leaf a pass type with Apple's subject and extensions,
and a server certificate for the APNs stand-in. Two processes may start at once: whatever appears on disk
appears whole.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORGANISATION = "Tillpass development"
TEAM_IDENTIFIER = "TILLPASSDEV"
PASS_TYPE_EXTENSION = x509.ObjectIdentifier("1.2.840.113635.100.6.1.16")
PASS_SIGNING_USAGE = x509.ObjectIdentifier("1.2.840.113635.100.4.14")

LEAF_LIFE = timedelta(days=395)  # as long as Apple's
AUTHORITY_LIFE = timedelta(days=20 * 365)
RENEW_BEFORE = timedelta(days=61)  # earlier than the doctor's first warning
BACKDATED = timedelta(days=1)  # a phone or a test with a slow clock still accepts it

_PASS_TYPE = re.compile(r"(?=.{1,200}\Z)pass(\.[A-Za-z0-9_-]+)+\Z")
_LONGEST_COMMON_NAME = 64  # X.520's upper bound


class DevelopmentAuthority:
    """A certificate authority in `directory`; everything is made on first use and kept.

    `now` is asked whenever something is issued. Files: `authority/{root,wwdr,clients-ca}.pem` (trust
    anchors: TILLPASS_APNS_CA is the root; an APNs stand-in asks clients for a chain to `clients-ca.pem`),
    `authority/apns.pem` and `apns-key.pem`.
    """

    def __init__(self, directory: Path, *, now: Callable[[], datetime]) -> None:
        self._home = Path(directory) / "authority"
        self._now = now

    @property
    def root(self) -> Path:
        """The root certificate (PEM)."""
        return self._file("root.pem")

    @property
    def wwdr(self) -> Path:
        """The stand-in for Apple's Worldwide Developer Relations intermediate (PEM)."""
        return self._file("wwdr.pem")

    @property
    def clients_ca(self) -> Path:
        """Intermediate and root together: what a server needs to check a pass certificate as a TLS client."""
        return self._file("clients-ca.pem")

    def apns_server(self) -> tuple[Path, Path]:
        """Certificate and key (PEM) of a TLS server on localhost, 127.0.0.1 and ::1; renewed when it ages."""
        certificate, key = self._file("apns.pem"), self._file("apns-key.pem")
        if self._ageing(certificate):
            _replace(certificate, _pem(self._server_certificate(_read_key(key))))
        return certificate, key

    def issue(self, pass_type_identifier: str, into: Path, *, nfc: bool = False) -> Path:
        """Make `into/<pass type>/{certificate,key,wwdr}.pem`, or renew what is there; returns that folder.

        `nfc` makes an "enhanced" certificate, as Apple gives it on request alone. A certificate that came
        from somewhere else is never touched. Raises ValueError for a name that is not a pass type.
        """
        if not _PASS_TYPE.match(pass_type_identifier):
            raise ValueError(f"{pass_type_identifier!r} is no pass type identifier: it must begin with pass.")
        folder = Path(into) / pass_type_identifier
        if not (folder / "certificate.pem").exists():
            _appear(folder, lambda: self._pass_type_files(pass_type_identifier, nfc=nfc))
        elif self._is_ours(folder) and self._ageing(folder / "certificate.pem"):
            # The key stays, so that the one file that changes can be swapped in one step.
            key = _read_key(folder / "key.pem")
            enhanced = _is_enhanced(folder / "certificate.pem")
            _replace(folder / "certificate.pem", _pem(self._leaf(pass_type_identifier, key, nfc=enhanced)))
        return folder

    # -- what is made ------------------------------------------------------------------------------

    def _file(self, name: str) -> Path:
        if not (self._home / name).exists():
            _appear(self._home, self._authority_files)
        return self._home / name

    def _authority_files(self) -> dict[str, bytes]:
        root_key, wwdr_key, server_key = new_key(), new_key(), new_key()
        now = self._now()
        root_name = subject(O=ORGANISATION, CN="Tillpass Development Root CA")
        root = make_authority(root_name, root_key, issuer=root_name, signed_by=root_key, now=now)
        wwdr_name = subject(O=ORGANISATION, OU="G4", CN="Tillpass Development WWDR Certification Authority")
        wwdr = make_authority(wwdr_name, wwdr_key, issuer=root_name, signed_by=root_key, now=now)
        server = make_server(server_key, issuer=root_name, signed_by=root_key, now=now)
        return {
            "root.pem": _pem(root),
            "root-key.pem": _key_pem(root_key),
            "wwdr.pem": _pem(wwdr),
            "wwdr-key.pem": _key_pem(wwdr_key),
            "clients-ca.pem": _pem(wwdr) + _pem(root),
            "apns.pem": _pem(server),
            "apns-key.pem": _key_pem(server_key),
        }

    def _pass_type_files(self, pass_type_identifier: str, *, nfc: bool) -> dict[str, bytes]:
        key = new_key()
        return {
            "key.pem": _key_pem(key),
            "wwdr.pem": self.wwdr.read_bytes(),
            "certificate.pem": _pem(self._leaf(pass_type_identifier, key, nfc=nfc)),
        }

    def _leaf(self, pass_type_identifier: str, key: rsa.RSAPrivateKey, *, nfc: bool) -> x509.Certificate:
        return make_pass_certificate(
            pass_type_identifier,
            key,
            issuer=self._wwdr_certificate.subject,
            signed_by=_read_key(self._file("wwdr-key.pem")),
            now=self._now(),
            nfc=nfc,
        )

    def _server_certificate(self, key: rsa.RSAPrivateKey) -> x509.Certificate:
        issuer = _read_certificate(self.root).subject
        return make_server(
            key, issuer=issuer, signed_by=_read_key(self._file("root-key.pem")), now=self._now()
        )

    @cached_property
    def _wwdr_certificate(self) -> x509.Certificate:
        return _read_certificate(self.wwdr)

    def _is_ours(self, folder: Path) -> bool:
        return _read_certificate(folder / "certificate.pem").issuer == self._wwdr_certificate.subject

    def _ageing(self, certificate: Path) -> bool:
        return _read_certificate(certificate).not_valid_after_utc < self._now() + RENEW_BEFORE


# -- certificates, as values -----------------------------------------------------------------------


def new_key() -> rsa.RSAPrivateKey:
    """A fresh RSA-2048 key, the size that Apple asks for."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def subject(*, UID: str = "", CN: str = "", OU: str = "", O: str = "") -> x509.Name:  # noqa: E741
    """A subject with the given parts, in the order in which Apple writes them."""
    parts = {NameOID.USER_ID: UID, NameOID.COMMON_NAME: CN[:_LONGEST_COMMON_NAME]}
    parts |= {NameOID.ORGANIZATIONAL_UNIT_NAME: OU, NameOID.ORGANIZATION_NAME: O}
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts.items() if text])


def make_authority(
    name: x509.Name,
    key: rsa.RSAPrivateKey,
    *,
    issuer: x509.Name,
    signed_by: rsa.RSAPrivateKey,
    now: datetime,
    life: timedelta = AUTHORITY_LIFE,
) -> x509.Certificate:
    """A certificate that may sign others."""
    builder = _builder(name, key, issuer=issuer, signed_by=signed_by, now=now, life=life)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.add_extension(_key_usage(signs_certificates=True), critical=True).sign(
        signed_by, hashes.SHA256()
    )


def make_pass_certificate(
    pass_type_identifier: str,
    key: rsa.RSAPrivateKey,
    *,
    issuer: x509.Name,
    signed_by: rsa.RSAPrivateKey,
    now: datetime,
    team_identifier: str = TEAM_IDENTIFIER,
    life: timedelta = LEAF_LIFE,
    nfc: bool = False,
    extension: str | None = None,
) -> x509.Certificate:
    """A leaf as Apple makes it for a pass type: it signs passes and logs in to APNs.

    Apple's own: subject UID, CN, OU (the team) and O; extension 1.2.840.113635.100.6.1.16 repeats the pass
    type. `extension` puts another text there.
    """
    kind = "Pass Type ID with NFC" if nfc else "Pass Type ID"
    name = subject(
        UID=pass_type_identifier, CN=f"{kind}: {pass_type_identifier}", OU=team_identifier, O=ORGANISATION
    )
    marker = _utf8_string(pass_type_identifier if extension is None else extension)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, PASS_SIGNING_USAGE])
    return (
        _builder(name, key, issuer=issuer, signed_by=signed_by, now=now, life=life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(x509.UnrecognizedExtension(PASS_TYPE_EXTENSION, marker), critical=False)
        .sign(signed_by, hashes.SHA256())
    )


def make_server(
    key: rsa.RSAPrivateKey, *, issuer: x509.Name, signed_by: rsa.RSAPrivateKey, now: datetime
) -> x509.Certificate:
    """A TLS server certificate for this machine only."""
    hosts: list[x509.GeneralName] = [x509.DNSName("localhost")]
    hosts += [x509.IPAddress(ip_address(host)) for host in ("127.0.0.1", "::1")]
    name = subject(O=ORGANISATION, CN="localhost")
    return (
        _builder(name, key, issuer=issuer, signed_by=signed_by, now=now, life=LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .sign(signed_by, hashes.SHA256())
    )


def _builder(
    name: x509.Name,
    key: rsa.RSAPrivateKey,
    *,
    issuer: x509.Name,
    signed_by: rsa.RSAPrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key())
    return (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now - BACKDATED + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issued_by, critical=False)
    )


def _key_usage(*, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _utf8_string(text: str) -> bytes:
    encoded = text.encode()
    length = bytes([len(encoded)]) if len(encoded) < 0x80 else bytes([0x81, len(encoded)])
    return b"\x0c" + length + encoded


# -- files -----------------------------------------------------------------------------------------


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _read_certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _is_enhanced(path: Path) -> bool:
    names = _read_certificate(path).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return any(str(name.value).startswith("Pass Type ID with NFC") for name in names)


def _read_key(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} is not an RSA key")
    return key


def _appear(folder: Path, files: Callable[[], Mapping[str, bytes]]) -> None:
    """Put a folder of files in place in one step; where another process was faster, its files stay."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files().items():
            _write(beside / name, content)
        beside.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    _write(beside, content)
    beside.replace(path)


def _write(path: Path, content: bytes) -> None:
    """Private keys are readable by their owner alone from the first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
