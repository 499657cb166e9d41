"""Boris at the till with a real browser: readers, double taps, bad networks, the camera, everybody's eyes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from app.rendering.barcodes import barcode_image
from app.services import cards
from app.storage.database import Database
from tests.support.browser import DESK, FLAGS, PHONE, accessibility_faults, chromium, overflow_px, signed_in
from tests.support.clock import Clock
from tests.support.counter import PASSWORD, balance, card_of, composed_shop, open_plainly
from tests.support.web_app import WebShop

pytestmark = pytest.mark.browser
FAKE_CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        open_plainly(opened, "points-shop")
        opened.staff("boris", "cashier")
        yield opened


def at_the_till(page: Page) -> Page:
    page.fill("#login", "boris")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-till=scan]")
    return page


@pytest.fixture
def till(shop: WebShop, open_page: Callable[..., Page]) -> Page:
    look = {"viewport": DESK, "locale": "en", "reduced_motion": "reduce"}
    page = open_page("/till", storage_state=signed_in(shop, "boris"), **look)
    page.wait_for_selector("[data-till=scan]")
    return page


@pytest.fixture
def shaky_till(shop: WebShop, browser: Browser, address: str) -> Iterator[Page]:
    """A till whose network will fail; what the browser says of that on its console is no fault of ours."""
    look: dict[str, Any] = {"viewport": PHONE, "locale": "en", "reduced_motion": "reduce"}
    context = browser.new_context(base_url=address, storage_state=signed_in(shop, "boris"), **look)
    page = context.new_page()
    page.goto("/till")
    page.wait_for_selector("[data-till=scan]")
    yield page
    context.close()


def shows(page: Page, view: str, words: str) -> None:
    expect(page.locator(f"[data-till={view}] h1")).to_contain_text(words)


def reads(page: Page, code: str) -> None:
    """What a reader does: all keys at once, faster than any person and any busy test machine."""
    page.evaluate(
        """keys => keys.forEach(key => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})))""",
        [*code, "Enter"],
    )


def test_two_steps_from_the_scan_to_done_and_back(shop: WebShop, till: Page) -> None:
    anna = shop.customer("beans")
    expect(till.locator("#code")).to_be_focused()

    till.keyboard.type(card_of(shop, anna.serial).number)
    till.keyboard.press("Enter")
    shows(till, "card", "Anna")
    till.keyboard.press("Enter")  # the big button has the focus
    shows(till, "done", "1 stamp")
    assert 1 == balance(shop, anna.serial, "stamps")
    expect(till.get_by_role("link", name="Next customer")).to_be_focused()

    till.get_by_role("button", name="Undo").click()
    shows(till, "done", "Taken back")
    assert 0 == balance(shop, anna.serial, "stamps")

    till.keyboard.press("Escape")
    expect(till.locator("#code")).to_be_focused()


def test_the_next_scan_is_heard_wherever_the_focus_is(shop: WebShop, till: Page) -> None:
    anna, bella = shop.customer("aster"), shop.customer("beans", given_name="Bella", phone="+37120000002")
    till.fill("#code", anna.serial)
    till.keyboard.press("Enter")
    shows(till, "card", "Anna")
    expect(till.locator("#amount")).to_be_focused()

    reads(till, card_of(shop, bella.serial).number)

    shows(till, "card", "Bella")


def test_a_double_tap_gives_one_stamp(shop: WebShop, till: Page) -> None:
    anna = shop.customer("beans")
    till.fill("#code", anna.serial)
    till.keyboard.press("Enter")

    till.locator("[data-part=give]").dblclick()

    shows(till, "done", "1 stamp")
    assert 1 == balance(shop, anna.serial, "stamps")


def test_points_pay_what_they_can(shop: WebShop, till: Page) -> None:
    anna = shop.customer("aster")
    shop.points(anna, 500)
    till.fill("#code", anna.serial)
    till.keyboard.press("Enter")
    expect(till.locator("#amount")).to_be_focused()

    till.keyboard.type("24,60")
    expect(till.locator("[data-part=quote]")).to_have_text("Earns 123 points")
    till.get_by_label("Pay with points").check()
    expect(till.locator("[data-part=quote]")).to_have_text("Earns 98 points")
    till.get_by_role("button", name="Note the purchase").click()

    shows(till, "done", "To pay €19.60")
    assert 98 == balance(shop, anna.serial, "points")


def test_an_answer_that_was_lost_is_asked_for_again_and_applied_once(shop: WebShop, shaky_till: Page) -> None:
    anna = shop.customer("beans")
    shaky_till.fill("#code", anna.serial)
    shaky_till.keyboard.press("Enter")
    shows(shaky_till, "card", "Anna")
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch(max_redirects=0).status_text)  # it reaches the shop; its answer never comes
        route.abort()

    shaky_till.route("**/till/stamps", lose_the_first)
    shaky_till.locator("[data-part=give]").click()

    shows(shaky_till, "done", "1 stamp")
    assert 1 == len(lost)
    assert 1 == balance(shop, anna.serial, "stamps")


def test_without_network_a_stamp_waits_and_goes_out_once(shop: WebShop, shaky_till: Page) -> None:
    anna = shop.customer("beans")
    shaky_till.fill("#code", anna.serial)
    shaky_till.keyboard.press("Enter")
    shows(shaky_till, "card", "Anna")

    shaky_till.route("**/till/stamps", lambda route: route.abort())
    shaky_till.locator("[data-part=give]").click()
    expect(shaky_till.locator("[data-part=news]")).to_contain_text("Sending again")
    shows(shaky_till, "kept", "Kept on this till")
    expect(shaky_till.locator("[data-part=news]")).to_contain_text("1 waits to be sent")
    assert 0 == balance(shop, anna.serial, "stamps")

    shaky_till.unroute("**/till/stamps")
    shaky_till.get_by_role("link", name="Next customer").click()  # the scanner is there without the network
    expect(shaky_till.locator("#code")).to_be_focused()
    expect(shaky_till.locator("[data-part=news]")).to_be_empty()
    assert 1 == balance(shop, anna.serial, "stamps")


def test_what_is_refused_later_is_told(shop: WebShop, shaky_till: Page) -> None:
    anna = shop.customer("beans")
    shaky_till.fill("#code", anna.serial)
    shaky_till.keyboard.press("Enter")
    shows(shaky_till, "card", "Anna")
    shaky_till.route("**/till/stamps", lambda route: route.abort())
    shaky_till.locator("[data-part=give]").click()
    shows(shaky_till, "kept", "Kept on this till")
    cards.change(shop.parts.db, anna.serial, now=shop.clock.now(), status="blocked")

    shaky_till.unroute("**/till/stamps")
    shaky_till.keyboard.press("Escape")

    expect(shaky_till.locator("[data-part=news]")).to_contain_text("This card may not be used")


def qr_film(path: Path, message: str) -> Path:
    """A film of one still picture, as Chromium's stand-in for a camera wants it."""
    code = barcode_image("qr", message, 10).convert("RGB")
    frame = Image.new("RGB", (640, 480), "#8a8a8a")
    frame.paste(code, ((640 - code.width) // 2, (480 - code.height) // 2))
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=95)
    path.write_bytes(out.getvalue() * 4)
    return path


def test_the_camera_reads_a_card(shop: WebShop, browser: Browser, address: str, tmp_path: Path) -> None:
    anna = shop.customer("beans")
    film = qr_film(tmp_path / "qr.mjpeg", card_of(shop, anna.serial).number)
    flags = [*FLAGS, *FAKE_CAMERA, f"--use-file-for-fake-video-capture={film}"]
    with browser.browser_type.launch(executable_path=chromium(), args=flags) as filming:
        page = filming.new_page(base_url=address, viewport=PHONE, locale="en")
        page.goto("/sign-in?next=/till")
        at_the_till(page).get_by_role("button", name="Scan with the camera").click()

        shows(page, "card", "Anna")


def test_a_refused_camera_is_explained_and_a_photo_read_instead(
    shop: WebShop, till: Page, tmp_path: Path
) -> None:
    anna = shop.customer("beans")
    photo = tmp_path / "photo.png"
    barcode_image("qr", card_of(shop, anna.serial).number, 8).save(photo)

    till.get_by_role("button", name="Scan with the camera").click()
    expect(till.locator("[data-part=say]")).to_contain_text("camera")

    till.set_input_files("[data-part=file]", photo)
    shows(till, "card", "Anna")


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ru", "dark")])
def test_no_page_has_a_fault(
    shop: WebShop, browser: Browser, address: str, scheme: str, language: str
) -> None:
    anna, anna_shopping = shop.customer("beans"), shop.customer("aster")
    shop.stamps(anna, 12)
    look = {"color_scheme": scheme, "locale": language, "reduced_motion": "reduce", "bypass_csp": True}
    context = browser.new_context(base_url=address, viewport=PHONE, **look)
    page = context.new_page()
    page.goto("/sign-in?next=/till")
    at_the_till(page)
    found = {"scan": accessibility_faults(page)}
    for name, serial in (("stamps", anna.serial), ("points", anna_shopping.serial)):
        page.goto(f"/till/card/{serial}")
        found[name] = accessibility_faults(page)
        assert 0 >= overflow_px(page)
    page.goto(f"/till/card/{anna.serial}")
    page.locator("[data-part=give]").click()
    page.wait_for_selector("[data-till=done]")
    found["done"] = accessibility_faults(page)
    context.close()

    assert {name: [] for name in found} == found
