"""What needs Apple's "enhanced" certificate, and does not have it: NFC and sign-up at a reader.

A phone refuses a pass with NFC under any other certificate, so it is left out of the pass, and told here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.services.causes import found
from app.services.ports import Finding
from app.storage.tables import DesignRow, ProgrammeRow
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.signing import CertificateError

PROGRAMMES_ASKED = 50


def nfc_findings(store: CertificateStore, read: sessionmaker[Session]) -> Iterator[Finding]:
    """Programmes whose published look asks for what their certificate does not allow."""
    for slug, pass_type, look in _looks(read):
        nfc, personalisation = look.get("nfc"), look.get("personalisation")
        if personalisation and not nfc:
            yield found("apple-sign-up-without-nfc", programme=slug)
        if (nfc or personalisation) and (name := _plain(store, pass_type)):
            yield found("apple-nfc-certificate-missing", programme=slug, pass_type=name)


def _looks(read: sessionmaker[Session]) -> list[tuple[str, str, Mapping[str, Any]]]:
    rows = (
        select(ProgrammeRow.slug, ProgrammeRow.body, DesignRow.body)
        .join(DesignRow, DesignRow.id == ProgrammeRow.design_id)
        .order_by(ProgrammeRow.id)
        .limit(PROGRAMMES_ASKED)
    )
    try:
        with read() as session:
            found = session.execute(rows).all()
    except Exception:  # a database that is away or old is a finding of its own
        return []
    apple = [(slug, body.get("apple") or {}, design.get("apple") or {}) for slug, body, design in found]
    return [(slug, str(own.get("pass_type_identifier") or ""), look) for slug, own, look in apple]


def _plain(store: CertificateStore, pass_type: str) -> str:
    """The pass type, if its certificate is none for NFC; what is wrong beyond that is told elsewhere."""
    try:
        identity = store.identity(pass_type) if pass_type else store.only()
    except CertificateError:
        return ""
    return "" if identity.nfc else identity.pass_type_identifier
