"""The bodies of actions: a connector hands on whatever JSON said, so it is parsed as strictly as the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, Field

from app.domain.errors import Invalid
from app.services import loyalty
from app.services.happenings import EventInput
from app.services.inputs import (
    MOST_MINOR,
    AdjustmentInput,
    BrokenJson,
    ChannelInput,
    ConsentInput,
    Input,
    MemberInput,
    MembershipInput,
    Minor,
    Moment,
    Named,
    PurchaseInput,
    ReturnedItem,
    Short,
    StampsInput,
    Status,
    Tier,
    parse_json,
)

Model = TypeVar("Model", bound=BaseModel)


class MemberAction(MemberInput):
    """A member with what brought them."""

    channel: ChannelInput = ChannelInput()
    consents: Annotated[tuple[ConsentInput, ...], Field(max_length=20)] = ()


class StatusAction(Input):
    """A card's status, tier or end."""

    status: Status | None = None
    tier: Tier | None = None
    expires_at: Moment | None = None


class RefundAction(Input):
    """A receipt comes back: whole, by amount or items, or (`refunded_minor`) up to what is back by now.

    `if_known`: a receipt that we do not have needs no return, because the sale was never told of either.
    """

    receipt: Annotated[str, Field(min_length=1, max_length=120)]
    if_known: bool = False
    refund: Short = ""
    amount_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    refunded_minor: Annotated[int, Field(ge=0, le=MOST_MINOR)] | None = None
    items: Annotated[tuple[ReturnedItem, ...], Field(max_length=500)] = ()
    reason: Annotated[str, Field(max_length=500)] = ""
    store: Short = ""


class BalanceAction(Input):
    """What the balance should be: the difference is adjusted, and the journal says why."""

    points: Minor | None = None
    stamps: Annotated[int, Field(ge=0, le=10_000)] | None = None
    chips: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    cashback_minor: Minor | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    store: Short = ""

    def wanted(self) -> dict[str, int]:
        """Unit to balance."""
        units = ("points", "stamps", "chips", "cashback_minor")
        return {unit: amount for unit in units if (amount := getattr(self, unit)) is not None}


class NothingMore(Input):
    """The card is all that is named."""


class ValuesAction(Input):
    """Named values that a design may show; null takes one away."""

    values: Named


MODELS: Mapping[str, type[BaseModel]] = {
    "member": MemberAction,
    "purchase": PurchaseInput,
    "refund": RefundAction,
    "status": StatusAction,
    "adjust": AdjustmentInput,
    "balance": BalanceAction,
    "stamps": StampsInput,
    "values": ValuesAction,
    "membership": MembershipInput,
    "event": EventInput,
    "erase": NothingMore,
}
"""By kind of action: its body without what names the card (`targets.Target`)."""


def parsed(model: type[Model], body: Mapping[str, Any]) -> Model:
    """`body` as a value; raises Invalid."""
    try:
        return parse_json(model, orjson.dumps(dict(body)))
    except (orjson.JSONEncodeError, BrokenJson) as error:
        raise Invalid({"": f"cannot be kept: {error}"}) from None


def purchase_of(serial: str, body: Mapping[str, Any]) -> loyalty.Purchase:
    """A receipt as the use case takes it; raises Invalid."""
    receipt = parsed(PurchaseInput, body)
    said = receipt.model_dump(exclude={"items"})
    return loyalty.Purchase(serial, items=[item.model_dump() for item in receipt.items], **said)
