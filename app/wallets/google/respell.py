"""Google's copy of a card or look as a body that Google takes back.

Replies spell enumerations in an older way (`underReview`, `utf8`), sometimes with words that no request may
use, and say things that only Google may say. Who wants to put back what was read must undo all of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .schema import schema_name, vendor_schema

Json = dict[str, Any]
OUTPUT_ONLY = frozenset({"classReference", "hasUsers", "hasLinkedDevice", "kind", "version", "review"})


def requestable(kind: str, copy: Mapping[str, Any]) -> Json:
    """The copy of a `kind` (`loyaltyObject`) in the words of a request; what a request may not say is left
    out.
    """
    kept = {key: value for key, value in copy.items() if key not in OUTPUT_ONLY}
    return _object(schema_name(kind), kept)


def _object(name: str, value: Mapping[str, Any]) -> Json:
    properties: Mapping[str, Json] = vendor_schema()["schemas"][name].get("properties", {})
    made = {
        key: _value(properties[key], item)
        for key, item in value.items()
        if key in properties and key != "kind"
    }
    return {key: item for key, item in made.items() if item is not None}


def _value(spec: Json, value: Any) -> Any:
    if "$ref" in spec:
        return _object(spec["$ref"], value) if isinstance(value, dict) else None
    if spec["type"] == "array":
        items = [_value(spec["items"], each) for each in value] if isinstance(value, list) else []
        return [each for each in items if each is not None]
    return _word(spec["enum"], value) if "enum" in spec else value


def _word(allowed: list[str], value: object) -> str | None:
    """The first spelling that Google lists for this word; None for one that it does not list or says nothing
    by.
    """
    plain = _plain(value)
    found = next((one for one in allowed if _plain(one) == plain), None)
    return None if found is None or plain.endswith("unspecified") else found


def _plain(word: object) -> str:
    return str(word).replace("_", "").lower()
