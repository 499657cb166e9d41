"""Everybody can use the pages: axe-core in both languages, in light and in dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from app.storage.database import Database
from tests.support.browser import DESK, PHONE, accessibility_faults, served
from tests.support.clock import Clock
from tests.support.web_app import IPHONE, WebShop, web_shop

pytestmark = pytest.mark.browser
PAGES = ("/", "/join/beans", "/join/aster", "/join/corner/known?mailed=1", "/sign-in", "/nothing", "card")


@pytest.fixture
def full_shop(shop: WebShop) -> WebShop:
    for starter in ("stamp-cafe", "points-shop", "discount-club"):
        shop.open_programme(starter)
    return shop


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ru", "dark")])
def test_no_page_has_a_fault(
    full_shop: WebShop, open_page: Callable[..., Page], scheme: str, language: str
) -> None:
    anna = full_shop.customer("beans", locale=language)
    full_shop.stamps(anna, 12)
    look = {"color_scheme": scheme, "locale": language, "reduced_motion": "reduce"}
    page = open_page("/sign-in", viewport=PHONE, user_agent=IPHONE, bypass_csp=True, **look)
    found = {}
    for path in PAGES:
        page.goto(f"/c/{anna.link}" if path == "card" else path)
        found[path] = accessibility_faults(page)

    assert {path: [] for path in found} == found


def test_a_form_with_faults_has_none_itself(full_shop: WebShop, open_page: Callable[..., Page]) -> None:
    page = open_page("/join/aster", viewport=PHONE, bypass_csp=True)
    page.get_by_role("button", name="Get the card").click()
    page.wait_for_selector("[aria-invalid=true]")

    assert [] == accessibility_faults(page)


def test_a_desk_has_none(full_shop: WebShop, open_page: Callable[..., Page]) -> None:
    anna = full_shop.customer("aster")
    page = open_page(f"/c/{anna.link}", viewport=DESK, bypass_csp=True)

    assert [] == accessibility_faults(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_guide_has_none(sqlite_database: Database, clock: Clock, browser: Browser, scheme: str) -> None:
    shop = web_shop(sqlite_database, clock, sandbox=True)
    shop.open_programme()
    shop.app.config["TILLPASS_GUIDE"] = {"sign_ins": [{"role": "owner", "login": "olga", "password": "demo"}]}
    with served(shop.app) as port:
        context = browser.new_context(color_scheme=scheme, bypass_csp=True, viewport=DESK)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        found = accessibility_faults(page)
        context.close()

    assert [] == found
