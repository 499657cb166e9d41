"""Marta reaches everything that the wallets know, by hand and without a script."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.design import Design
from app.storage import queries
from app.storage.database import Database
from app.web.studio_parts import PARTS
from tests.support.clock import Clock
from tests.support.counter import Person, composed_shop, flat_png, open_plainly, person
from tests.support.web_app import WebShop

_INPUT = re.compile(r"<input([^>]*)>")
_AREA = re.compile(r"<textarea([^>]*)>(.*?)</textarea>", re.DOTALL)
_SELECT = re.compile(r"<select([^>]*)>(.*?)</select>", re.DOTALL)
_CHOSEN = re.compile(r'<option value="([^"]*)" selected')
MORE = "/studio/beans/more"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def marta(shop: WebShop) -> Person:
    return person(shop, "marta")


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


def filled(page: str) -> dict[str, Any]:
    """What a browser would send of the detailed form as it stands on the page."""
    inside = page[page.index('id="more"') : page.index("</form>", page.index('id="more"'))]
    said: dict[str, Any] = {"part": [part.key for part in PARTS]}
    for (tag,) in (each.groups() for each in _INPUT.finditer(inside)):
        name, ticked = attribute(tag, "name"), "checked" in tag
        if name and name != "part" and ("checkbox" not in tag or ticked):
            said[name] = attribute(tag, "value")
    for tag, text in _AREA.findall(inside):
        said[attribute(tag, "name")] = html.unescape(text)
    for tag, options in _SELECT.findall(inside):
        chosen = _CHOSEN.search(options)
        said[attribute(tag, "name")] = html.unescape(chosen[1]) if chosen else ""
    return said


def sends(marta: Person, act: str, typed: dict[str, Any] | None = None, **changed: Any) -> Any:
    """Send the form of the detailed page as it is, with these changes."""
    page = marta.visitor.sees(MORE).get_data(as_text=True) if typed is None else ""
    said = {**(typed or filled(page)), **{name.replace("__", "/"): text for name, text in changed.items()}}
    return marta.visitor.client.post(MORE, data={**said, "act": act}, headers=marta.visitor.headers)


def seen(shop: WebShop) -> Design:
    """What customers see."""
    with shop.parts.read() as session:
        return queries.design_of(queries.design_row(session, queries.programme_row(session, "beans")))


def test_a_form_that_is_sent_as_it_came_changes_nothing(shop: WebShop, marta: Person) -> None:
    before = seen(shop)

    assert "/studio/beans/more?draft=1" in sends(marta, "keep").headers["Location"]
    assert "/reach" in sends(marta, "publish").headers["Location"]
    assert before == seen(shop)


def test_a_shop_is_added_filled_in_and_published(shop: WebShop, marta: Person) -> None:
    page = sends(marta, "add:/places").get_data(as_text=True)
    typed = filled(page) | {
        "/places/0/latitude": "56,9496",
        "/places/0/longitude": "24.1052",
        "/places/0/text/en": "Two steps to a coffee",
    }
    assert '<details class="mf-item" id="f-places-0-d" data-at="/places/0" open>' in page

    answer = sends(marta, "publish", typed)

    assert 303 == answer.status_code
    assert (56.9496, 24.1052, {"en": "Two steps to a coffee"}) == (
        seen(shop).places[0].latitude,
        seen(shop).places[0].longitude,
        seen(shop).places[0].text,
    )


def test_faults_stand_at_their_inputs_in_the_language_of_the_page(shop: WebShop) -> None:
    marta = person(shop, "marta", language="ru")
    typed = filled(sends(marta, "add:/places").get_data(as_text=True))

    answer = sends(marta, "keep", typed | {"/places/0/latitude": "north", "/places/0/longitude": "500"})

    page = html.unescape(answer.get_data(as_text=True))
    assert 422 == answer.status_code
    assert 'id="f-places-0-latitude-f"' in page
    assert "Здесь должно быть число." in page
    assert "Не больше 180." in page
    assert '<details class="mf-part" id="part-nearby" open>' in page


def test_both_wallets_own_parts_reach_the_phones(shop: WebShop, marta: Person) -> None:
    typed = filled(marta.visitor.sees(MORE).get_data(as_text=True)) | {
        "/style": "coupon",
        "/barcode/format": "code128",
        "/apple/sharing_prohibited": "1",
        "/google/homepage?": "1",
        "/google/homepage/url": "https://beans.example/",
        "/google/homepage/words/en": "Our page",
    }

    said = marta.visitor.client.post(f"{MORE}/preview", data=typed).get_json()

    assert said["wallets"]["apple"]["pass"]["coupon"]
    assert said["wallets"]["apple"]["pass"]["sharingProhibited"] is True
    assert "https://beans.example/" in json.dumps(said["wallets"]["google"])
    assert "storeCard" == seen(shop).style


def test_a_look_in_which_nothing_was_said_stays_away(shop: WebShop, marta: Person) -> None:
    sends(marta, "publish", __barcode__format="aztec")

    assert ("aztec", None, None) == (seen(shop).barcode.format, seen(shop).apple, seen(shop).google)


def test_a_day_is_the_shops_own(shop: WebShop, marta: Person) -> None:
    typed = filled(sends(marta, "add:/apple/relevant_dates").get_data(as_text=True))

    answer = sends(marta, "publish", typed | {"/apple/relevant_dates/0/at": "2026-12-31 20:00"})

    assert 303 == answer.status_code
    look = seen(shop).apple
    assert look is not None
    assert "2026-12-31T20:00:00+02:00" == look.relevant_dates[0].at


def test_fields_move_split_and_go(shop: WebShop, marta: Person) -> None:
    before = [spec.key for spec in seen(shop).fields.back]
    typed = filled(sends(marta, "down:/fields/back/0").get_data(as_text=True))
    typed = filled(sends(marta, "split:/fields/header/0/value", typed).get_data(as_text=True))
    typed = filled(sends(marta, "remove:/fields/auxiliary/0", typed).get_data(as_text=True))

    sends(marta, "publish", typed)

    assert [before[1], before[0], *before[2:]] == [spec.key for spec in seen(shop).fields.back]
    assert {"en", "ru"} == set(seen(shop).fields.header[0].value)
    assert () == seen(shop).fields.auxiliary


def test_what_would_look_wrong_is_told_and_not_published(shop: WebShop, marta: Person) -> None:
    header: dict[str, Any] = {"__fields__header__0__value__*": "{no_such}"}
    answer = sends(marta, "publish", **header)

    assert 422 == answer.status_code
    assert "{no_such}" not in json.dumps(seen(shop).model_dump(mode="json"))


def test_what_the_phones_get_can_be_read_as_it_is(marta: Person) -> None:
    said = marta.visitor.sees("/studio/beans/phones.json").get_json()

    assert "storeCard" in said["apple"]["pass"]
    assert said["google"]["class"]


def test_the_pages_are_for_marketers_and_the_programme_for_its_owner(shop: WebShop, marta: Person) -> None:
    boris, olga = person(shop, "boris"), person(shop, "olga")
    pages = ("more", "pictures", "messages", "channels", "phones.json")

    assert {403} == {boris.opens(f"/studio/beans/{page}").status for page in pages}
    assert {200} == {olga.opens(f"/studio/beans/{page}").status for page in ("more", "programme")}
    assert 403 == marta.opens("/studio/beans/programme").status


def test_a_picture_for_one_language_is_a_draft_until_it_is_published(shop: WebShop, marta: Person) -> None:
    hidden = marta.opens("/studio/beans/pictures").form("/studio/beans/pictures")[1]
    post = marta.visitor.client.post
    wish = {**hidden, "slot": "thumbnail", "language": "ru"}
    answer = post(
        "/studio/beans/pictures", data={**wish, "picture": (io.BytesIO(flat_png("#0f766e")), "a.png")}
    )
    assert 303 == answer.status_code
    assert {} == seen(shop).local_images

    marta.opens(answer.headers["Location"].partition("#")[0]).sends("/studio/beans/publish")

    assert {"ru"} == set(seen(shop).local_images)
    assert {"thumbnail"} == set(seen(shop).local_images["ru"])


def test_a_picture_for_no_place_or_no_picture_at_all_is_refused(shop: WebShop, marta: Person) -> None:
    hidden = marta.opens("/studio/beans/pictures").form("/studio/beans/pictures")[1]
    for wish in ({"slot": "nose"}, {"slot": "icon", "language": "xx"}, {"slot": "icon", "language": ""}):
        answer = marta.visitor.client.post("/studio/beans/pictures", data={**hidden, **wish})
        assert 422 == answer.status_code, wish

    assert {"banner", "logo", "icon"} == set(seen(shop).images)


def test_the_owner_changes_country_numbers_and_issuer(shop: WebShop) -> None:
    olga = person(shop, "olga").opens("/studio/beans/programme")
    typed: dict[str, Any] = {
        "/country": "lv",
        "/card_numbers": "ean13",
        "/google/issuer_id": "3388000000012345678",
    }

    olga.sends("/studio/beans/programme", **typed)

    with shop.parts.read() as session:
        programme = queries.programme_of(queries.programme_row(session, "beans"))
    assert ("LV", "ean13", "3388000000012345678") == (
        programme.country,
        programme.card_numbers,
        programme.google.issuer_id,
    )


def test_a_country_that_is_none_is_told_at_its_input(shop: WebShop) -> None:
    olga = person(shop, "olga").opens("/studio/beans/programme")

    typed: dict[str, Any] = {"/country": "Latvia", "/card_numbers": "letters"}
    olga.sends("/studio/beans/programme", **typed)

    assert 422 == olga.status
    assert 'id="f-country-f"' in olga.page
