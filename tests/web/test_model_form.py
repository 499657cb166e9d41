"""A model becomes a form and comes back the same, whatever it holds; what is new in a model has an input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from babel.messages.pofile import read_po
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from app.domain.design import Design
from app.domain.google_look import GoogleLook
from app.domain.messages import ADVICE
from app.domain.text import TextInput
from app.domain.values import Frozen
from app.i18n import use
from app.rendering.starters import starters
from app.resources import folder
from app.services.designs import parse
from app.web.fault_words import PATTERNS
from app.web.lint_words import SENTENCES, spoken
from app.web.model_form import Node, act, blank, form_of, node_at, read, tree, typed, untyped
from app.web.model_words import WORDS
from app.web.studio_parts import ELSEWHERE, PARTS, ROOT, place
from app.web.words_choices import CHOICES
from tests.support.web_app import WebShop

STARTERS = {name: kit.design for name, kit in starters().items()}
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=12)
languages = st.sampled_from(["en", "ru", "*"])
TEXTS: dict[str, st.SearchStrategy[str]] = {
    "url": st.sampled_from(["https://shop.example/a?b=1&c=%20", "https://shop.example/#ключ", "page:"]),
    "key": st.from_regex(r"[a-z][a-z0-9_-]{0,9}", fullmatch=True),
    "currency": st.sampled_from(["EUR", "JPY", ""]),
    "proximity_uuid": st.just("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
    "encryption_public_key": st.just("MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACaaaaaaaaaaaaaaaaaaaaaaaaa="),
    "android_package": st.just("com.example.shop"),
    "at": st.just("2026-12-31T20:00:00+02:00"),
    "identifier": st.sampled_from(["a.b-c", "one"]),
}


def values(node: Node) -> st.SearchStrategy[Any]:
    """JSON values that stand a chance in this place."""
    if node.kind == "group":
        return st.fixed_dictionaries({each.name: _sparse(each) for each in node.children})
    if node.kind in ("list", "option") and node.item:
        inner = values(node.item)
        most = min(2, node.most or 2)
        return st.none() | inner if node.kind == "option" else st.lists(inner, max_size=most)
    return _plain(node)


def _sparse(node: Node) -> st.SearchStrategy[Any]:
    """Most properties of a large model stay as they are by default, so that what is drawn fits together."""
    if node.kind in ("option", "list") or node.default is not None or node.nullable:
        return st.just(node.default if node.default is not None else blank(node)) | values(node)
    return values(node)


def _plain(node: Node) -> st.SearchStrategy[Any]:
    numbers = st.integers(0, 20) | st.floats(1, 80, allow_nan=False)
    made: dict[str, st.SearchStrategy[Any]] = {
        "tick": st.booleans(),
        "choice": st.sampled_from(node.choices or ("",)),
        "ticks": st.sets(st.sampled_from(node.choices or ("",)), max_size=2).map(
            lambda ticked: [each for each in node.choices if each in ticked]  # a set: in the model's order
        ),
        "words": st.dictionaries(languages, words | st.just("{points} 100 % <b>\nнет"), max_size=3),
        "keyed": st.dictionaries(st.sampled_from(node.choices or ("",)), TEXTS["url"], max_size=2),
        "number": numbers,
        "lines": st.lists(st.just("@balance") | words, max_size=2),
        "pairs": st.dictionaries(words, words | numbers | st.booleans() | st.lists(words), max_size=2),
        "moment": st.just("2026-12-31T20:00:00Z"),
    }
    if node.nullable:  # no words at all are no text, which is null where that is allowed
        made["words"] = st.dictionaries(languages, words, min_size=1, max_size=3)
        return st.none() | made.get(node.kind, TEXTS.get(node.name, words))
    return made.get(node.kind, TEXTS.get(node.name, st.just("") | words))


def whole(model: type[BaseModel], raw: Any) -> BaseModel:
    """The model of these values; what does not fit together is not asked for."""
    try:
        return model.model_validate(raw)
    except ValidationError:
        assume(False)
        raise


def back(node: Node, value: Any) -> Any:
    return read(node, form_of(node, value))


SLOW = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@SLOW
@given(st.data(), st.sampled_from(sorted({name for part in PARTS for name in part.pointers})))
def test_any_valid_part_of_a_look_comes_back_the_same(data: st.DataObject, pointer: str) -> None:
    """Each place of a design is filled with anything that it takes."""
    base = STARTERS["points-shop"].model_dump(mode="json")
    node = place(pointer)
    design = whole(Design, _with(base, pointer, data.draw(values(node))))
    body = design.model_dump(mode="json")

    assert design == parse(
        {**_with(body, pointer, read(node, form_of(node, _at(body, pointer), pointer), pointer))}
    )


def _with(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    head, *rest = pointer.strip("/").split("/", 1)
    return {**body, head: _with(body.get(head) or {}, rest[0], value) if rest else value}


def _at(body: Any, pointer: str) -> Any:
    for step in pointer.strip("/").split("/"):
        body = (body or {}).get(step)
    return body


@pytest.mark.parametrize("name", STARTERS)
def test_every_starter_design_comes_back_the_same(name: str) -> None:
    body = STARTERS[name].model_dump(mode="json")
    said = {
        pointer: read(place(pointer), form_of(place(pointer), _at(body, pointer), pointer), pointer)
        for part in PARTS
        for pointer in part.pointers
        if not pointer.startswith(("/apple", "/google"))
    }
    for pointer, value in said.items():
        body = _with(body, pointer, value)

    assert STARTERS[name] == parse(body)


@settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        max_leaves=6,
    )
)
def test_a_free_value_is_typed_and_read_again(value: Any) -> None:
    again = untyped(typed(value))

    assert again == ("" if value is None else value) or math.isclose(again, value)


class Cup(Frozen):
    """A made-up model that no page knows."""

    key: str
    size: Literal[1, 2] = 1
    hot: bool = True
    sugar: bool | None = None
    price: float | None = None
    name: TextInput = Field(default_factory=dict)


class Tray(Frozen):
    cups: tuple[Cup, ...] = ()
    grid: tuple[tuple[str, ...], ...] = ()
    lid: Cup | None = None


def test_what_is_new_in_a_model_has_an_input_at_once() -> None:
    node = tree(Tray)
    full = {
        "cups": [{"key": "a", "size": 2, "hot": False, "sugar": False, "price": 1.5, "name": {"ru": "Чай"}}],
        "grid": [],
        "lid": None,
    }

    assert Tray.model_validate(full) == Tray.model_validate(back(node, full))
    assert "option" == node.child("lid").kind
    sugar = node_at(node, ["cups", "0", "sugar"])
    assert sugar
    assert ("choice", (True, False)) == (sugar.kind, sugar.choices)


def test_a_comma_and_a_real_minus_are_taken_for_what_they_mean() -> None:
    node = tree(Cup).child("price")

    assert -1.5 == float(read(node, {"/price": "\u22121,5"}, "/price"))
    assert read(node, {"/price": ""}, "/price") is None


@pytest.mark.parametrize("count", ["", "-1", "x", "9" * 30, "1e3", "٣"])
def test_a_count_that_is_none_makes_no_items(count: str) -> None:
    assert 60 >= len(read(tree(Tray).child("cups"), {"/cups#": count}, "/cups"))


def test_lines_are_added_moved_and_taken_away() -> None:
    node = tree(Tray)
    value: dict[str, Any] = {"cups": [], "grid": [], "lid": None}
    for _ in range(3):
        assert act(node, value, "add:/cups")

    assert ["cup-1", "cup-2", "cup-3"] == [cup["key"] for cup in value["cups"]]
    assert "/cups/0" == act(node, value, "up:/cups/1")
    assert "/cups/2" == act(node, value, "down:/cups/1")
    assert "/cups" == act(node, value, "remove:/cups/0")
    assert ["cup-3", "cup-1"] == [cup["key"] for cup in value["cups"]]


@pytest.mark.parametrize(
    "action",
    [
        "",
        "add",
        "add:",
        "add:/nowhere",
        "add:/cups/7/name",
        "remove:/cups/9",
        "up:/cups/-1",
        "split:/cups",
        "remove:/cups",
        "steal:/cups/0",
        "add:/lid",
        "remove:/cups/٣",
        "split:/cups/0/nothing",
    ],
)
def test_a_button_that_leads_nowhere_changes_nothing(action: str) -> None:
    value: dict[str, Any] = {"cups": [{"key": "a"}], "grid": [], "lid": None}

    act(tree(Tray), value, action, ("en",))

    assert {"cups": [{"key": "a"}], "grid": [], "lid": None} == value


def test_words_for_all_languages_become_words_for_each() -> None:
    value: dict[str, Any] = {"cups": [{"key": "a", "name": {"*": "Tea"}}]}

    assert "/cups/0/name" == act(tree(Tray), value, "split:/cups/0/name", ("en", "ru"))
    assert {"en": "Tea", "ru": "Tea"} == value["cups"][0]["name"]


def test_an_option_that_is_off_forgets_what_stands_in_it() -> None:
    assert read(tree(Tray).child("lid"), {"/lid/key": "a"}, "/lid") is None
    assert node_at(tree(Tray), ["lid", "key"]) is not None


def every_node(node: Node) -> Iterator[Node]:
    yield node
    for child in (*node.children, *([node.item] if node.item else [])):
        yield from every_node(child)


def test_every_place_of_a_design_has_a_name_and_every_choice_too() -> None:
    """Whoever teaches a design something new says here how a café owner would call it."""
    asked = [
        each
        for pointer in (p for part in PARTS for p in part.pointers)
        for each in every_node(place(pointer))
    ]
    nameless = {
        f"{each.owner}.{each.name}"
        for each in asked
        if each.owner and f"{each.owner}.{each.name}" not in WORDS and f"*.{each.name}" not in WORDS
    }
    speechless = {
        f"{each.owner}.{each.name}={choice}"
        for each in asked
        for choice in each.choices
        if not _choice_known(each, str(choice))
    }

    assert set() == nameless
    assert set() == speechless


def _choice_known(node: Node, choice: str) -> bool:
    places = (
        f"{node.owner}.{node.name}",
        f"*.{node.name}",
        "*.*",
        *(["*.event_urls"] if node.name == "urls" else []),
    )
    return not node.owner or any(choice in CHOICES.get(each, {}) for each in places)


def test_every_place_of_a_design_is_on_a_page() -> None:
    assert "rest" not in {part.key for part in PARTS}
    held = {pointer for part in PARTS for pointer in part.pointers} | ELSEWHERE
    assert {f"/google/{name}" for name in GoogleLook.model_fields} <= held
    assert {child.name for child in ROOT.children} == {pointer.split("/")[1] for pointer in held}


def test_every_word_of_the_tables_is_there_in_russian() -> None:
    known: set[str] = set()
    for path in (folder("translations") / "ru").glob("*.po"):
        with path.open("rb") as file:
            known |= {
                each.id for each in read_po(file, locale="ru") if isinstance(each.id, str) and each.string
            }
    needed = {text for pair in WORDS.values() for text in pair} | {
        w for table in CHOICES.values() for w in table.values()
    }
    needed |= {text for part in PARTS for text in (part.title, part.sentence)} | set(ADVICE.values())
    needed |= {words for _pattern, words in PATTERNS} | set(SENTENCES)

    assert set() == needed - known - {""}


def test_what_the_rules_find_is_told_in_russian_with_its_facts(shop: WebShop) -> None:
    with shop.app.test_request_context():
        use("ru")

        assert "Ключ «news» встречается дважды." == spoken("The key 'news' is used twice.")
        assert "Something new." == spoken("Something new.")
