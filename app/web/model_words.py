"""What the inputs of `model_form` are called, in the page's language."""

from __future__ import annotations

from app.i18n import gettext as _
from app.web.words_apple import WORDS as APPLE
from app.web.words_choices import CHOICES
from app.web.words_design import WORDS as DESIGN
from app.web.words_google import WORDS as GOOGLE
from app.web.words_rules import CHOICES as RULE_CHOICES
from app.web.words_rules import ESSENTIAL as RULE_ESSENTIAL
from app.web.words_rules import WORDS as RULES

WORDS = {**RULES, **DESIGN, **APPLE, **GOOGLE}
ESSENTIAL = {
    "FieldSpec": ("label", "value", "change_message"),
    "LinkSpec": ("label", "url"),
    "TierLook": ("name", "palette"),
    "TextPart": ("header", "body"),
    "LinkPart": ("words", "url"),
    "PicturePart": ("picture",),
    "Offer": ("header", "body", "url", "starts_at", "ends_at"),
    "Upcoming": ("identifier", "name", "date", "active"),
    "FeaturedAction": ("kind", "url"),
    **RULE_ESSENTIAL,
}
"""What most people need of a model, in this order; the rest of it is folded away."""
LONG = {
    ("FieldSpec", "value"),
    ("UpcomingField", "value"),
    ("Personalisation", "description"),
    ("Personalisation", "terms"),
    ("TextPart", "body"),
    ("Offer", "body"),
    ("OfferFace", "details"),
    ("OfferFace", "fine_print"),
}
"""Texts of several lines."""
SINGLE = {("FieldSpec", "value"), ("UpcomingField", "value")}
"""Texts that begin as one for every language: most often a placeholder."""
SUGGESTED = {
    ("FieldSpec", "value"),
    ("FieldSpec", "link"),
    ("BarcodeSpec", "value"),
    ("Nfc", "message"),
    ("SmartTap", "value"),
    ("Figure", "value"),
    ("TextPart", "body"),
    ("GoogleLook", "number"),
    ("GoogleLook", "holder"),
}
"""Where placeholders are offered."""


def named(owner: str, name: str) -> tuple[str, str]:
    """Label and help of an input; what has no words yet is called by its name."""
    found = WORDS.get(f"{owner}.{name}") or WORDS.get(f"*.{name}")
    if found is None:
        return name.replace("_", " ").capitalize(), ""
    label, help = found
    return _(label), _(help) if help else ""


def option_name(owner: str, name: str, value: str) -> str:
    """The label of a choice; one without words is called by its value."""
    for place in (f"{owner}.{name}", f"*.{name}", "*.*"):
        for known in (CHOICES, RULE_CHOICES):
            if value in known.get(place, {}):
                return _(known[place][value])
    if name == "urls":
        return option_name(owner, "event_urls", value)
    return value
