"""A gift card: number, PIN and a balance that is money.

Vendor page: developers.google.com/wallet/reference/rest/v1/giftcardobject (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.design import Design
from app.domain.passes import Pass, PassField
from app.domain.text import LocalText

from ..localized import localized
from . import parts
from .base import Issuing, fields_of, look_of, picture, slot_image
from .loyalty import front_keys
from .parts import Json
from .template import Paths, template

PATHS = {
    "balance": "object.balance",
    "number": "object.cardNumber",
    "pin": "object.pin",
    "event_number": "object.eventNumber",
    "shop": "class.merchantName",
    "programme": "class.merchantName",
    "ends": "object.validTimeInterval.end",
}
NUMBER_LABEL: LocalText = {"en": "Card number", "ru": "Номер карты"}
PIN_LABEL: LocalText = {"en": "PIN", "ru": "ПИН-код"}


def class_body(face: Pass, design: Design, issuing: Issuing) -> Json:
    """What a gift card class has besides the parts of all kinds."""
    look, locales = look_of(face), face.locales
    gift = look.gift_card
    return {
        **localized("merchantName", parts.in_words(gift.merchant, face.organisation), locales),
        "programLogo": picture(look.logo, face, issuing) or slot_image(face, "icon", issuing),
        "wideProgramLogo": picture(look.wide_logo, face, issuing) or slot_image(face, "logo", issuing),
        **localized("cardNumberLabel", parts.in_words(gift.number_label, NUMBER_LABEL), locales),
        **localized("pinLabel", parts.in_words(gift.pin_label, PIN_LABEL), locales),
        **localized("eventNumberLabel", gift.event_label, locales),
        "allowBarcodeRedemption": gift.barcode_redeems,
        "classTemplateInfo": template(look, Paths(PATHS, design), _rows(face, design)),
    }


def _rows(face: Pass, design: Design) -> list[list[str]]:
    first = [PATHS["balance"]] if look_of(face).gift_card.balance else []
    below = [f"object.textModulesData['{parts.module_id(key)}']" for key in front_keys(design, set())]
    return [first, below[:3], below[3:6]]


def object_body(face: Pass, issuing: Issuing) -> Json:
    """What a gift card's object has besides the parts of all kinds."""
    gift = look_of(face).gift_card
    figure = parts.figure(gift.balance, face.locale) if gift.balance else None
    money = (figure or {}).get("money")
    return {
        "cardNumber": gift.card_number.strip() or face.number,
        "pin": gift.pin.strip(),
        "eventNumber": gift.event_number.strip(),
        "balance": money,
        "balanceUpdateTime": {"date": parts.moment(face.changed_at)} if money and face.changed_at else None,
    }


def object_fields(face: Pass) -> Iterator[PassField]:
    """All fields: what the rules count is not the money on the card."""
    return fields_of(face)
