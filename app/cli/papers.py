"""Keys, requests and certificates as files: what `tillpass certs` reads and writes.

A key that a certificate was issued for is worth a year of cards, so nothing here ever overwrites one that is
in use; a renewal is prepared beside it. Follows Apple's "Create Wallet identifiers and certificates" (last
checked 2026-07).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from app.wallets import apple
from app.wallets.apple.signing import CertificateError

RENEWAL = "renewal"
REQUEST = "request.csr"
WWDR_PAGE = "https://www.apple.com/certificateauthority/"
BUNDLED_WWDR = Path(apple.__file__).with_name("wwdr-g4.pem")
"""Apple's public certificate of the generation that issues pass certificates now, until 2030-12-10."""
KEY_BITS = 2048
_ENDINGS = {".pem", ".cer", ".crt", ".der", ".key"}
_LARGEST = 1 << 20
_MOST_FILES = 1000


def prepare(folder: Path, pass_type: str) -> tuple[Path, bool]:
    """A key and a request in `folder`; returns the request's path and whether the key is new.

    A key that waits for its certificate already is used again: the request at Apple stays good.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "key.pem"
    found = _key_in(path)
    if found is None and path.exists():
        raise CertificateError(f"{path} holds no private key that could be used: move it away first.")
    key = found or rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    if found is None:
        write(path, _key_pem(key), mode=0o600)
    write(folder / REQUEST, _request(key, pass_type))
    return folder / REQUEST, found is None


def read_certificate(path: Path) -> x509.Certificate:
    """A certificate from DER (`.cer`) or PEM; raises CertificateError and OSError."""
    data = _content(path)
    try:
        if b"-----BEGIN CERTIFICATE-----" in data:  # what OpenSSL writes has notes above it
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError:
        raise CertificateError(f"{path} is no certificate, neither DER (.cer) nor PEM.") from None


def pass_type_of(leaf: x509.Certificate) -> str:
    """The pass type that a certificate is for; raises CertificateError for any other certificate."""
    name, team = _part(leaf, NameOID.USER_ID), _part(leaf, NameOID.ORGANIZATIONAL_UNIT_NAME)
    if not name.startswith("pass.") or not team:
        said = _part(leaf, NameOID.COMMON_NAME) or "without a name"
        raise CertificateError(
            f"This certificate ({said}) is not for passes: Apple calls the right kind "
            "'Pass Type ID Certificate'."
        )
    return name


def find_key(leaf: x509.Certificate, places: Iterable[Path]) -> bytes:
    """The PEM of the key that `leaf` was issued for; raises CertificateError."""
    for path in candidates(places):
        key = _key_in(path)
        if key is not None and key.public_key() == leaf.public_key():
            return _key_pem(key)
    raise CertificateError(
        "The key of this certificate is not here. It was made together with the request: copy that key.pem "
        "from the machine where the request was made, and name it with --key."
    )


def find_wwdr(leaf: x509.Certificate, places: Iterable[Path]) -> bytes:
    """The PEM of the intermediate that issued `leaf`, from `places` or, if it is Apple's G4, our own; raises
    CertificateError with which one is needed and where to fetch it.
    """
    seen: list[x509.Certificate] = []
    for path in (*candidates(places), BUNDLED_WWDR):
        for one in _certificates_in(path):
            with suppress(ValueError, TypeError, InvalidSignature):
                leaf.verify_directly_issued_by(one)
                return one.public_bytes(serialization.Encoding.PEM)
            if path != BUNDLED_WWDR and _is_wwdr(one):
                seen.append(one)
    needed = generation(leaf.issuer)
    given = ", ".join(sorted({generation(one.subject) for one in seen}))
    raise CertificateError(
        f"Apple's intermediate that issued it ({leaf.issuer.rfc4514_string()}) is not here"
        f"{f', only generation {given}' if given else ''}. Download "
        f"'Worldwide Developer Relations - {needed}' from {WWDR_PAGE} and name the file: "
        f"--wwdr AppleWWDRCA{needed}.cer"
    )


def generation(name: x509.Name) -> str:
    """Which of Apple's intermediates a name means: G1 (which had no number) to the newest."""
    units = _parts(name, NameOID.ORGANIZATIONAL_UNIT_NAME)
    return next((unit for unit in units if re.fullmatch(r"G[0-9]{1,2}", unit)), "G1")


def _is_wwdr(certificate: x509.Certificate) -> bool:
    return "Developer Relations" in _part(certificate, NameOID.COMMON_NAME)


def clear_renewal(folder: Path) -> None:
    """Take away what was prepared for a renewal once its key is in use."""
    beside = folder / RENEWAL
    key, used = _key_in(beside / "key.pem"), _key_in(folder / "key.pem")
    if key is not None and used is not None and key.public_key() == used.public_key():
        shutil.rmtree(beside)


def candidates(places: Iterable[Path]) -> Iterator[Path]:
    """Files that may hold keys or certificates: those named, and those in folders down to two levels."""
    for place in places:
        if place.is_file():
            yield place
        elif place.is_dir():
            inside = (path for pattern in ("*", "*/*", "*/*/*") for path in sorted(place.glob(pattern)))
            wanted = (path for path in inside if path.suffix.lower() in _ENDINGS and path.is_file())
            yield from islice(wanted, _MOST_FILES)


def write(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Put a whole file in place in one step, never readable by more people than `mode` says."""
    beside = path.with_name(f".{path.name}-{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _request(key: rsa.RSAPrivateKey, pass_type: str) -> bytes:
    """Apple replaces the subject by its own; ours only tells people which request it is."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, pass_type[:64])])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _key_in(path: Path) -> rsa.RSAPrivateKey | None:
    """The RSA key of a PEM file, or None where there is none that can be used without a passphrase."""
    try:
        data = _content(path)
        key = serialization.load_pem_private_key(data, password=None) if b"PRIVATE KEY" in data else None
    except Exception:  # a file that is none of ours may fail in any way; nothing of it may reach a message
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= KEY_BITS else None


def _certificates_in(path: Path) -> list[x509.Certificate]:
    try:
        data = _content(path)
        if b"-----BEGIN CERTIFICATE-----" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)] if data[:1] == b"\x30" else []
    except (OSError, ValueError, CertificateError):
        return []


def _content(path: Path) -> bytes:
    """No more of a file than a certificate can have; raises CertificateError and OSError."""
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise CertificateError(f"{path} is too large for a certificate or a key.")
    return data


def _part(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> str:
    return next(iter(_parts(certificate.subject, kind)), "")


def _parts(name: x509.Name, kind: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in name.get_attributes_for_oid(kind)]
