"""Design + member + ledger state = the card's face. Pure, so the studio's preview and the phone can never
differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from app.domain.design import SLOTS, Design, Slot
from app.domain.fields import GROUPS, BarcodeSpec, FieldSpec
from app.domain.mechanics import show
from app.domain.mechanics.base import Face, State
from app.domain.passes import (
    Artwork,
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
from app.domain.text import ANY, LocalText, fill, in_locale, plain, spread
from app.domain.values import Look

_LONE = re.compile(r"^\{([a-z0-9_.]+)\}$")
L = TypeVar("L", bound=Look)


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
        pictures=_pictures(programme, design, holder, face, {}),
        local_pictures={
            language: _pictures(programme, design, holder, face, images)
            for language, images in design.local_images.items()
            if images and language in locales
        },
        progress=face.progress,
        progress_words=spread(_text(face.values.get("progress", plain(""))), locales),
        balances=_balances(face, locales),
        rewards=face.rewards,
        tier=_tier(design, holder.tier, locales),
        holder=f"{holder.given_name} {holder.family_name}".strip(),
        holder_label=spread(design.holder_label, locales),
        locales=locales,
        locale=locale,
        expires_at=holder.expires_at,
        messages=messages,
        apple=design.apple and _filled(design.apple, words, locales, locale),
        google=design.google and _filled(design.google, words, locales, locale),
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
    tier = design.tier(holder.tier)
    return {
        **face.values,
        "given_name": holder.given_name,
        "family_name": holder.family_name,
        "name": f"{holder.given_name} {holder.family_name}".strip(),
        "number": holder.number,
        "tier": tier.name if tier else holder.tier,
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
    lone = _LONE.match(in_locale(spec.value, programme.default_locale))
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
        _said(spec.link, words, programme.locales, programme.default_locale),
        spec.row,
        _resolved(spec.semantics, words, programme.locales, programme.default_locale, exact=True),
    )
    return shown if shown != _AS_IT_LIKES else None


_AS_IT_LIKES = Showing()


def _filled(look: L, words: Mapping[str, Any], locales: tuple[str, ...], locale: str) -> L:
    """The look with the placeholders of its texts filled for this card.

    A part that this card's values do not fit (an address of a customer who has none) is left out: one odd
    value must not keep a card from being shown at all.
    """
    if not look.templated:
        return look
    said = _resolved(look.model_dump(mode="json"), words, locales, locale, exact=look.exact)
    try:
        return type(look).model_validate(said, context={"filled": True})
    except ValidationError as error:
        for part in {fault["loc"][0] for fault in error.errors() if fault["loc"]}:
            said.pop(part, None)
    return type(look).model_validate(said, context={"filled": True})


def _resolved(
    node: Any, words: Mapping[str, Any], locales: tuple[str, ...], locale: str, *, exact: bool = False
) -> Any:
    """Every text in a JSON value filled; a text of a language is filled in that language.

    `exact`: a lone placeholder of a number or a time is written for programs, not for people.
    """
    if isinstance(node, str):
        return (_exactly(node, words) if exact else "") or _said(node, words, locales, locale)
    if isinstance(node, Mapping):
        if set(node) == {ANY} and isinstance(node[ANY], str):
            return dict(fill(node, words, locales))
        return {
            key: _resolved(value, words, locales, key if key in locales else locale, exact=exact)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_resolved(each, words, locales, locale, exact=exact) for each in node]
    return node


def _exactly(text: str, words: Mapping[str, Any]) -> str:
    lone = _LONE.match(text)
    found = words.get(lone[1]) if lone else None
    if isinstance(found, datetime):
        return found.isoformat(timespec="seconds")
    return str(found) if isinstance(found, int) else ""


def _said(text: str, words: Mapping[str, Any], locales: tuple[str, ...], locale: str) -> str:
    return in_locale(fill(plain(text), words, (locale,)), locale) if "{" in text else text


def _pictures(
    programme: Programme, design: Design, holder: Holder, face: Face, local: Mapping[Slot, str]
) -> dict[Slot, Artwork]:
    """The pictures of all languages, or (`local` given) those that one language replaces."""
    palette = design.palette_for(holder.tier)
    mark = _mark(in_locale(design.organisation, programme.default_locale))
    wanted = set(local) or {*_always(design), *design.images}
    made = {}
    for slot in SLOTS:
        if slot in wanted:
            source = local.get(slot) or _source(design, slot)
            progress = face.progress if slot == "banner" and design.progress == "auto" else None
            letters = mark if slot in _MARKS and not source else ""
            made[slot] = Artwork(slot, design.starter, palette, source, progress, letters)
    return made


_MARKS: tuple[Slot, ...] = ("icon", "logo", "personalisation_logo")


def _always(design: Design) -> tuple[Slot, ...]:
    """Slots that are drawn where nobody uploaded a picture."""
    drawn: tuple[Slot, ...] = ("icon", "logo", "banner")
    look = design.apple
    if look is None:
        return drawn
    tall: tuple[Slot, ...] = (
        ("artwork",) if look.poster or "posterEventTicket" in look.preferred_style_schemes else ()
    )
    return (*drawn, *tall, *(("personalisation_logo",) if look.personalisation else ()))


def _source(design: Design, slot: Slot) -> str | None:
    """The uploaded picture of a slot, or one that may stand in for it."""
    stand_in: dict[Slot, Slot] = {"artwork": "banner", "personalisation_logo": "logo"}
    return design.images.get(slot) or (design.images.get(stand_in[slot]) if slot in stand_in else None)


def _mark(name: str) -> str:
    words = re.findall(r"\w+", name)
    return "".join(word[0] for word in words[:2]).upper() or "•"


def _balances(face: Face, locales: tuple[str, ...]) -> tuple[Balance, ...]:
    labels: dict[str, LocalText] = {
        "points": {"en": "Points", "ru": "Баллы"},
        "stamps_of_goal": {"en": "Stamps", "ru": "Штампы"},
    }
    return tuple(
        Balance(key, spread(label, locales), value if isinstance(value, int) else spread(value, locales))
        for key, label in labels.items()
        if (value := face.values.get(key)) is not None
    )


def _tier(design: Design, key: str, locales: tuple[str, ...]) -> Tier | None:
    if not key:
        return None
    look = design.tier(key)
    return Tier(key, spread(look.name if look else plain(key), locales), spread(design.tier_label, locales))


def _text(value: int | LocalText) -> LocalText:
    return plain(str(value)) if isinstance(value, int) else value


def _spaced(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
