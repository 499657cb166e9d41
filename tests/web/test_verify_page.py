"""The page that checks anybody's pass: verdict, faults and mends, papers, pictures; nothing is kept."""

from __future__ import annotations

import ast
import dataclasses
import re
import threading
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from app.compose import compose
from app.resources import folder
from app.services import designs
from app.services.verifying import Verified
from app.settings import Settings
from app.storage.tables import ImageRow
from app.wallets.apple import validate
from app.wallets.apple.checking import MOST_DRAWINGS, verified
from app.web import verify as room
from tests.support.apple_certs import NOW
from tests.support.apple_faults import TRUSTED, good, signed, with_card
from tests.support.apple_passes import card, dumps, members, rezip, static_files, strings
from tests.support.web_app import Visitor, WebShop


@pytest.fixture
def desk(shop: WebShop) -> WebShop:
    """The shop with the real eye for passes."""
    parts = dataclasses.replace(shop.parts, verify_pass=lambda data: verified(data, trusted=TRUSTED, now=NOW))
    shop.app.extensions["tillpass"] = parts
    return dataclasses.replace(shop, parts=parts)


def uploads(visitor: Visitor, data: bytes, name: str = "anna.pkpass", *, token: str | None = None):
    page = visitor.client.get("/verify", headers=visitor.headers).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    form = {"csrf_token": token or (found[1] if found else ""), "pass": (BytesIO(data), name)}
    return visitor.client.post("/verify", data=form, headers=visitor.headers)


def test_a_clean_pass_is_told_so_with_its_papers_and_its_picture(desk):
    answer = uploads(desk.visitor(), good())

    assert 200 == answer.status_code
    assert "A phone would take this pass." in answer.text
    assert "pass.example.cafe" in answer.text and "CAFETEAM01" in answer.text
    assert "394 days left" in answer.text
    assert 2 == answer.text.count('src="data:image/png;base64,')
    assert "Русский" in answer.text and "English" in answer.text


def test_a_pass_without_any_fault_is_told_so_in_so_many_words(desk):
    parts = dataclasses.replace(desk.parts, verify_pass=lambda data: without_warnings(data))
    desk.app.extensions["tillpass"] = parts

    assert "Nothing to mend" in uploads(desk.visitor(), good()).text


def without_warnings(data: bytes) -> Verified:
    seen = verified(data, trusted=TRUSTED, now=NOW)
    return dataclasses.replace(
        seen, passes=tuple(dataclasses.replace(each, faults=()) for each in seen.passes)
    )


def test_faults_come_with_their_mends_the_gravest_first(desk):
    page = uploads(desk.visitor(), with_card(description=None, expiryDate="2027")).text

    assert "A phone would not take this file as it is." in page
    assert page.index("key-missing") < page.index("key-unknown")
    assert "Wallet refuses a pass without it." in page


def test_a_bundle_is_shown_pass_by_pass(desk):
    page = uploads(desk.visitor(), rezip({"a.pkpass": good(), "b.pkpass": b"noise"}), "two.pkpasses").text

    assert "a.pkpass" in page and "b.pkpass" in page
    assert "archive-unreadable" in page and "bundle-media-type" in page


def test_the_page_speaks_russian(desk):
    page = uploads(desk.visitor(language="ru"), with_card(description=None)).text

    assert "Телефон не примет этот файл" in page
    assert "Нет обязательного ключа" in page
    assert "description is missing." in page, "the exact words stay at hand"


@pytest.mark.parametrize(
    ("data", "name", "status"),
    [(b"", "", 422), (b"", "empty.pkpass", 422), (b"x" * 20_000_001, "a.pkpass", 413)],
)
def test_an_upload_that_is_none_is_explained(desk, data, name, status):
    answer = uploads(desk.visitor(), data, name)

    assert status == answer.status_code
    assert 'role="alert"' in answer.text


def test_a_body_beyond_all_limits_is_refused_unread(desk):
    assert 413 == uploads(desk.visitor(), bytes(26_000_000)).status_code


def test_a_form_without_its_token_is_refused(desk):
    assert 400 == uploads(desk.visitor(), good(), token="forged").status_code


def test_it_is_not_asked_more_than_ten_times_a_minute(desk):
    visitor = desk.visitor()

    assert 429 in [uploads(visitor, b"noise").status_code for _ in range(12)]


def test_two_are_looked_at_at_once_and_others_are_asked_to_come_again(desk, monkeypatch):
    monkeypatch.setattr(room, "_places", threading.BoundedSemaphore(1))
    room._places.acquire()

    assert 503 == uploads(desk.visitor(), good()).status_code
    room._places.release()
    assert 200 == uploads(desk.visitor(), good()).status_code


def test_nothing_of_the_file_is_kept(desk):
    uploads(desk.visitor(), good())

    with desk.parts.read() as session:
        assert 0 == session.query(ImageRow).count()


def test_hostile_words_in_a_pass_stay_words(desk):
    evil = "<script>alert(1)</script>"
    page = uploads(
        desk.visitor(), with_card(organizationName=evil, serialNumber=7, **{evil: 1}), f"{evil}.pkpass"
    )

    assert evil not in page.text


def test_a_pass_with_very_many_languages_gets_a_few_pictures(desk):
    files = {f"x{n}.lproj/pass.strings": strings(Points="p") for n in range(60)}
    data = signed({**static_files(), **files, "pass.json": dumps(card())})

    assert MOST_DRAWINGS == uploads(desk.visitor(), data).text.count('src="data:image/png;base64,')


def test_every_pass_of_a_bundle_gets_its_share_of_pictures():
    many = {f"{n}.pkpass": with_card(serialNumber=str(n)) for n in range(4)}
    seen = verified(rezip(many), trusted=TRUSTED, now=NOW)

    assert [1] * 4 == [len(each.drawings) for each in seen.passes]
    assert seen.bundle and not seen.refused


def test_a_whole_service_judges_its_own_passes_and_imports_them(tmp_path):
    """The parts as the composition root gives them: in the sandbox its own intermediate is trusted."""
    parts = compose(Settings(sandbox=True, instance_dir=tmp_path, certs_dir=tmp_path / "certs")).deps
    assert parts.verify_pass is not None and parts.import_design is not None

    assert ["archive-unreadable"] == [each.code for each in parts.verify_pass(b"noise").passes[0].faults]
    assert "wwdr-unknown" in {each.code for each in parts.verify_pass(good()).passes[0].faults}
    assert "storeCard" == designs.parse(parts.import_design(good()).design).style


def test_a_pass_that_cannot_be_read_has_faults_and_no_picture():
    seen = verified(rezip({**members(good()), "pass.json": b"{"}), trusted=TRUSTED, now=NOW)

    assert seen.refused
    assert () == seen.passes[0].drawings


def test_every_sentence_and_every_fault_is_there_in_russian():
    catalogue = (folder("translations") / "ru").glob("*.po")
    known = {each.id if isinstance(each.id, str) else each.id[0] for path in catalogue for each in read(path)}
    page, view = folder("templates") / "pages" / "verify.html", Path(room.__file__)
    told = [*babel_extract(BytesIO(page.read_bytes()), ["_", "ngettext"], [], {})]
    told += [*extract_python(BytesIO(view.read_bytes()), ["_"], [], {})]
    said = {each[2] if isinstance(each[2], str) else each[2][0] for each in told if each[2]}

    assert set() == said - known
    assert [] == sorted(code for code in codes() if f"fault:{code}" not in known)


def read(path: Path):
    with path.open("rb") as file:
        return list(read_po(file, locale="ru", abort_invalid=True))


FAMILIES = {
    "-unknown": ("nfc-value", "personalization", "semantic"),
    "-wrong": ("nfc-value", "personalization", "semantic"),
    "-mismatch": ("passTypeIdentifier", "teamIdentifier"),
    **dict.fromkeys(("-ended", "-ends-soon", "-not-valid"), ("certificate", "wwdr")),
}
"""Codes that the validator puts together, by their ends."""


def codes() -> set[str]:
    """Every code that the validator's source can say."""
    found = {f"{name}{end}" for end, names in FAMILIES.items() for name in names}
    for path in Path(validate.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("add", "warn", "note"):
                first = node.args[0] if len(node.args) >= 4 else None
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                first = node.value.elts[0]
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_check_unique":
                first = node.args[2]
            else:
                continue
            if isinstance(first, ast.Constant):
                found.add(str(first.value))
    return found
