"""What the shop may say on the back of a card: one message, judged before it goes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from app.domain.text import LocalText, TextInput
from app.domain.values import Frozen

MOST_HEADER, MOST_BODY = 60, 500
SHORT_HEADER = 35
"""Longer ones are cut on narrow phones (Google's advice for headers)."""
USUALLY = timedelta(days=30)
LONGEST = timedelta(days=366)
_MARKUP = re.compile(r"<[a-zA-Z/!]")
_PLACEHOLDER = re.compile(r"\{[a-z0-9_.]+\}")
_SECRET = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class MessageInput(Frozen):
    """A message as somebody writes it: shown from `starts_at` (now) to `ends_at` (30 days later)."""

    header: TextInput
    body: TextInput
    purpose: Literal["service", "news"] = "service"
    loud: bool = False
    starts_at: AwareDatetime | None = Field(default=None, examples=["2026-03-02T09:00:00Z"])
    ends_at: AwareDatetime | None = Field(default=None, examples=["2026-04-01T09:00:00Z"])

    @field_validator("header")
    @classmethod
    def _header_fits(cls, value: LocalText) -> LocalText:
        return _sound(value, MOST_HEADER)

    @field_validator("body")
    @classmethod
    def _body_fits(cls, value: LocalText) -> LocalText:
        return _sound(value, MOST_BODY)

    @field_validator("starts_at", "ends_at")
    @classmethod
    def _is_believable(cls, value: datetime | None) -> datetime | None:
        if value is not None and not 2000 <= value.year <= 2200:
            raise ValueError("lies before the year 2000 or after 2200")
        return value

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.starts_at and self.ends_at and not self.starts_at < self.ends_at <= self.starts_at + LONGEST:
            raise ValueError("must end after it starts, and within a year")
        return self

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """When it starts and ends, for one that is posted `now`; a start that has passed is now."""
        start = max(self.starts_at or now, now)
        return start, self.ends_at or start + USUALLY


def _sound(text: LocalText, most: int) -> LocalText:
    """Words in every language that is named, plain and not too long; raises ValueError."""
    stripped = {locale: words.strip() for locale, words in text.items()}
    for locale, words in stripped.items():
        where = "" if locale == "*" else f" ({locale})"
        if not words:
            raise ValueError(f"is empty{where}")
        if len(words) > most:
            raise ValueError(f"may have {most} characters at most{where}")
        if _SECRET.search(words):
            raise ValueError(f"holds control characters{where}")
        if _MARKUP.search(words):
            raise ValueError(f"must be plain text: phones show marks as they are{where}")
        if _PLACEHOLDER.search(words):
            raise ValueError(f"has a placeholder, and nothing is filled into messages{where}")
    if not stripped:
        raise ValueError("is empty")
    return stripped


ADVICE: Mapping[str, str] = {
    "header-long": "The header is longer than 35 characters: narrow phones cut it.",
    "language-missing": "A language of the programme has no words of its own; it shows another language.",
    "shouting": "Words in capitals and several exclamation marks look like spam to people and to Google.",
    "insecure-link": "A link begins with http://: use https://.",
    "news-silent": "News are silent on iPhones whatever you choose: Apple allows no advertising there.",
    "news-permission": "News reach only members who agreed to them.",
}
"""What a marketer should think of, by code; English, and the keys of their translations."""


def advise(message: MessageInput, locales: Sequence[str]) -> tuple[str, ...]:
    """Codes of ADVICE that fit this message, for a programme in these languages."""
    words = [*message.header.values(), *message.body.values()]
    found = {
        "header-long": any(len(text) > SHORT_HEADER for text in message.header.values()),
        "language-missing": _lacks(message.header, locales) or _lacks(message.body, locales),
        "shouting": any(_shouts(text) for text in words),
        "insecure-link": any("http://" in text.lower() for text in words),
        "news-silent": message.purpose == "news" and message.loud,
        "news-permission": message.purpose == "news",
    }
    return tuple(code for code, true in found.items() if true)


def _lacks(text: LocalText, locales: Iterable[str]) -> bool:
    return "*" not in text and any(one not in text and one.split("-")[0] not in text for one in locales)


def _shouts(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    loud = sum(char.isupper() for char in letters)
    return "!!" in text or (len(letters) >= 12 and loud * 10 > len(letters) * 7)
