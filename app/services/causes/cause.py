"""What a known cause is: its code, what people see of it, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "broken"]
Symptom = Literal[
    "does-not-open", "does-not-update", "not-on-android", "images-missing", "service-down", "good-to-know"
]
SYMPTOMS: dict[Symptom, str] = {
    "service-down": "The service does not start or does not answer",
    "does-not-open": "The pass does not open on an iPhone",
    "does-not-update": "The card on a phone does not update",
    "not-on-android": "The card does not get into Google Wallet",
    "images-missing": "Pictures are missing on the card",
    "good-to-know": "Good to know",
}
"""What a person says who rings up, in the order of the doctor and of docs/troubleshooting.md."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A known cause. `message`, `mend` and `fine` are English and the keys of their translations;
    `%(name)s` stands for a fact: names ending in `_s` are seconds, in `_on` dates.

    `fine` is what to say where all is well; an entry of level `ok` says nothing else. The first symptom is
    the one that people see most.
    """

    code: str
    symptoms: tuple[Symptom, ...]
    message: str = ""
    mend: str = ""
    level: Level = "broken"
    fine: str = ""
