"""Design + member + ledger state = the card's face. Pure, so the studio's preview and the phone can never
differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.depicting import pictures_of
from app.domain.design import Design
from app.domain.fields import GROUPS, BarcodeSpec, FieldSpec
from app.domain.filling import LONE, filled_look, resolved, said
from app.domain.mechanics import show
from app.domain.mechanics.base import Face, State
from app.domain.passes import (
    Balance,
    Barcode,
    Message,
    Pass,
    PassField,
    PassLink,
    Showing,
    Status,
    Tier,
)
from app.domain.programme import Programme
from app.domain.text import LocalText, fill, in_locale, plain, spread


@dataclass(frozen=True, slots=True)
class Holder:
    """The card and its member, as far as the face shows them."""

    serial: str
    number: str
    status: Status = "active"
    tier: str = ""
    locale: str = ""
    given_name: str = ""
    family_name: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None
    version: int = 0
    changed_at: datetime | None = None
    link: str = ""
    personalised: bool = False


def build_pass(
    programme: Programme,
    design: Design,
    holder: Holder,
    state: State,
    messages: tuple[Message, ...] = (),
) -> Pass:
    """The face of one card at `state.now`, in every locale of the programme."""
    face = show(programme.rules, state)
    words = placeholders(programme, design, holder, face)
    locales = programme.locales
    locale = holder.locale if holder.locale in locales else programme.default_locale
    name = in_locale(design.organisation, programme.default_locale)
    groups = {
        group: _fields(specs, words, programme) if (specs := getattr(design.fields, group)) else ()
        for group in GROUPS
    }
    return Pass(
        serial=holder.serial,
        number=holder.number,
        link=holder.link,
        programme=programme.slug,
        pass_type_identifier=programme.apple.pass_type_identifier,
        style=design.style,
        status=holder.status,
        organisation=spread(design.organisation, locales),
        programme_name=spread(design.programme_name, locales),
        logo_text=spread(design.logo_text, locales),
        description=spread(design.description or design.programme_name, locales),
        palette=design.palette_for(holder.tier),
        barcode=_barcode(design.barcode, holder.number, words, locale),
        **groups,
        links=tuple(PassLink(link.key, spread(link.label, locales), link.url) for link in design.links),
        places=design.places,
        pictures=pictures_of(design, holder.tier, name, face.progress, {}),
        local_pictures={
            language: pictures_of(design, holder.tier, name, face.progress, images)
            for language, images in design.local_images.items()
            if images and language in locales
        },
        progress=face.progress,
        progress_words=spread(_text(face.values.get("progress", plain(""))), locales),
        balances=_balances(face, locales),
        rewards=face.rewards,
        tier=_tier(design, holder.tier, face, locales),
        holder=f"{holder.given_name} {holder.family_name}".strip(),
        holder_label=spread(design.holder_label, locales),
        locales=locales,
        locale=locale,
        expires_at=holder.expires_at,
        messages=messages,
        apple=design.apple and filled_look(design.apple, words, locales, locale),
        google=design.google and filled_look(design.google, words, locales, locale),
        personalise=_may_personalise(design, holder),
        country=programme.country,
        version=holder.version,
        changed_at=holder.changed_at,
    )


def _may_personalise(design: Design, holder: Holder) -> bool:
    return bool(design.apple and design.apple.personalisation) and not (
        holder.personalised or holder.given_name
    )


def _barcode(spec: BarcodeSpec, number: str, words: Mapping[str, Any], locale: str) -> Barcode:
    message = in_locale(fill(plain(spec.value), words, (locale,)), locale) or number
    shown = _spaced(message) if message == number else message
    return Barcode(spec.format, message, shown if spec.show_number else "", spec.rotating)


def placeholders(programme: Programme, design: Design, holder: Holder, face: Face) -> dict[str, Any]:
    """Every `{name}` that a design may use, with its value now."""
    return {
        **face.values,
        "given_name": holder.given_name,
        "family_name": holder.family_name,
        "name": f"{holder.given_name} {holder.family_name}".strip(),
        "number": holder.number,
        "tier": _tier_name(design, holder.tier, face),
        "programme": design.programme_name,
        "contact": programme.texts.contact,
        "description": programme.texts.description or plain(""),
        "expires_at": holder.expires_at,
        **{f"values.{key}": value for key, value in holder.values.items()},
    }


def _fields(
    specs: tuple[FieldSpec, ...], words: Mapping[str, Any], programme: Programme
) -> tuple[PassField, ...]:
    made = (_field(spec, words, programme) for spec in specs)
    return tuple(each for each in made if each is not None)


def _field(spec: FieldSpec, words: Mapping[str, Any], programme: Programme) -> PassField | None:
    locales = programme.locales
    value = _value(spec, words, programme)
    if spec.hide_when_empty and isinstance(value, Mapping) and not any(value.values()):
        return None
    message = fill(spec.change_message, words, locales) if spec.change_message else None
    showing = _showing(spec, words, programme)
    return PassField(spec.key, spread(spec.label, locales), value, message, spec.alignment, showing)


def _value(spec: FieldSpec, words: Mapping[str, Any], programme: Programme) -> LocalText | int | datetime:
    lone = LONE.match(in_locale(spec.value, programme.default_locale))
    if lone:
        found = words.get(lone[1])
        if isinstance(found, datetime) and spec.ignores_time_zone:
            return found.astimezone(programme.zone)
        if isinstance(found, int | datetime):
            return found
        if isinstance(found, str) and (read := _read(found, spec, programme)) is not None:
            return read
    return fill(spec.value, words, programme.locales)


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


def _balances(face: Face, locales: tuple[str, ...]) -> tuple[Balance, ...]:
    labels: dict[str, LocalText] = {
        "points": {"en": "Points", "ru": "Баллы"},
        "cashback_words": {"en": "Cashback", "ru": "Кэшбэк"},
        "stamps_of_goal": {"en": "Stamps", "ru": "Штампы"},
        "chips": {"en": "Chips", "ru": "Фишки"},
        "gift": {"en": "Gift card", "ru": "Подарочная карта"},
    }
    return tuple(
        Balance(key, spread(label, locales), value if isinstance(value, int) else spread(value, locales))
        for key, label in labels.items()
        if (value := face.values.get(key)) is not None
    )


def _tier(design: Design, key: str, face: Face, locales: tuple[str, ...]) -> Tier | None:
    if not key:
        return None
    name = _tier_name(design, key, face)
    return Tier(key, spread(name, locales), spread(design.tier_label, locales))


def _tier_name(design: Design, key: str, face: Face) -> LocalText:
    """As the design calls it, else the rules, else its key."""
    look = design.tier(key)
    if look:
        return look.name
    told = face.values.get("tier_name")
    return told if isinstance(told, Mapping) and any(told.values()) else plain(key)


def _text(value: int | LocalText) -> LocalText:
    return plain(str(value)) if isinstance(value, int) else value


def _spaced(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
