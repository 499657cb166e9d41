"""A marketer takes a look over from a pass that was made elsewhere: a draft, and what to look at in it."""

from __future__ import annotations

import ast
import dataclasses
import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from app.resources import folder
from app.services import importing
from app.storage.tables import DesignRow
from app.wallets.apple.importing import import_design
from tests.support.apple_faults import good
from tests.support.web_app import Visitor, WebShop

ROOT = Path(importing.__file__).resolve().parents[2]


@pytest.fixture
def marta(shop: WebShop) -> Visitor:
    """A marketer who is signed in, in a shop that reads passes of others."""
    shop.open_programme()
    shop.app.extensions["tillpass"] = dataclasses.replace(shop.parts, import_design=import_design)
    shop.staff("marta", "marketer")
    visitor = shop.visitor(language="ru")
    visitor.sends("/sign-in", login="marta", password="open sesame")
    return visitor


def uploads(visitor: Visitor, data: bytes, name: str = "a.pkpass"):
    page = visitor.sees("/studio/beans/import").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    form = {"csrf_token": token[1] if token else "", "pass": (BytesIO(data), name)}
    return visitor.client.post("/studio/beans/import", data=form, headers=visitor.headers)


def drafts(shop: WebShop) -> int:
    with shop.parts.read() as session:
        return session.query(DesignRow).filter(DesignRow.published_at.is_(None)).count()


def test_a_pass_becomes_a_draft_that_is_led_to(shop: WebShop, marta: Visitor) -> None:
    page = uploads(marta, good())

    assert 200 == page.status_code
    assert "Вид сохранён черновиком" in page.text and "В коде теперь номер каждой карты" in page.text
    draft = re.search(r"/studio/beans\?draft=\d+", page.text)
    assert draft and 200 == marta.sees(draft[0]).status_code
    assert 1 == drafts(shop)


@pytest.mark.parametrize(("data", "status"), [(b"", 422), (b"noise", 422), (b"0" * 8_000_001, 413)])
def test_what_is_no_pass_is_explained_and_nothing_is_kept(
    shop: WebShop, marta: Visitor, data: bytes, status: int
) -> None:
    answer = uploads(marta, data)

    assert status == answer.status_code
    assert 'role="alert"' in answer.text and "/verify" in answer.text
    assert 0 == drafts(shop)


def test_strangers_are_led_to_the_sign_in(shop: WebShop) -> None:
    shop.open_programme()

    assert 302 == shop.visitor().sees("/studio/beans/import").status_code
    assert 1 >= drafts(shop)


def test_the_studio_leads_there(marta: Visitor) -> None:
    assert "/studio/beans/import" in marta.sees("/studio/beans").text


def test_every_sentence_and_every_note_is_there_in_russian() -> None:
    known = set()
    for path in (folder("translations") / "ru").glob("*.po"):
        with path.open("rb") as file:
            known |= {each.id if isinstance(each.id, str) else each.id[0] for each in read_po(file)}
    page = folder("templates") / "pages" / "studio_import.html"
    said = {each[2] for each in babel_extract(BytesIO(page.read_bytes()), ["_"], [], {})}

    assert set() == said - known
    assert [] == sorted(note for note in notes() if note not in known)


def notes() -> set[str]:
    """The words of every note that an import can leave: they begin with a capital, or with a place."""
    sources = [*(ROOT / "app" / "wallets" / "apple").glob("importing*.py"), Path(importing.__file__)]
    found = set()
    for path in sources:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Note":
                first = node.args[0]
                found |= {first.value} if isinstance(first, ast.Constant) else set()
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("words", "lost"):
                found |= {node.value.value} if isinstance(node.value, ast.Constant) else set()
    return found
