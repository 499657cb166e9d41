"""What views are given. Views cannot take arguments, so `deps()` is the one look-up; everything else is
passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import current_app
from sqlalchemy.orm import Session, sessionmaker

from app.domain.design import Design
from app.domain.programme import Programme
from app.services.health.report import Health
from app.services.images import Pictures
from app.services.importing import ImportDesign
from app.services.jobs.importing import Means
from app.services.mail import SendMail
from app.services.moving.unloading import Papers
from app.services.outside import Outside
from app.services.ports import Connector, Finding, Wallet
from app.services.verifying import VerifyPass


@dataclass(frozen=True, slots=True)
class Deps:
    """The parts of a running Tillpass. `db` for use cases that write, `read` for those that never do.

    `default_pass_type` answers the only pass type there is, or an empty text; `seal`/`unseal` encrypt
    secrets at rest.
    """

    base_url: str
    sandbox: bool
    sandbox_url: str
    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    wallets: Mapping[str, Wallet]
    connectors: Mapping[str, Connector]
    pictures: Pictures
    fit_starter: Callable[[Programme], Design]
    starters: Mapping[str, Design]
    default_pass_type: Callable[[], str]
    seal: Callable[[str], str]
    unseal: Callable[[str], str]
    findings: Callable[[], list[Finding]]
    health: Health | None = None
    """Who looks closely, and from outside; None in tests of single rooms."""
    rotating_key: bytes = b""
    """What the secrets of rotating barcodes are made from."""
    send_mail: SendMail | None = None
    """(to, subject, plain text, html) -> sent, or MailError; None where no mail server is set."""
    verify_pass: VerifyPass | None = None
    """Judges and draws anybody's pass file; None in tests of single rooms."""
    outside: Outside = field(default_factory=Outside)
    """The door to addresses that people typed."""
    import_design: ImportDesign | None = None
    """Reads a pass or a template as a design; None in tests of single rooms."""
    pass_token: Callable[[str, bytes], str] = lambda serial, salt: ""
    """What the pass of a card (serial, salt) authenticates with; none in tests of single rooms."""

    @property
    def means(self) -> Means:
        """What imports and exports of members work with."""
        papers = Papers(self.base_url, self.seal, self.unseal, self.pass_token)
        return Means(self.db, self.read, papers, self.now, self.default_pass_type)


def deps() -> Deps:
    """The parts of the app that serves this request."""
    return cast(Deps, current_app.extensions["tillpass"])
