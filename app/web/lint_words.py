"""What should be mended before publishing, in the page's language.

The rules speak English; their sentences are the keys of their translations, and the gaps find the
facts again.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.i18n import gettext as _

SENTENCES = (
    "A pass of style %(style)s has room for %(most)s %(group)s fields, not %(count)s.",
    "The key '%(key)s' is used twice.",
    "The part %(part)s uses %(name)s, which no rule of this programme fills.",
    "A barcode of the format %(format)s cannot say '%(text)s', so phones show a QR code.",
    "A boarding pass needs its transit type (apple.transit_type), such as 'train'.",
    "Only a boarding pass has a transit type.",
    "The field '%(key)s' asks for data detectors, which work on the back alone.",
    "The field '%(key)s' asks for a second row, which only auxiliary fields of an event ticket have.",
    "The field '%(key)s' is money and a number in one; Apple takes one of the two.",
    "The field '%(key)s' is a number and a time in one; Apple takes one of the two.",
    "The second row of an event ticket has room for four fields.",
    "Sign-up in Apple Wallet begins at an NFC reader, so the design needs nfc too.",
    "The NFC message has %(size)s bytes with a sample card; the phone cuts it at %(most)s.",
    "The NFC key is not the base64 of a P-256 public key (SPKI) with a compressed point.",
    "A poster needs a store card or a generic pass behind it, not %(style)s.",
    "Featured actions are shown under a poster alone.",
    "Two featured actions have the same identifier.",
    "The event guide is shown from two links on.",
    "Wallet groups event tickets and boarding passes alone.",
    "Two events to come have the same identifier.",
    "Google never lets go of a linked card: a wrong link stays.",
    "Google Wallet may cut off %(what)s: %(longest)s letters, where it shows about %(most)s.",
    "Google's part uses %(name)s, which no rule of this programme fills.",
    "Google's %(what)s stands on every card alike: for placeholders, mark it as each card's own.",
    "Google's %(name)s is the same on every card: it may have no placeholders.",
    "The key '%(key)s' is used twice among fields and Google's texts.",
    "Google's template names '%(ref)s', which a card of kind '%(kind)s' does not have.",
    "Google's %(what)s needs a slot of the design or an address, and not both.",
    "Google's %(what)s shows the design's %(slot)s, of which there is no picture.",
    "Google's app opens nothing: give a package or an address.",
    "A gift card's balance needs its currency, such as 'EUR'.",
    "Only loyalty programmes can be found and joined in Google Wallet.",
    "A programme that can be joined in Google Wallet needs the address of its sign-up.",
    "Google shows one picture of the look and one of the card among the details.",
)


def spoken(sentence: str) -> str:
    """The sentence in this page's language; one that nobody has translated stays as it is."""
    for key, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            return _(key) % found.groupdict() if found.groupdict() else _(key)
    return sentence


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (key, re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(key)))) for key in SENTENCES
    )
