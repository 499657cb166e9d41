"""Marta in the studio with a real browser: drop, look, publish, undo; the pages for everybody's eyes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.storage.database import Database
from tests.support.browser import DESK, PHONE, accessibility_faults, overflow_px, signed_in
from tests.support.clock import Clock
from tests.support.counter import composed_shop, flat_png, open_plainly
from tests.support.web_app import WebShop

pytestmark = pytest.mark.browser
MORE = tuple(f"/studio/beans/{page}" for page in ("more", "pictures", "messages", "channels", "programme"))
STUDIO = ("/studio", "/studio/beans", "/studio/beans/reach", *MORE)
STAFF = ("/staff", "card", "/staff/people", "/staff/keys", "/staff/systems", "/staff/health")
DROP = """([data, name]) => {
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, {type: "image/png"}));
  document.querySelector("[data-part=drop]")
    .dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: transfer}));
}"""


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        open_plainly(opened, "points-shop")
        yield opened


@pytest.fixture
def marta(shop: WebShop, open_page: Callable[..., Page]) -> Page:
    look = {"viewport": DESK, "locale": "en", "reduced_motion": "reduce"}
    page = open_page("/studio/beans", storage_state=signed_in(shop, "marta"), **look)
    page.wait_for_selector("[data-drawn]")
    return page


def strip(page: Page) -> str:
    """The picture on the drawn iPhone's card."""
    return page.locator(".wc-strip img").get_attribute("src") or ""


def test_a_dropped_banner_is_seen_published_and_undone(marta: Page) -> None:
    before = strip(marta)

    marta.evaluate(DROP, [base64.b64encode(flat_png("#0f766e", 1125, 432)).decode(), "banner.png"])
    expect(marta.locator("[data-part=state]")).to_have_text("Changed, not published")
    expect(marta.locator(f'.wc-strip img:not([src="{before}"])')).to_be_visible()
    dropped = strip(marta)

    marta.get_by_role("button", name="Publish", exact=True).click()
    marta.wait_for_url("**/reach")
    marta.goto("/studio/beans")
    marta.wait_for_selector("[data-drawn]")
    assert dropped == strip(marta)

    marta.goto("/studio/beans/reach")
    marta.get_by_role("button", name="Undo").click()
    marta.wait_for_url("**/reach")
    marta.goto("/studio/beans")
    marta.wait_for_selector("[data-drawn]")
    assert before == strip(marta)


def test_something_that_is_no_picture_is_refused_in_words(marta: Page) -> None:
    marta.evaluate(DROP, [base64.b64encode(b"hello").decode(), "banner.png"])

    expect(marta.locator("[data-part=fault-words]")).to_have_text("This is not a PNG, JPEG or WebP picture.")


def test_both_phones_follow_the_form(marta: Page) -> None:
    marta.get_by_label("Name of the programme").first.fill("Winter card")
    expect(marta.locator(".wc-gtitle")).to_have_text("Winter card")

    marta.locator("[name=filled]").fill("100")
    expect(marta.locator(".wc-headfields")).to_contain_text("9 / 10")

    marta.get_by_role("radio", name="Russian").check()
    expect(marta.locator(".wc-headfields")).to_contain_text("Штампы")


def test_a_field_is_added_and_seen_without_a_new_page(marta: Page) -> None:
    """The keyboard stands in the new item, what was typed elsewhere is still there, both phones follow."""
    marta.goto("/studio/beans/more")
    marta.wait_for_selector("[data-drawn]")
    marta.locator("#part-fields > summary").click()
    marta.locator("#f-fields-header-0-d > summary").click()
    marta.locator("[name='/fields/header/0/label/en']").fill("Cups")
    expect(marta.locator(".wc-headfields")).to_contain_text("Cups")

    marta.locator("button[value='add:/fields/secondary']").click()
    added = marta.locator("#f-fields-secondary-1-d")
    expect(added.locator("summary").first).to_be_focused()
    expect(marta.locator("[name='/fields/header/0/label/en']")).to_have_value("Cups")
    marta.locator("[name='/fields/secondary/1/label/en']").fill("Shop")
    marta.locator("[name='/fields/secondary/1/value/*']").fill("Harbour street")

    expect(marta.locator(".wc-row")).to_contain_text("Harbour street")
    expect(marta.locator("[data-raw=apple]")).to_contain_text("Harbour street")


def test_a_fault_is_told_while_it_is_typed(marta: Page) -> None:
    marta.goto("/studio/beans/more")
    marta.wait_for_selector("[data-drawn]")
    marta.locator("#part-nearby > summary").click()
    marta.locator("button[value='add:/places']").click()
    marta.locator("[name='/places/0/longitude']").fill("500")

    expect(marta.locator("#part-nearby")).to_contain_text("Not more than 180.")


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ru", "dark")])
def test_no_page_has_a_fault(
    shop: WebShop, browser: Browser, address: str, scheme: str, language: str
) -> None:
    anna = shop.customer("beans", locale=language)
    shop.stamps(anna, 4)
    look = {"color_scheme": scheme, "locale": language, "reduced_motion": "reduce", "bypass_csp": True}
    state = signed_in(shop, "olga")
    context = browser.new_context(base_url=address, viewport=PHONE, storage_state=state, **look)
    page = context.new_page()
    found, wide = {}, {}
    for path in (*STUDIO, *STAFF):
        page.goto(f"/staff/cards/{anna.serial}" if path == "card" else path)
        if path in ("/studio/beans", "/studio/beans/more"):
            page.wait_for_selector("[data-drawn]")
        if path in STUDIO:
            page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        found[path], wide[path] = accessibility_faults(page), overflow_px(page)
    context.close()

    assert {path: [] for path in found} == found
    assert all(px <= 0 for px in wide.values()), wide
