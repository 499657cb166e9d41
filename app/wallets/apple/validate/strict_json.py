"""JSON as a phone reads it: no BOM, no trailing commas, no key twice, nothing that is no number."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from app.wallets.apple.validate.faults import Faults

_BOM = b"\xef\xbb\xbf"
_LARGEST = 2 << 20
_DEEPEST = 40


class _Repeated(ValueError):
    """A key that comes twice in one object."""


def parse_object(data: bytes, where: str, faults: Faults) -> dict[str, Any] | None:
    """The object in a JSON file, or None with the reason noted."""
    if data.startswith(_BOM):
        faults.add(
            "json-bom", where, "The file begins with a byte order mark.", "Save it as UTF-8 without BOM."
        )
        data = data.removeprefix(_BOM)
    try:
        if len(data) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except _Repeated as error:
        faults.add(
            "json-key-twice", where, f"The key {error} comes twice in one object.", "Keep one of them."
        )
        return None
    except RecursionError:
        faults.add("json-unreadable", where, "The JSON is nested too deep.", "Flatten it.")
        return None
    except ValueError as error:
        faults.add(
            "json-unreadable",
            where,
            f"This is not strict JSON: {error}.",
            "Mend the syntax (UTF-8, RFC 8259).",
        )
        return None
    if not _is_shallow(found):
        faults.add("json-unreadable", where, "The JSON is nested too deep.", "Flatten it.")
        return None
    if isinstance(found, dict):
        return found
    faults.add("json-not-object", where, "The file holds no JSON object.", "Begin it with {.")
    return None


def _is_shallow(found: Any) -> bool:
    """Whether code that walks the value by recursion is safe; this one walks it level by level."""
    level = [found]
    for _ in range(_DEEPEST):
        level = [inner for each in level if isinstance(each, dict | list) for inner in _inside(each)]
        if not level:
            return True
    return False


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Repeated(repr(_first_repeated(key for key, _ in pairs)))
    return found


def _first_repeated(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    raise AssertionError("only called where a key comes twice")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
