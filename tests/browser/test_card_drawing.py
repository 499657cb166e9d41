"""Cards in a real browser, under a strict content policy: cut where a wallet cuts, and never a script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser, Page

from tests.support.browser import served

STATIC = Path(__file__).parents[2] / "app" / "static"
POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'"
HTML = """<!doctype html><html><head><link rel="stylesheet" href="/static/css/wallet-cards.css">
<script type="module" src="/draw.js"></script></head><body><div id="card"></div></body></html>"""
DRAW = """import * as cards from "/static/js/wallet-cards.js";
window.cards = cards;"""
HOSTILE = '<img src=x onerror="window.hurt=1">'


@pytest.fixture(scope="module")
def drawing_board(browser: Browser) -> Iterator[Page]:
    """A window of a phone's width with the module in it, under a strict policy."""
    app = Flask("cards", static_folder=str(STATIC))
    app.add_url_rule("/", "page", lambda: HTML)
    app.add_url_rule("/draw.js", "draw", lambda: Response(DRAW, mimetype="text/javascript"))

    @app.after_request
    def strict(reply: Response) -> Response:
        reply.headers["Content-Security-Policy"] = POLICY
        return reply

    with served(app) as port:
        page = browser.new_page(viewport={"width": 375, "height": 812}, reduced_motion="reduce")
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_function("window.cards !== undefined")
        yield page
        page.close()


@pytest.fixture
def page(drawing_board: Page) -> Iterator[Page]:
    """A page whose console stays silent: a broken policy would speak there."""
    said: list[str] = []
    drawing_board.evaluate(
        "document.getElementById('card').replaceWith(Object.assign("
        "document.createElement('div'), {id: 'card'}))"
    )
    drawing_board.on("console", lambda message: said.append(message.text))
    drawing_board.on("pageerror", lambda fault: said.append(str(fault)))
    yield drawing_board
    assert [] == said


def draw_apple(
    page: Page, *, locale: str = "en", strings: dict[str, str] | None = None, **pass_: Any
) -> None:
    plain = {"organizationName": "Coffee & Mint", "description": "Loyalty card", "storeCard": {}}
    data = {"pass": plain | pass_, "locale": locale, "strings": strings or {}}
    page.evaluate("data => { cards.drawApple(document.getElementById('card'), data); }", data)


def draw_google(page: Page, *, locale: str = "en", cls: dict[str, Any], **object_: Any) -> None:
    data = {"object": object_, "class": cls, "locale": locale}
    page.evaluate("data => { cards.drawGoogle(document.getElementById('card'), data); }", data)


def field(key: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "label": key, "value": value, **more}


def test_an_apple_card_shows_what_wallet_shows(page: Page) -> None:
    row = [field(f"f{number}", number) for number in range(6)]
    headers = [field(f"h{number}", number) for number in range(5)]
    draw_apple(
        page, storeCard={"headerFields": headers, "secondaryFields": row[:3], "auxiliaryFields": row[3:]}
    )

    assert 4 == page.locator(".wc-row .wc-cell").count()
    assert 3 == page.locator(".wc-headfields .wc-cell").count()


def test_a_long_text_is_cut_and_stays_inside_the_card(page: Page) -> None:
    draw_apple(page, storeCard={"primaryFields": [field("news", "Very long words " * 20)]})
    value = page.locator(".wc-primary-value")

    assert value.evaluate("one => one.scrollWidth > one.clientWidth")
    assert page.locator(".wc-front").evaluate("one => one.scrollWidth <= one.clientWidth")


def test_values_are_written_in_the_language_of_the_phone(page: Page) -> None:
    values = [field("points", 12345), field("money", 12.5, currencyCode="EUR")]
    draw_apple(page, locale="ru", strings={"points": "Баллы"}, storeCard={"secondaryFields": values})
    texts = page.locator(".wc-row .wc-cell").all_inner_texts()

    assert ["БАЛЛЫ\n12\xa0345", "MONEY\n12,50\xa0€"] == texts


def test_the_back_turns_up_with_links_that_are_safe(page: Page) -> None:
    bad = '<a href="javascript:window.hurt=1">click</a> <b>bold</b> <a href="https://shop.example/">shop</a>'
    back = [field("page", "x", attributedValue=bad), field("call", "Call +371 2000 0001")]
    draw_apple(page, storeCard={"backFields": back})
    page.get_by_role("button", name="Show details").click()

    links = page.locator(".wc-back a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert ["https://shop.example/", "tel:+37120000001"] == links
    assert not page.locator(".wc-front").is_visible()


def test_hostile_texts_stay_texts(page: Page) -> None:
    fields = {
        "primaryFields": [field("a", HOSTILE)],
        "backFields": [field("b", "x", attributedValue=HOSTILE)],
    }
    draw_apple(page, organizationName=HOSTILE, logoText=HOSTILE, storeCard=fields)
    assert HOSTILE == page.locator(".wc-logotext").inner_text()
    draw_google(page, cls={"issuerName": HOSTILE, "programName": HOSTILE}, accountName=HOSTILE)

    assert HOSTILE == page.locator(".wc-gtitle").inner_text()
    assert page.evaluate("window.hurt") is None


def test_a_screen_reader_hears_the_card(page: Page) -> None:
    draw_apple(page, storeCard={"primaryFields": [field("points", 7)]})

    assert page.get_by_role("img", name="Coffee & Mint. Loyalty card. points 7").is_visible()


def test_a_void_card_says_so(page: Page) -> None:
    draw_apple(page, voided=True)
    assert "Void" == page.locator(".wc-off").inner_text()
    draw_google(page, locale="ru", cls={}, state="EXPIRED")

    assert "Срок истёк" == page.locator(".wc-off").inner_text()


def test_a_google_card_follows_the_rows_of_its_class(page: Page) -> None:
    item = {"firstValue": {"fields": [{"fieldPath": "object.textModulesData['tier']"}]}}
    rows = [{"oneItem": {"item": item}}]
    override = {"cardTemplateOverride": {"cardRowTemplateInfos": rows}}
    module = {"id": "tier", "header": "Level", "body": "Gold"}
    draw_google(page, cls={"programName": "Club", "classTemplateInfo": override}, textModulesData=[module])

    assert ["Level\nGold"] == page.locator(".wc-grow").all_inner_texts()


def test_google_words_come_in_the_language_of_the_phone(page: Page) -> None:
    both = {"defaultValue": {"language": "en", "value": "Points"}}
    both["translatedValues"] = [{"language": "ru", "value": "Баллы"}]  # type: ignore[assignment]
    balance = {"label": "Points", "localizedLabel": both, "balance": {"int": 1490}}
    draw_google(page, locale="ru", cls={}, loyaltyPoints=balance)

    assert ["Баллы\n1\xa0490"] == page.locator(".wc-grow").all_inner_texts()


@pytest.mark.parametrize("colour", ["#000000", "#3a1c78", "#f8efe4", "#ffffff", "#7fb069"])
def test_google_text_reads_on_any_background(page: Page, colour: str) -> None:
    draw_google(page, cls={"hexBackgroundColor": colour, "programName": "Club"})
    ratio = page.evaluate("""() => {
      const light = text => { const [r, g, b] = text.match(/\\d+/g).map(n => n / 255)
        .map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b; };
      const style = getComputedStyle(document.querySelector('.wc-gcard'));
      const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
      return (a + .05) / (b + .05); }""")

    assert 4.5 <= ratio


def rows(page: Page) -> list[int]:
    """How many fields stand in each row."""
    return [row.locator(".wc-cell").count() for row in page.locator(".wc-row").all()]


def code(form: str) -> list[dict[str, str]]:
    return [{"format": f"PKBarcodeFormat{form}", "message": "2001234567893"}]


@pytest.mark.parametrize(
    ("style", "form", "expected"),
    [
        ("storeCard", "QR", [4]),
        ("coupon", "QR", [4]),
        ("coupon", "EAN13", [3, 3]),
        ("generic", "QR", [4]),
        ("eventTicket", "QR", [3, 2, 1]),
        ("boardingPass", "QR", [3, 3]),
    ],
)
def test_each_style_has_its_rows(page: Page, style: str, form: str, expected: list[int]) -> None:
    low = [field(f"a{number}", number, row=int(number == 2)) for number in range(3)]
    groups = {"secondaryFields": [field(f"s{number}", number) for number in range(3)], "auxiliaryFields": low}
    passes = {"storeCard": None, style: groups, "barcodes": code(form)}
    draw_apple(page, **passes)

    assert expected == rows(page)


def test_a_boarding_pass_shows_both_ends_of_the_way(page: Page) -> None:
    ends = [field("Riga", "RIX"), field("London", "LHR")]
    draw_apple(page, storeCard=None, boardingPass={"primaryFields": ends, "transitType": "PKTransitTypeAir"})

    assert ["RIX", "LHR"] == page.locator(".wc-journey .wc-cell-value").all_inner_texts()
    assert 1 == page.locator(".wc-journey .wc-way svg").count()


def test_a_time_that_ignores_the_phones_zone_is_read_as_it_is_written(page: Page) -> None:
    styles = {"dateStyle": "PKDateStyleNone", "timeStyle": "PKDateStyleShort", "ignoresTimeZone": True}
    draw_apple(
        page, locale="ru", storeCard={"secondaryFields": [field("t", "2027-01-31T23:30:00+09:00", **styles)]}
    )

    assert "23:30" in page.locator(".wc-row").inner_text()


def test_a_field_that_waits_for_its_first_message_is_not_drawn(page: Page) -> None:
    draw_apple(page, storeCard={"backFields": [{"key": "message", "value": ""}, field("call", "Anna")]})
    page.get_by_role("button", name="Show details").click()

    assert 1 == page.locator(".wc-back-row").count()
