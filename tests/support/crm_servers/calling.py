"""How a connector calls a stand-in: paced and guarded as ever, on a clock that moves instead of waiting."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from app.services.outside import Outside
from app.services.remote import PacedRemote
from app.storage.database import Database
from tests.support.clock import Clock


def remote_to(
    database: Database,
    clock: Clock,
    url: str,
    token: str,
    *,
    calls_per_s: float,
    settings: Mapping[str, Any] | None = None,
) -> PacedRemote:
    """The system at `url`; what a call waits for its turn, the clock moves on."""
    return PacedRemote(
        database.write,
        Outside([ipaddress.ip_network("127.0.0.0/8")]),
        url,
        {"url": url, "strangers": "ignore", **(settings or {})},
        token,
        calls_per_s,
        wait=lambda seconds: _forward(clock, seconds),
        clock=lambda: clock.now().timestamp(),
    )


def _forward(clock: Clock, seconds: float) -> None:
    clock.forward(seconds=seconds)
