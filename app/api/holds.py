"""Points set aside between "calculate" and "receipt closed"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response

from app.api.calls import call
from app.api.keys import caller
from app.api.ledger import answered, by_caller, once_for, reach
from app.api.replies import HoldOut, OperationOut
from app.api.requests import CaptureIn, HoldIn, Nothing
from app.audience import audience
from app.deps import deps
from app.services import holds, loyalty


@call(
    "POST",
    "/cards/<serial>/holds",
    summary="Points were promised to a receipt that is not closed yet",
    scope="ledger:write",
    takes=HoldIn,
    gives=OperationOut,
    status=201,
    key="required",
)
@audience("api")
def set_aside(serial: str, body: HoldIn, key: str) -> Response:
    """Send `hold.id` with the purchase, or capture or void it; after `seconds` the points come back by
    themselves.
    """
    reach(serial)
    said = body.model_dump(exclude={"items", "seconds"})
    cmd = loyalty.Purchase(serial, items=[item.model_dump() for item in body.items], **said)
    once, lasts = once_for("hold", serial, body, key), timedelta(seconds=body.seconds)
    return answered(
        holds.set_aside(deps().db, cmd, once, by_caller(body.store), now=deps().now(), lasts=lasts)
    )


@call(
    "GET",
    "/holds/<hold>",
    summary="What became of points that were set aside",
    scope="cards:read",
    gives=HoldOut,
)
@audience("api")
def shown(hold: str) -> Mapping[str, Any]:
    """`state` tells."""
    with deps().read() as session:
        return holds.shown(session, hold, caller().programme_ids())


@call(
    "POST",
    "/holds/<hold>/capture",
    summary="Points that were set aside are spent",
    scope="ledger:write",
    takes=CaptureIn,
    optional_body=True,
    gives=OperationOut,
    status=201,
    key="required",
)
@audience("api")
def capture(hold: str, body: CaptureIn, key: str) -> Response:
    """Only for receipts that are not sent as purchases: a purchase captures its hold by itself."""
    done = holds.capture(
        deps().db,
        hold,
        once_for("capture", hold, body, key),
        by_caller(body.store),
        now=deps().now(),
        points=body.points,
        programme_ids=caller().programme_ids(),
    )
    return answered(done)


@call(
    "POST",
    "/holds/<hold>/void",
    summary="Points that were set aside go back",
    scope="ledger:write",
    takes=Nothing,
    optional_body=True,
    gives=OperationOut,
    status=201,
    key="required",
)
@audience("api")
def void(hold: str, body: Nothing, key: str) -> Response:
    """Also on a blocked card. 409 for a hold that is resolved."""
    once, mine = once_for("void", hold, body, key), caller().programme_ids()
    return answered(holds.void(deps().db, hold, once, by_caller(), now=deps().now(), programme_ids=mine))
