"""The texts of an imported pass: each in all languages that its pass.strings files speak."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.text import ANY
from app.rendering.pass_words import Words
from app.wallets.apple.strings import BadStrings, read_strings

LONGEST = 2000
MOST_LOCALES = 30
_FILE = re.compile(r"([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\.lproj/pass\.strings")
_MOST_BYTES = 2 << 20
_UNSEEN = "\u200b"
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Sayings:
    """Locale (`en`, `zh-Hans`) to the translations of that language."""

    translations: Mapping[str, Mapping[str, str]]

    def say(self, text: Any) -> dict[str, str]:
        """The text in every language; alike in all is said once, and nothing is nothing."""
        if not isinstance(text, str) or not text.strip(_UNSEEN + " "):
            return {}
        words = {locale: _clean(known.get(text, text)) for locale, known in self.translations.items()}
        return _once(words) or {ANY: _clean(text)}

    def shown(self, field: Mapping[str, Any]) -> dict[str, str]:
        """The value of a field as each language writes it: numbers, money and dates become words."""
        words = {}
        for locale in self.translations or {"en": {}}:
            (found,) = Words({}, locale).fields({"group": [field]}, "group")
            words[locale] = _clean(found.value)
        return _once(words)


def sayings_of(card: Mapping[str, Any], members: Mapping[str, bytes]) -> Sayings:
    """What the pass.strings files of these members say; one that cannot be read says nothing."""
    found: dict[str, Mapping[str, str]] = {}
    for name, data in sorted(members.items()):
        match = _FILE.fullmatch(name)
        if match and len(data) <= _MOST_BYTES and len(found) < MOST_LOCALES:
            try:
                found[_locale(match[1])] = dict(read_strings(data))
            except BadStrings:
                continue
    return Sayings(found)


def _locale(folder: str) -> str:
    language, *rest = folder.replace("_", "-").split("-")
    return "-".join((language.lower(), *rest))


def _once(words: Mapping[str, str]) -> dict[str, str]:
    kept = {locale: said for locale, said in words.items() if said}
    if kept and len(set(words.values())) == 1:
        return {ANY: next(iter(kept.values()))}
    return kept


def _clean(text: str) -> str:
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace(_UNSEEN, "")).strip()[:LONGEST]
