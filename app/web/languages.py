"""The way to the same page in another language; what says where the visitor came from goes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from babel import Locale, UnknownLocaleError
from flask import request

from app.i18n import locale, told
from app.services.enrolment import UTM

_KEPT = (*UTM, "l", "next", "mailed")


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One language of a page; `now` is the one that is being read."""

    code: str
    short: str
    name: str
    address: str
    now: bool


def other_languages(offered: Sequence[str]) -> list[LanguageLink]:
    """The languages of this page, each with its address."""
    kept = {key: told(key) for key in _KEPT if told(key)}
    return [
        LanguageLink(
            code=code,
            short=code.split("-")[0].upper() if _alone(code, offered) else code,
            name=_name(code),
            address=f"{request.path}?{urlencode({**kept, 'lang': code})}",
            now=code == locale(),
        )
        for code in offered
    ]


def _alone(code: str, offered: Sequence[str]) -> bool:
    spoken = code.split("-")[0]
    return sum(each.split("-")[0] == spoken for each in offered) == 1


def _name(code: str) -> str:
    """The language's name as its own speakers write it."""
    try:
        name = Locale.parse(code, sep="-").get_display_name()
    except (UnknownLocaleError, ValueError):
        name = None
    return name[:1].upper() + name[1:] if name else code
