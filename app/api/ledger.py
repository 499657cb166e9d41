"""What moves value: purchases, stamps, redemptions, adjustments, reversals; each happens once a key."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Response

from app.api.answers import reply
from app.api.calls import call
from app.api.keys import caller, reachable
from app.api.problems import Problem
from app.api.replies import OperationOut, QuoteOut
from app.api.requests import RedemptionIn, ReversalIn
from app.audience import audience
from app.deps import deps
from app.services import loyalty, quoting, refunds
from app.services.inputs import AdjustmentInput, Input, PurchaseInput, StampsInput
from app.services.journal import By, Once
from app.services.operating import Reply
from app.storage import queries

SOURCE = "api"
"""Idempotency keys are the programme's: a program whose API key was changed can still repeat a call."""


@call(
    "POST",
    "/cards/<serial>/quotes",
    summary="What a purchase would earn, and how much points may pay",
    scope="cards:read",
    takes=PurchaseInput,
    gives=QuoteOut,
    repeatable=True,
)
@audience("api")
def quote(serial: str, body: PurchaseInput) -> Mapping[str, Any]:
    """Changes nothing."""
    reach(serial)
    return quoting.quote(deps().read, purchase_of(serial, body), now=deps().now())


@call(
    "POST",
    "/cards/<serial>/purchases",
    summary="A receipt was closed",
    scope="ledger:write",
    takes=PurchaseInput,
    gives=OperationOut,
    status=201,
    key="optional",
)
@audience("api")
def purchase(serial: str, body: PurchaseInput, key: str) -> Response:
    """The Idempotency-Key may be left out where `receipt` is given: the same receipt counts once."""
    reach(serial)
    if not key and not body.receipt:
        raise Problem("idempotency-key-missing", "Send an Idempotency-Key, or the number of the receipt.")
    once = once_for("purchase", serial, body, key)
    if not key:  # the receipt is the key; another amount under it is a conflict, not a key that was reused
        once = Once(SOURCE, f"receipt:{once.request_hash}", once.request)
    return answered(
        loyalty.purchase(deps().db, purchase_of(serial, body), once, by_caller(body.store), now=deps().now())
    )


@call(
    "POST",
    "/cards/<serial>/stamps",
    summary="A visit",
    scope="ledger:write",
    takes=StampsInput,
    gives=OperationOut,
    status=201,
    key="required",
)
@audience("api")
def stamps(serial: str, body: StampsInput, key: str) -> Response:
    """A full card becomes a reward at once."""
    reach(serial)
    once = once_for("stamps", serial, body, key)
    return answered(
        loyalty.stamp(deps().db, serial, body.stamps, once, by_caller(body.store), now=deps().now())
    )


@call(
    "POST",
    "/cards/<serial>/redemptions",
    summary="A reward was handed out, or points taken",
    scope="ledger:write",
    takes=RedemptionIn,
    gives=OperationOut,
    status=201,
    key="required",
)
@audience("api")
def redeem(serial: str, body: RedemptionIn, key: str) -> Response:
    """409 with the present balance when the card holds less."""
    reach(serial)
    done = loyalty.redeem(
        deps().db,
        serial,
        once_for("redemption", serial, body, key),
        by_caller(body.store, body.reason),
        now=deps().now(),
        points=body.points or 0,
        reward=body.reward or "",
    )
    return answered(done)


@call(
    "POST",
    "/cards/<serial>/adjustments",
    summary="Value given or taken by hand",
    scope="ledger:write",
    takes=AdjustmentInput,
    gives=OperationOut,
    status=201,
    key="required",
)
@audience("api")
def adjust(serial: str, body: AdjustmentInput, key: str) -> Response:
    """A signed amount with a reason; works on blocked cards too."""
    reach(serial)
    once = once_for("adjustment", serial, body, key)
    by = by_caller(body.store, body.reason)
    return answered(loyalty.adjust(deps().db, serial, body.amounts(), once, by, now=deps().now()))


@call(
    "POST",
    "/receipts/<operation>/reversal",
    summary="Take an operation back: whole, or a part of a receipt",
    scope="ledger:write",
    takes=ReversalIn,
    optional_body=True,
    gives=OperationOut,
    status=201,
    key="optional",
)
@audience("api")
def reverse(operation: str, body: ReversalIn, key: str) -> Response:
    """`id` of any answer above. Whole only once, with or without an Idempotency-Key; without one, again is
    409. Parts of a receipt need a key, so that no return counts twice.
    """
    if not key and (body.amount_minor is not None or body.items):
        raise Problem("idempotency-key-missing", "Send an Idempotency-Key with a part of a receipt.")
    once = once_for("reversal", operation, body, key or f"reversal:{secrets.token_urlsafe(16)}")
    ids = caller().programme_ids()
    by = by_caller(body.store, body.reason)
    done = refunds.refund(
        deps().db,
        operation,
        once,
        by,
        now=deps().now(),
        amount_minor=body.amount_minor,
        items=[(item.which, item.quantity) for item in body.items],
        programme_ids=ids,
    )
    return answered(done)


def purchase_of(serial: str, body: PurchaseInput) -> loyalty.Purchase:
    """The use case's command."""
    said = body.model_dump(exclude={"items"})
    return loyalty.Purchase(serial, items=[item.model_dump() for item in body.items], **said)


def once_for(kind: str, target: str, body: Input, key: str) -> Once:
    """What the Idempotency-Key stands for."""
    return Once(SOURCE, key, {"call": kind, "target": target, **body.model_dump(mode="json")})


def by_caller(store: str = "", reason: str = "") -> By:
    """The program that calls."""
    return By(caller().name, store, reason)


def answered(done: Reply) -> Response:
    """201, and whether it is the first answer again."""
    return reply(done.body, 201, {"Idempotency-Replayed": "true"} if done.replayed else None)


def reach(serial: str) -> None:
    """Raises NotFound for a card that this key may not see."""
    with deps().read() as session:
        reachable(queries.card_by_serial(session, serial))
