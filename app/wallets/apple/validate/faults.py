"""What is wrong with a pass, said so that somebody can mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]
GRAVITY: tuple[Severity, ...] = ("error", "warning", "note")
MOST_ENTRIES = 100
"""Of a list in a pass so many entries are looked at; no phone shows more."""
_MOST = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """`error`: Wallet refuses the pass or shows it wrongly; `warning`: it looks worse than it could; `note`:
    good to know.

    `code` is stable; `where` is a member, with a JSON pointer after `#` inside pass.json.
    """

    code: str
    where: str
    message: str
    mend: str
    severity: Severity = "error"


@dataclass(slots=True)
class Faults:
    """Collects faults; a hostile pass cannot make it grow without end."""

    found: list[Fault] = field(default_factory=list)

    def add(self, code: str, where: str, message: str, mend: str, severity: Severity = "error") -> None:
        """Note a fault."""
        if len(self.found) < _MOST:
            self.found.append(Fault(code, _printable(where), _printable(message), mend, severity))

    def warn(self, code: str, where: str, message: str, mend: str) -> None:
        """Note something that no phone refuses."""
        self.add(code, where, message, mend, "warning")

    def note(self, code: str, where: str, message: str, mend: str) -> None:
        """Say something that is no fault of the file."""
        self.add(code, where, message, mend, "note")


def _printable(text: str) -> str:
    """Names and values come from strangers and go to a terminal: no control characters, no endless lines."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:301])
    return shown if len(text) <= 300 else f"{shown[:300]}…"
