"""Starter designs: without a fault, in two languages, and one for every programme."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.design import contrast
from app.domain.faces import Holder, build_pass
from app.domain.ledger import Holdings
from app.domain.lint import lint
from app.domain.mechanics.base import State
from app.domain.programme import Programme
from app.rendering.scenes import SCENES
from app.rendering.starters import fit_starter, known_placeholders, starters

POINTS: dict[str, Any] = {"kind": "points", "percent": 10}
GOAL: dict[str, Any] = POINTS | {"goal": 2000, "reward": {"en": "a gift", "ru": "подарок"}}
STAMPS: dict[str, Any] = {"kind": "stamps", "goal": 10, "reward": "Кофе"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def programme(*rules: dict[str, Any]) -> Programme:
    return Programme.model_validate(
        {"slug": "cafe", "name": "Кофе и мята", "locales": ["en", "ru"], "rules": list(rules)}
    )


def test_there_is_a_starter_for_each_scene() -> None:
    assert set(SCENES) == set(starters())


@pytest.mark.parametrize("key", SCENES)
def test_a_starter_has_no_fault_and_draws_its_own_art(key: str) -> None:
    starter = starters()[key]

    assert [] == lint(starter.design, known_placeholders(starter.programme, starter.design))
    assert key == starter.design.starter
    assert key == fit_starter(starter.programme).starter


@pytest.mark.parametrize("key", SCENES)
def test_small_words_on_every_palette_are_easy_to_read(key: str) -> None:
    design = starters()[key].design
    for palette in (design.palette, *(tier.palette for tier in design.tiers if tier.palette)):
        assert contrast(palette.foreground, palette.background) >= 4.5
        assert contrast(palette.label, palette.background) >= 4.5


@pytest.mark.parametrize("key", SCENES)
def test_every_word_is_written_in_english_and_russian(key: str) -> None:
    design = starters()[key].design
    texts = [spec.label for _, spec in design.fields] + [tier.name for tier in design.tiers]
    texts += [design.organisation, design.programme_name, design.description]

    assert [] == [text for text in texts if not {"en", "ru"} <= set(text)]


@pytest.mark.parametrize("key", SCENES)
def test_a_change_message_says_the_new_value(key: str) -> None:
    """Apple shows a change message only if it holds `%@`."""
    messages = [spec.change_message for _, spec in starters()[key].design.fields if spec.change_message]

    assert messages
    assert all("%@" in text for message in messages for text in message.values())


@pytest.mark.parametrize(
    ("rules", "starter"),
    [
        ([POINTS], "points-shop"),
        ([GOAL], "points-shop"),
        ([STAMPS], "stamp-cafe"),
        ([POINTS, STAMPS], "points-shop"),
        ([STAMPS, GOAL], "stamp-cafe"),
        ([], "discount-club"),
    ],
)
def test_a_new_programme_gets_the_starter_for_its_rules(rules: list[dict[str, Any]], starter: str) -> None:
    made = programme(*rules)
    design = fit_starter(made)

    assert starter == design.starter
    assert {"*": "Кофе и мята"} == design.organisation
    assert [] == lint(design, known_placeholders(made, design))


def test_a_programme_of_points_and_stamps_shows_both_balances() -> None:
    shown = {spec.key for _, spec in fit_starter(programme(POINTS, STAMPS)).fields}

    assert {"points", "stamps"} <= shown


def test_a_programme_without_a_goal_shows_no_empty_progress() -> None:
    assert "progress" not in {spec.key for _, spec in fit_starter(programme(POINTS)).fields}


def test_an_empty_card_looks_complete_in_russian() -> None:
    made = programme(STAMPS)
    anna = Holder(serial="s1", number="1234567812345678", given_name="Анна", locale="ru")
    card = build_pass(made, fit_starter(made), anna, State(Holdings(), now=NOW))

    assert [("stamps", {"*": "0 / 10"})] == [(f.key, f.value) for f in card.header]
    assert "ещё 10\u00a0штампов" == card.secondary[0].value["ru"]  # type: ignore[index]
    assert {"banner", "icon", "logo"} == set(card.pictures)
    assert "КИ" == card.pictures["logo"].mark


def test_points_stay_a_number_so_that_the_phone_groups_their_digits() -> None:
    made = programme(POINTS)
    card = build_pass(
        made, fit_starter(made), Holder(serial="s1", number="12345678"), State(Holdings(), now=NOW)
    )

    assert [("points", 0)] == [(f.key, f.value) for f in card.primary]
