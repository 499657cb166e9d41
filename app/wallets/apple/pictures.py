"""The pictures of a pass: every slot and density, and what all cards of a look share, hashed and laid out
once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping

from app.domain.design import Slot
from app.domain.passes import Artwork, Pass
from app.wallets.apple.bundle import Prepared, prepare

SIZES: Mapping[str, Mapping[Slot, tuple[str, int, int]]] = {
    "storeCard": {"icon": ("icon", 38, 38), "logo": ("logo", 160, 50), "banner": ("strip", 375, 144)},
    "generic": {"icon": ("icon", 38, 38), "logo": ("logo", 160, 50), "thumbnail": ("thumbnail", 90, 90)},
}
"""Style → slot → Apple's file name and size in points (Human Interface Guidelines, Wallet; last checked
2026-07).
"""
MOST_BYTES = 96_000_000

Draw = Callable[[Artwork, int, int, int], bytes]


def picture_files(pass_: Pass, draw: Draw) -> Iterator[tuple[str, bytes]]:
    """File name and PNG of each picture at one, two and three pixels a point."""
    for slot, (name, width, height) in SIZES[pass_.style].items():
        art = pass_.pictures.get(slot)
        if art is None:
            continue
        for scale in (1, 2, 3):
            yield f"{name}{'' if scale == 1 else f'@{scale}x'}.png", draw(art, width, height, scale)


class Shelf:
    """Prepared archives by what they show: cards in the same state share one. Bounded; safe for many
    threads.
    """

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._kept: OrderedDict[tuple[str, ...], Prepared] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def prepared(self, pass_: Pass) -> Prepared:
        """The static part of this card's bundle."""
        key = (pass_.style, *(f"{slot}:{art.key()}" for slot, art in sorted(pass_.pictures.items())))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = prepare(dict(picture_files(pass_, self._draw)))
        self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, ...], made: Prepared) -> None:
        with self._lock:
            if key not in self._kept:
                self._size += len(made.body)
            self._kept[key] = made
            while self._size > MOST_BYTES and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1].body)
