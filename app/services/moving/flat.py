"""A row as columns of text, and back. `member.` and `card.` and `channel.` are left out of columns' names, so
that a spreadsheet of names and phones is a file already.

A cell that begins like a formula gets an apostrophe on the way out, and loses it on the way in: no
spreadsheet computes what a customer typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from app.services.inputs import MEMBER_KEYS, ChannelInput
from app.services.moving.rows import CardRow

_MEMBER = tuple(name for name in MEMBER_KEYS if name != "attributes")
_CARD = tuple(name for name in CardRow.model_fields if name != "values")
_CHANNEL = tuple(ChannelInput.model_fields)
_APPLE = ("apple.pass_type_identifier", "apple.authentication_token", "apple.devices")
_GOOGLE = tuple(
    f"google.{name}" for name in ("issuer_id", "object_id", "class_id", "kind", "saved", "saved_at")
)
FIXED = (*_MEMBER, *_CARD, *_CHANNEL, "channel.at", "spend_minor", "visits")
AFTER = ("attributes", "consents", "memberships", "codes", *_APPLE, *_GOOGLE, "links.page", "more")
"""Columns that every export has, around those that depend on what there is."""
DYNAMIC = ("attributes", "values", "balances", "rewards", "debts", "counts")
IGNORED = ("error", "row")
"""Columns of a file of rejected rows: it can be mended and sent again as it is."""
_WHOLE = ("balances", "rewards", "debts", "counts", "spend_minor", "visits")
_TRUTH = {"tier_invited", "google.saved"}
_YES = {"true", "yes", "y", "1", "да", "x"}
_NO = {"false", "no", "n", "0", "нет"}
_GUARDED = re.compile(r"^'*[=+\-@\t\r]")
_HOUSES = {
    **{name: ("member", name) for name in _MEMBER},
    **{name: ("card", name) for name in _CARD},
    **{name: ("channel", name) for name in _CHANNEL},
}
Path = tuple[str, ...]


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _GUARDED.match(text) else text


def unguarded(text: str) -> str:
    """The text that was guarded; any other stays as it is."""
    return text[1:] if text.startswith("'") and _GUARDED.match(text) else text


def named(heading: str) -> str:
    """A heading as a column's name: capitals matter in the names that a shop gave itself alone."""
    head, dot, rest = unguarded(heading.strip()).partition(".")
    known = f"{head}{dot}{rest}".lower()
    return known if path_of(known) and head.lower() not in DYNAMIC else f"{head.lower()}{dot}{rest}"


def path_of(column: str) -> Path | None:
    """Where a column's value belongs in the row; None for a column that there is not."""
    if column in _HOUSES:
        return _HOUSES[column]
    head, dot, rest = column.partition(".")
    if column in (*AFTER, "spend_minor", "visits", "channel.at", *IGNORED):
        return tuple(column.split("."))
    if head in DYNAMIC and dot and rest:
        house = {"attributes": ("member",), "values": ("card",)}.get(head, ())
        return (*house, head, rest)
    if head == "consents" and dot and rest:
        return ("consents", rest)
    if head == "links" and dot:
        return (head, rest)
    return None


def column_of(pointer: str) -> str:
    """A JSON pointer into a row as the column that it stands in, for whoever reads the file of faults."""
    parts = [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]
    if parts and parts[0] in ("member", "card", "channel") and len(parts) > 1:
        parts = parts[1:]
    return ".".join(parts)


def nested(cells: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The row that these cells say, and the faults of cells that cannot be read, by column. An empty cell
    says nothing.
    """
    made: dict[str, Any] = {}
    faults: dict[str, str] = {}
    said = dict(cells)
    more = said.pop("more", "")
    if more:
        try:
            said |= {str(name): str(value) for name, value in _object(more).items()}
        except ValueError as error:
            faults["more"] = str(error)
    for column, text in said.items():
        path = path_of(column)
        if column in IGNORED or path is None or path[0] == "links" or not text.strip():
            continue
        try:
            _put(made, path, _value(column, unguarded(text)))
        except ValueError as error:
            faults[column] = str(error)
    return made, faults


def _put(made: dict[str, Any], path: Path, value: Any) -> None:
    if path[0] == "consents" and len(path) == 2:
        made.setdefault("consents", []).append({"purpose": path[1], "granted": value})
        return
    if path == ("consents",):
        made.setdefault("consents", []).extend(value)
        return
    if path == ("attributes",):
        path = ("member", "attributes")
    where = made
    for name in path[:-1]:
        where = where.setdefault(name, {})
    if isinstance(value, dict) and isinstance(where.get(path[-1]), dict):
        where[path[-1]] |= value
    else:
        where[path[-1]] = value


def _value(column: str, text: str) -> Any:
    head = column.partition(".")[0]
    for applies, read in _READ:
        if applies(column, head):
            return read(text.strip())
    return text


def _whole(text: str) -> Any:
    if text.startswith("["):
        return _list(text)
    plain = text.replace("\u00a0", "").replace("\u202f", "")
    if not re.fullmatch(r"-?[0-9]{1,18}", plain):
        raise ValueError("is no whole number such as 120 (money counts in minor units: 12.50 is 1250)")
    return int(plain)


def _truth(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError("is neither yes nor no")


def _list(text: str) -> list[Any]:
    found = _json(text)
    if not isinstance(found, list):
        raise ValueError("is no JSON list")
    return found


def _object(text: str) -> dict[str, Any]:
    found = _json(text)
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")
    return found


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("is not JSON") from None


_READ: tuple[tuple[Callable[[str, str], bool], Callable[[str], Any]], ...] = (
    (lambda column, head: head in _WHOLE, _whole),
    (lambda column, head: column in _TRUTH, _truth),
    (lambda column, head: head == "consents" and column != head, _truth),
    (lambda column, head: column in ("consents", "memberships", "codes", "apple.devices"), _list),
    (lambda column, head: column == "attributes", _object),
)


def cells(row: Mapping[str, Any]) -> dict[str, str]:
    """The row (plain JSON values) as text by column, formulas guarded."""
    return {column: guarded(_text(value)) for column, value in _leaves(row)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _leaves(row: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for head, value in row.items():
        if head in ("member", "card"):
            yield from _own(value)
        elif head == "channel":
            yield from ((("channel.at" if name == "at" else name), each) for name, each in value.items())
        elif isinstance(value, Mapping):
            yield from ((f"{head}.{name}", each) for name, each in value.items())
        else:
            yield head, value


def _own(part: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """A member's or a card's; attributes that are no text keep their type in a column of their own."""
    for name, value in part.items():
        if name == "values":
            yield from ((f"values.{key}", each) for key, each in value.items())
        elif name == "attributes":
            yield from ((f"attributes.{key}", each) for key, each in value.items() if _is_text(each))
            if typed := {key: each for key, each in value.items() if not _is_text(each)}:
                yield "attributes", typed
        else:
            yield name, value


def _is_text(value: Any) -> bool:
    """Whether a cell can say it: an empty one, or blanks around it, would be read as something else."""
    return isinstance(value, str) and value != "" and value == value.strip()


def line(columns: Sequence[str], said: Mapping[str, str]) -> list[str]:
    """Cells in the order of the columns; what has no column stands in `more`."""
    known = set(columns)
    rest = {name: unguarded(text) for name, text in said.items() if name not in known}
    whole = {**said, "more": orjson.dumps(rest).decode()} if rest else said
    return [whole.get(column, "") for column in columns]
