"""A real Chromium, and real HTTP for it to talk to."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Page, StorageState, StorageStateCookie, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.counter import person
from tests.support.web_app import WebShop

_IDLE = (
    # what Playwright itself turns off: Chromium hears only the last list
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    # the address bar's suggestions are pages of their own, drawn anew for each window that nobody sees
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",  # which draws 3D: no page has any
    f"--disable-features={','.join(_IDLE)}",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000
"""How long a test looks for what it expects: busy machines take their time; success waits for nothing."""
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"

_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_AXE_OPTIONS = {
    "runOnly": {"type": "tag", "values": list(_TAGS)},
    "resultTypes": ["violations"],
    "preload": False,  # which fetches sound and films to listen to: no page has any
}


class BrowserMissing(Exception):
    """There is no Chromium here; the message says what was looked for."""


def chromium() -> str:
    """The Chromium of this machine: `$CHROMIUM`, or Debian's."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, filter(None, names)) if path), None)
    if found is None:
        raise BrowserMissing("no Chromium on the path; Debian's package is called chromium")
    return found


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium for the length of the block; raises BrowserMissing."""
    path = chromium()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_args: Any, **_named: Any) -> None:
        """Tests read better without an access log."""


@contextmanager
def served(app: Flask) -> Iterator[int]:
    """`app` on a free port of this machine; answers the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(timeout=5)


def accessibility_faults(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA, one line a fault."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8") + ";0")  # else all of axe is sent back as the answer
    found = page.evaluate("async options => (await axe.run(document, options)).violations", _AXE_OPTIONS)
    return [
        f"{fault['id']}: {node['html'][:160]} — {node.get('failureSummary', '')[:300]}"
        for fault in found
        for node in fault["nodes"]
    ]


def overflow_px(page: Page) -> int:
    """How far the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def signed_in(shop: WebShop, login: str) -> StorageState:
    """What a browser keeps of somebody who signed in before it opens its first page."""
    cookie = person(shop, login).visitor.client.get_cookie("tillpass")
    assert cookie is not None
    kept: StorageStateCookie = {
        "name": cookie.key,
        "value": cookie.value,
        "domain": "127.0.0.1",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }
    return {"cookies": [kept], "origins": []}
