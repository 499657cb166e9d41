"""Programmes to start from: each a whole set of rules, words and colours that a shop then makes its own.

Each is a file of `templates/presets`; its names are invented. Amounts are written in euro cents and follow
the currency that the shop chooses, by orders of magnitude.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from app.domain.design import Design, Palette, TierLook
from app.domain.programme import Programme
from app.domain.text import TextInput, plain
from app.domain.values import Frozen
from app.rendering.starters import fit_starter, starters
from app.resources import folder

SCALES = {"RUB": 100, "KZT": 500, "UAH": 40, "BYN": 3, "JPY": 2, "PLN": 4, "CZK": 25, "TRY": 40, "INR": 90}
"""How many of the smallest parts make about one euro cent; other currencies count like the euro."""


class Preset(Frozen):
    """A programme to start from. `how` is the text of the card's back, `tiers` the looks of its levels."""

    title: TextInput
    about: TextInput
    programme: dict[str, Any]
    scene: str = ""
    palette: Palette
    how: TextInput
    tiers: Annotated[tuple[TierLook, ...], Field(max_length=12)] = ()

    def programme_for(self, *, slug: str = "", name: str = "", currency: str = "", **other: Any) -> Programme:
        """The programme in this shop's name and currency; raises pydantic.ValidationError."""
        currency = currency or self.programme["currency"]
        body = scaled(self.programme, SCALES.get(currency, 1))
        given = {"slug": slug, "name": name, "currency": currency, **other}
        return Programme.model_validate({**body, **{key: value for key, value in given.items() if value}})

    def design_for(self, programme: Programme) -> Design:
        """The look that goes with it, in the programme's name."""
        design = fit_starter(programme)
        if self.scene in starters():
            design = design.model_copy(update={"starter": self.scene})
        told = [
            spec.model_copy(update={"value": self.how}) if spec.key == "how" else spec
            for spec in design.fields.back
        ]
        fields = design.fields.model_copy(update={"back": tuple(told)})
        look = {"palette": self.palette, "tiers": self.tiers, "fields": fields}
        if programme.name == self.programme["name"]:
            look["organisation"] = look["logo_text"] = plain(programme.name)
        return Design.model_validate(design.model_copy(update=look).model_dump(mode="json"))


def scaled(node: Any, factor: int, name: str = "") -> Any:
    """The same with every amount of money (`…_minor`) times `factor`; what a point is worth as well."""
    if isinstance(node, Mapping):
        return {key: scaled(value, factor, key) for key, value in node.items()}
    if isinstance(node, list):
        return [scaled(value, factor, name) for value in node]
    if name.endswith("_minor") and isinstance(node, int):
        return node * factor
    return node


def load_presets(directory: Path) -> Mapping[str, Preset]:
    """All presets in `directory`, by name; raises pydantic.ValidationError for a file with a fault."""
    files = sorted(directory.glob("*.json"))
    return MappingProxyType(
        {file.stem: Preset.model_validate(json.loads(file.read_bytes())) for file in files}
    )


@cache
def presets() -> Mapping[str, Preset]:
    """The presets that we ship."""
    return load_presets(folder("templates") / "presets")
