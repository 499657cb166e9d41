"""What a look at somebody's pass file tells: its faults, its papers, and how a phone would draw it.

Wallets implement it; pages show it. Nothing of the file is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Gravity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class PassFault:
    """Something to mend. `error`: a phone refuses the pass or shows it wrongly; `code` is stable."""

    gravity: Gravity
    code: str
    where: str
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class PassPapers:
    """What the signer's certificate says; `signed_at` is the signer's own word."""

    pass_type: str
    team: str
    organisation: str
    issuer: str
    nfc: bool
    ends: datetime
    days_left: int
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PassDrawing:
    """The front of a pass as PNG, two pixels a point; `poster`: as newer phones show it."""

    locale: str
    poster: bool
    png: bytes


@dataclass(frozen=True, slots=True)
class VerifiedPass:
    """One pass: `name` is its file's name in a bundle, empty alone; `title` what it calls itself."""

    name: str
    title: str
    faults: tuple[PassFault, ...]
    papers: PassPapers | None = None
    drawings: tuple[PassDrawing, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether a phone would refuse it."""
        return any(fault.gravity == "error" for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Verified:
    """A file: its passes (one, or those of a bundle), and the faults of the bundle around them."""

    passes: tuple[VerifiedPass, ...]
    faults: tuple[PassFault, ...] = ()
    bundle: bool = False

    @property
    def refused(self) -> bool:
        """Whether any of it would be refused."""
        own = any(fault.gravity == "error" for fault in self.faults)
        return own or any(each.refused for each in self.passes)


VerifyPass = Callable[[bytes], Verified]
