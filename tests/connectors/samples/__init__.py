"""What each system really sends: `app/connectors/<kind>.py` is shown by `<kind>.py` here.

A file has `SAMPLES`, a `Samples` value. `tests/connectors/test_contract.py` holds every connector against it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.connectors import CONNECTORS
from app.services.ports import Action, Ask, Connector, Inbound


@dataclass(frozen=True, slots=True)
class Sample:
    """A genuine-looking call: what it is, its body, what it asks for, and headers beside those that sign."""

    name: str
    body: bytes
    wants: Sequence[Action | Ask]
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Samples:
    """`sign(sample, secret, at)` makes the call as the vendor would, at that time. `signed`: the proof covers
    the body; else it is a token that stands in the call. `timed`: an old call is refused. `mapping` is the
    source's. `changes`: calls about one thing, the older one first; their actions' versions must rise.
    """

    connector: Connector
    secret: str
    sign: Callable[[Sample, str, datetime], Inbound]
    genuine: Sequence[Sample]
    signed: bool = True
    timed: bool = False
    mapping: dict[str, Any] = field(default_factory=dict)
    changes: Sequence[tuple[Sample, Sample]] = ()


def samples_of(kind: str) -> Samples:
    """Those of one connector; a connector without any is not finished."""
    found: Samples = importlib.import_module(f"tests.connectors.samples.{kind.replace('-', '_')}").SAMPLES
    return found


KINDS = tuple(sorted(CONNECTORS))
