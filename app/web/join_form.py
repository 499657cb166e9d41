"""The enrolment form as a page: questions with the right keyboards, answers, and faults in words.

The domain's faults are sentences for programmers; a customer is told here, in their own language, what to
type.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from markupsafe import Markup, escape

from app.domain.programme import Consent, Programme
from app.i18n import gettext as _
from app.i18n import local
from app.services.contacts import region_for

_LINK = re.compile(r"\[([^\]]{1,200})\]\((https://[^\s)]{1,500})\)")
_ATTRIBUTES: dict[str, dict[str, str]] = {
    "given_name": {
        "type": "text",
        "autocomplete": "given-name",
        "autocapitalize": "words",
        "maxlength": "120",
    },
    "family_name": {
        "type": "text",
        "autocomplete": "family-name",
        "autocapitalize": "words",
        "maxlength": "120",
    },
    "phone": {"type": "tel", "inputmode": "tel", "autocomplete": "tel", "maxlength": "40"},
    "email": {
        "type": "email",
        "inputmode": "email",
        "autocomplete": "email",
        "autocapitalize": "none",
        "spellcheck": "false",
        "maxlength": "254",
    },
    "birthday": {"type": "date", "autocomplete": "bday"},
    "city": {"type": "text", "autocomplete": "address-level2", "autocapitalize": "words", "maxlength": "120"},
}


@dataclass(frozen=True, slots=True)
class Question:
    """One field of the form, ready to be written down."""

    name: str
    label: str
    hint: str
    required: bool
    attributes: Mapping[str, str]
    value: str
    error: str
    first_error: bool

    @property
    def described_by(self) -> str:
        """The ids of what is written below the field, the fault first."""
        parts = (f"e-{self.name}" if self.error else "", f"h-{self.name}" if self.hint else "")
        return " ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class ConsentBox:
    """One permission; `digest` is the SHA-256 of the words that stand beside the box."""

    purpose: str
    words: Markup
    digest: str
    required: bool
    checked: bool
    error: str
    first_error: bool


@dataclass(frozen=True, slots=True)
class Form:
    """The whole form; `error` is what belongs to no single field."""

    questions: tuple[Question, ...]
    consents: tuple[ConsentBox, ...]
    error: str = ""


def form_of(programme: Programme, typed: Mapping[str, str], faults: Mapping[str, str]) -> Form:
    """The form with what was typed, and each fault at its field; the first of them takes the focus."""
    known = [f"/member/{each.name}" for each in programme.enrolment.fields]
    known += [f"/consents/{each.purpose}" for each in programme.enrolment.consents]
    first = next((where for where in known if where in faults), "")
    questions = tuple(
        _question(programme, each.name, each.required, typed, faults.get(f"/member/{each.name}", ""), first)
        for each in programme.enrolment.fields
    )
    boxes = tuple(
        _box(each, typed, faults.get(f"/consents/{each.purpose}", ""), first)
        for each in programme.enrolment.consents
    )
    rest = [_general(where) for where in faults if where not in known]
    return Form(questions, boxes, rest[0] if rest and not first else "")  # one thing at a time


def _question(
    programme: Programme, name: str, required: bool, typed: Mapping[str, str], fault: str, first: str
) -> Question:
    label, missing, wrong = _words_of(name, _example_phone(programme))
    error = (missing if fault == "is required" else wrong) if fault else ""
    hint = _("For example %(number)s", number=_example_phone(programme)) if name == "phone" else ""
    value = typed.get(name, "")[:300]
    return Question(name, label, hint, required, _ATTRIBUTES[name], value, error, first == f"/member/{name}")


def _words_of(name: str, phone: str) -> tuple[str, str, str]:
    """Label, what to say when it is missing, what to say when it is wrong."""
    longer = _("Shorten this to 120 characters.")
    known = {
        "given_name": (_("First name"), _("Tell us what to call you."), longer),
        "family_name": (_("Last name"), _("Enter your last name."), longer),
        "phone": (
            _("Phone"),
            _("Enter your phone number: it finds your card when your phone is not at hand."),
            _(
                "This is not a phone number. Write it with the country code, for example %(number)s.",
                number=phone,
            ),
        ),
        "email": (
            _("E-mail"),
            _("Enter your e-mail address."),
            _("This is not an e-mail address. It looks like anna@example.com."),
        ),
        "birthday": (
            _("Birthday"),
            _("Enter your birthday."),
            _("This is not a date of birth. Enter day, month and year."),
        ),
        "city": (_("City"), _("Enter your city."), longer),
    }
    return known[name]


@lru_cache(maxsize=64)
def _example(region: str) -> str:
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None, "the region was looked up"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace(
        " ", "\u00a0"
    )


def _example_phone(programme: Programme) -> str:
    region = region_for(programme.time_zone, programme.locales) or "LV"
    return _example(region if region in phonenumbers.SUPPORTED_REGIONS else "LV")


def _general(where: str) -> str:
    if where == "/member":
        return _("Enter a phone number or an e-mail address, so that your card can be found again.")
    return _("Something in the form could not be understood. Check it and try again.")


def _box(consent: Consent, typed: Mapping[str, str], fault: str, first: str) -> ConsentBox:
    error = ""
    if fault:
        changed = fault == CHANGED
        error = (
            _("These words have changed since you opened the page. Read them again and decide.")
            if changed
            else ""
        )
        error = error or _("Without this permission we cannot keep a card for you.")
    text = local(consent.text)
    checked = bool(typed.get(f"consent-{consent.purpose}")) and fault != CHANGED
    where = f"/consents/{consent.purpose}"
    return ConsentBox(
        consent.purpose, with_link(text), digest(text), consent.required, checked, error, first == where
    )


CHANGED = "has changed"


def digest(text: str) -> str:
    """The SHA-256 (hex) of the words that were agreed to."""
    return hashlib.sha256(text.encode()).hexdigest()


def with_link(text: str) -> Markup:
    """The words with their one `[link](https://…)` made a link; everything else stays text."""
    found = _LINK.search(text)
    if not found:
        return escape(text)
    link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(found[2], found[1])
    return escape(text[: found.start()]) + link + escape(text[found.end() :])


def consents_given(
    programme: Programme, typed: Mapping[str, str]
) -> tuple[list[dict[str, object]], dict[str, str]]:
    """The ticked permissions with the hash of their words, and faults where the words are not those that
    were read.
    """
    given: list[dict[str, object]] = []
    faults: dict[str, str] = {}
    for each in programme.enrolment.consents:
        if not typed.get(f"consent-{each.purpose}"):
            continue
        words = digest(local(each.text))
        if typed.get(f"words-{each.purpose}", words) != words:
            faults[f"/consents/{each.purpose}"] = CHANGED
        given.append({"purpose": each.purpose, "granted": True, "text_sha256": words})
    return given, faults
