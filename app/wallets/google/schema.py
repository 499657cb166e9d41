"""The gate that every body passes before it leaves for Google.

Google refuses a whole request for one wrong field, tells only the first fault, and for a loyalty object
that means a customer whose card silently stops moving. The walk reads Google's own published schema (kept
beside this file: names, types, enumerations); `rules` adds what the schema has no words for.
Legacy enumeration spellings, which Google itself uses in replies, are accepted.

Vendor page: developers.google.com/wallet/reference/rest (revision in the file; last checked 2026-08).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from .errors import Fault, InvalidRequest
from .rules import broken_rules

Json = dict[str, Any]

_INTEGERS = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_DECIMAL = re.compile(r"-?[0-9]{1,20}", re.ASCII)
MAX_DEPTH = 32


@cache
def vendor_schema() -> Mapping[str, Any]:
    """Google's schema as published: `schemas`, `methods`, `revision`."""
    text = files(__package__).joinpath("google-wallet-v1.schema.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def schema_name(kind: str) -> str:
    """`loyaltyObject` -> `LoyaltyObject`; raises KeyError for a kind that Google does not have."""
    name = kind[:1].upper() + kind[1:]
    if name not in vendor_schema()["schemas"]:
        raise KeyError(kind)
    return name


def find_faults(kind: str, body: object, *, partial: bool = False) -> list[Fault]:
    """Everything Google would refuse in this body.

    `kind` is a resource (`loyaltyClass`) or a request (`addMessageRequest`). `partial` is for PATCH:
    required fields may be absent, and `null` deletes.
    """
    found = _object(schema_name(kind), body, "", partial=partial, depth=0)
    return list(dict.fromkeys(found))


def require_valid(kind: str, body: object, *, partial: bool = False) -> None:
    """Raise `InvalidRequest` with all faults unless Google would take this body."""
    if found := find_faults(kind, body, partial=partial):
        raise InvalidRequest(found)


def _object(name: str, value: object, at: str, *, partial: bool, depth: int) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(at, f"{name} must be an object, not {_word(value)}")
        return
    if depth > MAX_DEPTH:
        yield Fault(at, "nested too deeply")
        return
    properties: Json = vendor_schema()["schemas"][name].get("properties", {})
    for key, item in value.items():
        place = f"{at}/{_escape(key)}"
        if key not in properties:
            yield Fault(place, f"{name} has no such field")
        elif item is not None or not partial:
            yield from _value(properties[key], item, place, partial=partial, depth=depth + 1)
    if not partial:
        missing = (key for key, spec in properties.items() if spec.get("required") and key not in value)
        yield from (Fault(f"{at}/{key}", "required") for key in missing)
    yield from (Fault(at + below, problem) for below, problem in broken_rules(name, value, partial=partial))


def _value(spec: Json, value: object, at: str, *, partial: bool, depth: int) -> Iterator[Fault]:
    if "$ref" in spec:
        yield from _object(spec["$ref"], value, at, partial=partial, depth=depth)
    elif spec["type"] == "array":
        yield from _array(spec["items"], value, at, depth=depth)
    elif problem := _scalar_problem(spec, value):
        yield Fault(at, problem)


def _array(items: Json, value: object, at: str, *, depth: int) -> Iterator[Fault]:
    """PATCH replaces arrays whole, so what is inside one is never partial."""
    if not isinstance(value, list | tuple):
        yield Fault(at, f"must be a list, not {_word(value)}")
        return
    for index, item in enumerate(value):
        yield from _value(items, item, f"{at}/{index}", partial=False, depth=depth)


def _scalar_problem(spec: Json, value: object) -> str | None:
    kind, form = spec["type"], spec.get("format")
    if kind == "boolean":
        return None if isinstance(value, bool) else f"must be true or false, not {_word(value)}"
    if kind == "integer":
        return _integer_problem(value, form)
    if kind == "number":
        finite = isinstance(value, int | float) and not isinstance(value, bool) and _finite(value)
        return None if finite else f"must be a finite number, not {_word(value)}"
    if not isinstance(value, str):
        wanted = f"string of digits ({form})" if form in _INTEGERS else "string"
        return f"must be a {wanted}, not {_word(value)}"
    return _string_problem(spec, value, form)


def _finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _integer_problem(value: object, form: str | None) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return f"must be a whole number, not {_word(value)}"
    low, high = _INTEGERS[form or "int32"]
    return None if low <= value <= high else f"outside {form}"


def _string_problem(spec: Json, value: str, form: str | None) -> str | None:
    if "enum" in spec:
        return None if value in spec["enum"] else f"must be one of {', '.join(spec['enum'])}"
    if form in _INTEGERS:
        low, high = _INTEGERS[form]
        fits = _DECIMAL.fullmatch(value) is not None and low <= int(value) <= high
        return None if fits else f"must be an {form} in decimal digits"
    if form == "byte" and not _is_base64(value):
        return "must be base64"
    if any("\ud800" <= char <= "\udfff" for char in value):
        return "must be valid Unicode"
    return None


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _escape(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _word(value: object) -> str:
    """What a value is, in JSON's words; never the value itself, which may be personal."""
    words = {dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number"}
    return "null" if value is None else words.get(type(value), type(value).__name__)
