"""The studio's form and a design, turned into one another; and faults in the reader's own language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.domain.design import Design, Palette, contrast
from app.domain.programme import Programme
from app.domain.text import in_locale
from app.i18n import gettext as _
from app.services import designs
from app.web.lint_words import spoken

COLOURS = ("background", "foreground", "label", "accent")
TEXTS = ("programme_name", "logo_text")
_PAIR = r"(?P<ink>#\w+) is hard to read on (?P<on>#\w+) \((?P<ratio>[\d.]+) to 1\)\."


def edited(design: Design, form: Mapping[str, str], programme: Programme) -> Design:
    """The design with what the form says about colours and texts; raises Invalid."""
    body: dict[str, Any] = design.model_dump(mode="json")
    for name in COLOURS:
        body["palette"][name] = form.get(f"palette_{name}", body["palette"][name]).strip().lower()
    for name in TEXTS:
        body[name] = {**body[name], **_words(form, name, programme)}
    if any(f"{name}_{locale}" in form for name in TEXTS for locale in programme.locales):
        body = {**body, **{name: {k: v for k, v in body[name].items() if k != "*"} for name in TEXTS}}
    return designs.parse(body)


def _words(form: Mapping[str, str], name: str, programme: Programme) -> dict[str, str]:
    found = {locale: form.get(f"{name}_{locale}") for locale in programme.locales}
    return {locale: text.strip()[:200] for locale, text in found.items() if text is not None}


def differs(one: Design, other: Design, programme: Programme) -> bool:
    """Whether anybody could see a difference; the same words, for one language or for all, are none."""
    plain = [each.model_dump(mode="json") | texts_of(each, programme) for each in (one, other)]
    return plain[0] != plain[1]


def texts_of(design: Design, programme: Programme) -> dict[str, dict[str, str]]:
    """What the form shows for each text and language."""
    return {
        name: {locale: in_locale(getattr(design, name), locale) for locale in programme.locales}
        for name in TEXTS
    }


def contrasts(palette: Palette) -> dict[str, float]:
    """How well each colour reads on the background (WCAG ratio, 1 to 21)."""
    return {name: round(contrast(getattr(palette, name), palette.background), 1) for name in COLOURS[1:]}


def faults_in(design: Design, programme: Programme) -> list[str]:
    """What should be mended before publishing, in words."""
    return [_spoken(fault) for fault in designs.lint_for(programme, design)]


def _spoken(fault: str) -> str:
    """The fault in this page's language; a new kind of fault is shown as the rules say it."""
    for pattern, words in _known():
        if found := re.fullmatch(pattern, fault):
            return words % found.groupdict()
    return spoken(fault)


def _known() -> tuple[tuple[str, str], ...]:
    return (
        (
            rf"The text colour {_PAIR}",
            _("The text colour %(ink)s is hard to read on %(on)s (%(ratio)s to 1; 3 is the least)."),
        ),
        (
            rf"The label colour {_PAIR}",
            _("The label colour %(ink)s is hard to read on %(on)s (%(ratio)s to 1; 3 is the least)."),
        ),
        (
            r"A store card has room for four secondary and auxiliary fields together\.",
            _("The row below the picture has room for four fields."),
        ),
        (
            r"The field '(?P<field>[^']+)' uses (?P<name>\{[^}]*\}), which no rule of this programme fills\.",
            _("The field “%(field)s” uses %(name)s, which no rule of this programme fills."),
        ),
    )


def picture_fault(message: str) -> str:
    """Why a picture was not taken, and what to do, in this page's language."""
    reasons = (
        (("empty", "missing"), _("Choose a picture first.")),
        (("bytes",), _("The file is larger than 8 MB. Save it smaller and try again.")),
        (
            ("pixels",),
            _("The picture has too many pixels. For a banner, 1125 × 432 is enough."),
        ),
        (("not a PNG",), _("This is not a PNG, JPEG or WebP picture.")),
    )
    damaged = _("The picture is damaged or not complete. Save it again as PNG or JPEG.")
    return next((words for signs, words in reasons if any(sign in message for sign in signs)), damaged)
