"""An offer: what is given, by whom and where; Google reminds of its end by itself.

Vendor page: developers.google.com/wallet/reference/rest/v1/offerobject (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.design import Design
from app.domain.passes import Pass, PassField

from ..localized import localized
from . import parts
from .base import Issuing, fields_of, look_of, name_of, picture, slot_image
from .loyalty import front_keys
from .parts import Json
from .template import Paths, template

PATHS = {
    "title": "class.title",
    "programme": "class.title",
    "shop": "class.provider",
    "details": "class.details",
    "fine_print": "class.finePrint",
    "ends": "object.validTimeInterval.end",
}
_CHANNELS = {
    "in_store": "INSTORE",
    "online": "ONLINE",
    "both": "BOTH",
    "temporary_price_reduction": "TEMPORARY_PRICE_REDUCTION",
}


def class_body(face: Pass, design: Design, issuing: Issuing) -> Json:
    """What an offer class has besides the parts of all kinds."""
    look, locales = look_of(face), face.locales
    offer = look.offer
    title = parts.in_words(offer.title, name_of(face))
    provider = parts.in_words(offer.provider, parts.in_words(face.organisation, title))
    return {
        **localized("title", title, locales),
        **localized("shortTitle", offer.short_title, locales),
        **localized("provider", provider, locales),
        **localized("details", offer.details, locales),
        **localized("finePrint", offer.fine_print, locales),
        "redemptionChannel": _CHANNELS[offer.channel],
        "helpUri": parts.uri(offer.help, locales),
        "titleImage": picture(look.logo, face, issuing) or slot_image(face, "icon", issuing),
        "wideTitleImage": picture(look.wide_logo, face, issuing) or slot_image(face, "logo", issuing),
        "classTemplateInfo": template(look, Paths(PATHS, design), _rows(design)),
    }


def _rows(design: Design) -> list[list[str]]:
    keys = [f"object.textModulesData['{parts.module_id(key)}']" for key in front_keys(design, set())]
    return [keys[:3], keys[3:6], keys[6:9]]


def object_body(face: Pass, issuing: Issuing) -> Json:
    """What an offer's object has besides the parts of all kinds."""
    return {"disableExpirationNotification": True if look_of(face).quiet_end else None}


def object_fields(face: Pass) -> Iterator[PassField]:
    """All fields: an offer has no balance of its own."""
    return fields_of(face)
