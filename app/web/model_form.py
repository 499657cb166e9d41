"""Any of our models as a form: its JSON schema says which inputs there are, a posted form becomes JSON values
again, and faults find their inputs by JSON pointer (RFC 6901), which is also the inputs' names.

Nothing here knows a design: what is new in a model stands on the page at once. Works without a script:
lists grow and shrink by a button that sends the form (`act`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel

from app.domain.text import ANY

Kind = Literal[
    "group",
    "option",
    "list",
    "lines",
    "ticks",
    "choice",
    "tick",
    "number",
    "line",
    "words",
    "keyed",
    "pairs",
    "moment",
    "json",
]
"""`lines`: a list of plain values, one a line; `keyed`: a text for each of some known names; `pairs`: free
names and values.
"""
MOST_ITEMS = 60
SPARE_PAIRS = 2
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the model: `owner` is the model that has it under `name`; `item` is what a list or an option
    holds. `nullable`: an empty input means null.
    """

    kind: Kind
    owner: str = ""
    name: str = ""
    nullable: bool = False
    default: Any = None
    children: tuple[Node, ...] = ()
    item: Node | None = None
    choices: tuple[Any, ...] = ()
    least: int = 0
    most: int | None = None
    optional_look: bool = False
    """A group that is null while nothing in it differs from its defaults."""

    def child(self, name: str) -> Node:
        """The property of that name; KeyError if there is none."""
        for each in self.children:
            if each.name == name:
                return each
        raise KeyError(name)


@lru_cache(maxsize=16)
def tree(model: type[BaseModel], looks: tuple[str, ...] = ()) -> Node:
    """The model's places. `looks` names properties that are null as long as all in them is as by default."""
    schema = model.model_json_schema()
    return _node(schema, schema.get("$defs", {}), "", "", looks)


def _node(
    schema: Mapping[str, Any], defs: Mapping[str, Any], owner: str, name: str, looks: tuple[str, ...]
) -> Node:
    schema, nullable = _plain(schema, defs)
    made = replace(_kind(schema, defs, looks), owner=owner, name=name, default=schema.get("default"))
    if not nullable:
        return made
    if made.kind == "group" and name in looks:
        return replace(made, optional_look=True)
    if made.kind in ("group", "list", "lines", "ticks", "keyed", "pairs", "json"):
        return Node("option", owner, name, nullable=True, item=replace(made, default=None))
    if made.kind == "tick":
        return replace(made, kind="choice", choices=(True, False), nullable=True)
    return replace(made, nullable=True)


def _plain(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema without references and without `null`, and whether null is allowed."""
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        inner, nullable = _plain(defs[schema["$ref"].rpartition("/")[2]], defs)
        return {**inner, **rest}, nullable
    wanted = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if [each.get("type") for each in wanted] == ["number", "string"]:  # a decimal, in JSON either of them
        return {**wanted[0], **rest}, len(wanted) < len(schema["anyOf"])
    if len(wanted) == 1 and len(schema["anyOf"]) == 2:
        return {**_plain(wanted[0], defs)[0], **rest}, True
    return dict(schema), False


def _kind(schema: Mapping[str, Any], defs: Mapping[str, Any], looks: tuple[str, ...]) -> Node:
    if "enum" in schema or "const" in schema:
        return Node("choice", choices=tuple(schema.get("enum", (schema.get("const"),))))
    shape = schema.get("type")
    if shape == "object":
        return _object(schema, defs, looks)
    if shape == "array" and "items" in schema:
        item = _node(schema["items"], defs, "", "", looks)
        if item.kind == "choice":
            return Node("ticks", choices=item.choices)
        kind: Kind = "lines" if item.kind in ("line", "number") else "list"
        most = min(MOST_ITEMS, schema.get("maxItems", MOST_ITEMS))
        return Node(kind, item=item, least=schema.get("minItems", 0), most=most)
    if shape == "string":
        return Node("moment" if schema.get("format") == "date-time" else "line", most=schema.get("maxLength"))
    if shape == "boolean":
        return Node("tick")
    return Node("number") if shape in ("number", "integer") else Node("json")


def _object(schema: Mapping[str, Any], defs: Mapping[str, Any], looks: tuple[str, ...]) -> Node:
    if "properties" in schema or schema.get("additionalProperties") is False:
        title = schema.get("title", "")
        found = schema.get("properties", {}).items()
        return Node("group", children=tuple(_node(each, defs, title, name, looks) for name, each in found))
    inner, names = schema.get("additionalProperties"), schema.get("propertyNames", {}).get("enum")
    if names and isinstance(inner, Mapping) and inner.get("type") == "string":
        return Node("keyed", choices=tuple(names), most=inner.get("maxLength"))
    if inner == {"type": "string"} and "propertyNames" not in schema:
        return Node("words")
    free = inner is True or (isinstance(inner, Mapping) and _plain(inner, defs)[0].get("type") == "number")
    return Node("pairs") if free and not names else Node("json")


# --- values to forms and back ----------------------------------------------------------------------------


def form_of(node: Node, value: Any, at: str = "") -> dict[str, str]:
    """What a browser would send if nothing on the page was changed."""
    return dict(_sent(node, value, at))


def _sent(node: Node, value: Any, at: str) -> Iterator[tuple[str, str]]:
    if node.kind == "group":
        for child in node.children:
            inner = value.get(child.name, child.default) if isinstance(value, Mapping) else child.default
            yield from _sent(child, inner, f"{at}/{child.name}")
    elif node.kind == "option" and node.item:
        if value is not None:
            yield f"{at}?", "1"
        yield from _sent(node.item, value, at)
    elif node.kind == "list" and node.item:
        items = value if isinstance(value, list) else []
        yield f"{at}#", str(len(items))
        for index, each in enumerate(items):
            yield from _sent(node.item, each, f"{at}/{index}")
    else:
        yield from _sent_plainly(node, value, at)


def _sent_plainly(node: Node, value: Any, at: str) -> Iterator[tuple[str, str]]:
    if node.kind == "ticks":
        yield from ((f"{at}/{each}", "1") for each in node.choices if each in (value or ()))
    elif node.kind in ("words", "keyed"):
        yield from ((f"{at}/{name}", text) for name, text in (value or {}).items())
    elif node.kind == "lines":
        yield at, "\n".join(str(each) for each in value or ())
    elif node.kind == "pairs":
        for index, (key, inner) in enumerate((value or {}).items()):
            yield f"{at}/{index}.key", key
            yield f"{at}/{index}.value", typed(inner)
    elif node.kind == "tick":
        if value:
            yield at, "1"
    else:
        yield at, typed(value) if node.kind == "json" else "" if value is None else str(value)


def typed(value: Any) -> str:
    """A free value as people type it: text as it is, everything else (and text that looks so) as JSON."""
    if isinstance(value, str) and isinstance(untyped(value), str) and untyped(value) == value:
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def untyped(text: str) -> Any:
    """The value that `typed` wrote."""
    plain = text.strip()
    if not plain or (plain[0] not in '"{[-0123456789' and plain not in ("true", "false")):
        return plain
    try:
        return json.loads(plain, parse_constant=lambda name: name)
    except ValueError:
        return plain


def read(node: Node, form: Form, at: str = "") -> Any:
    """The JSON value that the form says; what cannot be read stays text, so that the model complains."""
    if node.kind == "group":
        made = {child.name: read(child, form, f"{at}/{child.name}") for child in node.children}
        return {name: value for name, value in made.items() if value is not _UNSAID}
    if node.kind == "option" and node.item:
        return read(node.item, form, at) if f"{at}?" in form else None
    if node.kind == "list" and node.item:
        return [read(node.item, form, f"{at}/{index}") for index in range(_count(form.get(f"{at}#", "")))]
    return _READERS[node.kind](node, form, at)


_UNSAID = object()
"""Left out of its model, which then takes its default or says that something is missing."""


def _count(text: str) -> int:
    return min(int(text), MOST_ITEMS) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _read_ticks(node: Node, form: Form, at: str) -> Any:
    return [each for each in node.choices if f"{at}/{each}" in form]


def _read_choice(node: Node, form: Form, at: str) -> Any:
    said = form.get(at, "")
    if not said:
        return None if node.nullable else "" if "" in node.choices else _UNSAID
    return next((each for each in node.choices if str(each) == said), said)


def _read_number(node: Node, form: Form, at: str) -> Any:
    said = form.get(at, "").strip().replace(",", ".").replace("\u2212", "-")
    return said or (None if node.nullable else _UNSAID)


def _read_line(node: Node, form: Form, at: str) -> Any:
    if at not in form:
        return None if node.nullable else _UNSAID
    said = form[at].replace("\r\n", "\n").strip()
    return said or (None if node.nullable else "")


def _read_words(node: Node, form: Form, at: str) -> Any:
    said = {name[len(at) + 1 :]: text for name, text in form.items() if name.startswith(f"{at}/")}
    words = {locale: text.replace("\r\n", "\n").strip() for locale, text in said.items()}
    words = {locale: text for locale, text in words.items() if text}
    return words if words or not node.nullable else None


def _read_lines(node: Node, form: Form, at: str) -> Any:
    return [line.strip() for line in form.get(at, "").splitlines() if line.strip()]


def _read_pairs(node: Node, form: Form, at: str) -> Any:
    indexes = sorted(
        _count(name[len(at) + 1 : -len(".key")])
        for name in form
        if name.startswith(f"{at}/") and name.endswith(".key")
    )
    rows = {form[f"{at}/{index}.key"].strip(): form.get(f"{at}/{index}.value", "") for index in indexes}
    return {key: untyped(value) for key, value in rows.items() if key}


_READERS: dict[str, Callable[[Node, Form, str], Any]] = {
    "ticks": _read_ticks,
    "choice": _read_choice,
    "number": _read_number,
    "line": _read_line,
    "moment": _read_line,
    "words": _read_words,
    "keyed": _read_words,
    "lines": _read_lines,
    "pairs": _read_pairs,
    "tick": lambda node, form, at: at in form,
    "json": lambda node, form, at: untyped(form.get(at, "")),
}


# --- what the buttons of lists do ------------------------------------------------------------------------


def act(node: Node, value: Any, action: str, locales: tuple[str, ...] = ()) -> str:
    """Do what a button says to `value` (JSON values, changed in place); answers the place that it was about.

    `add:/fields/back`, `remove:/fields/back/2`, `up:…`, `down:…`, `split:…` (words of their own for each
    language). An address that leads nowhere is answered with an empty text.
    """
    verb, _, pointer = action.partition(":")
    parts = [part for part in pointer.split("/") if part]
    if verb == "add":
        return _add(node, value, parts)
    if not parts:
        return ""
    holder, last = _found(value, parts[:-1]), parts[-1]
    if verb == "split":
        return _split(holder, last, locales, pointer)
    if not isinstance(holder, list) or not last.isdigit() or int(last) >= len(holder):
        return ""
    index = int(last)
    if verb == "remove":
        del holder[index]
        return "/" + "/".join(parts[:-1])
    other = index + {"up": -1, "down": 1}.get(verb, 0)
    if 0 <= other < len(holder):
        holder[index], holder[other] = holder[other], holder[index]
        return "/" + "/".join([*parts[:-1], str(other)])
    return pointer


def _found(value: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        else:
            return None
    return value


def _add(node: Node, value: Any, parts: list[str]) -> str:
    place = node_at(node, parts)
    items = _found(value, parts)
    if place is None or place.kind != "list" or place.item is None or not isinstance(items, list):
        return ""
    if len(items) < (place.most or MOST_ITEMS):
        items.append(blank(place.item, [_key_of(each) for each in items], parts[-1]))
    return "/" + "/".join([*parts, str(len(items) - 1)])


def node_at(node: Node, parts: list[str]) -> Node | None:
    """The place of a pointer; options are looked through."""
    for part in parts:
        if node.kind == "option" and node.item:
            node = node.item
        if node.kind == "list" and node.item:
            node = node.item
        else:
            found = [each for each in node.children if each.name == part]
            if not found:
                return None
            node = found[0]
    return node.item if node.kind == "option" and node.item else node


def _key_of(item: Any) -> str:
    return str(item.get("key", "")) if isinstance(item, Mapping) else ""


def blank(node: Node, taken: list[str] | None = None, stem: str = "") -> Any:
    """A new value with everything at its default; one with a key gets a free one."""
    if node.kind == "group":
        made = {child.name: blank(child) for child in node.children}
        if "key" in made and taken is not None:
            free = (f"{stem.rstrip('s')}-{number}" for number in range(1, len(taken) + 2))
            made["key"] = next(key for key in free if key not in taken)
        return made
    if node.default is not None or node.nullable:
        return node.default
    if node.kind == "list" and node.item:
        return [blank(node.item) for _ in range(node.least)]
    return _EMPTY.get(node.kind)


_EMPTY: Mapping[str, Any] = {
    "lines": [],
    "ticks": [],
    "words": {},
    "keyed": {},
    "pairs": {},
    "tick": False,
    "line": "",
}


def _split(holder: Any, name: str, locales: tuple[str, ...], pointer: str) -> str:
    words = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(words, Mapping):
        return ""
    holder[name] = {locale: words.get(locale) or words.get(ANY, "") for locale in locales}
    return pointer
