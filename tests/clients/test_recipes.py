"""The recipes do what they say: those that can run here run against a live server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.api.openapi import document
from app.services.webhooks import signing
from app.storage.database import Database
from tests.support.api_shop import CAFE, Shop, _map
from tests.support.clock import Clock
from tests.support.google_server import served

FOLDER = Path(__file__).parents[2] / "docs" / "recipes"
PAGES = sorted(FOLDER.glob("*.md"))
SECRET = signing.new_secret()


def blocks(page: str, language: str, *, also: str = "") -> list[str]:
    """The code of a page; what serves for ever is asked for by `also`."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    found = re.findall(r"```(\w+)(?: (\w+))?\n(.*?)```", text, re.S)
    return [code for name, kind, code in found if name == language and kind in ("", also)]


@pytest.fixture
def shop(sqlite_database: Database) -> Shop:
    """Its clock is ours, because recipes ask for the time."""
    opened = Shop(sqlite_database, Clock(datetime.now(UTC)))
    opened.owner.post("/programmes", CAFE)
    return opened


def assert_all_was_done(shop: Shop, till: str) -> None:
    """What every recipe leaves: three receipts, a hold that was captured, and two returns."""
    serial = shop.owner.get("/cards").get_json()["items"][0]["serial"]
    entries = shop.owner.get(f"/cards/{serial}/entries?limit=200").get_json()["items"]
    assert {"purchase", "hold", "reversal"} == {each["kind"] for each in entries}
    assert 3 == len({each["operation"] for each in entries if each["kind"] == "purchase"}), till
    assert 2 == len({each["operation"] for each in entries if each["kind"] == "reversal"}), till
    assert 5000 > shop.balances(serial)["points"]


def test_the_python_recipe_runs(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    known: dict[str, Any] = {"__name__": "recipe"}
    with served(shop.app) as address:
        for name, value in (("BASE", address), ("KEY", shop.owner.secret), ("WEBHOOK_SECRET", SECRET)):
            monkeypatch.setenv(name, value)
        for code in blocks("python.md", "python"):
            exec(compile(code, "python.md", "exec"), known)  # the page's own code

    assert_all_was_done(shop, "python")
    compile(blocks("python.md", "python", also="serve")[-2], "python.md", "exec")
    assert [204, 204, 401] == _received(known["Receiver"])
    assert 1 == capsys.readouterr().out.count("purchase")


def _received(receiver: Any) -> list[int]:
    """What the recipe's receiver answers to a webhook, to the same again, and to a forged one."""
    body = json.dumps({"type": "purchase"}).encode()
    headers = signing.headers([SECRET], "msg_1", datetime.now(UTC), body)
    with HTTPServer(("127.0.0.1", 0), type("Quiet", (receiver,), {"log_message": lambda *_: None})) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        answers = [_status(address, headers, raw) for raw in (body, body, body + b" ")]
        server.shutdown()
    return answers


def _status(address: str, headers: dict[str, str], raw: bytes) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, raw, headers), timeout=5) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as refused:
        return refused.code


def test_the_curl_recipe_runs(shop: Shop) -> None:
    code = "\n".join(blocks("curl.md", "bash"))
    body, now = '{"type": "purchase"}', datetime.now(UTC)
    headers = signing.headers([SECRET], "msg_1", now, body.encode())
    signed = f"'{SECRET}' msg_1 {headers['webhook-timestamp']} 'v1,no {headers['webhook-signature']}'"
    code += f"\nverified {signed} '{body}'\n! verified {signed} '{body} '\necho all of it"
    if shutil.which("curl") is None:  # a person may have none
        assert 0 == subprocess.run(["bash", "-n", "-c", code], check=False).returncode
        return

    with served(shop.app) as address:
        done = _run(["bash", "-eu", "-o", "pipefail", "-c", code], address, shop)

    assert done.stdout.endswith("all of it\n"), done.stdout + done.stderr
    assert_all_was_done(shop, "curl")


def test_the_javascript_recipe_runs(shop: Shop, tmp_path: Path) -> None:
    node = shutil.which("node")
    script = tmp_path / "recipe.mjs"
    body = '{"type": "purchase"}'
    headers = signing.headers([SECRET], "msg_1", datetime.now(UTC), body.encode())
    asked = f"(raw) => verified('{SECRET}', {json.dumps(headers)}, raw)"
    proof = f"console.log([{json.dumps(body)}, 'x'].map({asked}))"
    script.write_text("\n".join([*blocks("javascript.md", "javascript"), proof]), encoding="utf-8")
    assert 7 == len(blocks("javascript.md", "javascript", also="serve"))
    if node is None:
        return

    with served(shop.app) as address:
        done = _run([node, str(script)], address, shop)

    assert done.stdout.endswith("[ true, false ]\n"), done.stdout + done.stderr
    assert_all_was_done(shop, "node")


def _run(command: list[str], address: str, shop: Shop) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "BASE": address, "KEY": shop.owner.secret}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_every_address_in_a_recipe_is_one(page: str) -> None:
    text = (FOLDER / page).read_text(encoding="utf-8")
    named = re.findall(r"/api/v1(/[\w/{}$.%()-]+)", re.sub(r"\$\(.*?\)", "x", text))
    plain = {re.sub(r"\$\{[\w.]+\}|\{\$\w+\}|\$\w+|%\d", "x", each).rstrip(".)") for each in named}

    assert plain or page in ("README.md", "python.md")
    assert set() == {each for each in plain if not _map().bind("").allowed_methods(each)}


@pytest.mark.parametrize(("page", "pattern"), [("php.md", r"'(\w+)' =>"), ("1c.md", r'\.Вставить\("(\w+)"')])
def test_every_field_in_a_recipe_is_one(page: str, pattern: str) -> None:
    schemas = document("http://127.0.0.1:8000")["components"]["schemas"]
    known = {name for schema in schemas.values() for name in schema.get("properties", {})}
    headers = {"Authorization"}

    named = set(re.findall(pattern, (FOLDER / page).read_text(encoding="utf-8")))

    assert {"amount_minor", "occurred_at", "hold", "programme"} <= named
    assert set() == named - known - headers
