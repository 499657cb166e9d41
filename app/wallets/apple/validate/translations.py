"""pass.strings files: a wrong encoding or a forgotten key shows as empty or foreign words on the phone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.wallets.apple.strings import BadStrings, read_strings
from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.nearby import PERSONALIZATION
from app.wallets.apple.validate.strict_json import parse_object

_FILE = re.compile(r"^([^/]+)\.lproj/pass\.strings$")
_LOCALE = re.compile(r"^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{2,8})*$")


def check_translations(members: Mapping[str, bytes], card: Mapping[str, Any], faults: Faults) -> None:
    """Check each pass.strings on its own, against the others, and against pass.json."""
    keys: dict[str, set[str]] = {}
    for name, data in members.items():
        if match := _FILE.match(name):
            if not _LOCALE.match(match[1]):
                message = f"{match[1]!r} is no language."
                faults.add("locale-name", name, message, "Name the folder like en.lproj or zh-Hans.lproj.")
            found = _read(name, data, faults)
            if found is not None:
                keys[name] = found
    every = set().union(*keys.values())
    for name, present in keys.items():
        if missing := sorted(every - present):
            message = f"{len(missing)} keys of other languages are missing, {missing[0]!r} first."
            faults.add("strings-keys-differ", name, message, "Give every language the same keys.")
    asked = members.get(PERSONALIZATION, b"{}")
    shown = {*_texts(card), *_texts(parse_object(asked, PERSONALIZATION, Faults()))}
    for key in sorted(every - shown):
        message = f"pass.json shows {key!r} nowhere, so its translation is never used."
        faults.warn(
            "strings-unused", next(iter(keys)), message, "Use the text of pass.json, to the letter, as key."
        )


def _read(name: str, data: bytes, faults: Faults) -> set[str] | None:
    try:
        pairs = read_strings(data)
    except BadStrings as error:
        where = f"{name}:{error.line}" if error.line else name
        mend = 'Write UTF-16 with a byte order mark, and \\" for quotes.'
        faults.add("strings-unreadable", where, f"{error}.", mend)
        return None
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        faults.add("strings-key-twice", name, "A key comes twice.", "Keep one of them.")
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")) and not data.isascii():
        message = "UTF-8 with letters beyond ASCII shows as empty words on some phones."
        faults.warn("strings-utf8", name, message, "Write UTF-16 with a byte order mark.")
    return set(keys)


def _texts(value: Any) -> Iterator[str]:
    """Every text in pass.json; parsing has bounded the depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
