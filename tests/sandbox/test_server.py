"""The whole sandbox process, and the way to it through the shop's own port."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pycurl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.sandbox.places import Places, environment_for_app
from app.sandbox.server import Sandbox
from app.settings import Settings
from app.web import sandbox as web
from tests.sandbox.test_phones import wait_until
from tests.support.pass_server import PassServer
from tests.support.passes import PASS_TYPE, Signer
from tests.support.ports import free_ports


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("sandbox")
    url = f"http://127.0.0.1:{free_ports(3)}"
    return Settings(sandbox=True, sandbox_url=url, instance_dir=folder, certs_dir=folder / "certs")


@pytest.fixture(scope="module")
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    environment_for_app(settings, pass_types=[PASS_TYPE])
    running = Sandbox(Places.of(settings))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def cafe(sandbox: Sandbox) -> Iterator[PassServer]:
    server = PassServer(Signer(sandbox.places.certs / PASS_TYPE))
    yield server
    server.close()


def ask(sandbox: Sandbox, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{sandbox.places.control_url}{path}", data=data, headers=kind)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def push(sandbox: Sandbox, token: str) -> int:
    """What a shop's server does: one push over HTTP/2 with the certificate of the pass type."""
    folder, curl = sandbox.places.certs / PASS_TYPE, pycurl.Curl()
    curl.setopt(pycurl.URL, f"{sandbox.apns.url}/3/device/{token}")
    curl.setopt(pycurl.CAINFO, str(sandbox.places.authority().root))
    curl.setopt(pycurl.SSLCERT, str(folder / "certificate.pem"))
    curl.setopt(pycurl.SSLKEY, str(folder / "key.pem"))
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_0)
    curl.setopt(pycurl.POSTFIELDS, "{}")
    curl.setopt(pycurl.HTTPHEADER, [f"apns-topic: {PASS_TYPE}"])
    curl.setopt(pycurl.WRITEFUNCTION, lambda body: None)
    try:
        curl.perform()
        return int(curl.getinfo(pycurl.RESPONSE_CODE))
    finally:
        curl.close()


def points(sandbox: Sandbox, phone: str) -> list[Any]:
    cards = ask(sandbox, f"/phones/{phone}")["cards"]
    return [card["pass"]["storeCard"]["primaryFields"][0]["value"] for card in cards]


def test_a_push_over_the_wire_reaches_the_phone_on_screen(sandbox: Sandbox, cafe: PassServer) -> None:
    phone = ask(sandbox, "/phones", {"kind": "iphone"})["id"]
    ask(sandbox, f"/phones/{phone}/add", {"url": cafe.issue()})
    cafe.set_points("S1", 42)

    assert 200 == push(sandbox, cafe.push_tokens("S1")[0])
    assert wait_until(lambda: [42] == points(sandbox, phone))
    kinds = [event["kind"] for event in ask(sandbox, "/events/since?after=0")["events"]]
    assert {"phone", "wire", "apns", "notification"} <= set(kinds)


def test_switched_faults_are_what_a_shop_meets(sandbox: Sandbox, cafe: PassServer) -> None:
    phone = ask(sandbox, "/phones", {"kind": "iphone"})["id"]
    ask(sandbox, f"/phones/{phone}/add", {"url": cafe.issue("S7")})
    [token] = cafe.push_tokens("S7")
    met = {}
    for name in ("down", "throttle", "bad_token"):
        ask(sandbox, "/faults", {"apns": {name: True}})
        met[name] = push(sandbox, token)
        ask(sandbox, "/faults", {"apns": {name: False}})

    assert {"down": 503, "throttle": 429, "bad_token": 400} == met
    assert 200 == push(sandbox, token)


def test_a_removed_card_makes_its_token_gone(sandbox: Sandbox, cafe: PassServer) -> None:
    phone = ask(sandbox, "/phones", {"kind": "iphone"})["id"]
    ask(sandbox, f"/phones/{phone}/add", {"url": cafe.issue("S8")})
    [token] = cafe.push_tokens("S8")
    ask(sandbox, f"/phones/{phone}/remove-card", {"card": f"{PASS_TYPE}/S8"})

    assert 410 == push(sandbox, token)


def test_google_answers_under_its_own_prefix(sandbox: Sandbox) -> None:
    assert ask(sandbox, "/google/gp/m/issuer/keys")["keys"]


def test_the_app_is_told_everything_it_needs(settings: Settings) -> None:
    told = environment_for_app(settings, pass_types=[PASS_TYPE])
    before = {name: value for name, value in os.environ.items() if name.startswith("TILLPASS_")}
    os.environ.update(told)
    try:
        read = Settings.load()
    finally:
        for name in told:
            del os.environ[name]
        os.environ.update(before)

    assert read.sandbox and read.apns_ca and read.google_service_account
    assert "http://127.0.0.1:8000/sandbox/google/gp/v/save" == read.google_save_url
    assert (settings.certs_dir / PASS_TYPE / "certificate.pem").exists()


def test_the_process_ends_cleanly_and_remembers(settings: Settings, tmp_path: Path) -> None:
    own = {"TILLPASS_INSTANCE_DIR": str(tmp_path), "TILLPASS_SANDBOX": "1"}
    own["TILLPASS_SANDBOX_URL"] = f"http://127.0.0.1:{free_ports(3)}"
    imports = "from app.settings import Settings; from app.sandbox.server import run_sandbox"
    start = f"{imports}; run_sandbox(Settings.load())"
    process = subprocess.Popen([sys.executable, "-c", start], env=os.environ | own, stderr=subprocess.PIPE)
    try:
        kept = tmp_path / "sandbox" / "phones" / "phones.json"
        assert wait_until(kept.exists)
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)

    assert (0, False) == (process.returncode, b"Traceback" in said)
    assert ["iphone", "android"] == [row["kind"] for row in json.loads(kept.read_bytes())]


# --- through the shop's own port ---


def shop_app(sandbox_url: str, *, on: bool = True) -> FlaskClient:
    app = Flask("shop")
    app.extensions["tillpass"] = SimpleNamespace(sandbox=on, sandbox_url=sandbox_url)
    app.register_blueprint(web.bp)
    return app.test_client()


def test_the_page_reaches_the_sandbox_through_the_shop(sandbox: Sandbox) -> None:
    client = shop_app(sandbox.places.control_url)
    made = client.post("/sandbox/api/phones", json={"kind": "android", "name": "Boris’ Android"})
    assert 201 == made.status_code

    gone = client.delete(f"/sandbox/api/phones/{made.json['id']}")
    assert 204 == gone.status_code
    drawn = client.get("/sandbox/api/barcode.svg?format=QR_CODE&message=A%26B")
    assert "image/svg+xml" == drawn.mimetype
    assert "immutable" in drawn.headers["Cache-Control"]


def test_a_stream_passes_through_as_it_comes(sandbox: Sandbox) -> None:
    client = shop_app(sandbox.places.control_url)
    stream = client.get("/sandbox/api/events?after=0", buffered=False)
    pieces = iter(stream.response)

    assert stream.mimetype == "text/event-stream"
    assert next(pieces).startswith(b"retry: 500")
    stream.close()


def test_too_many_streams_are_sent_away_and_closed_ones_make_room(sandbox: Sandbox) -> None:
    client = shop_app(sandbox.places.control_url)
    open_ones = [client.get("/sandbox/api/events", buffered=False) for _ in range(web.STREAMS_AT_ONCE)]
    assert 503 == client.get("/sandbox/api/events", buffered=False).status_code
    for one in open_ones:
        one.close()

    again = client.get("/sandbox/api/events", buffered=False)
    assert 200 == again.status_code
    again.close()


def test_another_site_cannot_move_the_phones(sandbox: Sandbox) -> None:
    foreign = {"Origin": "https://charlie.example"}
    answer = shop_app(sandbox.places.control_url).post("/sandbox/api/phones", json={}, headers=foreign)

    assert 403 == answer.status_code


def test_without_the_sandbox_there_is_no_page(sandbox: Sandbox) -> None:
    client = shop_app(sandbox.places.control_url, on=False)
    paths = ("/sandbox", "/sandbox/api/phones", "/sandbox/google/gp/m/issuer/keys")

    assert [404, 404, 404] == [client.get(path).status_code for path in paths]


def test_a_sandbox_that_is_not_running_is_named() -> None:
    answer = shop_app(f"http://127.0.0.1:{free_ports(1)}").get("/sandbox/api/phones")

    assert 502 == answer.status_code
    assert "tillpass sandbox" in answer.json["text"]
