"""Design + member + ledger state = the card's face. Pure, so the studio's preview and the phone can never
differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.depicting import pictures_of, with_banner
from app.domain.design import Design
from app.domain.face_plan import Plan, plan_of
from app.domain.fields import BarcodeSpec
from app.domain.filling import filled_look
from app.domain.mechanics import show
from app.domain.mechanics.base import Face, State
from app.domain.passes import Balance, Barcode, Message, Pass, Status, Tier
from app.domain.programme import Programme
from app.domain.text import LocalText, Template, in_locale, plain, spread


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
    banner: str = "",
) -> Pass:
    """The face of one card at `state.now`, in every locale of the programme. `banner` is the SHA-256 of the
    picture that stands in for the design's own for a while.
    """
    look = with_banner(design, banner) if banner else design
    face = show(programme.rules, state)
    words = placeholders(programme, design, holder, face)
    locales = programme.locales
    locale = holder.locale if holder.locale in locales else programme.default_locale
    plan = plan_of(programme, design)
    return Pass(
        serial=holder.serial,
        number=holder.number,
        link=holder.link,
        programme=programme.slug,
        pass_type_identifier=programme.apple.pass_type_identifier,
        style=design.style,
        status=holder.status,
        **plan.texts,
        palette=design.palette_for(holder.tier),
        barcode=_barcode(design.barcode, plan.barcode[locale], holder.number, words, locale),
        **plan.groups(words),
        places=design.places,
        pictures=pictures_of(look, holder.tier, plan.name, face.progress, {}),
        local_pictures={
            language: pictures_of(look, holder.tier, plan.name, face.progress, images)
            for language, images in look.local_images.items()
            if images and language in locales
        },
        progress=face.progress,
        progress_words=spread(_text(face.values.get("progress", plain(""))), locales),
        balances=_balances(plan, face, locales),
        rewards=face.rewards,
        tier=_tier(design, plan, holder.tier, face, locales),
        holder=f"{holder.given_name} {holder.family_name}".strip(),
        locales=locales,
        locale=locale,
        expires_at=holder.expires_at,
        messages=messages,
        apple=design.apple and filled_look(design.apple, words, locales, locale),
        google=design.google and filled_look(design.google, words, locales, locale),
        personalise=_may_personalise(design, holder),
        country=programme.country,
        banner=banner,
        version=holder.version,
        changed_at=holder.changed_at,
    )


def _may_personalise(design: Design, holder: Holder) -> bool:
    return bool(design.apple and design.apple.personalisation) and not (
        holder.personalised or holder.given_name
    )


def _barcode(
    spec: BarcodeSpec, value: Template, number: str, words: Mapping[str, Any], locale: str
) -> Barcode:
    message = in_locale(value.fill(words), locale) or number
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


def _balances(plan: Plan, face: Face, locales: tuple[str, ...]) -> tuple[Balance, ...]:
    return tuple(
        Balance(key, label, value if isinstance(value, int) else spread(value, locales))
        for key, label in plan.balances.items()
        if (value := face.values.get(key)) is not None
    )


def _tier(design: Design, plan: Plan, key: str, face: Face, locales: tuple[str, ...]) -> Tier | None:
    if not key:
        return None
    return Tier(key, spread(_tier_name(design, key, face), locales), plan.tier_label)


def _tier_name(design: Design, key: str, face: Face) -> LocalText:
    """As the design calls it, else the rules, else the membership that lends it, else its key."""
    look = design.tier(key)
    if look:
        return look.name
    told = (face.values.get(name) for name in ("tier_name", "membership"))
    return next((each for each in told if isinstance(each, Mapping) and any(each.values())), plain(key))


def _text(value: int | LocalText) -> LocalText:
    return plain(str(value)) if isinstance(value, int) else value


def _spaced(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
