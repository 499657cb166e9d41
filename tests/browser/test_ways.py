"""The ways onto a phone, on screen: four of them fit a small phone, and the app's link is what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.storage.database import Database
from tests.support.browser import PHONE, accessibility_faults, overflow_px
from tests.support.clock import Clock
from tests.support.web_app import SAMSUNG, WebShop, web_shop

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> WebShop:
    return web_shop(sqlite_database, clock, wallets=("apple", "google", "samsung"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_four_ways_fit_a_small_phone(shop: WebShop, open_page: Callable[..., Page], scheme: str) -> None:
    shop.open_programme(country="RU", locales=["ru", "en"])
    card = shop.customer("beans", locale="ru")
    look = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True}
    page = open_page(f"/c/{card.link}", viewport=PHONE, user_agent=SAMSUNG, **look)

    names = ["Добавить в Samsung Wallet", "Открыть в WalletPasses", "Сохранить на телефон"]
    for name in names:
        button = page.get_by_role("link", name=name)
        expect(button).to_be_visible()
        box = button.bounding_box()
        assert box and box["height"] >= 44
    assert 0 == overflow_px(page)
    expect(page.get_by_text("Бесплатное приложение")).to_be_visible()
    assert [] == accessibility_faults(page)
