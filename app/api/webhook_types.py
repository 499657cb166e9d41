"""What the calls of outbound webhooks take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from app.api.replies import Out
from app.api.requests import Page, Slug
from app.services.inputs import Input, Moment

Url = Annotated[str, Field(max_length=500, examples=["https://shop.example.com/hooks/cards"])]
Kind = Annotated[str, Field(min_length=1, max_length=40, examples=["purchase"])]
Kinds = Annotated[tuple[Kind, ...], Field(max_length=60)]
Text = Annotated[str, Field(max_length=200)]
HOOK: dict[str, Any] = {
    "programme": "cafe",
    "url": "https://shop.example.com/hooks/cards",
    "kinds": ["card.issued", "purchase", "tier.up"],
    "description": "Our CRM",
}


class EndpointIn(Input):
    """Where events of a programme go: a `url` of yours, or a `source` whose system is written back to.

    `kinds` empty means all. `member_data`: names, phones and e-mails travel with the events, not the external
    id alone.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [HOOK]})
    programme: Slug
    url: Url = ""
    source: Annotated[str, Field(max_length=60)] = ""
    kinds: Kinds = ()
    description: Text = ""
    member_data: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.url) == bool(self.source):
            raise ValueError("give either a url or a source")
        return self


class EndpointPatch(Input):
    """What to change. `paused` keeps events until it is `active` again, which also brings a disabled one
    back.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "paused"}]})
    url: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    kinds: Kinds | None = None
    description: Text | None = None
    member_data: bool | None = None
    state: Literal["active", "paused"] | None = None


class RotateIn(Input):
    """How many hours the former secret goes on signing beside the new one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"hours": 24}]})
    hours: Annotated[int, Field(ge=0, le=720)] = 24


class ReplayIn(Input):
    """One `message`, all that happened `since` a time, or all that `failed`; exactly one of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "2026-03-02T09:00:00Z"}]})
    message: Annotated[str, Field(min_length=1, max_length=40, examples=["msg_3_1718"])] | None = None
    since: Moment | None = None
    state: Literal["failed"] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.message, self.since, self.state)) != 1:
            raise ValueError("give exactly one of message, since and state")
        return self


class MessageQuery(Page):
    """Messages of an endpoint, newest first."""

    state: Literal["", "pending", "delivered", "failed"] = ""


class EndpointOut(Out):
    """An endpoint. `state`: active, paused (events wait) or disabled (`disabled_reason` says why).

    `former_until`: until when the secret before the last change signs too.
    """

    id: int
    programme: str
    url: str
    source: str
    kinds: list[str]
    description: str
    member_data: bool
    state: str
    disabled_reason: str
    failing_since: datetime | None
    last_ok_at: datetime | None
    former_until: datetime | None
    created_at: datetime
    changed_at: datetime


class NewEndpointOut(EndpointOut):
    """The secret is shown this once; empty for a source."""

    secret: str


class SecretOut(Out):
    """The new secret, shown this once; until `former_until` the former one signs too."""

    secret: str
    former_until: datetime


class GoneEndpointOut(Out):
    """It is gone, with all that was kept of it."""

    id: int


class AttemptOut(Out):
    """One try: the status and the begin of the answer, or why none came."""

    at: datetime
    status: int | None
    took_ms: int
    error: str
    answer: str


class WebhookMessageOut(Out):
    """An event on its way. `id` is its `webhook-id`, the same on every try. `due_at`: when it is tried
    next.
    """

    id: str
    event: int
    type: str
    state: str
    due_at: datetime | None
    last_status: int | None
    last_error: str
    created_at: datetime
    delivered_at: datetime | None
    attempts: list[AttemptOut]


class ReplayedOut(Out):
    """How many messages are on their way again."""

    messages: int


class EventKindOut(Out):
    """An event that endpoints may choose; `changed` is an example of what `data.changed` holds."""

    type: str
    says: str
    changed: dict[str, Any]


class EventKindsOut(Out):
    """All of them, and a whole example of what is sent."""

    items: list[EventKindOut]
    example: dict[str, Any]
