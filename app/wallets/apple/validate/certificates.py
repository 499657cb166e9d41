"""The certificates inside a signature: whose they are, until when, whether they are those of this pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from app.wallets.apple.certificates import pass_type_extension
from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.nearby import PERSONALIZATION

_WHERE = "signature"
_KINDS = ("Pass Type ID: ", "Pass Type ID with NFC: ")
_NFC_KIND = "Pass Type ID with NFC"
_SOON_DAYS, _SOON_DAYS_WWDR = 30, 90
_LONGEST_NAME = 64  # X.520's upper bound of a common name


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the signer's certificate says. `signed_at` is the signer's own word."""

    pass_type_identifier: str
    team_identifier: str
    organisation: str
    issuer: str
    nfc: bool
    begins: datetime
    ends: datetime
    signed_at: datetime | None

    def days_left(self, now: datetime) -> int:
        """Whole days until the certificate ends; below zero once it has."""
        return (self.ends - now).days


def facts_of(leaf: x509.Certificate, signed_at: datetime | None) -> CertificateFacts:
    """The facts of a certificate, as far as it tells any."""
    return CertificateFacts(
        pass_type_identifier=said(leaf.subject, NameOID.USER_ID),
        team_identifier=said(leaf.subject, NameOID.ORGANIZATIONAL_UNIT_NAME),
        organisation=said(leaf.subject, NameOID.ORGANIZATION_NAME),
        issuer=said(leaf.issuer, NameOID.COMMON_NAME),
        nfc=said(leaf.subject, NameOID.COMMON_NAME).startswith(_NFC_KIND),
        begins=leaf.not_valid_before_utc,
        ends=leaf.not_valid_after_utc,
        signed_at=signed_at,
    )


def said(name: x509.Name, kind: x509.ObjectIdentifier) -> str:
    """One part of a name, or an empty text."""
    parts = name.get_attributes_for_oid(kind)
    return str(parts[0].value) if parts else ""


def check_kind(leaf: x509.Certificate, faults: Faults) -> None:
    """Whether this is a Pass Type ID certificate at all."""
    marked, named = pass_type_extension(leaf), said(leaf.subject, NameOID.USER_ID)
    if marked is None or marked != named:
        message = (
            "The signer's certificate is no Pass Type ID certificate (its extension and UID do not agree)."
        )
        mend = "Use the Pass Type ID certificate of this pass type."
        faults.add("leaf-kind", _WHERE, message, mend)
    common = said(leaf.subject, NameOID.COMMON_NAME)
    if common not in [f"{kind}{named}"[:_LONGEST_NAME] for kind in _KINDS]:
        message = f"The certificate is called {common!r}, not {_KINDS[0]}{named}."
        mend = "Use the certificate that Apple issued for this pass type."
        faults.warn("leaf-name", _WHERE, message, mend)


def check_names(
    leaf: x509.Certificate, members: Mapping[str, bytes], card: Mapping[str, Any], faults: Faults
) -> None:
    """Whether the certificate is the one of this pass, and may do what the pass does."""
    pairs = {"passTypeIdentifier": NameOID.USER_ID, "teamIdentifier": NameOID.ORGANIZATIONAL_UNIT_NAME}
    for key, kind in pairs.items():
        if card.get(key) != (certified := said(leaf.subject, kind)):
            message = f"pass.json says {card.get(key)!r}, the certificate {certified!r}."
            mend = "Sign with the certificate of this pass type."
            faults.add(f"{key}-mismatch", f"pass.json#/{key}", message, mend)
    if said(leaf.subject, NameOID.COMMON_NAME).startswith(_NFC_KIND):
        return
    mend = "Ask Apple for an NFC certificate (Pass Type ID with NFC), or leave it out."
    if "nfc" in card:
        message = "The pass uses NFC, but its certificate is not one with NFC."
        faults.add("nfc-certificate", "pass.json#/nfc", message, mend)
    if PERSONALIZATION in members:
        message = "The pass asks for a person's data over NFC, but its certificate is not one with NFC."
        faults.add("personalization-certificate", PERSONALIZATION, message, mend)


def check_life(certificate: x509.Certificate, name: str, when: datetime | None, faults: Faults) -> None:
    """Whether the pass was signed within the certificate's life: that is what phones look at."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if when and not begins <= when <= ends:
        message = f"It was signed on {_day(when)}, but the {name} lives from {_day(begins)} to {_day(ends)}."
        mend = "Renew the certificate, or set the clock right, and sign anew."
        faults.add(f"{name}-not-valid", _WHERE, message, mend)


def check_today(
    leaf: x509.Certificate, issuer: x509.Certificate | None, now: datetime, faults: Faults
) -> None:
    """What has ended or soon will; passes on phones go on working, but nothing new can be signed."""
    papers = [("certificate", leaf, _SOON_DAYS)]
    papers += [("wwdr", issuer, _SOON_DAYS_WWDR)] if issuer is not None else []
    for name, each, soon in papers:
        days = (each.not_valid_after_utc - now).days
        title = "The signer's certificate" if name == "certificate" else "Its intermediate (WWDR)"
        if days < 0:
            message = f"{title} ended on {_day(each.not_valid_after_utc)}: nothing new can be signed with it."
            faults.warn(f"{name}-ended", _WHERE, message, "Renew it for the same pass type.")
        elif days < soon:
            message = f"{title} ends in {days} days."
            faults.warn(f"{name}-ends-soon", _WHERE, message, "Renew it for the same pass type.")


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d}"
