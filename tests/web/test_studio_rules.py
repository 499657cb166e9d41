"""Marta changes the rules of a programme: in words, without a script, and sees first what it would do."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from app.domain.mechanics import parse_rules
from app.domain.programme import Programme
from app.domain.rulecheck import SENTENCES
from app.resources import folder
from app.services import rulebook
from app.storage import queries
from app.storage.database import Database
from app.web import rule_draft
from app.web.model_form import form_of
from app.web.words_rules import CHOICES, FAULTS, WORDS
from tests.support.clock import Clock
from tests.support.web_app import Visitor, WebShop, web_shop
from tests.web.test_languages import russian

RULES = "/studio/beans/rules"
TEN = {"kind": "stamps", "goal": 10, "reward": {"en": "A coffee", "ru": "Кофе"}, "daily_cap": 2}
_INPUT = re.compile(r"<input([^>]*)>")
_AREA = re.compile(r"<textarea([^>]*)>(.*?)</textarea>", re.DOTALL)
_SELECT = re.compile(r"<select([^>]*)>(.*?)</select>", re.DOTALL)
_CHOSEN = re.compile(r'<option value="([^"]*)" selected')


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> WebShop:
    opened = web_shop(sqlite_database, clock)
    opened.open_programme("stamp-cafe", rules=[TEN], time_zone="Europe/Riga")
    opened.staff("marta", "marketer")
    return opened


@pytest.fixture
def marta(shop: WebShop) -> Visitor:
    visitor = shop.visitor()
    visitor.sends("/sign-in", login="marta", password="open sesame")
    return visitor


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


def filled(page: str) -> dict[str, str]:
    """What a browser would send of the form of the rules as it stands."""
    page = getattr(page, "raw", page)
    begin = page.index('class="ru-form')
    inside, said = page[begin : page.index("</form>", begin)], {}
    for (tag,) in (each.groups() for each in _INPUT.finditer(inside)):
        name, kind = attribute(tag, "name"), attribute(tag, "type")
        if name and (kind not in ("checkbox", "radio") or "checked" in tag):
            said[name] = attribute(tag, "value")
    for tag, text in _AREA.findall(inside):
        said[attribute(tag, "name")] = html.unescape(text)
    for tag, options in _SELECT.findall(inside):
        chosen = _CHOSEN.search(options)
        said[attribute(tag, "name")] = html.unescape(chosen[1]) if chosen else ""
    return said


def sends(marta: Visitor, act: str, page: str | None = None, **changed: str) -> Any:
    """Press a button of the form as it stands on `page` (a fresh one by default)."""
    page = page or marta.sees(RULES).get_data(as_text=True)
    said = {**filled(page), **{name.replace("__", "/"): text for name, text in changed.items()}}
    return marta.client.post(RULES, data={**said, "act": act}, headers=marta.headers)


def opens(marta: Visitor, place: int = 0) -> str:
    page: str = sends(marta, f"edit:{place}").get_data(as_text=True)
    return page


def current(shop: WebShop) -> list[Any]:
    with shop.parts.read() as session:
        rules: list[Any] = queries.programme_row(session, "beans").body["rules"]
        return rules


def book(shop: WebShop) -> rulebook.Rulebook:
    with shop.parts.read() as session:
        return rulebook.read(session, queries.programme_row(session, "beans"), shop.clock.now())


class Page(str):
    """What people read; `raw` is what the browser got."""

    raw: str = ""


def text(answer: Any) -> Page:
    raw = answer.get_data(as_text=True)
    page = Page(html.unescape(raw))
    page.raw = raw
    return page


def test_the_rules_are_told_in_words(marta: Visitor) -> None:
    page = text(marta.sees(RULES))

    assert "10 stamps for: A coffee" in page
    assert "A stamp for each visit. At most 2 stamps a day." in page
    assert 'aria-current="page">Rules' in page


def test_a_rule_is_changed_and_published(shop: WebShop, marta: Visitor) -> None:
    answer = sends(marta, "publish", opens(marta), __rules__0__goal="8", note="Quicker")

    assert 303 == answer.status_code
    assert 8 == current(shop)[0]["goal"]
    newest = book(shop).current
    assert ("Marta", "Quicker", 2) == (newest.author, newest.note, newest.number)
    assert "8 stamps for: A coffee" in text(marta.sees(RULES))


def test_faults_stand_at_their_inputs_and_nothing_is_changed(shop: WebShop, marta: Visitor) -> None:
    answer = sends(marta, "publish", opens(marta), __rules__0__goal="1")
    page = text(answer)

    assert 422 == answer.status_code
    assert re.search(r'id="f-rules-0-goal"[^>]*aria-invalid="true"', page)
    assert "Not less than 2." in page
    assert 10 == current(shop)[0]["goal"]


def test_a_rule_is_added_filled_in_and_removed_again(shop: WebShop, marta: Visitor) -> None:
    page = text(sends(marta, "new", kind="points"))
    assert 'name="/rules/1/percent" value="5"' in page
    done = text(sends(marta, "done", page, __rules__1__percent="7,5"))
    assert "7.5\u00a0% of each purchase as points" in done
    assert "There are 2 things to collect" in done
    assert [TEN["goal"]] == [each["goal"] for each in current(shop)], "nothing is kept before it is published"

    page = text(sends(marta, "drop:0", done))
    assert 303 == sends(marta, "publish", page).status_code
    assert ["points"] == [each["kind"] for each in current(shop)]


def test_rules_change_places(shop: WebShop, marta: Visitor) -> None:
    page = text(sends(marta, "done", text(sends(marta, "new", kind="discount"))))
    page = text(sends(marta, "raise:1", page))
    sends(marta, "publish", page)

    assert ["discount", "stamps"] == [each["kind"] for each in current(shop)]


def test_money_is_typed_as_people_write_it(shop: WebShop, marta: Visitor) -> None:
    page = text(sends(marta, "new", kind="points"))
    assert "One point is worth, €" in page and 'name="/rules/1/point_value_minor" value="0.01"' in page
    page = text(
        sends(marta, "done", page, __rules__1__point_value_minor="1", __rules__1__minimum_minor="12,50")
    )
    sends(marta, "publish", page)

    assert (100, 1250) == (current(shop)[1]["point_value_minor"], current(shop)[1]["minimum_minor"])


def test_lists_inside_a_rule_grow_without_a_script(shop: WebShop, marta: Visitor) -> None:
    page = text(sends(marta, "add:/rules/1/levels", text(sends(marta, "new", kind="tiers"))))
    typed = {}
    for place, (key, reach) in enumerate({"silver": "1000", "gold": "2500,50"}.items()):
        at = f"__rules__1__levels__{place}__"
        typed |= {f"{at}key": key, f"{at}name__en": key.title(), f"{at}from": reach}
    page = text(sends(marta, "done", page, **typed))
    assert "Silver: from €1,000." in page and "Gold: from €2,500.50." in page
    assert 303 == sends(marta, "publish", page).status_code
    assert [100_000, 250_050] == [each["from_"] for each in current(shop)[1]["levels"]]


def test_rules_that_contradict_each_other_are_refused_in_words(shop: WebShop, marta: Visitor) -> None:
    page = text(sends(marta, "new", kind="stamps"))
    page = text(sends(marta, "publish", page, __rules__1__reward__en="Tea"))

    assert "A card has one grid of stamps: this programme has two rules for it" in page
    assert 1 == book(shop).newest


@pytest.mark.parametrize("kind", sorted(rule_draft.models()))
def test_every_kind_of_rule_has_a_form(marta: Visitor, kind: str) -> None:
    answer = sends(marta, "new", kind=kind)

    assert 200 == answer.status_code
    names = [name for name in filled(text(answer)) if name.startswith("/rules/1/")]
    assert names
    assert "/rules/1/kind" not in names


def test_a_preview_shows_who_gains_and_changes_nothing(shop: WebShop, marta: Visitor) -> None:
    for number, stamps in enumerate((2, 1)):
        shop.stamps(shop.customer("beans", phone=f"+3712000001{number}"), stamps, key=f"k{number}")
    answer = sends(marta, "preview", opens(marta), __rules__0__goal="2")
    page = text(answer)

    assert 200 == answer.status_code
    assert page.index("<progress") < page.index("ru-found") < page.index("History")
    assert re.search(r"Complete at once</dt><dd><b>1</b>", page)
    assert "Every card was looked at." in page
    assert 1 == book(shop).newest
    assert 303 == sends(marta, "publish", page).status_code, "what was tried can be published at once"


def test_rules_are_planned_and_withdrawn(shop: WebShop, marta: Visitor) -> None:
    day = (shop.clock.now() + timedelta(days=3)).strftime("%Y-%m-%dT09:00")
    answer = sends(
        marta, "publish", opens(marta), __rules__0__goal="8", when="date", starts_at=day, keep_old="1"
    )
    assert 303 == answer.status_code
    waiting = book(shop).waiting[0]
    assert (2, True) == (waiting.number, waiting.keep_old)
    assert "07:00" == waiting.starts_at.strftime("%H:%M"), "nine o'clock in Riga"

    marta.sends(RULES, f"{RULES}/2/withdraw")
    assert () == book(shop).waiting
    assert "Withdrawn" in text(marta.sees(RULES))


@pytest.mark.parametrize("starts_at", ["", "tomorrow", "2001-01-01T00:00"])
def test_a_date_that_is_none_is_refused_at_its_input(shop: WebShop, marta: Visitor, starts_at: str) -> None:
    answer = sends(marta, "publish", opens(marta), __rules__0__goal="8", when="date", starts_at=starts_at)

    assert 422 == answer.status_code
    assert re.search(r'id="starts_at"[^>]*aria-invalid', text(answer))
    assert 1 == book(shop).newest


def test_the_way_back_is_a_button(shop: WebShop, marta: Visitor) -> None:
    sends(marta, "publish", opens(marta), __rules__0__goal="8")
    shop.clock.forward(minutes=5)
    marta.sends(RULES, f"{RULES}/1/restore")

    assert (3, 10) == (book(shop).newest, current(shop)[0]["goal"])


def test_two_marketers_at_once_lose_nothing(shop: WebShop, marta: Visitor) -> None:
    mine = opens(marta)
    sends(marta, "publish", opens(marta), __rules__0__goal="8")
    shop.clock.forward(minutes=1)
    answer = sends(marta, "publish", mine, __rules__0__goal="12")
    page = text(answer)

    assert 409 == answer.status_code
    assert "Somebody else has changed the rules meanwhile." in page
    assert 8 == current(shop)[0]["goal"]
    assert "12 stamps for: A coffee" in page, "what was typed is still there"
    assert 303 == sends(marta, "publish", page).status_code
    assert 12 == current(shop)[0]["goal"]


@pytest.mark.parametrize("draft", ["", "{", "[1]", '[{"kind": "lottery"}]', "[" * 2000, "null"])
def test_a_draft_that_is_none_begins_anew(shop: WebShop, marta: Visitor, draft: str) -> None:
    page = text(marta.sees(RULES))
    answer = marta.client.post(
        RULES, data={**filled(page), "draft": draft, "act": "done"}, headers=marta.headers
    )

    assert 200 == answer.status_code
    assert "10 stamps for: A coffee" in text(answer)


@pytest.mark.parametrize(
    "act", ["", "edit:99", "edit:x", "drop:-1", "add:/nothing", "add:/rules/7/x", "nonsense"]
)
def test_buttons_that_are_none_do_nothing(shop: WebShop, marta: Visitor, act: str) -> None:
    assert 200 == sends(marta, act).status_code
    assert 1 == book(shop).newest


def test_only_marketers_and_owners_enter(shop: WebShop, marta: Visitor) -> None:
    shop.staff("boris", "cashier")
    boris = shop.visitor()
    boris.sends("/sign-in", login="boris", password="open sesame")

    assert 403 == boris.sees(RULES).status_code
    assert 302 == shop.visitor().sees(RULES).status_code
    assert 404 == marta.sees("/studio/nowhere/rules").status_code
    data = {key: value for key, value in filled(text(marta.sees(RULES))).items() if key != "csrf_token"}
    assert 400 == marta.client.post(RULES, data={**data, "act": "publish"}, headers=marta.headers).status_code


def test_the_page_speaks_russian(shop: WebShop, marta: Visitor) -> None:
    page = text(marta.sees(f"{RULES}?lang=ru"))

    assert "10\u00a0штампов\u00a0— Кофе" in page
    assert "Опубликовать правила" in page


def test_customers_read_the_same_rules_with_the_date(shop: WebShop) -> None:
    page = text(shop.visitor().sees("/join/beans/rules"))
    assert "10 stamps for: A coffee" in page
    assert "In force since Mar 2, 2026" in page
    assert "/join/beans/rules" in text(shop.visitor().sees("/join/beans"))

    shop.clock.forward(days=1)
    rulebook.schedule(shop.parts.db, "beans", [{**TEN, "goal": 8}], now=shop.clock.now())
    page = text(shop.visitor(language="ru").sees("/join/beans/rules"))
    assert "8\u00a0штампов\u00a0— Кофе" in page and "3 мар" in page
    assert 404 == shop.visitor().sees("/join/nowhere/rules").status_code


def test_codes_that_are_not_for_everybody_stay_out_of_the_public_rules(shop: WebShop) -> None:
    secret = {"kind": "coupon", "key": "vip", "name": "For few", "percent": 50, "code": "SECRET"}
    rulebook.schedule(shop.parts.db, "beans", [TEN, secret], now=shop.clock.now())

    assert "SECRET" not in text(shop.visitor().sees("/join/beans/rules"))


def test_rules_of_every_preset_go_through_the_form_and_come_back_as_they_were() -> None:
    told = 0
    for file in sorted((folder("templates") / "presets").glob("*.json")):
        raw = json.loads(file.read_text())["programme"]
        rules = Programme.model_validate({"slug": "x", "name": "x", "locales": ["en", "ru"], **raw}).rules
        for rule in rules:
            body = rule.model_dump(mode="json", by_alias=True)
            form = form_of(rule_draft.node_of(rule.kind), rule_draft.typed(body, "EUR"), "/rules/0")
            draft = rule_draft.Draft([{"kind": rule.kind}], 0)
            rule_draft.written(draft, form, "EUR")
            (again,) = parse_rules(draft.rules)
            unordered = {"fields": set(getattr(rule, "fields", ()))}
            assert {**rule.model_dump(), **unordered} == {
                **again.model_dump(),
                "fields": set(getattr(again, "fields", ())),
            }
            told += 1
    assert told > 20


def test_a_draft_travels_as_it_is() -> None:
    rules = [{"kind": "stamps", "goal": 10, "reward": {"*": 'Кофе "с собой" <b>'}}]
    assert rules == rule_draft.read(rule_draft.Draft(rules).body, [])
    assert json.loads(rule_draft.Draft(rules).body) == rules


def test_every_word_about_rules_is_there_in_russian() -> None:
    wanted = {*(words for pair in WORDS.values() for words in pair if words), *SENTENCES, *FAULTS}
    wanted |= {label for labels in CHOICES.values() for label in labels.values()}

    assert set() == {words for words in wanted if not all(russian().get(words, ("",)))}
