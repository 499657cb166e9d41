"""A customer with a phone, at a desk, and without JavaScript."""

from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.browser import DESK, PHONE, overflow_px
from tests.support.web_app import ANDROID, IPHONE, WebShop

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def codes(page: Page, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a scanner reads off the screen."""
    path = tmp_path_factory.mktemp("screen") / "screen.png"
    page.screenshot(path=path, full_page=True)
    with Image.open(path) as picture:
        return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


def fill_in(page: Page) -> None:
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("Phone").fill("+371 20 000 001")
    page.get_by_label("I agree to the processing").check()


def test_a_customer_joins_on_a_phone_in_four_steps(
    shop: WebShop, open_page: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop.open_programme()
    page = open_page(
        "/join/beans?utm_source=poster", viewport=PHONE, user_agent=IPHONE, device_scale_factor=2
    )

    fill_in(page)
    page.get_by_role("button", name="Get the card").click()

    expect(page.get_by_text("The card is yours")).to_be_visible()
    expect(page.get_by_role("link", name="Add to Apple Wallet")).to_be_visible()
    expect(page.get_by_text("Keep it as a web page")).to_be_visible()
    shown = page.locator(".face-number").inner_text().replace(" ", "")
    assert [shown] == codes(page, tmp_path_factory)


def test_a_desk_shows_the_code_for_the_phone(
    shop: WebShop, open_page: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop.open_programme()
    anna = shop.customer("beans")

    page = open_page(f"/c/{anna.link}", viewport=DESK, device_scale_factor=2)

    expect(page.get_by_role("link", name="Add to Apple Wallet")).to_be_visible()
    expect(page.get_by_role("link", name="Add to Google Wallet")).to_be_visible()
    assert f"http://localhost/c/{anna.link}" in codes(page, tmp_path_factory)


def test_the_balance_moves_while_the_page_is_open(shop: WebShop, open_page: Open) -> None:
    shop.open_programme("points-shop")
    anna = shop.customer("aster")
    page = open_page(f"/c/{anna.link}", viewport=PHONE, user_agent=ANDROID)
    expect(page.locator("[data-figure=points]")).to_have_text("0")

    shop.points(anna, 1234)

    expect(page.locator("[data-figure=points]")).to_have_text("1,234", timeout=15_000)
    expect(page.locator("[data-part=news]")).to_contain_text("Points: 1,234")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "1234")
    expect(page.get_by_text("+1,234 points")).to_be_visible()


def test_the_code_fills_the_screen_and_goes_away(shop: WebShop, open_page: Open) -> None:
    shop.open_programme()
    anna = shop.customer("beans")
    page = open_page(f"/c/{anna.link}", viewport=PHONE, user_agent=IPHONE)

    page.get_by_role("button", name="Large code").click()
    code = page.get_by_role("dialog").get_by_role("img")
    expect(code).to_be_visible()
    box = code.bounding_box()
    page.keyboard.press("Escape")

    assert box and box["width"] >= 300
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_fault_takes_the_focus_and_keeps_what_was_typed(shop: WebShop, open_page: Open) -> None:
    shop.open_programme()
    page = open_page("/join/beans", viewport=PHONE)

    page.get_by_label("First name").fill("Anna")
    page.get_by_label("Phone").fill("+371 20 000 001")
    page.get_by_role("button", name="Get the card").click()

    expect(page.get_by_label("Phone")).not_to_have_attribute("aria-invalid", "true")
    box = page.get_by_label("I agree to the processing")
    expect(box).to_be_focused()
    expect(box).to_have_accessible_description("Without this permission we cannot keep a card for you.")
    expect(page.get_by_label("First name")).to_have_value("Anna")


def test_the_first_of_many_faults_takes_the_focus(shop: WebShop, open_page: Open) -> None:
    shop.open_programme()
    page = open_page("/join/beans", viewport=PHONE)

    page.get_by_role("button", name="Get the card").click()

    name = page.get_by_label("First name")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Tell us what to call you.")
    expect(page.get_by_label("Phone")).to_have_attribute("aria-invalid", "true")


def test_the_whole_way_works_without_javascript(shop: WebShop, open_page: Open) -> None:
    shop.open_programme()
    page = open_page("/", viewport=PHONE, user_agent=IPHONE, java_script_enabled=False)

    page.get_by_role("link", name="Beans & Steam").click()
    fill_in(page)
    page.get_by_role("button", name="Get the card").click()

    expect(page.get_by_role("link", name="Add to Apple Wallet")).to_be_visible()
    expect(page.get_by_role("button", name="Large code")).to_be_hidden()
    expect(page.locator(".face-code img")).to_be_visible()


def test_two_taps_are_one_card(shop: WebShop, open_page: Open) -> None:
    shop.open_programme()
    page = open_page("/join/beans", viewport=PHONE)
    fill_in(page)

    page.get_by_role("button", name="Get the card").dblclick()

    expect(page.get_by_text("The card is yours")).to_be_visible()


@pytest.mark.parametrize("path", ["/join/beans", "/", "/sign-in", "card"])
def test_the_pages_fit_the_narrowest_phone(shop: WebShop, open_page: Open, path: str) -> None:
    shop.open_programme()
    anna = shop.customer(
        "beans", given_name="Александра-Мария", family_name="Константинопольская", locale="ru"
    )
    shop.stamps(anna, 12)
    where = f"/c/{anna.link}" if path == "card" else path

    page = open_page(where, viewport={"width": 320, "height": 640}, locale="ru")

    assert 0 == overflow_px(page)
