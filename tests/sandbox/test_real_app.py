"""The guided path, end to end: the real app, the real pushes, and the phones on screen over real sockets."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from app import flask_app
from app.cli.demo import load_demo
from app.compose import compose
from app.sandbox.places import Places, environment_for_app
from app.sandbox.server import Sandbox
from app.services.worker import Worker
from app.settings import Settings
from app.storage.schema import migrate
from tests.sandbox.test_phones import wait_until
from tests.support.ports import free_ports


def settings_of(told: dict[str, str], **more: Any) -> Settings:
    return Settings(**{name.removeprefix("TILLPASS_").lower(): text for name, text in told.items()}, **more)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Tillpass with demo data, its worker and its sandbox."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    folder, first = tmp_path_factory.mktemp("shop"), free_ports(4)
    bare = Settings(
        sandbox=True,
        base_url=f"http://127.0.0.1:{first}",
        sandbox_url=f"http://127.0.0.1:{first + 1}",
        instance_dir=folder,
        certs_dir=folder / "certs",
    )
    settings = settings_of(environment_for_app(bare), instance_dir=folder)
    migrate(settings.database_url)
    sandbox = Sandbox(Places.of(settings))
    sandbox.start()
    parts = compose(settings)
    load_demo(parts.deps, folder)
    worker = Worker(parts.worker_parts(), parts.bell)
    server = make_server("127.0.0.1", first, flask_app(parts), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    worker.start()
    yield settings.base_url
    worker.stop()
    server.shutdown()
    server.server_close()
    sandbox.stop()


def take(shop: str, step: str) -> dict[str, Any]:
    """Press the button of a step."""
    answer = requests.post(f"{shop}/sandbox/demo/{step}", json={}, timeout=30)
    assert 200 == answer.status_code
    told: dict[str, Any] = answer.json()
    assert told["ok"], told["text"]
    return told


def phone(shop: str, kind: str) -> dict[str, Any]:
    phones = requests.get(f"{shop}/sandbox/api/phones", timeout=30).json()["phones"]
    found: dict[str, Any] = next(each for each in phones if each["kind"] == kind and each["cards"])
    return found


def on_the_iphone(shop: str) -> str:
    """What the header of Anna's Apple card says."""
    card = phone(shop, "iphone")["cards"][0]
    return str(card["pass"]["storeCard"]["headerFields"][0]["value"])


def on_the_android(shop: str) -> str:
    card = phone(shop, "android")["cards"][0]
    return str(card["object"]["loyaltyPoints"]["balance"]["string"])


def strip(shop: str) -> str:
    """The address of the Apple card's picture; it changes with every byte of the card."""
    return str(phone(shop, "iphone")["cards"][0]["images"]["strip"])


def test_the_guided_path_moves_both_phones(shop: str) -> None:
    take(shop, "join")
    assert ("0 / 10", "0 / 10") == (on_the_iphone(shop), on_the_android(shop))

    take(shop, "scan")
    assert wait_until(lambda: "1 / 10" == on_the_iphone(shop) == on_the_android(shop))
    assert wait_until(lambda: phone(shop, "iphone")["notifications"])

    before = strip(shop)
    take(shop, "banner")
    assert wait_until(lambda: before != strip(shop))

    take(shop, "crm")
    assert wait_until(lambda: "3 / 10" == on_the_iphone(shop) == on_the_android(shop))


def test_what_happens_while_apple_is_down_arrives_afterwards(shop: str) -> None:
    take(shop, "join")
    before = on_the_iphone(shop)
    faults = f"{shop}/sandbox/api/faults"
    requests.post(faults, json={"apns": {"down": True}}, timeout=30)
    take(shop, "scan")
    assert wait_until(lambda: before != on_the_android(shop))
    assert before == on_the_iphone(shop)
    requests.post(faults, json={"apns": {"down": False}}, timeout=30)

    assert wait_until(lambda: on_the_android(shop) == on_the_iphone(shop), within_s=60)


def test_the_page_is_whole_in_both_languages(shop: str) -> None:
    english = requests.get(f"{shop}/sandbox?lang=en", timeout=30)
    russian = requests.get(f"{shop}/sandbox?lang=ru", timeout=30)

    assert "Watch a card come alive" in english.text
    assert "Посмотрите, как оживает карта" in russian.text
    assert "unsafe-inline" not in english.headers["Content-Security-Policy"]
