"""What the calls on sources of webhooks take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.api.replies import Out
from app.api.requests import Slug
from app.services.inputs import Input, Key40, Moment

Secret = Annotated[str, Field(min_length=16, max_length=200, pattern=r"^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$")]
Token = Annotated[str, Field(max_length=2000, pattern=r"^[\x20-\x7e]*$")]
About = Annotated[dict[str, Any], Field(max_length=50)]


class SourceIn(Input):
    """A system that will send webhooks; `secret` is made for you unless you bring one.

    `settings` are those of its kind (docs/connect), `token` is for calling it back. `quiet_after_s`: how long
    it may be silent before that is a finding; 0 goes by what is usual.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"slug": "crm", "programme": "cafe", "kind": "generic"}]}
    )
    slug: Slug
    programme: Slug
    kind: Key40 = "generic"
    secret: Secret | None = None
    mapping: About = Field(default_factory=dict)
    settings: About = Field(default_factory=dict)
    token: Token = ""
    quiet_after_s: Annotated[int, Field(ge=0, le=90 * 86_400)] = 0


class SourcePatch(Input):
    """What to change of a source; what is not named stays. An empty `token` takes it away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"settings": {"strangers": "ignore"}}]})
    mapping: About | None = None
    settings: About | None = None
    token: Token | None = None
    quiet_after_s: Annotated[int, Field(ge=0, le=90 * 86_400)] | None = None
    paused: bool | None = None


class RotateIn(Input):
    """How many hours the secret before is good for, and the new one, unless it is made for you."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap_hours": 24}]})
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24
    secret: Secret | None = None


class ReplayIn(Input):
    """Which events: those since a time, those in a state, or these; all where nothing is said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "dead"}]})
    since: Moment | None = None
    state: Annotated[str, Field(pattern=r"^(applied|dead)?$")] = ""
    events: Annotated[tuple[Annotated[int, Field(ge=1, le=2**53)], ...], Field(max_length=1000)] = ()


class TryIn(Input):
    """A call as the system would send it: `body` as its text; `mapping` instead of the source's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "body": '{"type": "stamps", "data": {"phone": "+37120000001"}}',
                    "topic": "",
                    "mapping": None,
                }
            ]
        }
    )
    body: Annotated[str, Field(max_length=1_000_000)]
    topic: Annotated[str, Field(max_length=100)] = ""
    content_type: Annotated[str, Field(max_length=100)] = ""
    mapping: About | None = None


class SourceOut(Out):
    """A system that may call `url`; when it was asked last (`polled_at`), and what came of it."""

    id: int
    slug: str
    programme: str
    kind: str
    url: str
    mapping: dict[str, Any]
    settings: dict[str, Any]
    has_token: bool
    quiet_after_s: int | None
    revision: int
    created_at: datetime
    paused_at: datetime | None
    polled_at: datetime | None
    poll_error: str


class NewSourceOut(SourceOut):
    """The secret is shown this once."""

    secret: str


class SecretOut(Out):
    """The new secret, which is shown this once; the one before it is good until `former_until`."""

    secret: str
    former_until: datetime


class ReplayedOut(Out):
    """How many events are in the queue again."""

    replayed: int


class TriedActionOut(Out):
    """An action that the call asks for, what is wrong with it, and the card that it means."""

    kind: str
    body: dict[str, Any]
    faults: list[dict[str, str]]
    card: str
    says: str


class TriedOut(Out):
    """What the call would do; nothing was done. `asks` are things that would be read from the system."""

    actions: list[TriedActionOut]
    asks: list[str]
    faults: list[dict[str, str]]
