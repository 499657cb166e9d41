"""What the services ask of the world outside; wallets and connectors implement it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from app.domain.design import Design
from app.domain.passes import Pass
from app.domain.programme import Programme


class DeliveryError(Exception):
    """A wallet could not be told. `permanent`: trying the same again is useless; `retry_after_s`: not
    before that.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Job:
    """A card that a wallet should be told of: it must reach at least `version`; `urgent` goes before
    roll-outs.
    """

    delivery_id: int
    card_id: int
    version: int
    urgent: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: the version that was really delivered, or the error."""

    job: Job
    version: int
    error: DeliveryError | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the operator should know: `broken` stops cards, `warning` will, `ok` is for
    completeness.

    `message` and `mend` are English; `facts` are what stands in them, so that a page can say the same in its
    own language (see services/causes).
    """

    level: Literal["ok", "warning", "broken"]
    code: str
    message: str
    mend: str = ""
    facts: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class DeviceNews:
    """How far the news went to one phone; versions are those of the card."""

    wallet: str
    device: str
    registered_at: datetime | None
    pushed_version: int
    pushed_at: datetime | None
    asked_version: int
    asked_at: datetime | None
    fetched_version: int
    fetched_at: datetime | None
    error: str = ""


class Wallet(Protocol):
    """A place on a customer's phone that can hold a card."""

    @property
    def name(self) -> str:
        """`apple`, `google`: as deliveries and settings call it."""
        ...

    def add_url(self, card: Pass) -> str:
        """Where the customer adds the card (or sees it, once added); may call the vendor. Raises
        DeliveryError.
        """
        ...

    def deliver(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Bring these cards to the phones; idempotent, in any order, an outcome for each job."""
        ...

    def publish(self, programme: Programme, design: Design, design_id: int) -> None:
        """Bring the look that all cards share to the vendor, where it has one. Raises DeliveryError."""
        ...

    def devices(self, card_id: int) -> Sequence[DeviceNews]:
        """The phones that hold this card."""
        ...

    def preview(self, pass_: Pass, programme: Programme, design: Design) -> Mapping[str, Any]:
        """What the vendor would be given for this card, as JSON values; nothing is sent."""
        ...

    def check(self, now: datetime) -> Sequence[Finding]:
        """Certificates, keys, quotas."""
        ...

    def tend(self, now: datetime) -> bool:
        """A bounded piece of the wallet's own upkeep (compare with the vendor, knock again), often called.

        Looks at the clock itself, is harmless on several machines at once, and returns whether more is
        waiting.
        """
        ...


@runtime_checkable
class Probing(Protocol):
    """A wallet that can be looked at more closely than `check` does at every look."""

    def inspect(self, now: datetime) -> Sequence[Finding]:
        """Our own side: sample cards, what the database knows of the vendor; takes a while, asks nobody."""
        ...

    def probe(self, now: datetime) -> Sequence[Finding]:
        """Ask the vendor, with short time-outs and outside any transaction; raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Inbound:
    """A webhook as it came: header names in lower case, the body's exact bytes."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verified:
    """A webhook that is genuine, with the key by which its repeats are known."""

    dedup_key: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that an event asks us to do; `kind` names a use case of services/crm."""

    kind: Literal["member", "purchase", "status", "adjust", "stamps", "values", "membership", "event"]
    body: Mapping[str, Any]


class Connector(Protocol):
    """A CRM or till system: bytes and headers in, verified and typed actions out; never touches the
    database.
    """

    kind: str

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """Check the signature over the raw bytes; raises `HookRejected` for anything hostile or old."""
        ...

    def actions(self, body: bytes, mapping: Mapping[str, Any]) -> Sequence[Action]:
        """What the stored body asks for; raises domain `Invalid` with the faults."""
        ...


class HookRejected(Exception):
    """The call is not genuine; the caller learns nothing more than that."""
