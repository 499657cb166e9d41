"""Rules while somebody works on them: a list of JSON values that travels in the form, so that nothing has to
be stored and no script is needed.

Money is in minor units in rules, and in the currency's own on the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from app.domain.mechanics import Rule
from app.domain.mechanics.base import Mechanic
from app.domain.money import EXPONENTS
from app.domain.programme import Programme
from app.domain.rule_words import described, title
from app.i18n import local
from app.web import model_form
from app.web.model_form import Node, tree
from app.web.model_view import Control

MOST_RULES = 40
STARTS: Mapping[str, dict[str, Any]] = {
    "points": {"percent": "5", "expires_after_days": 365},
    "cashback": {"percent": "5", "expires_after_days": 365},
    "stamps": {"goal": 10},
    "discount": {"percent": "5"},
    "multiplier": {"factor": "2"},
    "company": {},
    "gift_card": {},
}
"""What a new rule begins with, where its defaults are not enough."""
_RULE: TypeAdapter[Any] = TypeAdapter(Rule)


@dataclass(slots=True)
class Draft:
    """The rules as they are being written, and which of them is open (-1: none)."""

    rules: list[dict[str, Any]]
    opened: int = -1
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """For the hidden field."""
        return json.dumps(self.rules, ensure_ascii=False, separators=(",", ":"))


def models() -> dict[str, type[Mechanic]]:
    """The kinds of rules there are, in the order in which they are offered."""
    union = get_args(get_args(Rule)[0]) or (get_args(Rule)[0],)
    return {kind: each for each in union for kind in get_args(each.model_fields["kind"].annotation)}


@cache
def node_of(kind: str) -> Node:
    """The inputs of a kind; what kind it is stands fast."""
    whole = tree(models()[kind])
    return replace(whole, children=tuple(each for each in whole.children if each.name != "kind"))


def dumped(programme: Programme) -> list[dict[str, Any]]:
    """The rules as JSON values, by the names of the form."""
    return [rule.model_dump(mode="json", by_alias=True) for rule in programme.rules]


def read(body: str, instead: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules of the hidden field; what is no list of rules is replaced whole."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return instead
    fits = isinstance(raw, list) and len(raw) <= MOST_RULES and all(_is_rule(each) for each in raw)
    return raw if fits else instead


def _is_rule(raw: Any) -> bool:
    return isinstance(raw, dict) and raw.get("kind") in models()


def new(kind: str, taken: list[dict[str, Any]]) -> dict[str, Any]:
    """A rule to be filled in, with a key of its own if it needs one."""
    made: dict[str, Any] = {"kind": kind, **model_form.blank(node_of(kind)), **STARTS.get(kind, {})}
    if "key" in made and models()[kind].model_fields["key"].is_required():
        keys = {each.get("key") for each in taken}
        stem = kind.replace("_", "-")
        made["key"] = next(f"{stem}-{n}" for n in range(1, MOST_RULES + 2) if f"{stem}-{n}" not in keys)
    return made


def written(draft: Draft, form: Mapping[str, str], currency: str) -> None:
    """Put what the form says about the opened rule into the draft."""
    kind = draft.rules[draft.opened]["kind"]
    said = model_form.read(node_of(kind), form, f"/rules/{draft.opened}")
    draft.rules[draft.opened] = {"kind": kind, **_scaled(said, EXPONENTS.get(currency, 2), kind)}


def typed(rule: dict[str, Any], currency: str) -> dict[str, Any]:
    """The rule with money as people write it."""
    found: dict[str, Any] = _scaled(deepcopy(rule), -EXPONENTS.get(currency, 2), rule["kind"])
    return found


def _scaled(value: Any, digits: int, kind: str, by: str = "") -> Any:
    if isinstance(value, Mapping):
        by = str(value.get("by", by))
        return {
            name: _moved(inner, digits) if _is_money(name, kind, by) else _scaled(inner, digits, kind, by)
            for name, inner in value.items()
        }
    return [_scaled(each, digits, kind, by) for each in value] if isinstance(value, list) else value


def _is_money(name: str, kind: str, by: str) -> bool:
    return name.endswith("_minor") or (name == "from" and kind == "tiers" and by in ("spend", ""))


def _moved(value: Any, digits: int) -> Any:
    """`12.50` to `1250` and back; what is no number stays, so that the model complains."""
    if value is None or isinstance(value, bool) or value == "":
        return value
    try:
        made = Decimal(str(value)).scaleb(digits)
    except InvalidOperation:
        return value
    return str(made.quantize(Decimal(1)) if made == made.to_integral_value() else made.normalize())


def told(raw: dict[str, Any], programme: Programme) -> tuple[str, list[str], bool]:
    """Headline and sentences in the page's language, and whether the rule is whole."""
    try:
        rule = _RULE.validate_python(raw)
    except ValidationError:
        return local(title(raw["kind"])), [], False
    words = described(rule, programme)
    return local(words[0]), [local(each) for each in words[1:]], True


def money_marks(control: Control, currency: str, sign: str) -> None:
    """Say at each input of money which money it is."""
    for each in (control, *control.items, *control.deeper):
        if each is not control:
            money_marks(each, currency, sign)
    last = control.name.rpartition("/")[2]
    if last.endswith("_minor") and control.label:
        control.label = f"{control.label}, {sign}"
