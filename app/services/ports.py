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
    """A webhook that is genuine, with the key by which its repeats are known.

    `topic` is what it is about, where only a header says so; what no signature covers decides nothing more.
    """

    dedup_key: str
    content_type: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A webhook as it was kept: its exact bytes, and what its headers said."""

    body: bytes
    topic: str = ""
    content_type: str = ""
    received_at: datetime | None = None


ActionKind = Literal[
    "member",
    "purchase",
    "refund",
    "status",
    "adjust",
    "balance",
    "stamps",
    "values",
    "membership",
    "event",
    "erase",
]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that an event asks us to do; `kind` names a use case of services/crm/actions.

    `ref` and `version` say which thing of the other system it tells of (`contact:82`) and how new that is (a
    number that only rises, such as milliseconds): what is older than what was applied does nothing. `key`
    makes it happen once where one thing is told of many times (`order:727:paid`): the first body counts.
    """

    kind: ActionKind
    body: Mapping[str, Any]
    ref: str = ""
    version: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """The event says only that this changed (`contact:82`): read it first. Several asks for one thing are one
    read.
    """

    ref: str


class Connector(Protocol):
    """A CRM or till system: bytes and headers in, verified and typed actions out; never touches the
    database.
    """

    @property
    def kind(self) -> str:
        """What a source of this sort is made with; the same for ever."""
        ...

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """Check the signature over the raw bytes; raises `HookRejected` for anything hostile or old.

        Whatever else it raises counts as that too.
        """
        ...

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """What the stored call asks for, in order; nothing for events that are none of our business. Raises
        domain `Invalid` with the faults.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other system answered to a call of ours; `json` is None where it was none."""

    status: int
    json: Any
    headers: Mapping[str, str]
    text: str = ""


class Remote(Protocol):
    """The system behind a source, as its connector calls it: paced, capped, and never in a transaction."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the source keeps of it: `url`, and whatever the connector's `Settings` names."""
        ...

    @property
    def token(self) -> str:
        """The credential for calling it; empty where none was given."""
        ...

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """`path` below `settings["url"]`; answers any status below 500 but 429. Raises DeliveryError for the
        others and for a system that does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Polled:
    """Something that the system did not tell of, as a call that it might have made."""

    dedup_key: str
    body: bytes
    topic: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed since the last look: kept as calls, then `cursor` is kept; `more` is waiting at once."""

    calls: Sequence[Polled]
    cursor: str
    more: bool = False


@runtime_checkable
class Configured(Protocol):
    """A connector whose sources have settings."""

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises domain `Invalid` with pointers below `/settings`."""
        ...


@runtime_checkable
class Reading(Protocol):
    """A connector that answers its own `Ask`s by reading the system."""

    @property
    def calls_per_s(self) -> float:
        """How often the vendor lets us call."""
        ...

    def read(
        self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Action]]:
        """What each thing is now, as actions; an empty list for what is gone. Raises DeliveryError."""
        ...


@runtime_checkable
class Polling(Protocol):
    """A connector that asks for what was never told: the vendor does not resend, or gives up."""

    @property
    def poll_every_s(self) -> float:
        """How long after the last look to look again."""
        ...

    def changed(self, remote: Remote, cursor: str, *, now: datetime) -> Changed:
        """What changed since `cursor` (empty: from now on, less a margin). Raises DeliveryError."""
        ...


@runtime_checkable
class Telling(Protocol):
    """A connector that writes back: card links, balances and tiers into the fields of the CRM."""

    @property
    def tells(self) -> Sequence[str]:
        """The kinds of events that it wants (docs/events.md)."""
        ...

    def writes_back(self, settings: Mapping[str, Any]) -> bool:
        """Whether these settings name anything that is written to; else nothing is told."""
        ...

    def tell(self, remote: Remote, payload: Mapping[str, Any]) -> None:
        """Bring one event (the payload of our outbound webhooks) to the system. Raises DeliveryError."""
        ...


@runtime_checkable
class Greeting(Protocol):
    """A connector whose system says hello, unsigned, when somebody types our address there."""

    def is_greeting(self, call: Inbound) -> bool:
        """Whether this is that hello. It is answered with 200 at every address, so that it tells nobody which
        of them exist, and nothing is kept of it.
        """
        ...


class HookRejected(Exception):
    """The call is not genuine; the caller learns nothing more than that."""
