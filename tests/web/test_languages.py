"""Both languages are whole, and written for those who read them."""

import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from app.i18n import day, locale, money, ngettext, number, speaking, use
from app.resources import folder
from tests.support.web_app import WebShop

KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
SYSTEMS = ("systems", "system", "system_secret", "system_try", "systems_parts", "connect", "connect_form")
OURS = (
    *("base", "staff_base", "join", "joined", "card", "error", "home", "guide", "sign_in", "wallet_later"),
    *(f"staff_{name}" for name in SYSTEMS),
)
WEB = (
    *("auth", "card", "card_view", "errors", "home", "join", "join_form", "letters", "links", "media"),
    *("staff_systems", "staff_connect", "staff_tester", "systems_form", "systems_kinds", "systems_words"),
)


def sources() -> Iterator[tuple[Path, object]]:
    templates = folder("templates")
    pages = [templates / "pages" / f"{name}.html" for name in OURS]
    for path in [*pages, *(templates / "components").glob("*.html"), *(templates / "emails").iterdir()]:
        yield path, babel_extract(BytesIO(path.read_bytes()), list(KEYWORDS), [], {})
    for name in WEB:
        path = Path(__file__).resolve().parents[2] / "app" / "web" / f"{name}.py"
        yield path, extract_python(BytesIO(path.read_bytes()), list(KEYWORDS), [], {})


def messages() -> set[str]:
    found = set()
    for _path, extracted in sources():
        for _line, _function, message, _comments in extracted:  # type: ignore[attr-defined]
            found.add(message if isinstance(message, str) else message[0])
    return found


@cache
def russian() -> dict[str, tuple[str, ...]]:
    made: dict[str, tuple[str, ...]] = {}
    for path in (folder("translations") / "ru").glob("*.po"):
        with path.open("rb") as file:
            for each in read_po(file, locale="ru", abort_invalid=True):
                if each.id:
                    one = each.id if isinstance(each.id, str) else each.id[0]
                    made[one] = (each.string,) if isinstance(each.string, str) else tuple(each.string)
    return made


def test_every_sentence_of_our_pages_is_there_in_russian() -> None:
    known = russian()

    assert [] == sorted(message for message in messages() if not all(known.get(message, ("",))))


def test_placeholders_are_the_same_in_both_languages() -> None:
    def names(text: str) -> list[str]:
        return sorted(re.findall(r"%\(\w+\)[sd]", text))

    wrong = [m for m, forms in russian().items() if any(names(m) != names(form) for form in forms)]

    assert [] == wrong


def test_russian_is_set_as_russian_is() -> None:
    words = [form for forms in russian().values() for form in forms]

    assert [] == [text for text in words if '"' in text or " —" in text or "  " in text]


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "штамп"), (3, "штампа"), (5, "штампов"), (11, "штампов"), (21, "штамп")]
)
def test_russian_plurals_follow_the_count(shop: WebShop, count: int, expected: str) -> None:
    with shop.app.test_request_context():
        use("ru")

        assert f"{count}\u00a0{expected}" == ngettext("%(num)s stamp", "%(num)s stamps", count)


def test_numbers_money_and_days_follow_the_language(shop: WebShop) -> None:
    def written(tag: str) -> tuple[str, str, str]:
        use(tag)
        return number(12345), money(123456, "EUR"), day(shop.clock.now())

    with shop.app.test_request_context():
        assert ("12,345", "€1,234.56", "Mar 2, 2026") == written("en")
        assert ("12\u00a0345", "1\u00a0234,56\u00a0€") == written("ru")[:2]
        assert "2 Mar 2026" == written("en-GB")[2]
        assert "¥" in money(500, "JPY") and "500" in money(500, "JPY")


def test_a_letter_in_another_language_leaves_the_page_alone(shop: WebShop) -> None:
    with shop.app.test_request_context(headers={"Accept-Language": "en"}):
        before = locale()
        with speaking("ru"):
            inside = locale()

        assert ("en", "ru", "en") == (before, inside, locale())


@pytest.mark.parametrize("lang", ["", "xx", "ru-RU-x-" + "a" * 500, "../../etc", "en_", "%00", "ру"])
def test_a_strange_language_is_no_fault(shop: WebShop, lang: str) -> None:
    shop.open_programme()

    assert (
        200
        == shop.visitor(language=lang[:40].encode("ascii", "ignore").decode())
        .sees(f"/join/beans?lang={lang}")
        .status_code
    )


def test_the_other_language_keeps_the_channel(shop: WebShop) -> None:
    shop.open_programme()

    page = shop.visitor().sees("/join/beans?utm_source=vk&_external=1").get_data(as_text=True)

    assert 'href="/join/beans?utm_source=vk&amp;lang=ru"' in page
