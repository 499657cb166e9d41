"""One Chromium for the session, and a shop on a port of its own for each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from app.storage.database import Database
from tests.conftest import in_ci
from tests.support.browser import BrowserMissing, running_browser, served
from tests.support.clock import Clock
from tests.support.web_app import WebShop, web_shop


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        with running_browser() as opened:
            yield opened
    except BrowserMissing as missing:
        if in_ci():
            pytest.fail(f"a browser is needed here: {missing}")
        pytest.skip(f"no browser: {missing}")


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> WebShop:
    return web_shop(sqlite_database, clock)


@pytest.fixture
def address(shop: WebShop) -> Iterator[str]:
    """Where the shop's pages are."""
    with served(shop.app) as port:
        yield f"http://127.0.0.1:{port}"


def _is_fault(said: ConsoleMessage) -> bool:
    """An answer such as 422 is what a test asks for; a blocked script or style never is."""
    return said.type == "error" and not said.text.startswith("Failed to load resource: the server responded")


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens a window at `address`; faults that the page reports on its console fail the test."""
    contexts, faults = [], []

    def opened(path: str, **options: Any) -> Page:
        context = browser.new_context(base_url=address, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [] == faults
