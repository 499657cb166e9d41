"""Programmes to start from, for programs that start programmes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.calls import call
from app.api.replies import Out
from app.audience import audience
from app.domain.errors import NotFound
from app.rendering.presets import presets


class PresetOut(Out):
    """A programme to start from."""

    key: str
    title: dict[str, str]
    about: dict[str, str]


class PresetsOut(Out):
    """All of them."""

    items: list[PresetOut]


class PresetBodyOut(PresetOut):
    """With the body that `POST /programmes` takes, and the look that `POST …/designs` does; give the
    programme a `slug` and a `name` of your own.
    """

    programme: dict[str, Any]
    design: dict[str, Any]


@call("GET", "/presets", summary="Programmes to start from", scope="programmes:read", gives=PresetsOut)
@audience("api")
def preset_list() -> Mapping[str, Any]:
    """By key."""
    return {"items": [_summary(key) for key in presets()]}


@call(
    "GET", "/presets/<key>", summary="A programme to start from", scope="programmes:read", gives=PresetBodyOut
)
@audience("api")
def preset(key: str) -> Mapping[str, Any]:
    """Its programme is what `POST /programmes` takes."""
    if key not in presets():
        raise NotFound("There is no such preset.", preset=key)
    found = presets()[key]
    design = found.design_for(found.programme_for()).model_dump(mode="json")
    return {**_summary(key), "programme": found.programme, "design": design}


def _summary(key: str) -> dict[str, Any]:
    found = presets()[key]
    return {"key": key, "title": found.title, "about": found.about}
