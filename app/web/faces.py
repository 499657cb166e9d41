"""A card's face as our pages draw it: the wallet-neutral `Pass` in one language, with addresses for its
pictures.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.deps import deps
from app.domain.design import Palette
from app.domain.passes import Artwork, Pass, PassField
from app.i18n import local, moment
from app.rendering.barcodes import barcode_svg, drawn_as
from app.rendering.colours import extreme_on

BANNER = (375, 144)
LOGO = (160, 50)
ICON = (58, 58)


@dataclass(frozen=True, slots=True)
class Line:
    """A field in words: what it is called and what it says."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class FaceView:
    """What `components/card_face.html` draws. `name` is a CSS class name: the colours are in the page's own
    <style>.
    """

    name: str
    palette: Palette
    edge: str
    organisation: str
    programme_name: str
    logo_text: str
    logo: str
    icon: str
    banner: str
    header: tuple[Line, ...]
    primary: Line | None
    row: tuple[Line, ...]
    status: str
    code: str
    code_format: str
    code_text: str


def face_view(card: Pass, name: str = "card") -> FaceView:
    """The face in this request's language."""
    primary = _lines(card.primary)
    return FaceView(
        name=f"face-{name}",
        palette=card.palette,
        edge=extreme_on(card.palette.background),
        organisation=local(card.organisation),
        programme_name=local(card.programme_name),
        logo_text=local(card.logo_text),
        logo=_address(card.pictures.get("logo"), LOGO),
        icon=_address(card.pictures.get("icon"), ICON),
        banner=_address(card.pictures.get("banner"), BANNER),
        header=_lines(card.header),
        primary=primary[0] if primary else None,
        row=_lines(card.secondary + card.auxiliary)[:4],
        status=card.status,
        code=code_address(card.barcode.format, card.barcode.message),
        code_format=drawn_as(card.barcode.format, card.barcode.message),
        code_text=card.barcode.alt_text,
    )


def _lines(fields: tuple[PassField, ...]) -> tuple[Line, ...]:
    return tuple(Line(each.key, local(each.label), _said(each)) for each in fields)


def _said(field: PassField) -> str:
    value = field.value
    return moment(value) if isinstance(value, datetime) else local(value)


def _address(art: Artwork | None, size: tuple[int, int]) -> str:
    """The picture's path on this site, so that a page shows it under whatever name the site was reached."""
    if art is None:
        return ""
    return deps().pictures.url(art, *size, scale=2).removeprefix(deps().base_url)


@lru_cache(maxsize=512)
def code_address(format: str, message: str) -> str:
    """A barcode as an address that needs no request: it is there at once, and offline.

    What the format cannot hold is drawn as a QR code, as the wallets do.
    """
    drawn = barcode_svg(drawn_as(format, message), message).encode()
    return "data:image/svg+xml;base64," + base64.b64encode(drawn).decode()
