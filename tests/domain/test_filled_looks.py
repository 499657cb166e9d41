"""Placeholders in Apple's part of a design, filled for one card."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.apple_look import AppleLook
from app.domain.faces import Holder, build_pass
from app.domain.fields import Fields, FieldSpec
from app.domain.ledger import Holdings, Lot
from app.domain.mechanics.base import State
from app.domain.passes import Pass
from app.rendering.starters import starters

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LOTS = [Lot(1, "points", 12340, 12340, NOW)]


def card(look: dict, fields: tuple = (), **holder) -> Pass:
    kit = starters()["points-shop"]
    design = kit.design.model_copy(update={"apple": AppleLook.model_validate(look)})
    state = State(Holdings.of(LOTS), NOW, values=holder.get("values", {}), zone=kit.programme.zone)
    return build_pass(kit.programme, design, Holder("s1", "4801", **holder), state)


def filled(look: dict, **holder) -> AppleLook:
    found = card(look, **holder).apple
    assert found is not None
    return found


def test_a_number_is_filled_for_programs_and_not_for_people():
    look = filled({"semantics": {"balance": {"amount_minor": "{points}", "currency": "EUR"}}})

    assert {"balance": {"amount_minor": "12340", "currency": "EUR"}} == look.semantics


def test_a_time_is_filled_with_its_zone():
    look = filled({"relevant_dates": [{"at": "{expires_at}"}]}, expires_at=NOW)

    assert "2026-03-02T09:00:00+00:00" == look.relevant_dates[0].at


@pytest.mark.parametrize("url", ["", "nonsense", "http://a.example"])
def test_a_part_that_a_card_does_not_fit_is_left_out_and_the_card_is_shown(url):
    look = {"event_urls": {"sellURL": "{values.url}"}, "grouping_identifier": "{number}"}
    found = filled(look, values={"url": url})

    assert [] == [said for said in found.event_urls.values() if said]
    assert "4801" == found.grouping_identifier


def test_a_poster_and_a_sign_up_always_have_their_pictures():
    look = {"poster": {}, "personalisation": {"fields": ["name"], "description": "Join"}}

    assert {"icon", "logo", "banner", "artwork", "personalisation_logo"} == card(look).pictures.keys()
    assert {"icon", "logo", "banner"} == card({}).pictures.keys()


def test_a_posters_artwork_is_made_of_the_banner_where_there_is_none():
    kit = starters()["points-shop"]
    look = {"apple": AppleLook(poster={}), "images": {"banner": "a" * 64, "logo": "b" * 64}}
    state = State(Holdings(), NOW, zone=kit.programme.zone)
    made = build_pass(kit.programme, kit.design.model_copy(update=look), Holder("s1", "4801"), state)

    assert "a" * 64 == made.pictures["artwork"].source


def test_a_time_that_ignores_the_phones_zone_is_in_the_programmes():
    kit = starters()["points-shop"]
    spec = FieldSpec(key="until", value="{expires_at}", ignores_time_zone=True)
    design = kit.design.model_copy(update={"fields": Fields(back=(spec,))})
    programme = kit.programme.model_copy(update={"time_zone": "Asia/Tokyo"})
    state = State(Holdings(), NOW, zone=programme.zone)
    [field] = build_pass(programme, design, Holder("s1", "4801", expires_at=NOW), state).back

    assert "2026-03-02T18:00:00+09:00" == field.value.isoformat()
