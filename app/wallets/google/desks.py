"""The issuers that we may act for: one desk each, with its own account, links and rate.

A card stays with the issuer it was made at, which its id names; a programme's choice decides for new cards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from app.services.ports import DeliveryError

from .client import GoogleClient
from .credentials import ServiceAccount, authorized_session
from .objects import Issuing
from .savelink import SaveLinks
from .turns import shared_turns


@dataclass(frozen=True)
class Desk:
    """One issuer: who signs for it, and a client for each thread and lane."""

    issuing: Issuing
    account: ServiceAccount
    links: SaveLinks
    api_url: str
    db: sessionmaker[Session]
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)
    _local: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    @property
    def issuer_id(self) -> str:
        """The number in the Wallet console."""
        return self.issuing.issuer_id

    def client(self, urgent: bool = True) -> GoogleClient:
        """One a thread and lane, as its session is; all take turns at this issuer's rate."""
        clients: dict[bool, GoogleClient] = self._local.__dict__.setdefault("clients", {})
        if urgent not in clients:
            reserve = shared_turns(self.db, self.issuer_id, urgent=urgent)
            clients[urgent] = GoogleClient(
                authorized_session(self.account), self.api_url, reserve, now=self.now, sleep=self.sleep
            )
        return clients[urgent]


class UnknownIssuer(DeliveryError):
    """A programme names an issuer whose key we do not have: mended in the settings, then all catches up."""

    def __init__(self, issuer_id: str) -> None:
        self.issuer_id = issuer_id
        super().__init__(
            f"There is no key for the Google issuer {issuer_id}: put {issuer_id}.json into the folder of"
            " TILLPASS_GOOGLE_ISSUERS_DIR, or choose another issuer in the programme.",
            permanent=False,
            retry_after_s=900,
        )


@dataclass(frozen=True)
class Desks:
    """All issuers by their id; `default` serves programmes that name none."""

    by_issuer: Mapping[str, Desk]
    default: str

    def __post_init__(self) -> None:
        assert self.default in self.by_issuer

    def chosen(self, issuer_id: str = "") -> Desk:
        """The desk of a programme's choice, `""` for the default; raises UnknownIssuer."""
        wanted = issuer_id or self.default
        if wanted not in self.by_issuer:
            raise UnknownIssuer(wanted)
        return self.by_issuer[wanted]

    def of(self, resource_id: str) -> Desk:
        """The desk that made a class or object; raises UnknownIssuer."""
        return self.chosen(resource_id.partition(".")[0])
