"""Marks a test as the one that provokes a known cause, and checks that the cause is then told in both
languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from typing import Any

from babel.messages.pofile import read_po

from app.resources import folder
from app.services.causes import CAUSES, words
from app.services.ports import Finding

PROVOKED: dict[str, str] = {}
"""Code to the name of its test; filled while the tests are read."""
Test = Callable[..., Iterable[Finding]]


def provokes(*codes: str) -> Callable[[Test], Callable[..., None]]:
    """The test returns the findings that there are after it made trouble; these codes must be among them."""

    def mark(test: Test) -> Callable[..., None]:
        PROVOKED.update(dict.fromkeys(codes, f"{test.__module__}.{test.__name__}"))

        @wraps(test)
        def checked(*args: Any, **kwargs: Any) -> None:
            found = list(test(*args, **kwargs))
            for code in codes:
                assert code in troubles(found), f"{code} is not among {sorted(troubles(found))}"
            for finding in found:
                assert_in_both_languages(finding)

        checked.__annotations__["return"] = None
        return checked

    return mark


def troubles(found: Iterable[Finding]) -> set[str]:
    """The codes of what is wrong."""
    return {each.code for each in found if each.level != "ok"}


def assert_in_both_languages(finding: Finding) -> None:
    """Every finding is in the register, with a mend where something is wrong, in English and in Russian."""
    assert finding.code in CAUSES, finding
    russian = words(finding, lambda text: russian_words()[text], "ru")
    english = words(finding, lambda text: text, "en")
    assert (finding.message, finding.mend) == english
    assert "%(" not in "".join((*english, *russian))
    if finding.level != "ok":
        assert all(english)
        assert all(russian)


@cache
def russian_words() -> Mapping[str, str]:
    made: dict[str, str] = {}
    for path in sorted((folder("translations") / "ru").glob("*.po")):
        with path.open("rb") as file:
            made.update({one.id: one.string for one in read_po(file, locale="ru") if isinstance(one.id, str)})
    return made
