"""The places on customers' phones. A new one is a folder here with a `wiring.py`, and one word in WALLETS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session, sessionmaker

from app.services.images import Pictures
from app.services.ports import Wallet

WALLETS = ("apple", "google", "samsung")
"""In the order in which their buttons stand."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a wallet may be built from. `settings` has the values of app/settings.py by name.

    `derive(label)` gives 32 secret bytes for one purpose; `unseal` opens what services sealed; `issue` makes
    a pass type's certificate where the sandbox plays Apple, and is None elsewhere.
    """

    settings: Any
    base_url: str
    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    pictures: Pictures
    derive: Callable[[str], bytes]
    issue: Callable[[str, Path], Any] | None = None
    unseal: Callable[[str], str] = str


def build_wallets(kit: Kit) -> Mapping[str, Wallet]:
    """Every wallet that the settings allow: its `wiring.build(kit)`, None where it is off."""
    made = {name: import_module(f"app.wallets.{name}.wiring").build(kit) for name in WALLETS}
    return {name: wallet for name, wallet in made.items() if wallet is not None}


def blueprints() -> tuple[Blueprint, ...]:
    """The addresses that vendors and their phones call, be the wallet on or off; no cookie opens them."""
    wirings = (import_module(f"app.wallets.{name}.wiring") for name in WALLETS)
    return tuple(blueprint for wiring in wirings for blueprint in wiring.BLUEPRINTS)
