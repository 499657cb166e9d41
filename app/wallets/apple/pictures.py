"""The pictures of a pass: every slot and density, and what all cards of a look share, hashed and laid out
once.

A picture that differs by language goes into every language's folder and never to the top: one at the top
would hide all others. Follows Apple's Human Interface Guidelines ("Wallet") and "Creating the source for a
pass" (last checked 2026-08).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.design import Slot
from app.domain.passes import Artwork, Pass
from app.wallets.apple.bundle import Prepared, prepare
from app.wallets.apple.passjson import nfc_of, scheme_of

_ICON, _LOGO = ("icon", 38, 38), ("logo", 160, 50)
_STRIP, _LOW_STRIP = ("strip", 375, 144), ("strip", 375, 98)
_THUMBNAIL, _BACKGROUND = ("thumbnail", 90, 90), ("background", 343, 503)
_ARTWORK, _FOOTER = ("artwork", 358, 448), ("footer", 286, 15)
_PRIMARY_LOGO, _SECONDARY_LOGO = ("primaryLogo", 126, 30), ("secondaryLogo", 135, 12)
_SIGN_UP_LOGO = ("personalizationLogo", 150, 40)

Size = tuple[str, int, int]
"""Apple's file name, and the size in points."""

SIZES: Mapping[str, Mapping[Slot, Size]] = {
    "storeCard": {"icon": _ICON, "logo": _LOGO, "banner": _STRIP},
    "coupon": {"icon": _ICON, "logo": _LOGO, "banner": _STRIP},
    "generic": {"icon": _ICON, "logo": _LOGO, "thumbnail": _THUMBNAIL},
    "eventTicket": {"icon": _ICON, "logo": _LOGO, "banner": _LOW_STRIP},
    "boardingPass": {"icon": _ICON, "logo": _LOGO, "footer": _FOOTER},
}
"""Style → slot → what Apple calls it."""
_WITHOUT_STRIP: Mapping[Slot, Size] = {
    "icon": _ICON,
    "logo": _LOGO,
    "thumbnail": _THUMBNAIL,
    "background": _BACKGROUND,
}
"""An event ticket with pictures of its own, which Wallet does not show beside a strip."""
_BY_SCHEME: Mapping[str, Mapping[Slot, Size]] = {
    "posterEventTicket": {
        "artwork": _ARTWORK,
        "primary_logo": _PRIMARY_LOGO,
        "secondary_logo": _SECONDARY_LOGO,
    },
    "semanticBoardingPass": {"primary_logo": _PRIMARY_LOGO},
}
_POSTER: Mapping[Slot, Size] = {"artwork": _ARTWORK, "primary_logo": _PRIMARY_LOGO}
MOST_BYTES = 96_000_000

Draw = Callable[[Artwork, int, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: in which folder (empty: the top), by which name, and what it shows in which size."""

    folder: str
    name: str
    width: int
    height: int
    art: Artwork


def sizes_of(pass_: Pass, *, nfc: bool = True) -> Mapping[Slot, Size]:
    """The slots that this card's layout shows."""
    sizes = SIZES[pass_.style]
    if pass_.style == "eventTicket" and _has_own_pictures(pass_):
        sizes = _WITHOUT_STRIP
    if pass_.apple is None:
        return sizes
    more = _BY_SCHEME.get(scheme_of(pass_, nfc=nfc), {})
    poster = _POSTER if pass_.apple.poster else {}
    sign_up: Mapping[Slot, Size] = {"personalisation_logo": _SIGN_UP_LOGO} if _signs_up(pass_, nfc) else {}
    return {**sizes, **more, **poster, **sign_up}


def _has_own_pictures(pass_: Pass) -> bool:
    found = set(pass_.pictures).union(*pass_.local_pictures.values())
    return not found.isdisjoint(("thumbnail", "background"))


def _signs_up(pass_: Pass, nfc: bool) -> bool:
    return pass_.personalise and nfc and pass_.apple is not None and nfc_of(pass_.apple) is not None


def pictures_of(pass_: Pass, *, nfc: bool = True) -> Iterator[Picture]:
    """Every picture of the card's bundle, but for its densities."""
    for slot, (name, width, height) in sizes_of(pass_, nfc=nfc).items():
        common = pass_.pictures.get(slot)
        local = {where: found[slot] for where, found in pass_.local_pictures.items() if slot in found}
        if not local:
            if common is not None:
                yield Picture("", name, width, height, common)
            continue
        fallback = common or next(iter(local.values()))
        for locale in pass_.locales:
            yield Picture(f"{locale}.lproj/", name, width, height, local.get(locale, fallback))


def picture_files(pass_: Pass, draw: Draw, *, nfc: bool = True) -> Iterator[tuple[str, bytes]]:
    """File name and PNG of each picture at one, two and three pixels a point."""
    for each in pictures_of(pass_, nfc=nfc):
        for scale in (1, 2, 3):
            name = f"{each.folder}{each.name}{'' if scale == 1 else f'@{scale}x'}.png"
            yield name, draw(each.art, each.width, each.height, scale)


class Shelf:
    """Prepared archives by what they show: cards in the same state share one. Bounded; safe for many
    threads.
    """

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._kept: OrderedDict[tuple[str, ...], Prepared] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def prepared(self, pass_: Pass, *, nfc: bool = True) -> Prepared:
        """The static part of this card's bundle; `nfc`: whether its certificate is one for NFC."""
        shown = pictures_of(pass_, nfc=nfc)
        key = tuple(f"{each.folder}{each.name}:{each.height}:{each.art.key()}" for each in shown)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = prepare(dict(picture_files(pass_, self._draw, nfc=nfc)))
        self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, ...], made: Prepared) -> None:
        with self._lock:
            if key not in self._kept:
                self._size += len(made.body)
            self._kept[key] = made
            while self._size > MOST_BYTES and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1].body)
