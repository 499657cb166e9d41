"""Events that rules reward: a review, a returned cup, a visit without a purchase, what a shop defines."""

from __future__ import annotations

from flask import Response

from app.api.answers import reply
from app.api.calls import call
from app.api.keys import caller, reachable
from app.api.ledger import SOURCE
from app.api.replies import OperationOut
from app.audience import audience
from app.deps import deps
from app.services import happenings
from app.services.happenings import EventInput
from app.services.journal import By, Once
from app.storage import queries


@call(
    "POST",
    "/cards/<serial>/events",
    summary="Something happened that a rule rewards",
    scope="ledger:write",
    takes=EventInput,
    gives=OperationOut,
    status=201,
    key="required",
)
@audience("api")
def happen(serial: str, body: EventInput, key: str) -> Response:
    """As often as the rule allows; `notes` say what its limits kept back."""
    known = deps()
    with known.read() as session:
        reachable(queries.card_by_serial(session, serial))
    once = Once(SOURCE, key, {"call": "event", "target": serial, **body.model_dump(mode="json")})
    done = happenings.happen(
        known.db,
        serial,
        body.event,
        once,
        By(caller().name, body.store),
        now=known.now(),
        times=body.times,
        at=body.occurred_at,
    )
    return reply(done.body, 201, {"Idempotency-Replayed": "true"} if done.replayed else None)
