"""Faults of rules and advice about them, in the language of the page.

The rules speak English; a sentence is known by its pattern, which is made of the very words that are
translated. What no pattern knows is shown as the rules say it, with a sentence around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.domain.rulecheck import SENTENCES
from app.i18n import gettext as _
from app.i18n import language
from app.web.words_rules import FAULTS


def spoken(faults: Mapping[str, str]) -> dict[str, str]:
    """Those that are known here, by JSON pointer."""
    said = {pointer: _one(words) for pointer, words in faults.items()}
    return {pointer: words for pointer, words in said.items() if words}


def _one(words: str) -> str:
    for sentence in (*SENTENCES, *FAULTS):
        if found := _pattern(sentence).fullmatch(words):
            said = _(sentence) % found.groupdict() if "%" in sentence else _(sentence)
            return said[:1].upper() + said[1:]
    return words[:1].upper() + words[1:] if language() == "en" and words[:1].isupper() else ""


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", sentence)
    made = [
        re.escape(part.replace("%%", "%")) if n % 2 == 0 else f"(?P<{part}>.+)"
        for n, part in enumerate(parts)
    ]
    return re.compile("".join(made))
