"""Is Google's interface still the one that we were built against?

Google changes its schema without a new version number. What we send is judged by the copy that ships with
us, so a field that went, changed its type or became required would be found out by customers. Once a day the
published description is compared with that copy: what touches fields that we use is said, the rest counted.

Vendor page: walletobjects.googleapis.com/$discovery/rest?version=v1 (last checked 2026-08).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import requests
from sqlalchemy.orm import Session, sessionmaker

from app.domain.google_look import KINDS
from app.services import rounds
from app.services.causes import fine, found
from app.services.ports import Finding
from app.wallets.google.kinds.base import managed, schema_of
from app.wallets.google.schema import vendor_schema

Json = dict[str, Any]
NAME = "google:drift"
EVERY = timedelta(days=1)
MOST_BYTES = 5_000_000
TIMEOUT_S = (5.0, 20.0)
MOST_NAMED = 40
_BESIDES = ("id", "classId", "state", "reviewStatus", "messages", "notifyPreference", "hasUsers")
_VERBS = ("get", "insert", "list", "patch", "update", "addmessage")


class Unreadable(Exception):
    """The description could not be fetched or makes no sense."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What is otherwise in Google's description than in our copy. `touching` names what we use, `others`
    counts the rest.
    """

    ours: str
    theirs: str
    touching: tuple[str, ...] = ()
    others: int = 0


def compare(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Drift:
    """Our copy and Google's description, field by field. Raises Unreadable."""
    schemas = theirs.get("schemas")
    if not isinstance(schemas, dict) or not schemas:
        raise Unreadable("there are no schemas in it")
    used = used_fields()
    touching = [f"{path}: {what}" for path, what in _changes(ours["schemas"], schemas) if path in used]
    others = sum(1 for path, _ in _changes(ours["schemas"], schemas) if path not in used)
    touching += _methods(ours["methods"], _flat(theirs))
    named = tuple(sorted(touching)[:MOST_NAMED])
    return Drift(str(ours["revision"]), str(theirs.get("revision", "")), named, others)


@cache
def used_fields() -> frozenset[str]:
    """`Schema.field` of all that we may send or read, and of everything inside."""
    schemas = vendor_schema()["schemas"]
    found_here: set[str] = set()
    waiting = [(schema_of(kind, what), what, kind) for kind in KINDS for what in ("Class", "Object")]
    parts: set[str] = set()
    for name, what, kind in waiting:
        fields = {*managed(kind, what), *_BESIDES} & set(schemas[name]["properties"])
        found_here |= {f"{name}.{key}" for key in fields}
        parts |= {ref for key in fields for ref in _refs(schemas[name]["properties"][key])}
    tops = {name for name, _, _ in waiting}
    return frozenset(found_here | set(_inside(schemas, parts - tops, tops)))


def _inside(schemas: Mapping[str, Json], parts: set[str], left_out: set[str]) -> Iterator[str]:
    done: set[str] = set()
    while todo := parts - done - left_out:
        for name in todo:
            for key, spec in schemas[name].get("properties", {}).items():
                yield f"{name}.{key}"
                parts = parts | set(_refs(spec))
        done |= todo


def _refs(spec: Mapping[str, Any]) -> Iterable[str]:
    return [ref for ref in (spec.get("$ref"), spec.get("items", {}).get("$ref")) if ref]


def _changes(ours: Mapping[str, Json], theirs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in sorted({*ours, *theirs}):
        mine = ours.get(name, {}).get("properties", {})
        found_there = _part(_part(theirs, name), "properties")
        for key in sorted({*mine, *found_there}):
            for what in _field(mine.get(key), found_there.get(key)):
                yield f"{name}.{key}", what


def _field(mine: Json | None, other: Any) -> Iterator[str]:
    if not isinstance(other, dict):
        yield "is gone"
        return
    if mine is None:
        yield "is new"
        return
    for part in ("type", "format", "$ref"):
        if mine.get(part) != other.get(part):
            yield f"{part} was {mine.get(part)}, is {other.get(part)}"
    held, items = _part(other, "items"), mine.get("items", {})
    if any(items.get(part) != held.get(part) for part in ("type", "$ref")):
        yield "holds other things"
    listed = other.get("enum")
    if lost := [word for word in mine.get("enum", ()) if not isinstance(listed, list) or word not in listed]:
        yield f"no longer takes {', '.join(sorted(lost))}"
    if other.get("deprecated") and not mine.get("deprecated"):
        yield "is deprecated"
    if _required(other) and not mine.get("required"):
        yield "is required"


def _part(whole: Any, name: str) -> Json:
    """A part of what somebody else wrote; empty where it is none."""
    found_here = whole.get(name) if isinstance(whole, dict) else None
    return found_here if isinstance(found_here, dict) else {}


def _required(spec: Json) -> bool:
    """Google says so in words alone."""
    return str(spec.get("description", "")).startswith("Required.")


def _flat(theirs: Mapping[str, Any]) -> dict[str, str]:
    """Method id -> `VERB path`."""
    found_here: dict[str, str] = {}
    waiting: list[Any] = [theirs]
    while waiting:
        part = waiting.pop()
        for each in _part(part, "methods").values():
            if isinstance(each, dict):
                found_here[str(each.get("id"))] = f"{each.get('httpMethod')} {each.get('path')}"
        waiting += list(_part(part, "resources").values())
    return found_here


def _methods(ours: Mapping[str, Json], theirs: Mapping[str, str]) -> Iterator[str]:
    resources = [schema_of(kind, what).lower() for kind in KINDS for what in ("Class", "Object")]
    wanted = [f"walletobjects.{one}.{verb}" for one in resources for verb in _VERBS]
    for name in (*wanted, "walletobjects.jwt.validate"):
        if name not in ours:
            continue
        mine = f"{ours[name]['httpMethod']} {ours[name]['path']}"
        if theirs.get(name) != mine:
            yield f"{name}: was {mine}, is {theirs.get(name, 'gone')}"


def fetch(url: str) -> Json:
    """Google's description as it is now; raises Unreadable."""
    try:
        with requests.get(url, timeout=TIMEOUT_S, stream=True, allow_redirects=False) as reply:
            if reply.status_code != 200:
                raise Unreadable(f"HTTP {reply.status_code}")
            body = reply.raw.read(MOST_BYTES + 1, decode_content=True)
        if len(body) > MOST_BYTES:
            raise Unreadable("it is far too large")
        read = json.loads(body)
    except (requests.RequestException, OSError) as error:
        raise Unreadable(type(error).__name__) from error
    except (ValueError, RecursionError) as error:
        raise Unreadable("it is not JSON") from error
    if not isinstance(read, dict):
        raise Unreadable("it is not an object")
    return read


@dataclass(frozen=True)
class Watch:
    """Looks once a day, from one machine; an empty `url` never looks."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    url: str
    fetch: Callable[[str], Json] = fetch

    def step(self, now: datetime) -> bool:
        """Look, if it is due; never more than one step."""
        if not self.url:
            return False
        turn = rounds.take(self.db, self.read, NAME, now, first=rounds.next_night(now, self.url, hour=4))
        if turn is None:
            return False
        try:
            seen: Json = {**asdict(self.look()), "at": now.isoformat()}
        except Unreadable as error:
            seen = {**turn.result, "error": str(error), "error_at": now.isoformat()}
        rounds.keep(self.db, turn, seen, next_at=now + EVERY, last_at=now)
        return False

    def look(self) -> Drift:
        """Compare now; raises Unreadable."""
        return compare(vendor_schema(), self.fetch(self.url))


def findings(session: Session) -> list[Finding]:
    """What the last look found; nothing before the first."""
    seen = rounds.result_of(session, NAME)
    if "theirs" not in seen:
        return []
    if named := seen.get("touching"):
        facts = {"ours": seen["ours"], "theirs": seen["theirs"], "count": len(named)}
        return [found("google-schema-changed", names="; ".join(named)[:600], **facts)]
    return [fine("google-schema", theirs=seen["theirs"], others=seen.get("others", 0))]
