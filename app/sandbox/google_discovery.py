"""The description of Google's interface as Google publishes it: it tells programs what changed."""

from copy import deepcopy
from typing import Any

from app.sandbox import google_schema as schema

Json = dict[str, Any]
MOVED = "20991231"


def description(*, moved: bool = False) -> Json:
    """The discovery document; `moved`: a field went, one became required, one came, one changed its type."""
    schemas = {name: _described(deepcopy(spec)) for name, spec in schema.SCHEMAS.items()}
    if moved:
        card = schemas["LoyaltyObject"]["properties"]
        del card["accountName"]
        card["accountId"]["description"] = "Required. The loyalty account identifier."
        card["state"]["enum"].remove("EXPIRED")
        card["somethingNew"] = {"type": "string"}
        schemas["FlightObject"]["properties"]["passengerName"] = {"type": "integer"}
    return {
        "kind": "discovery#restDescription",
        "name": "walletobjects",
        "version": "v1",
        "revision": MOVED if moved else schema.REVISION,
        "schemas": schemas,
        "resources": _resources(),
    }


def _described(spec: Json) -> Json:
    """Google has no list of required fields: it says so in words."""
    for field in spec.get("properties", {}).values():
        if field.pop("required", False):
            field["description"] = "Required. See the reference."
    return spec


def _resources() -> Json:
    made: Json = {}
    for name, method in schema.METHODS.items():
        _, *path, verb = name.split(".")
        place: Json = {"resources": made}
        for part in path:
            place = place["resources"].setdefault(part, {"resources": {}, "methods": {}})
        place["methods"][verb] = {"id": name, **method}
    return made
