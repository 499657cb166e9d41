"""Starter designs: a new programme has a beautiful card before anybody opens the studio.

Each stands in a folder of `templates/cards` as two files, a design and an example programme that suits it;
its art is drawn (`scenes/`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType

from app.domain.design import Design
from app.domain.faces import Holder, placeholders
from app.domain.fields import Fields, FieldSpec
from app.domain.ledger import Holdings
from app.domain.lint import lint
from app.domain.mechanics import show
from app.domain.mechanics.base import State
from app.domain.programme import Programme
from app.resources import folder

FITS = {
    "stamps": "stamp-cafe",
    "points": "points-shop",
    "cashback": "points-shop",
    "discount": "discount-club",
    "growing_discount": "discount-club",
}
"""Which starter suits a rule; the first rule that is here decides."""
OTHERWISE = "discount-club"
Groups = Mapping[str, list[FieldSpec]]
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Starter:
    """A design that is ready to use, and a programme to show it with."""

    key: str
    design: Design
    programme: Programme


def load_starters(directory: Path) -> Mapping[str, Starter]:
    """All starters in `directory`, by name; raises pydantic.ValidationError for a file with a fault."""
    found = {}
    for file in sorted(directory.glob("*/design.json")):
        design = Design.model_validate_json(file.read_bytes())
        programme = Programme.model_validate_json((file.parent / "programme.json").read_bytes())
        found[file.parent.name] = Starter(file.parent.name, design, programme)
    return MappingProxyType(found)


@cache
def starters() -> Mapping[str, Starter]:
    """The starters that we ship."""
    return load_starters(folder("templates") / "cards")


def fit_starter(programme: Programme) -> Design:
    """The starter that suits the rules, in the programme's name, without fields that no rule of it fills."""
    key = next((FITS[rule.kind] for rule in programme.rules if rule.kind in FITS), OTHERWISE)
    name = programme.name
    named = {
        "organisation": {"*": name},
        "programme_name": {"*": name},
        "logo_text": {"*": name},
        "description": {"en": f"{name}: loyalty card", "ru": f"{name}: карта лояльности"},
    }
    design = starters()[key].design.model_copy(update=named)
    groups = _with_mechanics(design.fields, [rule.kind for rule in programme.rules])
    return design.model_copy(update={"fields": _placed(_filled(groups, design, programme))})


def known_placeholders(programme: Programme, design: Design) -> Mapping[str, object]:
    """The `{names}` that a design of this programme may use, with the values of an empty card."""
    face = show(programme.rules, State(Holdings(), now=_ANY_TIME))
    return placeholders(programme, design, Holder(serial="", number=""), face)


@cache
def _library() -> Mapping[str, Fields]:
    """What each kind of rule shows on a card, if the rules fill it (`templates/cards/fields.json`)."""
    raw = json.loads((folder("templates") / "cards" / "fields.json").read_text(encoding="utf-8"))
    return {kind: Fields.model_validate(fields) for kind, fields in raw.items()}


def _with_mechanics(fields: Fields, kinds: Sequence[str]) -> Groups:
    """These fields and what the rules of these kinds show beside them; nothing twice. What a starter
    leaves to named values (`{values.discount}`) gives way to a rule's own.
    """
    groups: dict[str, list[FieldSpec]] = {group: [] for group in Fields.model_fields}
    mine = [pair for kind in (*kinds, "*") for pair in _library().get(kind, Fields())]
    filled = {spec.key for _, spec in mine}
    own = [(g, s) for g, s in fields if not (s.key in filled and _left_to_values(s))]
    shown: set[str] = set()
    for group, spec in (*own, *mine):
        if spec.key not in shown:
            groups[group].append(spec)
            shown.add(spec.key)
    return groups


def _left_to_values(spec: FieldSpec) -> bool:
    return any(text.startswith("{values.") for text in spec.value.values())


def _filled(groups: Groups, design: Design, programme: Programme) -> Groups:
    """Those fields alone that the programme's rules fill."""
    known = known_placeholders(programme, design)

    def works(spec: FieldSpec) -> bool:
        alone = design.model_copy(update={"fields": Fields(back=(spec,)), "tiers": ()})
        return not any(spec.key in fault for fault in lint(alone, known))

    return {group: [spec for spec in specs if works(spec)] for group, specs in groups.items()}


def _placed(groups: Groups) -> Fields:
    """As many as a store card has room for; the rest stands on the back."""
    header, primary, secondary = groups["header"], groups["primary"], groups["secondary"]
    lower = groups["auxiliary"][: max(0, 4 - len(secondary))]
    spare = [*header[3:], *primary[1:], *secondary[4:], *groups["auxiliary"][len(lower) :]]
    rest = {"footer": tuple(groups["footer"]), "additional": tuple(groups["additional"])}
    front = {"header": tuple(header[:3]), "primary": tuple(primary[:1]), "secondary": tuple(secondary[:4])}
    return Fields(**front, auxiliary=tuple(lower), back=(*spare, *groups["back"]), **rest)
