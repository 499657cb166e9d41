"""A marketer starts a programme from a preset."""

from __future__ import annotations

import pytest

from app.rendering.presets import presets
from app.storage import queries
from tests.support.web_app import Visitor, WebShop

TYPED = {
    "slug": "pasta",
    "name": "Паста и мы",
    "currency": "EUR",
    "time_zone": "Europe/Riga",
    "locale_ru": "1",
}


@pytest.fixture
def marta(shop: WebShop) -> Visitor:
    shop.staff("marta", "marketer")
    visitor = shop.visitor()
    visitor.sends("/sign-in", login="marta", password="open sesame")
    return visitor


def test_every_preset_stands_on_the_page_with_its_card(marta: Visitor) -> None:
    page = marta.sees("/studio/new").get_data(as_text=True)
    assert [] == [key for key in presets() if f"preset={key}" not in page]


def test_a_chosen_preset_becomes_a_programme_that_customers_can_join(shop: WebShop, marta: Visitor) -> None:
    sent = marta.sends("/studio/new?preset=pizza-stamps", "/studio/new", preset="pizza-stamps", **TYPED)
    assert (303, "/studio/pasta") == (sent.status_code, sent.location)
    assert 200 == marta.sees("/join/pasta").status_code
    with shop.parts.read() as db:
        row = queries.programme_row(db, "pasta")
        design = queries.design_of(queries.design_row(db, row))
        programme = queries.programme_of(row)
    assert (("stamps",), ("ru",)) == (tuple(r.kind for r in programme.rules), programme.locales)
    assert presets()["pizza-stamps"].palette == design.palette


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"slug": "Pasta & we"}, "slug-more"),
        ({"currency": "euros"}, "currency-more"),
        ({"time_zone": "Mars/Base"}, "time_zone-more"),
        ({"name": ""}, "name-more"),
    ],
)
def test_what_is_wrong_stands_at_its_field(marta: Visitor, typed: dict[str, str], said: str) -> None:
    sent = marta.sends(
        "/studio/new?preset=pizza-stamps", "/studio/new", preset="pizza-stamps", **{**TYPED, **typed}
    )
    page = sent.get_data(as_text=True)
    assert (422, True) == (sent.status_code, f'<div id="{said}"><p class="fault"' in page)


def test_a_name_that_is_taken_is_said_at_its_field(shop: WebShop, marta: Visitor) -> None:
    shop.open_programme()
    slug = presets()["pizza-stamps"].programme["slug"]
    for expected in (303, 422):
        sent = marta.sends(
            "/studio/new?preset=pizza-stamps", "/studio/new", preset="pizza-stamps", **{**TYPED, "slug": slug}
        )
        assert expected == sent.status_code


def test_an_unknown_preset_is_none(marta: Visitor) -> None:
    sent = marta.sends("/studio/new?preset=pizza-stamps", "/studio/new", preset="gold-mine", **TYPED)
    assert 404 == sent.status_code


def test_who_works_for_one_programme_starts_no_other(shop: WebShop) -> None:
    programme = shop.open_programme()
    shop.staff("maris", "marketer", programme.slug)
    visitor = shop.visitor()
    visitor.sends("/sign-in", login="maris", password="open sesame")
    assert 403 == visitor.sees("/studio/new").status_code
