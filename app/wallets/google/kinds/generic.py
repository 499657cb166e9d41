"""A generic pass: nearly everything stands on the object, and no review is asked.

Vendor page: developers.google.com/wallet/reference/rest/v1/genericobject (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.design import Design
from app.domain.google_look import GenericFace
from app.domain.passes import Pass, PassField

from ..localized import translations
from . import parts
from .base import Issuing, fields_of, look_of, name_of, picture, slot_image
from .loyalty import front_keys
from .parts import Json, said
from .template import Paths, template

PATHS = {
    "title": "object.cardTitle",
    "shop": "object.cardTitle",
    "programme": "object.header",
    "subheader": "object.subheader",
    "ends": "object.validTimeInterval.end",
}


def class_body(face: Pass, design: Design, issuing: Issuing) -> Json:
    """A generic class has little: what the card looks like stands on each object."""
    keys = [f"object.textModulesData['{parts.module_id(key)}']" for key in front_keys(design, set())]
    rows = [keys[:3], keys[3:6], keys[6:9]]
    return {"classTemplateInfo": template(look_of(face), Paths(PATHS, design), rows)}


def object_body(face: Pass, issuing: Issuing) -> Json:
    """What a generic object has besides the parts of all kinds."""
    look, locales = look_of(face), face.locales
    one = look.generic
    header = parts.in_words(one.header, name_of(face))
    title = parts.in_words(one.title, parts.in_words(face.organisation, header))
    hero = picture(look.hero, face, issuing) or slot_image(face, "banner", issuing)
    return {
        "cardTitle": translations(title, locales),
        "header": translations(header, locales),
        "subheader": parts.words(one.subheader, locales),
        "genericType": f"GENERIC_{one.type.upper()}",
        "hexBackgroundColor": face.palette.background,
        "logo": picture(look.logo, face, issuing) or slot_image(face, "icon", issuing),
        "wideLogo": picture(look.wide_logo, face, issuing) or slot_image(face, "logo", issuing),
        "heroImage": hero,
        "notifications": _notifications(one),
    }


def _notifications(one: GenericFace) -> Json | None:
    """Google's own reminders; where both are asked for, that of the end wins."""
    return said(
        {
            "expiryNotification": {"enableNotification": True} if one.expiry_notice else None,
            "upcomingNotification": {"enableNotification": True} if one.upcoming_notice else None,
        }
    )


def object_fields(face: Pass) -> Iterator[PassField]:
    """All fields: a generic pass has no balance of its own."""
    return fields_of(face)
