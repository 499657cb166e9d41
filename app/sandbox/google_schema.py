"""What the Google stand-in accepts, read from Google's own published schema, and what it writes back.

This is a second reading of the same vendor file, on purpose apart from the one that checks what we send: a
mistake in one of them shows as a refusal here. Faults are told as Google's front end tells them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_FILE = Path(__file__).resolve().parents[1] / "wallets" / "google" / "google-wallet-v1.schema.json"
_VENDOR: Json = json.loads(_FILE.read_text("utf-8"))
SCHEMAS: Mapping[str, Json] = _VENDOR["schemas"]
METHODS: Mapping[str, Json] = _VENDOR["methods"]
REVISION: str = _VENDOR["revision"]
KINDS = {
    name[0].lower() + name[1:]: name
    for name in SCHEMAS
    if name.endswith(("Class", "Object")) and "id" in SCHEMAS[name]["properties"]
}
_DEFAULTS = ("multipleDevicesAndHoldersAllowedStatus", "viewUnlockRequirement")


def is_class(kind: str) -> bool:
    return kind.endswith("Class")


def class_kind(kind: str) -> str:
    """`loyaltyObject` -> `loyaltyClass`."""
    return kind.removesuffix("Object") + "Class"


def plural(kind: str) -> str:
    """The name of a list of them in a save link: `loyaltyObjects`, `loyaltyClasses`."""
    return kind + ("es" if is_class(kind) else "s")


def properties(name: str) -> Mapping[str, Json]:
    found: Mapping[str, Json] = SCHEMAS[name].get("properties", {})
    return found


def violations(name: str, body: object, at: str = "") -> Iterator[tuple[str, str]]:
    """`(field, description)` of everything the JSON parser of Google's front end would refuse."""
    if not isinstance(body, dict):
        yield at, f"Invalid value at '{at}' ({name}), {json.dumps(body)[:80]}"
        return
    for key, value in body.items():
        where = f"{at}.{key}" if at else key
        spec = properties(name).get(key)
        if spec is None:
            yield at, f"Invalid JSON payload received. Unknown name \"{key}\" at '{at}': Cannot find field."
        elif value is not None:
            yield from _violations(spec, value, where)


def _violations(spec: Json, value: object, at: str) -> Iterator[tuple[str, str]]:
    if "$ref" in spec:
        yield from violations(spec["$ref"], value, at)
    elif spec["type"] == "array":
        items = value if isinstance(value, list) else [value]
        if items is not value:
            yield at, f"Invalid value at '{at}', Proto field is repeating"
        for index, item in enumerate(items):
            yield from _violations(spec["items"], item, f"{at}[{index}]")
    elif not _fits(spec, value):
        kind = spec.get("format") or ("enum" if "enum" in spec else spec["type"])
        yield at, f"Invalid value at '{at}' (TYPE_{str(kind).upper()}), {json.dumps(value)[:80]}"


def _fits(spec: Json, value: object) -> bool:
    kind = spec["type"]
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == "integer":
        low = 0 if spec.get("format") == "uint32" else -(2**31)
        return isinstance(value, int) and low <= value < 2**32 + low
    if kind == "number":
        return isinstance(value, int | float)
    if not isinstance(value, str):
        return False
    if "enum" in spec:
        return value in spec["enum"]
    if str(spec.get("format", "")).endswith("int64"):
        return re.fullmatch(r"-?[0-9]{1,19}", value) is not None
    return True


def parts(name: str, value: Json) -> Iterator[tuple[str, Json]]:
    """The body and all objects inside it, each with the name of its schema."""
    yield name, value
    for key, item in value.items():
        spec = properties(name).get(key, {})
        target = spec.get("$ref") or spec.get("items", {}).get("$ref")
        for one in item if isinstance(item, list) else [item]:
            if target and isinstance(one, dict):
                yield from parts(target, one)


def missing(name: str, body: Json) -> list[str]:
    """Required fields that are absent or empty."""
    return [key for key, spec in properties(name).items() if spec.get("required") and not body.get(key)]


def broken_rule(name: str, body: Json) -> str | None:
    """The first thing that Google's back end refuses in a well-formed body; it never tells two."""
    for schema, value in parts(name, body):
        for key, limit in (("merchantLocations", 10), ("messages", 10), ("cardRowTemplateInfos", 3)):
            if len(value.get(key) or ()) > limit:
                return f"Too many {key}: at most {limit} are allowed."
        if schema in _EXACTLY_ONE and sum(map(bool, map(_said, _one_of(schema, value)))) != 1:
            return f"{schema}: exactly one of {', '.join(_EXACTLY_ONE[schema])} must be set."
        if schema == "TextModuleData" and "." in (value.get("id") or ""):
            return "TextModuleData.id must not contain a dot."
        if schema == "DateTime" and not re.match(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", value.get("date") or ""):
            return "Invalid date."
    colour = body.get("hexBackgroundColor")
    if colour and not re.fullmatch("#([0-9a-fA-F]{3}){1,2}", colour):
        return f"Invalid hexBackgroundColor: {colour}"
    return None


_EXACTLY_ONE = {
    "Image": ("sourceUri", "privateImageId"),
    "CardRowTemplateInfo": ("oneItem", "twoItems", "threeItems"),
    "LoyaltyPointsBalance": ("string", "int", "double", "money"),
}


def _one_of(schema: str, value: Json) -> list[object]:
    return [value.get(key) for key in _EXACTLY_ONE[schema]]


def _said(value: object) -> bool:
    return value is not None and value != {} and value != ""


def picture_addresses(name: str, body: Json) -> list[str]:
    """Every address of an image in a body, each once."""
    found = (value.get("sourceUri") for schema, value in parts(name, body) if schema == "Image")
    return list(dict.fromkeys(str(source.get("uri", "")) for source in found if isinstance(source, dict)))


def same_word(one: object, other: str) -> bool:
    """Google spells its enumerations in two ways; both mean the same."""
    return isinstance(one, str) and _plain(one) == _plain(other)


def _plain(word: str) -> str:
    return word.replace("_", "").lower()


def reply_body(name: str, body: Json) -> Json:
    """A stored body as Google writes it: legacy enumeration words, and `kind` where the schema has one."""
    specs = properties(name)
    written = {key: _written(specs[key], value) for key, value in body.items() if key in specs}
    if "kind" in specs:
        written = {"kind": f"walletobjects#{name[0].lower()}{name[1:]}", **written}
    unsaid = {key: "statusUnspecified" if "Status" in key else f"{key}Unspecified" for key in _DEFAULTS}
    return {**{key: word for key, word in unsaid.items() if key in specs}, **written}


def _written(spec: Json, value: Any) -> Any:
    if "$ref" in spec and isinstance(value, dict):
        return reply_body(spec["$ref"], value)
    if spec.get("type") == "array":
        return [_written(spec["items"], one) for one in value]
    return legacy_word(value) if "enum" in spec else value


def legacy_word(word: str) -> str:
    """`UNDER_REVIEW` -> `underReview`; words that are spelled so already stay."""
    if not word.isupper() and "_" not in word:
        return word
    first, *others = word.lower().split("_")
    return first + "".join(other.capitalize() for other in others)


def merged(old: Json, new: Json) -> Json:
    """PATCH: objects merge, lists are replaced whole, null deletes."""
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            kept = result.get(key)
            result[key] = merged(kept if isinstance(kept, dict) else {}, value)
        else:
            result[key] = value
    return {key: value for key, value in result.items() if value != {}}
