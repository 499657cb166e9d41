"""Whatever filled cards of OSMI Cards: the same body, kept first and applied later.

The calls that create, fill and delete cards are answered at their own addresses (`/osmi/v2t/…`, app/api);
a source of this kind keeps what the labels and templates of such a client mean. Its own address takes
`{"serial": "79001234567", "values": [{"label": "Баланс", "value": "120"}]}` for clients that need no answer.

Follows the client code that shops publish, and the body in Mindbox's own recipe
(https://help.mindbox.ru/docs/интеграция-osmi-cards, last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from app.connectors.signatures import key_of_body, refusing, require_token
from app.domain.errors import Invalid
from app.services.inputs import faults_of
from app.services.labels import MOST_LABELS, Labels, told
from app.services.ports import Action, Inbound, Stored, Verified


class LabelValue(BaseModel):
    """One line of a card; how it looks (`key`, `hideLabel`, …) is the design's business here."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    label: Annotated[str, Field(min_length=1, max_length=120)]
    value: Annotated[str, Field(max_length=2000)] | None = ""


class Filled(BaseModel):
    """A card's lines."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    serial: Annotated[str, Field(min_length=1, max_length=40)]
    values: Annotated[list[LabelValue], Field(max_length=MOST_LABELS)] = []


class Osmi:
    """See the module."""

    kind = "osmi"

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """A Bearer token, which is the source's secret; `transactionId` of the address tells repeats."""
        with refusing():
            kind, _, given = call.headers.get("authorization", "").partition(" ")
            require_token(given.strip() if kind.lower() == "bearer" else "", secrets)
            return Verified(_key(call), call.headers.get("content-type", "")[:100])

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action]:
        """Tier, balance and named values of the card with this serial; raises Invalid.

        Who holds a card is told where it is created; a name alone is nobody here.
        """
        known = Labels.parse(mapping)
        filled = _filled(stored.body)
        lines = [(each.label, each.value or "", f"/values/{i}/value") for i, each in enumerate(filled.values)]
        said = told(lines, known)
        target = {"number": filled.serial}
        made: list[Action] = []
        if said.tier is not None:
            made.append(Action("status", {**target, "tier": said.tier}))
        if said.balance:
            made.append(Action("balance", {**target, **said.balance, "reason": "OSMI: values"}))
        if said.values:
            made.append(Action("values", {**target, "values": said.values}))
        return made


def _filled(body: bytes) -> Filled:
    try:
        raw = from_json(body, allow_inf_nan=False)
        return Filled.model_validate(raw)
    except ValidationError as error:
        raise Invalid(faults_of(error, raw)) from None
    except ValueError as error:
        raise Invalid({"": f"is not JSON: {error}"}) from None


def _key(call: Inbound) -> str:
    name = call.query.get("transactionId", "")
    fits = 0 < len(name) <= 150 and name.isascii() and name.isprintable()
    return f"transaction:{name}" if fits else key_of_body(call.body)
