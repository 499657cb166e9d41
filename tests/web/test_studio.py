"""Marta in the studio: nothing reaches a customer before she publishes, and that can be undone."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.domain.text import in_locale
from app.services.designs import draft
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import DesignRow
from tests.support.clock import Clock
from tests.support.counter import Person, composed_shop, flat_png, open_plainly, person
from tests.support.web_app import WebShop


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def marta(shop: WebShop) -> Person:
    return person(shop, "marta")


def looks(shop: WebShop) -> list[tuple[int, bool]]:
    """(version, published) of every version."""
    with shop.parts.read() as session:
        rows = session.scalars(select(DesignRow).order_by(DesignRow.version))
        return [(row.version, row.published_at is not None) for row in rows]


def shown_name(shop: WebShop) -> str:
    """What customers see as the programme's name."""
    with shop.parts.read() as session:
        row = queries.design_row(session, queries.programme_row(session, "beans"))
        return in_locale(queries.design_of(row).programme_name, "en")


def test_words_are_published_watched_and_undone(shop: WebShop, marta: Person) -> None:
    marta.opens("/studio/beans").sends("/studio/beans/draft", programme_name_en="Winter card")
    assert [(1, True), (2, False)] == looks(shop)
    assert "Coffee card" == shown_name(shop)

    _, hidden = marta.form("/studio/beans/draft")
    post = marta.visitor.client.post
    assert 303 == post("/studio/beans/publish", data=hidden).status_code
    assert "Winter card" == shown_name(shop)

    marta.opens("/studio/beans/reach").sends("/studio/beans/restore/")
    assert "Coffee card" == shown_name(shop)
    assert [(1, True), (2, True), (3, True)] == looks(shop)


def test_a_second_tap_on_publish_or_undo_changes_nothing(shop: WebShop, marta: Person) -> None:
    marta.opens("/studio/beans").sends("/studio/beans/draft", programme_name_en="Winter card")
    _, hidden = marta.form("/studio/beans/draft")
    post = marta.visitor.client.post
    assert [303, 303] == [post("/studio/beans/publish", data=hidden).status_code for _ in range(2)]
    assert [(1, True), (2, True)] == looks(shop)

    marta.opens("/studio/beans/reach").sends("/studio/beans/restore/", again=True)

    assert "Coffee card" == shown_name(shop)
    assert [(1, True), (2, True), (3, True)] == looks(shop)


def test_a_second_tap_with_the_words_still_in_the_form_makes_no_second_version(
    shop: WebShop, marta: Person
) -> None:
    _, hidden = marta.opens("/studio/beans").form("/studio/beans/draft")
    post, wish = marta.visitor.client.post, {**hidden, "programme_name_en": "Winter card"}

    assert [303, 303] == [post("/studio/beans/publish", data=wish).status_code for _ in range(2)]

    assert [(1, True), (2, True)] == looks(shop)


def test_a_picture_is_a_draft_with_colours_to_choose(shop: WebShop, marta: Person) -> None:
    _, hidden = marta.opens("/studio/beans").form("/studio/beans/draft")
    picture = {"picture": (io.BytesIO(flat_png("#0f766e")), "banner.png")}

    answer = marta.visitor.client.post(
        "/studio/beans/picture", data={**hidden, **picture}, headers={"Accept": "application/json"}
    )

    assert 200 == answer.status_code
    assert {"background", "foreground", "label", "accent"} == answer.get_json()["suggested"].keys()
    assert [(1, True), (2, False)] == looks(shop)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Choose a picture first."),
        (b"<svg onload=alert(1)>", "This is not a PNG, JPEG or WebP picture."),
        (flat_png("#0f766e")[:200], "The picture is damaged or not complete. Save it again as PNG or JPEG."),
    ],
)
def test_a_bad_picture_is_refused_in_words(shop: WebShop, marta: Person, data: bytes, words: str) -> None:
    _, hidden = marta.opens("/studio/beans").form("/studio/beans/draft")

    answer = marta.visitor.client.post(
        "/studio/beans/picture",
        data={**hidden, "picture": (io.BytesIO(data), "banner.png")},
        headers={"Accept": "application/json"},
    )

    assert (422, words) == (answer.status_code, answer.get_json()["fault"])
    assert [(1, True)] == looks(shop)


def test_the_preview_is_what_both_vendors_would_be_given(shop: WebShop, marta: Person) -> None:
    _, hidden = marta.opens("/studio/beans").form("/studio/beans/draft")
    wish = {**hidden, "locale": "ru", "filled": "100", "palette_background": "#102030"}

    said = marta.visitor.client.post("/studio/beans/preview", data=wish).get_json()

    apple, google = said["wallets"]["apple"], said["wallets"]["google"]
    assert "rgb(16,32,48)" == apple["pass"]["backgroundColor"]
    assert "9 / 10" == apple["pass"]["storeCard"]["headerFields"][0]["value"]
    assert apple["images"]["strip"].startswith("/media/")
    assert "#102030" == google["class"]["hexBackgroundColor"]
    assert {"en", "ru"} == set(apple["strings"])
    assert [(1, True)] == looks(shop)


def test_unreadable_colours_are_told_and_not_published(shop: WebShop, marta: Person) -> None:
    _, hidden = marta.opens("/studio/beans").form("/studio/beans/draft")
    wish = {**hidden, "palette_background": "#ffffff", "palette_foreground": "#fefefe"}

    said = marta.visitor.client.post("/studio/beans/preview", data=wish).get_json()
    answer = marta.visitor.client.post("/studio/beans/publish", data=wish)

    assert "The text colour #fefefe is hard to read on #ffffff" in said["faults"][0]
    assert 422 == answer.status_code
    assert [(1, True)] == looks(shop)


def test_a_colour_that_is_none_is_told_in_words(marta: Person) -> None:
    _, hidden = marta.opens("/studio/beans").form("/studio/beans/draft")

    answer = marta.visitor.client.post("/studio/beans/preview", data={**hidden, "palette_label": "red;}"})

    assert 422 == answer.status_code
    assert "A colour is" in answer.get_json()["fault"]


def test_a_draft_of_another_programme_cannot_be_smuggled_in(shop: WebShop, marta: Person) -> None:
    open_plainly(shop, "points-shop")
    other = draft(shop.parts.db, "aster", shop.parts.starters["points-shop"], now=shop.clock.now())
    _, hidden = marta.opens("/studio/beans").form("/studio/beans/draft")

    answer = marta.visitor.client.post("/studio/beans/publish", data={**hidden, "base": str(other)})

    assert 404 == answer.status_code
    assert "Coffee card" == shown_name(shop)


def test_only_marketers_of_the_programme_come_in(shop: WebShop) -> None:
    open_plainly(shop, "points-shop")
    shop.staff("mila", "marketer", programme="aster")

    assert 403 == person(shop, "boris").opens("/studio").status
    assert 404 == person(shop, "mila").opens("/studio/beans").status
    assert "/studio/aster" == person(shop, "mila").opens("/studio").path
    assert 200 == person(shop, "olga").opens("/studio").status


def test_the_numbers_begin_at_nothing(shop: WebShop, marta: Person) -> None:
    shop.customer("beans")

    said = marta.visitor.sees("/studio/beans/reach.json").get_json()

    assert (0, 0, True) == (said["holders"], said["there"], said["done"])
