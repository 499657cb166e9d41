"""Marta gives each place a link of its own, prints it, and sees what it brings."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from app.services.enrolment import Enrol, enrol
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import Person, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

CHANNELS = "/studio/beans/channels"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def marta(shop: WebShop) -> Person:
    return person(shop, "marta")


def read(picture: bytes) -> list[str]:
    return [each.text for each in zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))]


def test_a_link_is_made_opened_and_counted(shop: WebShop, marta: Person) -> None:
    marta.opens(CHANNELS).sends(CHANNELS, utm_source="Window", utm_medium="print", code="window")
    assert "The link is there: http://127.0.0.1:8000/l/window" in marta.page

    passer_by = shop.visitor()
    assert "l=window" in passer_by.sees("/l/window").headers["Location"]
    channel = {"utm_source": "window", "utm_medium": "print", "link_code": "window"}
    member = {"given_name": "Anna", "phone": "+37120000001", "locale": "en"}
    enrol(shop.parts.db, Enrol("beans", member, channel=channel, source="test"), now=shop.clock.now())

    page = marta.opens(CHANNELS).page
    assert "<dt>opened</dt><dd>1</dd>" in page
    assert "<dt>joined</dt><dd>1</dd>" in page


def test_a_second_tap_makes_no_second_link(marta: Person) -> None:
    marta.opens(CHANNELS).sends(CHANNELS, again=True, utm_source="window", utm_medium="print", code="")

    assert 1 == marta.page.count('class="ch-qr"')


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"utm_source": ""}, "Say who brings the customers"),
    ({"utm_source": "anna@example.com"}, "Say who brings the customers"),
    ({"utm_medium": "pigeon"}, "Choose one of the list."),
    ({"code": "ab"}, "3 to 40 small Latin letters"),
    ({"code": "../../etc"}, "3 to 40 small Latin letters"),
    ({"utm_campaign": "a@b"}, "An e-mail address belongs in no link."),
]


def test_a_link_that_would_not_work_is_refused_in_words(marta: Person) -> None:
    good = {"utm_source": "window", "utm_medium": "print", "utm_campaign": "", "code": ""}
    marta.opens(CHANNELS)
    for typed, words in REFUSED:
        marta.sends(CHANNELS, **{**good, **typed})
        assert (422, True) == (marta.status, words in marta.page), typed

    assert 'class="ch-qr"' not in marta.opens(CHANNELS).page


def test_an_ending_that_is_taken_is_told(marta: Person) -> None:
    marta.opens(CHANNELS).sends(CHANNELS, utm_source="window", utm_medium="print", code="spring")
    marta.opens(CHANNELS).sends(CHANNELS, utm_source="door", utm_medium="print", code="spring")

    assert 422 == marta.status
    assert "This ending is taken." in marta.page


def test_code_and_posters_lead_to_the_link(marta: Person) -> None:
    marta.opens(CHANNELS).sends(CHANNELS, utm_source="window", utm_medium="print", code="window")
    sees = marta.visitor.sees
    link = "http://127.0.0.1:8000/l/window"

    assert [link] == read(sees(f"{CHANNELS}/window/qr.png").data)
    assert sees(f"{CHANNELS}/window/qr.svg").data.startswith(b"<svg")
    poster = sees("/studio/beans/poster.png?paper=a6&language=ru&channel=window&download=1")
    assert [link] == read(poster.data)
    assert 'attachment; filename="beans-window-a6-ru.png"' == poster.headers["Content-Disposition"]
    pdf = sees("/studio/beans/poster.pdf")
    assert ("application/pdf", b"%PDF-") == (pdf.mimetype, pdf.data[:5])


NOWHERE = (
    f"{CHANNELS}/nothing/qr.png",
    f"{CHANNELS}/window/qr.exe",
    "/studio/beans/poster.pdf?channel=nothing",
    "/studio/beans/poster.pdf?paper=a0",
    "/studio/beans/poster.pdf?language=xx",
    "/studio/none/channels",
)


def test_what_is_not_there_is_not_found(marta: Person) -> None:
    assert {404} == {marta.visitor.sees(path).status_code for path in NOWHERE}


def test_a_channel_of_another_programme_stays_there(shop: WebShop) -> None:
    open_plainly(shop, "points-shop")
    olga = person(shop, "olga")
    olga.opens("/studio/aster/channels").sends(
        "/studio/aster/channels", utm_source="x", utm_medium="qr", code="theirs"
    )

    assert 404 == olga.opens(f"{CHANNELS}/theirs/qr.png").status
    assert "theirs" not in olga.opens(CHANNELS).page
