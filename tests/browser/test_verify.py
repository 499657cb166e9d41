"""The page that checks passes, as people see it: by hand and by keyboard, on both screens, light and dark."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from app.wallets.apple.checking import verified
from tests.support.apple_certs import NOW
from tests.support.apple_faults import TRUSTED, with_card
from tests.support.browser import DESK, PHONE, accessibility_faults, overflow_px
from tests.support.web_app import WebShop

pytestmark = pytest.mark.browser


@pytest.fixture
def file(shop: WebShop, tmp_path: Path) -> Path:
    """A pass with faults of two gravities; the shop has the real eye for passes."""
    parts = dataclasses.replace(shop.parts, verify_pass=lambda data: verified(data, trusted=TRUSTED, now=NOW))
    shop.app.extensions["tillpass"] = parts
    place = tmp_path / "anna.pkpass"
    place.write_bytes(with_card(description=None, expiryDate="2027"))
    return place


@pytest.mark.parametrize(
    ("screen", "scheme", "language"), [(DESK, "light", "en"), (PHONE, "dark", "ru")], ids=["desk", "phone"]
)
def test_a_pass_is_checked_and_its_languages_are_switched(open_page, file, screen, scheme, language):
    page = open_page("/verify", viewport=screen, color_scheme=scheme, locale=language)
    assert [] == accessibility_faults(page)

    page.set_input_files("#pass", file)
    page.locator("form[enctype] button").click()
    page.locator("[role=status]").wait_for()

    assert [] == accessibility_faults(page)
    assert 0 >= overflow_px(page)
    first, second = (page.locator(f".vf-shots figure:nth-of-type({n})") for n in (1, 2))
    assert first.is_visible() and not second.is_visible()
    page.locator("#view-1-1").focus()
    page.keyboard.press("ArrowRight")
    assert second.is_visible() and not first.is_visible()
