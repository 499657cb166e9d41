"""Paid memberships: a payment was made, what a card has, and the end before its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import Field

from app.api.answers import reply
from app.api.calls import call
from app.api.keys import caller, reachable
from app.api.replies import OperationOut, Out
from app.audience import audience
from app.deps import deps
from app.services import memberships
from app.services.inputs import Input, MembershipInput, Short
from app.services.journal import By, Once
from app.services.operating import Reply
from app.storage import queries

SOURCE = "api"


class CancelIn(Input):
    """When it ends: at once, or at the end of the period (it is not renewed). `refund` is noted for the
    books.
    """

    at: Literal["now", "period_end"] = "now"
    refund: bool = False
    reason: Annotated[str, Field(max_length=500)] = ""
    store: Short = ""


class MembershipOut(Out):
    """A payment of a membership. `status`: upcoming, paid, grace, over or cancelled."""

    id: int
    key: str
    name: str
    payment: str
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None
    status: str


class MembershipsOut(Out):
    """All of a card's, the newest first."""

    items: list[MembershipOut]


class MembershipDoneOut(OperationOut):
    """What was done, and the membership as it is since."""

    membership: MembershipOut
    refund: bool = False


@call(
    "POST",
    "/cards/<serial>/memberships",
    summary="A membership was paid, or renewed",
    scope="ledger:write",
    takes=MembershipInput,
    gives=MembershipDoneOut,
    status=201,
    key="optional",
)
@audience("api")
def pay(serial: str, body: MembershipInput, key: str) -> Response:
    """The same `payment` counts once, with or without an Idempotency-Key. A renewal follows on what is
    paid.
    """
    _reach(serial)
    cmd = memberships.Payment(serial, body.membership, body.payment, body.periods, body.starts_at)
    said = {"call": "membership", "target": serial, **body.model_dump(mode="json")}
    once = Once(SOURCE, key, said) if key else Once("payment", body.payment, said)
    return _answer(memberships.pay(deps().db, cmd, once, By(caller().name, body.store), now=deps().now()))


@call(
    "GET",
    "/cards/<serial>/memberships",
    summary="A card's memberships, newest first",
    scope="cards:read",
    gives=MembershipsOut,
)
@audience("api")
def listed(serial: str) -> Mapping[str, Any]:
    """Each payment with its period."""
    with deps().read() as session:
        card = reachable(queries.card_by_serial(session, serial))
        return {"items": memberships.listed(session, card, deps().now())}


@call(
    "POST",
    "/cards/<serial>/memberships/<membership_id>/cancel",
    summary="End a membership before its time",
    scope="ledger:write",
    takes=CancelIn,
    optional_body=True,
    gives=MembershipDoneOut,
    status=201,
    key="optional",
)
@audience("api")
def cancel(serial: str, membership_id: int, body: CancelIn, key: str) -> Response:
    """Once: the same again gives the first answer; one that is over or was cancelled is 409."""
    _reach(serial)
    said = {"call": "cancel", "target": [serial, membership_id], **body.model_dump(mode="json")}
    once = Once(SOURCE, key or f"cancel:{membership_id}:{body.at}", said)
    by = By(caller().name, body.store, body.reason)
    done = memberships.cancel(
        deps().db, serial, membership_id, once, by, now=deps().now(), at=body.at, refund=body.refund
    )
    return _answer(done)


def _answer(done: Reply) -> Response:
    return reply(done.body, 201, {"Idempotency-Replayed": "true"} if done.replayed else None)


def _reach(serial: str) -> None:
    with deps().read() as session:
        reachable(queries.card_by_serial(session, serial))
