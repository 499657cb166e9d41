"""Starter designs: a new programme has a beautiful card before anybody opens the studio.

Each stands in a folder of `templates/cards` as two files, a design and an example programme that suits it;
its art is drawn (`scenes/`).
"""

from __future__ import annotations

from collections.abc import Mapping
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

FITS = {"stamps": "stamp-cafe", "points": "points-shop"}
"""Which starter suits a rule; the first rule that is here decides."""
OTHERWISE = "discount-club"
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
    return design.model_copy(update={"fields": _filled(_with_balances(design, key), design, programme)})


def known_placeholders(programme: Programme, design: Design) -> Mapping[str, object]:
    """The `{names}` that a design of this programme may use, with the values of an empty card."""
    face = show(programme.rules, State(Holdings(), now=_ANY_TIME))
    return placeholders(programme, design, Holder(serial="", number=""), face)


def _with_balances(design: Design, key: str) -> Fields:
    """A programme of stamps and points shows both: the other starter's balance joins the header."""
    present = {spec.key for _, spec in design.fields}
    others = [starter.design.fields for other, starter in sorted(starters().items()) if other != key]
    balances = [spec for fields in others for spec in (*fields.header, *fields.primary)]
    missing = [spec for spec in balances if spec.key in FITS and spec.key not in present]
    return design.fields.model_copy(update={"header": (*missing, *design.fields.header)[:3]})


def _filled(fields: Fields, design: Design, programme: Programme) -> Fields:
    known = known_placeholders(programme, design)

    def works(spec: FieldSpec) -> bool:
        alone = design.model_copy(update={"fields": Fields(back=(spec,)), "tiers": ()})
        return not any(spec.key in fault for fault in lint(alone, known))

    groups = {group: tuple(s for s in getattr(fields, group) if works(s)) for group in Fields.model_fields}
    return Fields(**groups)
