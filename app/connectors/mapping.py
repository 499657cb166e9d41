"""From anybody's JSON to our actions, by a mapping that the source keeps.

    {"items": "$.orders",                          each of these, or the whole body
     "type": "$.event",                            what kind of event it is
     "rules": {"order.paid": {"action": "purchase",
                              "data": {"phone": "$.client.phone",
                                       "amount_minor": {"path": "$.total", "as": "minor"},
                                       "currency": {"value": "EUR"}}}}}

A path is `$` and then `.name`, `['any name']` or `[0]`. What is not there is left out. Events without a rule
are none of our business and do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.domain.errors import Invalid
from app.services.inputs import faults_of

MOST_ITEMS = 100
_STEP = re.compile(r"\.([^.\[\]'\"\s]+)|\[(\d{1,4})\]|\['([^']*)'\]")
_MISSING = object()


def _path(text: str) -> str:
    if not text.startswith("$") or len(text) > 200 or _STEP.sub("", text[1:]):
        raise ValueError("a path is `$` and then `.name`, `['any name']` or `[0]`")
    return text


Path = Annotated[str, AfterValidator(_path)]
Kind = Literal[
    "member.upsert",
    "member.erase",
    "purchase",
    "refund",
    "status.set",
    "adjust",
    "balance.set",
    "stamps",
    "values.set",
    "membership.paid",
    "event",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Constant(_Part):
    """The same for every event."""

    value: str | int | bool | None


class Taken(_Part):
    """A value from the event. `minor`: a decimal amount with `digits` places; `map`: our word for theirs."""

    path: Path
    as_: Literal["is", "text", "whole", "minor"] = Field(default="is", alias="as")
    digits: Annotated[int, Field(ge=0, le=4)] = 2
    map: dict[str, str] | None = None


class Rule(_Part):
    """What an event of one type does."""

    action: Kind
    data: dict[str, Path | Constant | Taken | dict[str, Path | Constant | Taken]]


class Mapper(_Part):
    """See the module."""

    items: Path | None = None
    type: Path
    rules: Annotated[dict[str, Rule], Field(max_length=100)]

    @staticmethod
    def parse(raw: Mapping[str, Any]) -> Mapper:
        """A checked mapping; raises Invalid with pointers below `/mapping`."""
        try:
            return Mapper.model_validate(dict(raw))
        except ValidationError as error:
            faults = faults_of(error, raw)
            raise Invalid({f"/mapping{where}": words for where, words in faults.items()}) from None

    def apply(self, body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """Type and data of each action; raises Invalid for values that cannot be what the mapping says."""
        items = [body] if self.items is None else find(body, self.items)
        if not isinstance(items, list) or len(items) > MOST_ITEMS:
            raise Invalid({"": f"{self.items} should be a list of {MOST_ITEMS} at most"})
        return iter([made for item in items if (made := self._one(item)) is not None])

    def _one(self, item: Any) -> tuple[str, dict[str, Any]] | None:
        kind = find(item, self.type)
        rule = self.rules.get(kind) if isinstance(kind, str) else None
        return None if rule is None else (rule.action, _filled(rule.data, item))


def find(body: Any, path: str) -> Any:
    """What stands at `path`, or a mark that nothing does (see `is_missing`)."""
    for name, index, quoted in _STEP.findall(path[1:]):
        if index and isinstance(body, list):
            body = body[int(index)] if int(index) < len(body) else _MISSING
        elif isinstance(body, Mapping):
            body = body.get(name or quoted or index, _MISSING)
        else:
            return _MISSING
    return body


def is_missing(value: Any) -> bool:
    """Whether `find` found nothing."""
    return value is _MISSING


def _filled(template: Mapping[str, Any], item: Any) -> dict[str, Any]:
    made = {name: _value(part, item, name) for name, part in template.items()}
    return {name: value for name, value in made.items() if value is not _MISSING}


def _value(part: Any, item: Any, name: str) -> Any:
    if isinstance(part, Constant):
        return part.value
    if isinstance(part, Mapping):
        return _filled(part, item)
    if isinstance(part, str):
        return find(item, part)
    found = find(item, part.path)
    return found if found is _MISSING or found is None else _converted(part, found, name)


def _converted(part: Taken, found: Any, name: str) -> Any:
    if part.map is not None:
        if str(found) not in part.map:
            raise Invalid({f"/{name}": f"{str(found)[:40]!r} is not in the source's map"})
        return part.map[str(found)]
    if part.as_ == "is":
        return found
    if isinstance(found, bool | list | dict):
        raise Invalid({f"/{name}": "should be a number or a text"})
    if part.as_ == "text":
        return str(found)
    return _whole(found, part.digits if part.as_ == "minor" else 0, name)


def _whole(found: Any, digits: int, name: str) -> int:
    """An exact whole number of the smallest parts: `"199.90"` with two digits is 19990."""
    try:
        amount = Decimal(str(found).strip().replace(",", "."))
        scaled = amount.scaleb(digits)
        if not scaled.is_finite() or abs(scaled) > 10**15 or scaled != scaled.to_integral_value():
            raise Invalid({f"/{name}": f"should be a number with {digits} decimal places at most"})
        return int(scaled)
    except InvalidOperation:
        raise Invalid({f"/{name}": "should be a number"}) from None
