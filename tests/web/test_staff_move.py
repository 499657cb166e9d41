"""Olga brings a file in: tried first, then in earnest; and takes everything out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services.jobs import running
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import Person, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

FILE = "phone;given_name;balances.stamps\n+37120000001;Аня;3\n12;Борис;x\n"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


def sends_file(olga: Person, name: str, body: str) -> str:
    """Where the page leads after the upload; empty where it stays."""
    page = olga.visitor.client.get("/staff/move", headers=olga.visitor.headers).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    slug = re.search(r'<option value="([a-z-]+)"', page)
    assert token and slug
    data = {"csrf_token": token[1], "programme": slug[1], "file": (io.BytesIO(body.encode()), name)}
    answer = olga.visitor.client.post(
        "/staff/move", data=data, content_type="multipart/form-data", headers=olga.visitor.headers
    )
    olga.page = answer.get_data(as_text=True)
    return answer.headers.get("Location", "")


def works(shop: WebShop) -> None:
    while running.step(shop.parts.means, rest=lambda _s: None):
        pass


def test_a_file_is_tried_and_then_imported(shop: WebShop) -> None:
    olga = person(shop, "olga")
    trial = sends_file(olga, "people.csv", FILE)
    assert "3" == olga.visitor.client.get(trial).headers["Refresh"]
    works(shop)

    olga.opens(trial)
    assert "nothing is changed yet" in olga.page and "phone: " in olga.page
    olga.sends(f"{trial}/earnest")
    works(shop)

    assert "Аня" in olga.visitor.client.get("/staff?q=20000001").get_data(as_text=True)
    errors = olga.visitor.client.get(f"{trial}/errors").get_data(as_text=True)
    assert errors.startswith("\ufeffphone,given_name,balances.stamps,error\r\n12,Борис,x,")


def test_what_is_no_file_is_said_on_the_page(shop: WebShop) -> None:
    olga = person(shop, "olga", language="ru")

    assert "" == sends_file(olga, "people.xlsx", FILE)
    assert "Выберите файл" in olga.page
    assert "" == sends_file(olga, "people.csv", "a,b\n1,2\n")
    assert "Файл не подходит" in olga.page
