"""Apple's `.strings` files: the translations that a card carries for each language of the phone."""

import codecs
import re

_ENTRY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=\s*"((?:[^"\\]|\\.)*)"\s*;', re.DOTALL)
_SKIP = re.compile(r"(?:\s+|/\*.*?\*/|//[^\n]*)+", re.DOTALL)
_ESCAPE = re.compile(r"\\(U[0-9a-fA-F]{4}|.)", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


class StringsUnreadable(ValueError):
    """The file would show empty or wrong words on a phone."""


def parse_strings(raw: bytes) -> dict[str, str]:
    """Read a .strings file, UTF-16 with a byte order mark or UTF-8. Raises StringsUnreadable."""
    text, at, found = _decode(raw), 0, {}
    while at < len(text):
        if skipped := _SKIP.match(text, at):
            at = skipped.end()
            continue
        entry = _ENTRY.match(text, at)
        if entry is None:
            raise StringsUnreadable(f"cannot be read from {text[at : at + 30]!r} on")
        found[_unescape(entry[1])] = _unescape(entry[2])
        at = entry.end()
    return found


def _decode(raw: bytes) -> str:
    marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as fault:
        raise StringsUnreadable("neither UTF-8 nor UTF-16 with a byte order mark") from fault


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_unescape_one, text)


def _unescape_one(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return _NAMED.get(code, code)
