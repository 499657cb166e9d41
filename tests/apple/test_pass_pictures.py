"""Which pictures a pass carries, in which size, and in which languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.apple_look import AppleLook
from app.domain.design import SLOTS, Palette
from app.domain.passes import Artwork
from app.wallets.apple.pictures import Shelf, picture_files
from tests.apple.test_passjson import ANNA
from tests.support.apple_nfc import NFC
from tests.support.apple_passes import png

GREEN = Palette(background="#143c32", foreground="#ffffff", label="#c8e6dc", accent="#ffcc00")
TICKET = AppleLook(
    preferred_style_schemes=("posterEventTicket",),
    semantics={"eventName": "Tasting", "venueName": "Mill"},
    nfc={"encryption_public_key": NFC["encryptionPublicKey"]},
)


def art(slot, source=None):
    return Artwork(slot, "points-shop", GREEN, source)


ALL = {slot: art(slot) for slot in SLOTS}


def files(style="storeCard", pictures=ALL, nfc=True, **changes):
    """Name to (width, height) in pixels, as it was asked for."""
    asked = {}

    def draw(each, width, height, scale):
        asked[len(asked)] = (each, width * scale, height * scale)
        return png(1, 1)

    pass_ = replace(ANNA, style=style, pictures=pictures, **changes)
    names = [name for name, _ in picture_files(pass_, draw, nfc=nfc)]
    return dict(zip(names, asked.values(), strict=True))


def slots(made):
    return {name.partition("@")[0].removesuffix(".png") for name in made}


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("storeCard", {"icon", "logo", "strip"}),
        ("coupon", {"icon", "logo", "strip"}),
        ("generic", {"icon", "logo", "thumbnail"}),
        ("eventTicket", {"icon", "logo", "thumbnail", "background"}),
        ("boardingPass", {"icon", "logo", "footer"}),
    ],
)
def test_each_style_has_the_pictures_that_it_shows(style, expected):
    assert expected == slots(files(style))


@pytest.mark.parametrize(
    ("style", "name", "size"),
    [
        ("storeCard", "strip@2x.png", (750, 288)),
        ("coupon", "strip@3x.png", (1125, 432)),
        ("generic", "thumbnail.png", (90, 90)),
        ("eventTicket", "background@2x.png", (686, 1006)),
        ("boardingPass", "footer@3x.png", (858, 45)),
    ],
)
def test_pictures_have_apples_sizes_in_each_density(style, name, size):
    assert size == files(style)[name][1:]


def test_an_event_ticket_without_pictures_of_its_own_has_a_low_strip():
    made = files("eventTicket", {slot: art(slot) for slot in ("icon", "logo", "banner")})

    assert {"icon", "logo", "strip"} == slots(made)
    assert (375, 98) == made["strip.png"][1:]


def test_a_poster_brings_its_artwork():
    made = files(apple=AppleLook(poster={}))

    assert {"artwork", "primaryLogo"} == slots(made) - {"icon", "logo", "strip"}
    assert (1074, 1344) == made["artwork@3x.png"][1:]


def test_a_poster_ticket_brings_two_logos_unless_it_falls_back():
    made = files("eventTicket", apple=TICKET)

    assert {"artwork", "primaryLogo", "secondaryLogo"} < slots(made)
    assert "artwork.png" not in files("eventTicket", apple=TICKET, nfc=False)


def test_a_logo_for_the_sign_up_comes_only_while_one_may_sign_up():
    look = AppleLook(nfc=TICKET.nfc, personalisation={"fields": ["name"], "description": "Join"})

    assert "personalizationLogo@2x.png" in files(apple=look, personalise=True)
    assert "personalizationLogo@2x.png" not in files(apple=look, personalise=False)
    assert "personalizationLogo@2x.png" not in files(apple=look, personalise=True, nfc=False)


# -- languages -------------------------------------------------------------------------------------


def test_a_localised_picture_is_in_every_language_and_never_at_the_top():
    """One at the top would hide all others; a language without one would show none."""
    russian = art("banner", "a" * 64)
    made = files(local_pictures={"ru": {"banner": russian}})
    strips = {name for name in made if "strip" in name}

    assert {
        f"{locale}.lproj/strip{density}.png" for locale in ("en", "ru") for density in ("", "@2x", "@3x")
    } == strips
    assert russian == made["ru.lproj/strip@2x.png"][0]
    assert ALL["banner"] == made["en.lproj/strip@2x.png"][0]
    assert "icon.png" in made


def test_a_picture_of_one_language_alone_stands_in_for_the_others():
    own = art("thumbnail", "a" * 64)
    made = files("generic", {"icon": art("icon")}, local_pictures={"ru": {"thumbnail": own}})

    assert own == made["en.lproj/thumbnail.png"][0] == made["ru.lproj/thumbnail.png"][0]


# -- the shelf -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"style": "eventTicket"},
        {"pictures": {**ALL, "banner": art("banner", "a" * 64)}},
        {"local_pictures": {"ru": {"banner": art("banner", "b" * 64)}}},
        {"apple": AppleLook(poster={}), "pictures": ALL},
        {"local_pictures": {"ru": {"banner": art("banner", "b" * 64)}}, "locales": ("en", "ru", "ar")},
    ],
    ids=["style", "picture", "language", "poster", "languages"],
)
def test_whatever_changes_a_picture_makes_another_archive(other):
    shelf = Shelf(lambda each, width, height, scale: png(1, 1))
    plain = replace(ANNA, pictures={slot: ALL[slot] for slot in ("icon", "logo", "banner")})
    changed = replace(plain, **other)
    first = shelf.prepared(plain)

    assert first is shelf.prepared(replace(plain, serial="0002"))
    assert first is not shelf.prepared(changed)


def test_pictures_that_a_style_does_not_show_share_an_archive():
    shelf = Shelf(lambda each, width, height, scale: png(1, 1))
    plain = replace(ANNA, pictures={slot: ALL[slot] for slot in ("icon", "logo", "banner")})

    assert shelf.prepared(plain) is shelf.prepared(replace(plain, pictures=ALL))
