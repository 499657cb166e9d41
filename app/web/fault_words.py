"""Faults of a form in its reader's language: what the models say, known by its pattern.

Our models and the library behind them speak English. What no pattern knows is said in general words, with
the model's own behind them, so that nothing is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.i18n import gettext as _


def in_words(fault: str) -> str:
    """One fault as a sentence; several are separated by semicolons."""
    return " ".join(_one(each.strip()) for each in fault.split("; ") if each.strip())


def faults_in_words(faults: Mapping[str, str]) -> dict[str, str]:
    """The same for all faults of a form, by JSON pointer."""
    return {pointer: in_words(fault) for pointer, fault in faults.items()}


def _one(fault: str) -> str:
    for pattern, words in PATTERNS:
        if found := re.fullmatch(pattern, fault):
            return _(words) % found.groupdict()
    return _("This does not fit here: %(why)s.") % {"why": fault.rstrip(".")}


_COUNT = r"(?P<count>[\d.,_]+)"
PATTERNS: tuple[tuple[str, str], ...] = (
    (r"is required", "This is needed."),
    (r"String should have at least 1 character", "This is needed."),
    (rf"String should have at least {_COUNT} characters?", "At least %(count)s characters."),
    (rf"String should have at most {_COUNT} characters?", "At most %(count)s characters."),
    (rf"(a text may have )?(at most )?{_COUNT} characters( at most)?", "At most %(count)s characters."),
    (rf"too much: {_COUNT} characters at most", "At most %(count)s characters."),
    (r"should be greater than or equal to (?P<count>-?[\d.,_]+)", "Not less than %(count)s."),
    (r"should be less than or equal to (?P<count>-?[\d.,_]+)", "Not more than %(count)s."),
    (r"should be greater than (?P<count>-?[\d.,_]+)", "More than %(count)s."),
    (r"should be a valid (number|integer|string).*", "This should be a number."),
    (r"String should match pattern .*", "This is not written as it should be; see the example."),
    (
        rf"(Tuple|List) should have at least {_COUNT} items? after validation, not .*",
        "At least %(count)s of them.",
    ),
    (
        rf"(Tuple|List|Value) should have at most {_COUNT} items? after validation, not .*",
        "At most %(count)s of them.",
    ),
    (r"should be '.*", "Choose one of the list."),
    (r"is not known here", "This is not known here."),
    (r"a link starts with https://.*", "A link begins with https://, tel: or mailto:, or is page:."),
    (r"must begin with https://.*", "It begins with https:// and has no spaces."),
    (r"not an https address", "It begins with https:// and has no spaces."),
    (r"not an address with a scheme.*", "It begins with https:// or tel: and has no spaces."),
    (r"'programme' or an ISO 4217 code.*", "The word programme, or three capital letters such as EUR."),
    (r"not a date and time of ISO 8601.*", "A day and a time, such as 2026-12-31 20:00."),
    (r"should be a valid datetime.*", "A day and a time, such as 2026-12-31 20:00."),
    (r"a place needs place_identifier.*", "“Find us” needs Apple's place ID, every other button an address."),
    (r"minor counts within a major, which is missing", "Minor counts within a major, which is missing."),
    (r"give at, or starts_at and ends_at", "Fill in one moment, or a start and an end."),
    (r"it ends before it starts", "It ends before it starts."),
    (r"must end after it starts.*", "It must end after it starts, and within a year."),
    (r"lies in the past", "This lies in the past."),
    (r"must lie within a year", "It must lie within a year."),
    (r"a picture is fetched or shown again, not both", "A picture is fetched or shown again, not both."),
    (r"should be one of (?P<these>[^;]+)", "One of these: %(these)s."),
    (r"should be a number", "This should be a number."),
    (r"should be an object.*", "This should be an object: {…}."),
    (r"is not JSON.*", "This is not JSON."),
    (r"is empty( \(.*\))?", "This is needed."),
    (rf"may have {_COUNT} characters at most.*", "At most %(count)s characters."),
    (r"must be plain text.*", "Plain text alone: phones show < and > as they are."),
    (r"has a placeholder.*", "Nothing is filled into messages: leave out the curly brackets."),
    (r"holds control characters.*", "There are letters in it that nobody can see."),
    (r"'.*' is not a language tag.*", "This is not a language."),
    (r"there is no such picture; upload it first", "There is no such picture; upload it first."),
)
"""What the models say, and the English key of what we say."""
