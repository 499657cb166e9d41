"""Gift cards: money is loaded onto a card; a purchase spends it (`gift_minor`)."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import ConfigDict, Field

from app.api.calls import call
from app.api.ledger import answered, by_caller, once_for, reach
from app.api.replies import OperationOut
from app.audience import audience
from app.deps import deps
from app.services import gift_cards
from app.services.inputs import MOST_MINOR, Input, Short


class GiftIn(Input):
    """Money for the card, in minor units of the programme's currency; `reason` says how it was paid."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount_minor": 5000, "reason": "paid by card, slip 1200"}]}
    )
    amount_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)]
    reason: Annotated[str, Field(max_length=500)] = ""
    store: Short = ""


@call(
    "POST",
    "/cards/<serial>/gifts",
    summary="Load money onto a gift card",
    scope="ledger:write",
    takes=GiftIn,
    gives=OperationOut,
    status=201,
    key="required",
)
@audience("api")
def load(serial: str, body: GiftIn, key: str) -> Response:
    """Earns nothing; what is bought with it does."""
    reach(serial)
    once, by = once_for("gift", serial, body, key), by_caller(body.store, body.reason)
    return answered(gift_cards.load(deps().db, serial, body.amount_minor, once, by, now=deps().now()))
