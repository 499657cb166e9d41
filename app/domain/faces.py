"""Design + member + ledger state = the card's face. Pure, so the studio's preview and the phone can never
differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.design import SLOTS, Design, FieldSpec, Slot
from app.domain.mechanics import show
from app.domain.mechanics.base import Face, State
from app.domain.passes import Artwork, Balance, Barcode, Pass, PassField, PassLink, Status, Tier
from app.domain.programme import Programme
from app.domain.text import LocalText, fill, in_locale, plain, spread

_LONE = re.compile(r"^\{([a-z0-9_.]+)\}$")


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


def build_pass(programme: Programme, design: Design, holder: Holder, state: State) -> Pass:
    """The face of one card at `state.now`, in every locale of the programme."""
    face = show(programme.rules, state)
    words = placeholders(programme, design, holder, face)
    locales = programme.locales
    groups = {g: _fields(getattr(design.fields, g), words, locales) for g in _GROUPS}
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
        barcode=Barcode(
            design.barcode.format, holder.number, _spaced(holder.number) if design.barcode.show_number else ""
        ),
        **groups,
        links=tuple(PassLink(link.key, spread(link.label, locales), link.url) for link in design.links),
        places=design.places,
        pictures=_pictures(programme, design, holder, face),
        progress=face.progress,
        progress_words=spread(_text(face.values.get("progress", plain(""))), locales),
        balances=_balances(face, locales),
        rewards=face.rewards,
        tier=_tier(design, holder.tier, locales),
        holder=f"{holder.given_name} {holder.family_name}".strip(),
        holder_label=spread(design.holder_label, locales),
        locales=locales,
        locale=holder.locale if holder.locale in locales else programme.default_locale,
        expires_at=holder.expires_at,
        version=holder.version,
        changed_at=holder.changed_at,
    )


_GROUPS = ("header", "primary", "secondary", "auxiliary", "back")


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
        **{f"values.{key}": value for key, value in holder.values.items()},
    }


def _fields(
    specs: tuple[FieldSpec, ...], words: Mapping[str, Any], locales: tuple[str, ...]
) -> tuple[PassField, ...]:
    made = (_field(spec, words, locales) for spec in specs)
    return tuple(each for each in made if each is not None)


def _field(spec: FieldSpec, words: Mapping[str, Any], locales: tuple[str, ...]) -> PassField | None:
    value = _value(spec.value, words, locales)
    if spec.hide_when_empty and isinstance(value, Mapping) and not any(value.values()):
        return None
    message = fill(spec.change_message, words, locales) if spec.change_message else None
    return PassField(spec.key, spread(spec.label, locales), value, message, spec.alignment)


def _value(template: LocalText, words: Mapping[str, Any], locales: tuple[str, ...]) -> LocalText | int:
    lone = _LONE.match(in_locale(template, locales[0]))
    if lone and isinstance(words.get(lone[1]), int):
        return int(words[lone[1]])
    return fill(template, words, locales)


def _pictures(programme: Programme, design: Design, holder: Holder, face: Face) -> dict[Slot, Artwork]:
    palette = design.palette_for(holder.tier)
    mark = _mark(in_locale(design.organisation, programme.default_locale))
    drawn: tuple[Slot, ...] = ("icon", "logo", "banner")
    return {
        slot: Artwork(
            slot,
            design.starter,
            palette,
            design.images.get(slot),
            face.progress if slot == "banner" and design.progress == "auto" else None,
            mark if slot in ("icon", "logo") and slot not in design.images else "",
        )
        for slot in SLOTS
        if slot in drawn or slot in design.images
    }


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
