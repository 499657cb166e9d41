"""What of a face is the same on all cards of a design and a programme: worked out once, and kept while they
are in use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.domain.design import Design
from app.domain.fields import GROUPS, FieldSpec
from app.domain.filling import LONE, resolved, said
from app.domain.passes import PassField, PassLink, Showing
from app.domain.programme import Programme
from app.domain.text import PLACEHOLDER, LocalText, Template, in_locale, plain, spread


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field of a design, ready to be filled. `lone` is the placeholder that is all of its value; `showing`
    holds how it is shown, unless that depends on the card.
    """

    spec: FieldSpec
    programme: Programme
    label: LocalText
    lone: str
    value: Template
    message: Template | None
    showing: tuple[Showing | None] | None

    def filled(self, words: Mapping[str, Any]) -> PassField | None:
        """The field of one card; None where it has nothing to say and may stay away."""
        spec = self.spec
        value = self._value(words)
        if spec.hide_when_empty and isinstance(value, dict) and not any(value.values()):
            return None
        message = self.message.fill(words) if self.message else None
        showing = self.showing[0] if self.showing else _showing(spec, words, self.programme)
        return PassField(spec.key, self.label, value, message, spec.alignment, showing)

    def _value(self, words: Mapping[str, Any]) -> LocalText | int | datetime:
        if self.lone:
            found = words.get(self.lone)
            if isinstance(found, datetime):
                return found.astimezone(self.programme.zone) if self.spec.ignores_time_zone else found
            if isinstance(found, int):
                return found
            if isinstance(found, str) and (read := _read(found, self.spec, self.programme)) is not None:
                return read
        return self.value.fill(words)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a face has of its design and programme alone."""

    texts: Mapping[str, Any]
    """What goes into the face as it stands."""
    name: str
    """The organisation's, whose first letters make a drawn mark."""
    tier_label: LocalText
    balances: Mapping[str, LocalText]
    fields: tuple[tuple[str, tuple[FieldPlan, ...]], ...]
    barcode: Mapping[str, Template]

    def groups(self, words: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of one card, group by group."""
        return {
            group: tuple(made for plan in plans if (made := plan.filled(words)) is not None)
            for group, plans in self.fields
        }


class _Pair:
    """Both of them, known by what they are and not by what is in them: comparing designs would cost more
    than drawing.
    """

    __slots__ = ("design", "programme")

    def __init__(self, design: Design, programme: Programme) -> None:
        self.design, self.programme = design, programme

    def __hash__(self) -> int:
        return hash((id(self.design), id(self.programme)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and self.design is other.design and self.programme is other.programme


def plan_of(programme: Programme, design: Design) -> Plan:
    """The plan of faces of this design and programme."""
    return _plan(_Pair(design, programme))


@lru_cache(maxsize=256)
def _plan(of: _Pair) -> Plan:
    design, programme = of.design, of.programme
    locales = programme.locales
    return Plan(
        texts={
            "organisation": spread(design.organisation, locales),
            "programme_name": spread(design.programme_name, locales),
            "logo_text": spread(design.logo_text, locales),
            "description": spread(design.description or design.programme_name, locales),
            "holder_label": spread(design.holder_label, locales),
            "links": tuple(
                PassLink(link.key, spread(link.label, locales), link.url) for link in design.links
            ),
        },
        name=in_locale(design.organisation, programme.default_locale),
        tier_label=spread(design.tier_label, locales),
        balances={key: spread(label, locales) for key, label in _BALANCES.items()},
        fields=tuple(
            (group, tuple(_field(spec, programme) for spec in getattr(design.fields, group)))
            for group in GROUPS
        ),
        barcode={
            locale: Template(plain(design.barcode.value), (locale,))
            for locale in {*locales, programme.default_locale}
        },
    )


_BALANCES: Mapping[str, LocalText] = {
    "points": {"en": "Points", "ru": "Баллы"},
    "cashback_words": {"en": "Cashback", "ru": "Кэшбэк"},
    "stamps_of_goal": {"en": "Stamps", "ru": "Штампы"},
    "chips": {"en": "Chips", "ru": "Фишки"},
    "gift": {"en": "Gift card", "ru": "Подарочная карта"},
}


def _field(spec: FieldSpec, programme: Programme) -> FieldPlan:
    locales = programme.locales
    lone = LONE.match(in_locale(spec.value, programme.default_locale))
    message = Template(spec.change_message, locales) if spec.change_message else None
    alike = not PLACEHOLDER.search(spec.link + json.dumps(spec.semantics))
    return FieldPlan(
        spec,
        programme,
        spread(spec.label, locales),
        lone[1] if lone else "",
        Template(spec.value, locales),
        message,
        (_showing(spec, {}, programme),) if alike else None,
    )


def _read(text: str, spec: FieldSpec, programme: Programme) -> int | datetime | None:
    """A named value as the number or time that the field asks for; None where it is neither."""
    if (spec.number_style or spec.currency) and re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    if spec.date_style or spec.time_style:
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            return None
        return when if when.tzinfo else when.replace(tzinfo=programme.zone)
    return None


def _showing(spec: FieldSpec, words: Mapping[str, Any], programme: Programme) -> Showing | None:
    """None where the phone formats as it likes, which is most often."""
    shown = Showing(
        spec.date_style,
        spec.time_style,
        spec.relative,
        spec.ignores_time_zone,
        spec.number_style,
        programme.currency if spec.currency == "programme" else spec.currency,
        spec.detect,
        said(spec.link, words, programme.locales, programme.default_locale),
        spec.row,
        resolved(spec.semantics, words, programme.locales, programme.default_locale, exact=True),
    )
    return shown if shown != _AS_IT_LIKES else None


_AS_IT_LIKES = Showing()
