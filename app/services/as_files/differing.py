"""What is different between two JSON values, place by place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

NOTHING: Final = object()
"""Stands for a value where there is none."""
LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A place (RFC 6901) with what stood there and what shall stand there; either may be NOTHING."""

    pointer: str
    old: Any
    new: Any

    def __str__(self) -> str:
        if self.old is NOTHING:
            return f"{self.pointer}: + {_shown(self.new)}"
        if self.new is NOTHING:
            return f"{self.pointer}: - {_shown(self.old)}"
        return f"{self.pointer}: {_shown(self.old)} → {_shown(self.new)}"

    def as_json(self) -> dict[str, Any]:
        """For programs: `old` and `new` are left out where there is none."""
        sides = {"old": self.old, "new": self.new}
        return {"pointer": self.pointer, **{k: v for k, v in sides.items() if v is not NOTHING}}


def differences(old: Any, new: Any, where: str = "") -> Iterator[Difference]:
    """The innermost places that differ; the order of keys makes no difference, that of lists does."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{where}/{key.replace('~', '~0').replace('/', '~1')}"
            yield from differences(old.get(key, NOTHING), new.get(key, NOTHING), inner)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from differences(_at(old, index), _at(new, index), f"{where}/{index}")
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield Difference(where, old, new)


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else NOTHING


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
