"""Receipts that a till closed while it was offline, uploaded in batches with a result for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from app.api.answers import json_bytes
from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.problems import refusal
from app.api.replies import OperationOut, Out, ProblemOut
from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid
from app.services import offline
from app.services.crm.targets import Target
from app.services.inputs import (
    Input,
    Minor,
    Moment,
    PurchaseInput,
    ReturnedItem,
    Short,
    faults_of,
)
from app.services.offline import Closed
from app.storage import queries

MOST_ITEMS = 500
MOST_BYTES = 4 * 1024 * 1024
Number = Annotated[str, Field(min_length=1, max_length=120, examples=["till7-000123"])]


class OfflinePurchase(PurchaseInput, Target):
    """A receipt that was closed offline, and whose card: name it by `serial`, `number`, `phone`, `email` or
    `external_id`.
    """

    kind: Literal["purchase"] = "purchase"
    receipt: Number
    occurred_at: Moment

    def closed(self) -> Closed:
        """As the use case takes it."""
        beside = {"kind", "items", *Target.model_fields}
        said = self.model_dump(exclude=beside)
        bought = {**said, "items": [item.model_dump() for item in self.items]}
        return _closed(self, purchase=bought)


class OfflineStamps(Target):
    """A visit that earned stamps; `receipt` is the till's own number for it."""

    kind: Literal["stamps"]
    receipt: Number
    occurred_at: Moment
    stamps: Annotated[int, Field(ge=1, le=100)] = 1
    store: Short = ""

    def closed(self) -> Closed:
        """As the use case takes it."""
        return _closed(self, stamps=self.stamps)


class OfflineRefund(Input):
    """What came back of the receipt `of`: all that is left, an amount, or items. `receipt` is the till's own
    number for the return.
    """

    kind: Literal["refund"]
    receipt: Number
    of: Number
    occurred_at: Moment
    amount_minor: Annotated[Minor, Field(ge=1)] | None = None
    items: Annotated[tuple[ReturnedItem, ...], Field(max_length=500)] = ()
    reason: Annotated[str, Field(max_length=500)] = ""
    store: Short = ""

    def closed(self) -> Closed:
        """As the use case takes it."""
        return _closed(
            self, returned=self.of, amount_minor=self.amount_minor, items=self.items, reason=self.reason
        )


def _closed(item: OfflinePurchase | OfflineStamps | OfflineRefund, **more: Any) -> Closed:
    said = item.model_dump(mode="json")
    names = {name: said[name] for name in Target.model_fields if name in said}
    given = (item.kind, item.receipt, item.occurred_at, said, Target(**names), item.store)
    return Closed(*given, **more)


_MODELS: dict[str, type[OfflinePurchase | OfflineStamps | OfflineRefund]] = {
    "purchase": OfflinePurchase,
    "stamps": OfflineStamps,
    "refund": OfflineRefund,
}


class Broken:
    """An item that nobody can read; its faults."""

    def __init__(self, receipt: str, faults: Mapping[str, str]) -> None:
        self.receipt, self.faults = receipt, faults


def _or_its_faults(value: Any, _handler: ValidatorFunctionWrapHandler) -> Any:
    """One item that cannot be read refuses itself and no other. It is read from JSON once more, because a
    validator in Python would take no text for a time.
    """
    plain = value if isinstance(value, dict) else {}
    model = _MODELS.get(str(plain.get("kind", "purchase")))
    if model is None:
        return Broken(_receipt_in(plain), {"/kind": f"must be one of {', '.join(_MODELS)}"})
    try:
        return model.model_validate_json(json_bytes(value), strict=True)
    except ValidationError as error:
        return Broken(_receipt_in(plain), faults_of(error, plain))


def _receipt_in(value: Mapping[str, Any]) -> str:
    named = value.get("receipt")
    return named[:120] if isinstance(named, str) else ""


Item = Annotated[
    Annotated[OfflinePurchase | OfflineStamps | OfflineRefund, Field(discriminator="kind")],
    WrapValidator(_or_its_faults),
]


class ReceiptsIn(Input):
    """Up to 500 things in the order in which they happened; `kind` is purchase unless you say otherwise."""

    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MOST_ITEMS)]


class ReceiptDoneOut(Out):
    """What became of one item. `status`: done, replayed (it was entered before: this is the first answer
    again) or refused, and then `problem` says why.
    """

    index: int
    receipt: str
    status: Literal["done", "replayed", "refused"]
    operation: OperationOut | None
    problem: ProblemOut | None


class ReceiptsOut(Out):
    """A result for each item, in order, and how many came out how."""

    items: list[ReceiptDoneOut]
    done: int
    replayed: int
    refused: int


EXAMPLE = {
    "items": [
        {
            "receipt": "till7-000123",
            "serial": "jR1cW8mQ",
            "amount_minor": 12340,
            "currency": "EUR",
            "occurred_at": "2026-03-02T09:00:00Z",
        },
        {
            "kind": "stamps",
            "receipt": "till7-000124",
            "phone": "+37120000001",
            "stamps": 1,
            "occurred_at": "2026-03-02T09:05:00Z",
        },
        {
            "kind": "refund",
            "receipt": "till7-000125",
            "of": "till7-000123",
            "amount_minor": 2340,
            "occurred_at": "2026-03-02T09:10:00Z",
        },
    ]
}


@call(
    "POST",
    "/programmes/<slug>/receipts",
    summary="Upload what a till closed offline",
    scope="ledger:write",
    takes=ReceiptsIn,
    gives=ReceiptsOut,
    most_bytes=MOST_BYTES,
    repeatable=True,
    example=EXAMPLE,
)
@audience("api")
def upload(slug: str, body: ReceiptsIn) -> Mapping[str, Any]:
    """Always 200, with a result for each item in order: each is a transaction of its own, and its `receipt`
    is its idempotency key. Send the whole batch again after a lost answer: what was entered is `replayed`.

    Late receipts count by the rules of `occurred_at`. Points are spent up to what is there: an item that
    would spend more is refused with the balance, and can be sent again with less.
    """
    known = deps()
    with known.read() as session:
        reachable_programme(queries.programme_row(session, slug))
    done = [_one(slug, index, item) for index, item in enumerate(body.items)]
    counts = {name: sum(each["status"] == name for each in done) for name in ("done", "replayed", "refused")}
    return {"items": done, **counts}


def _one(slug: str, index: int, item: Any) -> dict[str, Any]:
    if isinstance(item, Broken):
        entered, number = offline.Entered(refused=Invalid(item.faults)), item.receipt
    else:
        known, number = deps(), item.receipt
        entered = offline.enter(known.db, slug, item.closed(), caller().name, now=known.now())
    return {
        "index": index,
        "receipt": number,
        "status": entered.status,
        "operation": entered.reply.body if entered.reply else None,
        "problem": refusal(entered.refused) if entered.refused else None,
    }
