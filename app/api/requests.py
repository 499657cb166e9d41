"""What the calls take, beyond what webhooks may say too (services/inputs)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.domain.programme import Programme
from app.domain.values import Frozen
from app.services.inputs import (
    ChannelInput,
    ConsentInput,
    Input,
    Key40,
    MemberInput,
    Moment,
    Named,
    ReceiptInput,
    ReturnedItem,
    Short,
    Status,
    Tier,
)

Slug = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$", examples=["cafe"])]


class CardIn(Input):
    """A new member of a programme."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "programme": "cafe",
                    "member": {"phone": "+37120000001", "given_name": "Аня", "locale": "ru"},
                    "channel": {"utm_source": "newsletter"},
                }
            ]
        }
    )
    programme: Slug
    member: MemberInput = MemberInput()
    channel: ChannelInput = ChannelInput()
    consents: Annotated[tuple[ConsentInput, ...], Field(max_length=20)] = ()
    friend_code: Annotated[str, Field(max_length=20, examples=["7HXK4MPA"])] = ""


class CardPatch(Input):
    """What to change; what is not named stays. A null `expires_at` takes the end away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tier": "gold", "values": {"bonus": "12 %"}}]})
    status: Status | None = None
    tier: Tier | None = None
    expires_at: Moment | None = None
    values: Named | None = None
    member: MemberInput | None = None


class RedemptionIn(Input):
    """Either points or the key of a reward that is ready."""

    points: Annotated[int, Field(ge=1, le=10**12, examples=[100])] | None = None
    reward: Key40 | None = None
    reason: Annotated[str, Field(max_length=500)] = ""
    store: Short = ""


class ReversalIn(Input):
    """Takes all (or all that is left) back; of a receipt also a part: by amount, as the receipt was before
    discounts, or by items.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount_minor": 500, "reason": "did not fit"}]}
    )
    amount_minor: Annotated[int, Field(ge=1, le=10**12)] | None = None
    items: Annotated[tuple[ReturnedItem, ...], Field(max_length=500)] = ()
    reason: Annotated[str, Field(max_length=500)] = ""
    store: Short = ""


class HoldIn(ReceiptInput):
    """The receipt as it stands at "calculate", with the points that are to pay it; they come back by
    themselves after `seconds`.
    """

    redeem_points: Annotated[int, Field(ge=1, le=10**12, examples=[500])]
    seconds: Annotated[int, Field(ge=30, le=86_400)] = 900


class CaptureIn(Input):
    """How many of the points are spent; all, where that is not said. The rest goes back."""

    points: Annotated[int, Field(ge=1, le=10**12)] | None = None
    store: Short = ""


class Query(BaseModel):
    """A query string: every value is text at first."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Query):
    """A part of a list; `cursor` is the `next_cursor` of the part before."""

    cursor: Annotated[str, Field(pattern=r"^[0-9]{0,18}$")] = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    @property
    def after(self) -> int:
        """The row number that the cursor stands for."""
        return int(self.cursor or 0)


class CardQuery(Page):
    """Cards that match every value that is given."""

    phone: Annotated[str, Field(max_length=40)] = ""
    number: Annotated[str, Field(max_length=40)] = ""
    external_id: Short = ""
    email: Annotated[str, Field(max_length=254)] = ""
    programme: Annotated[str, Field(max_length=40)] = ""


class EventQuery(Page):
    """Events of a source, newest first."""

    state: Annotated[str, Field(pattern=r"^(received|applied|dead)?$")] = ""


class DesignQuery(Query):
    """A word about a draft, for the history."""

    note: Annotated[str, Field(max_length=200)] = ""


class Language(Query):
    """The language of sentences for people."""

    locale: Annotated[str, Field(max_length=20)] = "en"


class Nothing(Input):
    """No body is needed."""


_EACH: Any = {name: (field.rebuild_annotation(), None) for name, field in Programme.model_fields.items()}
ProgrammePatch: type[BaseModel] = create_model(
    "ProgrammePatch",
    __base__=Frozen,
    __doc__="What to replace; what is not named stays. The slug never changes.",
    **_EACH,
)
