"""What `components/model_form.html` draws: the inputs of a model (see `model_form`) with their values, in the
page's language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.text import ANY
from app.i18n import gettext as _
from app.web.model_form import SPARE_PAIRS, Node, typed
from app.web.model_words import ESSENTIAL, LONG, SINGLE, SUGGESTED, named, option_name


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of a choice."""

    value: str
    label: str
    chosen: bool


@dataclass(slots=True)
class Control:
    """An input, or a group of inputs. `name` is its JSON pointer; `fault` says what is wrong with it."""

    kind: str
    name: str
    label: str = ""
    help: str = ""
    value: str = ""
    on: bool = False
    choices: list[Choice] = field(default_factory=list)
    items: list[Control] = field(default_factory=list)
    deeper: list[Control] = field(default_factory=list)
    lang: str = ""
    most: int | None = None
    long: bool = False
    suggest: bool = False
    full: bool = False
    fault: str = ""

    @property
    def id(self) -> str:
        """For labels and anchors."""
        return "f" + self.name.replace("/", "-").replace("*", "all").replace(".", "-")


@dataclass(frozen=True, slots=True)
class Speech:
    """The languages in which texts are asked for, and what they are called."""

    locales: tuple[str, ...]
    names: Mapping[str, str]


def control_of(node: Node, value: Any, at: str, speech: Speech) -> Control:
    """The input of a place; `value` may be anything that somebody typed."""
    label, help = named(node.owner, node.name)
    made = Control(node.kind, at, label, help, most=node.most)
    _FILLERS.get(node.kind, _fill_line)(made, node, value, speech)
    return made


def _fill_group(made: Control, node: Node, value: Any, speech: Speech) -> None:
    found = value if isinstance(value, Mapping) else {}
    first = ESSENTIAL.get(node.children[0].owner if node.children else "", ())
    shown = sorted(node.children, key=lambda each: first.index(each.name) if each.name in first else 99)
    for child in shown:
        inner = control_of(child, found.get(child.name, child.default), f"{made.name}/{child.name}", speech)
        (made.deeper if first and child.name not in first else made.items).append(inner)


def _fill_option(made: Control, node: Node, value: Any, speech: Speech) -> None:
    made.on = value is not None
    assert node.item is not None
    inner = control_of(node.item, value, made.name, speech)
    inner.label = inner.help = ""
    made.items = [inner]


def _fill_list(made: Control, node: Node, value: Any, speech: Speech) -> None:
    assert node.item is not None
    found = value if isinstance(value, list) else []
    for index, each in enumerate(found):
        item = control_of(node.item, each, f"{made.name}/{index}", speech)
        item.label = _title(each, speech) or _("No. %(number)s", number=index + 1)
        made.items.append(item)
    made.full = len(found) >= (node.most or 0)


def _title(item: Any, speech: Speech) -> str:
    """What a folded item is called: its own words, else its key."""
    if not isinstance(item, Mapping):
        return ""
    for name in ("label", "name", "header", "text", "title"):
        words = item.get(name)
        for locale in (*speech.locales, ANY):
            if isinstance(words, Mapping) and words.get(locale):
                return str(words[locale])[:80]
    return str(item.get("key", ""))


def _fill_words(made: Control, node: Node, value: Any, speech: Speech) -> None:
    found = value if isinstance(value, Mapping) else {}
    place = (node.owner, node.name)
    single = ANY in found or (not found and place in SINGLE)
    keys = [ANY] if single else list(speech.locales)
    keys += [key for key in found if key not in keys]
    for key in keys:
        label = _("In every language") if key == ANY else speech.names.get(key, key)
        line = Control("line", f"{made.name}/{key}", label, value=str(found.get(key) or ""))
        line.lang = "" if key == ANY else key
        line.long, line.suggest = place in LONG, place in SUGGESTED
        made.items.append(line)
    made.on = single and len(speech.locales) > 1


def _fill_choice(made: Control, node: Node, value: Any, speech: Speech) -> None:
    chosen = "" if value is None else str(value)
    none = [Choice("", _("As the phone likes"), not chosen)] if node.nullable else []
    known = [str(each) for each in node.choices]
    strange = [] if chosen in (*known, "") else [Choice(chosen, chosen, True)]
    made.choices = none + [_choice(node, each, chosen) for each in known] + strange


def _choice(node: Node, value: str, chosen: str) -> Choice:
    return Choice(value, option_name(node.owner, node.name, value), value == chosen)


def _fill_ticks(made: Control, node: Node, value: Any, speech: Speech) -> None:
    found = [str(each) for each in value] if isinstance(value, list | tuple) else []
    made.choices = [
        Choice(str(each), option_name(node.owner, node.name, str(each)), str(each) in found)
        for each in node.choices
    ]


def _fill_keyed(made: Control, node: Node, value: Any, speech: Speech) -> None:
    found = value if isinstance(value, Mapping) else {}
    for key in [*node.choices, *(key for key in found if key not in node.choices)]:
        label = option_name(node.owner, node.name, key)
        made.items.append(Control("line", f"{made.name}/{key}", label, value=str(found.get(key) or "")))


def _fill_lines(made: Control, node: Node, value: Any, speech: Speech) -> None:
    found = value if isinstance(value, list | tuple) else []
    made.value, made.long = "\n".join(str(each) for each in found), True


def _fill_pairs(made: Control, node: Node, value: Any, speech: Speech) -> None:
    found = list(value.items()) if isinstance(value, Mapping) else []
    rows = [*found, *[("", "")] * SPARE_PAIRS]
    for index, (key, inner) in enumerate(rows):
        row = Control("pair", f"{made.name}/{index}", value=typed(inner), label=str(key))
        row.help = f"{made.name}/{key}"
        made.items.append(row)


def _fill_tick(made: Control, node: Node, value: Any, speech: Speech) -> None:
    made.on = value is True


def _fill_line(made: Control, node: Node, value: Any, speech: Speech) -> None:
    made.value = typed(value) if node.kind == "json" else "" if value is None else str(value)
    place = (node.owner, node.name)
    made.long, made.suggest = place in LONG or node.kind == "json", place in SUGGESTED


_FILLERS = {
    "group": _fill_group,
    "option": _fill_option,
    "list": _fill_list,
    "words": _fill_words,
    "keyed": _fill_keyed,
    "lines": _fill_lines,
    "choice": _fill_choice,
    "ticks": _fill_ticks,
    "pairs": _fill_pairs,
    "tick": _fill_tick,
}


def put_faults(controls: list[Control], faults: Mapping[str, str]) -> list[str]:
    """Write each fault at its input, or at the nearest one around it; answers those that belong to none."""
    places = {_place(each): each for each in _every(controls)}
    lost = []
    for pointer, words in faults.items():
        where = pointer
        while where and where not in places:
            where = where.rpartition("/")[0]
        if where in places:
            known = places[where].fault
            places[where].fault = f"{known} {words}".strip()
        else:
            lost.append(words)
    return lost


def _place(control: Control) -> str:
    return control.help if control.kind == "pair" else control.name


def _every(controls: list[Control]) -> Iterator[Control]:
    """All controls, outer before inner: of two with one name the inner one keeps it."""
    for each in controls:
        yield each
        yield from _every(each.items)
        yield from _every(each.deeper)


def faulty(control: Control) -> bool:
    """Whether a fault stands in it or anywhere inside."""
    return any(each.fault for each in _every([control]))
