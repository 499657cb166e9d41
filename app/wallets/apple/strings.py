"""Apple's pass.strings: a pass in several languages is one text in pass.json and its translations looked
up by that text.

Two traps live in the looking-up. Equal words with different translations ("Card" as a label and as a
customer's name) would share one entry, so the later one gets an invisible mark. And other people's tools
disagree on encodings: UTF-16 with a byte order mark is the one that all of them read. Follows Apple's
"Creating the source for a pass" (last checked 2026-07).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.domain.text import LocalText, in_locale

_UNSEEN = "\u200b"
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class Wording:
    """The words of one pass: what pass.json says, and what each language says for it."""

    def __init__(self, locales: tuple[str, ...], base: str) -> None:
        self._locales = locales
        self._base = base
        self._translations: dict[str, tuple[str, ...]] = {}

    def say(self, text: LocalText | str) -> str:
        """The words to write into pass.json for this text; empty stays empty."""
        if isinstance(text, str):
            words = clean(text)
            translations = (words,) * len(self._locales)
        else:
            words = clean(in_locale(text, self._base))
            translations = tuple(clean(in_locale(text, locale, self._base)) for locale in self._locales)
        if not words.strip():
            if not any(each.strip() for each in translations):
                return ""
            words = _UNSEEN  # an empty text cannot be looked up
        while self._translations.setdefault(words, translations) != translations:
            words += _UNSEEN
        return words

    def files(self) -> dict[str, bytes]:
        """Language to pass.strings; the same keys in all, and no files where all languages say the same."""
        differing = {
            key: each for key, each in self._translations.items() if any(said != key for said in each)
        }
        if not differing:
            return {}
        return {
            locale: write_strings({key: each[place] for key, each in differing.items()})
            for place, locale in enumerate(self._locales)
        }


def clean(text: str) -> str:
    """The text without control characters and half surrogates, which neither JSON nor a phone can take."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n"))


def write_strings(words: Mapping[str, str]) -> bytes:
    """A pass.strings file of these pairs."""
    pairs = (f'"{key.translate(_ESCAPES)}" = "{said.translate(_ESCAPES)}";\n' for key, said in words.items())
    return "".join(pairs).encode("utf-16")


class BadStrings(ValueError):
    """A pass.strings file that a phone cannot read; `where` is the line."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


_PAIR = re.compile(r'"((?:[^"\\]|\\.)*+)"\s*=\s*"((?:[^"\\]|\\.)*+)"\s*;', re.DOTALL)
_BETWEEN = re.compile(r"(?:\s++|/\*.*?\*/|//[^\n]*+)++", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:[Uu]([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


def read_strings(data: bytes) -> list[tuple[str, str]]:
    """The pairs of a pass.strings file in its order, repeated keys included; raises BadStrings."""
    text, at, found = decode_strings(data), 0, []
    while at < len(text):
        if between := _BETWEEN.match(text, at):
            at = between.end()
        elif pair := _PAIR.match(text, at):
            found.append((_unescape(pair[1]), _unescape(pair[2])))
            at = pair.end()
        else:
            raise BadStrings('a line that is not "key" = "words";', text.count("\n", 0, at) + 1)
    return found


def decode_strings(data: bytes) -> str:
    """The text of a file in UTF-16 with a byte order mark, or in UTF-8; raises BadStrings."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        raise BadStrings("neither UTF-16 with a byte order mark nor UTF-8") from None
    if "\0" in text:
        raise BadStrings("UTF-16 without a byte order mark")
    return text


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _NAMED.get(m[2], m[2]), text)
