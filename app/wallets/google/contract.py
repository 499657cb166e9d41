"""Would Google take what we make? A sample of every kind, judged by Google, without leaving anything behind.

`jwt/validate` looks at a save link with its class and card inside and only says whether it would work. Good
after an update of ours or a change of theirs, and before a shop goes live.
Vendor page: developers.google.com/wallet/reference/rest/v1/jwt/validate (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from app.domain.design import Design, Palette
from app.domain.faces import Holder, build_pass
from app.domain.fields import Fields, FieldSpec, LinkSpec
from app.domain.google_look import KINDS, GoogleLook, Kind
from app.domain.ledger import Holdings
from app.domain.mechanics.base import State
from app.domain.passes import Message
from app.domain.programme import Programme
from app.wallets.google.classes import look_class
from app.wallets.google.desks import Desk
from app.wallets.google.errors import GoogleError, Reason
from app.wallets.google.messages import carried
from app.wallets.google.objects import KIND_NAMES, Issuing, card_object

Json = dict[str, Any]
FORMS = ("claims", "signed link")
PROGRAMME = Programme(
    slug="tillpass-contract",
    name="Sample",
    currency="EUR",
    locales=("en", "ru"),
    rules=({"kind": "points", "percent": 10},),
)
_PALETTE = Palette(background="#103020", foreground="#ffffff", label="#d0e0d0", accent="#f0c040")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Google says of one kind in one form; `said` is empty where it would take it."""

    kind: Kind
    form: str
    said: str = ""


def examine(desk: Desk, now: datetime) -> Iterator[Verdict]:
    """Google's verdict on every kind; raises GoogleError where it does not judge at all."""
    client = desk.client()
    for kind in KINDS:
        claims = _claims(desk, payload(kind, desk.issuing, now), now)
        token = jwt.encode(claims, desk.account.key, "RS256")
        for form in FORMS:
            try:
                if form == "claims":
                    client.validate_json(claims)
                else:
                    client.validate_jwt(token)
            except GoogleError as error:
                if error.reason not in (Reason.INVALID, Reason.NOT_FOUND, Reason.EXISTS):
                    raise
                yield Verdict(kind, form, error.message)
            else:
                yield Verdict(kind, form)


def payload(kind: Kind, issuing: Issuing, now: datetime) -> Json:
    """A class and a card of this kind, in two languages and with a message."""
    design = _design(kind)
    face = build_pass(
        PROGRAMME, design, Holder("tillpass-contract", "0000000000000000"), State(Holdings(), now, "")
    )
    hello = Message("m0", {"*": "Hello"}, {"*": "A sample"}, "service", False, now, now + timedelta(days=1))
    card = {**card_object(face, issuing, kind), **carried([hello], PROGRAMME.locales)}
    resource = KIND_NAMES[kind]
    return {
        f"{resource}Classes": [look_class(PROGRAMME, design, "", issuing, now, kind)],
        f"{resource}Objects": [card],
    }


def _design(kind: Kind) -> Design:
    return Design(
        palette=_PALETTE,
        organisation={"en": "Sample shop", "ru": "Магазин"},
        programme_name={"en": "Sample card", "ru": "Карта"},
        description={"*": "A sample card"},
        fields=Fields(
            header=(FieldSpec(key="points", label={"en": "Points", "ru": "Баллы"}, value="{points}"),),
            back=(FieldSpec(key="about", label="About", value="A sample"),),
        ),
        links=(LinkSpec(key="page", label="Your card", url="page:"),),
        google=GoogleLook(kind=kind),
    )


def _claims(desk: Desk, carried_: Mapping[str, Any], now: datetime) -> Json:
    return {
        "iss": desk.account.email,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(now.timestamp()),
        "origins": [],
        "payload": dict(carried_),
    }
