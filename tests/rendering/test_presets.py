"""Programmes to start from: without a fault, in two languages, and together they use every kind of rule."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from app.domain.design import contrast
from app.domain.lint import lint
from app.domain.mechanics import Rule
from app.domain.rulecheck import check_rules
from app.rendering.presets import presets, scaled
from app.rendering.starters import known_placeholders

KEYS = tuple(presets())


def kinds_of_rules() -> set[str]:
    union, *_ = get_args(Rule)
    return {kind for each in get_args(union) for kind in get_args(each.model_fields["kind"].annotation)}


def test_together_the_presets_use_every_kind_of_rule() -> None:
    used = {rule["kind"] for preset in presets().values() for rule in preset.programme["rules"]}
    assert set() == kinds_of_rules() - used
    assert 12 <= len(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_a_preset_has_no_fault(key: str) -> None:
    programme = presets()[key].programme_for()
    design = presets()[key].design_for(programme)
    assert {} == check_rules(programme)
    assert [] == lint(design, known_placeholders(programme, design))


@pytest.mark.parametrize("key", KEYS)
def test_every_word_of_a_preset_is_written_in_english_and_russian(key: str) -> None:
    preset = presets()[key]
    texts = [preset.title, preset.about, preset.how, *(tier.name for tier in preset.tiers)]
    texts += list(_texts(preset.programme))
    assert [] == [text for text in texts if {"en", "ru"} != set(text)]


def _texts(node: Any) -> list[dict[str, str]]:
    if isinstance(node, dict):
        if "en" in node or "ru" in node:
            return [node]
        return [text for each in node.values() for text in _texts(each)]
    return [text for each in node for text in _texts(each)] if isinstance(node, list) else []


@pytest.mark.parametrize("key", KEYS)
def test_small_words_on_every_palette_of_a_preset_are_easy_to_read(key: str) -> None:
    preset = presets()[key]
    for palette in (preset.palette, *(tier.palette for tier in preset.tiers if tier.palette)):
        assert contrast(palette.foreground, palette.background) >= 4.5
        assert contrast(palette.label, palette.background) >= 4.5


def test_amounts_follow_the_currency_and_nothing_else_does() -> None:
    rules = [{"kind": "discount", "percent": 5, "minimum_minor": 200, "steps": [{"from_minor": 10}]}]
    assert [
        {"kind": "discount", "percent": 5, "minimum_minor": 20000, "steps": [{"from_minor": 1000}]}
    ] == scaled(rules, 100)
    rubles = presets()["clothing-growing"].programme_for(slug="nit", name="Нить", currency="RUB")
    assert ("nit", "Нить", "RUB") == (rubles.slug, rubles.name, rubles.currency)
    assert 5_000_000 == rubles.model_dump(mode="json")["rules"][0]["steps"][1]["from_minor"]


def test_a_card_of_a_preset_carries_the_shops_name() -> None:
    preset = presets()["pizza-stamps"]
    design = preset.design_for(preset.programme_for(slug="pasta", name="Паста и мы"))
    assert {"*": "Паста и мы"} == design.logo_text == design.organisation
