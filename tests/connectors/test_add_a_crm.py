"""docs/add-a-crm.md shows a whole connector with its samples: both work as they stand there."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from app.services.ports import Action, Answer, Configured, Polling, Reading, Stored
from tests.connectors import test_contract as contract
from tests.connectors.samples import Samples

PAGE = Path(__file__).resolve().parents[2] / "docs" / "add-a-crm.md"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANNA = {"id": 26, "email": "anna@example.com", "name": "Anna", "changed_at": "2026-03-01T09:00:00Z"}
ORDER = {"id": 727, "customer": 26, "total": "19.90", "currency": "EUR", "changed_at": NOW.isoformat()}


@cache
def shown() -> Samples:
    """Both files of the page, as a reader would make them."""
    code, samples = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    made = ModuleType("orders")
    for source in (code, samples):
        exec(compile(source, str(PAGE), "exec", dont_inherit=True), made.__dict__)
    found: Samples = made.SAMPLES
    return found


def promises() -> Iterator[Any]:
    """Every test of the contract, with each of its own parameters."""
    for name, test in vars(contract).items():
        if not name.startswith("test_"):
            continue
        marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
        values = [{mark.args[0]: value} for mark in marks for value in mark.args[1]] or [{}]
        for number, given in enumerate(values):
            yield pytest.param(test, given, id=f"{name}-{number}")


@pytest.mark.parametrize(("promise", "given"), list(promises()))
def test_the_connector_of_the_page_keeps_the_contract(
    promise: Callable[..., None], given: Mapping[str, Any]
) -> None:
    assert "system" in inspect.signature(promise).parameters
    promise(system=shown(), **given)


class Shop:
    """The shop as it answers."""

    settings: Mapping[str, Any] = {"url": "https://orders.example.com"}
    token = ""

    def call(self, method: str, path: str, **more: Any) -> Answer:
        known: dict[str, Any] = {"customers/26": ANNA, "orders": [ORDER]}
        return Answer(200 if path in known else 404, known.get(path), {})


def test_it_reads_customers_and_looks_for_orders_that_nobody_told_of() -> None:
    connector = shown().connector
    assert isinstance(connector, Configured) and isinstance(connector, Reading)
    assert isinstance(connector, Polling)

    read = connector.read(Shop(), ["customer:26", "customer:9"], {})
    assert {"external_id": "orders:26", "email": "anna@example.com", "given_name": "Anna"} == dict(
        read["customer:26"][0].body
    )
    assert [] == read["customer:9"]
    (call,) = connector.changed(Shop(), "", now=NOW).calls
    (sale,) = connector.actions(Stored(call.body), {})
    assert isinstance(sale, Action) and ("purchase", "order:727:paid") == (sale.kind, sale.key)
