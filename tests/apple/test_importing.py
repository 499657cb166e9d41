"""Passes and templates made elsewhere become designs of ours: what comes along and what is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.design import Design
from app.domain.errors import Invalid
from app.services import importing
from app.storage.database import Database
from app.storage.queries import design_of
from app.storage.tables import DesignRow
from app.wallets.apple.importing import STYLES, import_design, import_members
from tests.support.apple_faults import good, with_files
from tests.support.apple_nfc import NFC
from tests.support.apple_passes import card, dumps, pictures, png, rezip, strings
from tests.support.clock import Clock
from tests.support.web_app import WebShop, web_shop


def imported(files: dict[str, bytes] | None = None, **changes) -> tuple[Design, str]:
    """The design of a card with these keys, and all notes in one text."""
    made = import_members({"pass.json": dumps(card(**changes)), **(files or {})})
    return Design.model_validate(made.design), "\n".join(map(str, made.notes))


def field(**keys) -> tuple[object, str]:
    """The one field that a store card's header becomes, and the notes."""
    design, notes = imported(storeCard={"headerFields": [{"key": "k", "label": "L", "value": "v"} | keys]})
    return design.fields.header[0], notes


# -- the whole -------------------------------------------------------------------------------------


def test_a_pass_becomes_a_design_in_its_own_colours_words_and_pictures():
    made = import_design(good())
    design = Design.model_validate(made.design)

    assert "storeCard" == design.style
    assert ("#143c32", "#ffffff", "#c8e6dc") == (
        design.palette.background,
        design.palette.foreground,
        design.palette.label,
    )
    assert {"*": "Coffee and Mint"} == design.organisation
    assert {"en": "Points", "ru": "Баллы"} == design.fields.header[0].label
    assert {"*": "{points}"} == design.fields.header[0].value
    assert {"*": "You now have %@ points"} == design.fields.header[0].change_message
    assert [56.95, 56.96] == [place.latitude for place in design.places]
    assert {"icon", "logo", "banner"} == set(made.pictures)
    assert pictures()["strip@3x.png"] == made.pictures["banner"]


@pytest.mark.parametrize("folder", ["", "Card.pkpasstemplate/", "deep/Card.pkpasstemplate/"])
def test_a_template_of_pass_designer_is_read_with_and_without_its_folder(folder):
    files = {"pass.json": dumps(card()), "tooling.json": b'{"version": 1}', "logo.png": png(60, 20)}
    made = import_design(rezip({f"{folder}{name}": data for name, data in files.items()}))

    assert {"*": "Coffee and Mint"} == made.design["organisation"]
    assert ["logo"] == list(made.pictures)
    assert any("tooling.json" in str(note) for note in made.notes)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_comes_along(style):
    content = {"transitType": "PKTransitTypeTrain"} if style == "boardingPass" else {}
    design, _ = imported(**{"storeCard": None, style: content})

    assert style == design.style
    assert style != "boardingPass" or (design.apple and "train" == design.apple.transit_type)


def test_a_poster_alone_becomes_a_generic_card_with_a_poster():
    poster = {"primaryFields": [{"key": "a", "value": "A"}], "footerFields": [{"key": "b", "value": "B"}]}
    design, notes = imported(storeCard=None, posterGeneric=poster)

    assert ("generic", True) == (design.style, design.apple is not None and design.apple.poster is not None)
    assert ("a", "b") == (design.fields.primary[0].key, design.fields.footer[0].key)
    assert "became a generic one" in notes


@pytest.mark.parametrize("data", [b"", b"noise", rezip({"a.txt": b""}), rezip({"pass.json": b"[]"})])
def test_what_is_no_pass_is_refused_in_words(data):
    with pytest.raises(Invalid, match="This is no pass"):
        import_design(data)


# -- fields ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"key": "points", "value": 120}, {"*": "{points}"}),
        ({"key": "Balance", "value": 7.5}, {"*": "{points}"}),
        ({"key": "stamps", "value": 3}, {"*": "{stamps}"}),
        ({"key": "points", "value": "120"}, {"*": "120"}),
        ({"key": "price", "value": 21.5, "currencyCode": "EUR"}, {"*": "€21.50"}),
        (
            {"key": "until", "value": "2027-01-31T20:00Z", "dateStyle": "PKDateStyleMedium"},
            {"*": "Jan 31, 2027"},
        ),
        ({"key": "member", "value": "Anna Ozola"}, {"*": "Anna Ozola"}),
    ],
)
def test_only_obvious_balances_become_placeholders(keys, value):
    assert value == field(**keys)[0].value


def test_formats_and_places_of_fields_come_along():
    made, _ = field(
        key="Some Key!", value=5, numberStyle="PKNumberStylePercent", textAlignment="PKTextAlignmentRight"
    )
    back = {"key": "7up", "value": "x", "dataDetectorTypes": ["PKDataDetectorTypeLink", "Other"]}
    design, _ = imported(storeCard={"backFields": [back, back]})

    assert ("some-key", "right") == (made.key, made.alignment)
    assert ["f-7up", "f-7up-2"] == [each.key for each in design.fields.back]
    assert ("link",) == design.fields.back[0].detect


def test_a_value_that_is_one_link_keeps_it():
    made, _ = field(
        value="site", attributedValue="<a href='https://cafe.example.com/?a=1&amp;b=2'>Our site</a>"
    )
    mixed, notes = field(value="site", attributedValue="see <a href='https://a.example'>a</a> or b")

    assert ("https://cafe.example.com/?a=1&b=2", {"*": "Our site"}) == (made.link, made.value)
    assert ({"*": "see a or b"}, "") == (mixed.value, mixed.link)
    assert "links within its words" in notes


def test_what_needs_a_look_is_named():
    _, notes = imported(
        storeCard={
            "primaryFields": [{"key": f"p{n}", "value": n} for n in range(6)],
            "backFields": [{"key": "member", "value": "Anna"}, {"key": "b", "value": "{odd}"}],
        }
    )

    for said in ("2 of primaryFields were left out", "'member' says the same", "'b' has braces", "validity"):
        assert said in notes


def test_dates_and_money_are_written_in_each_language():
    files = {f"{locale}.lproj/pass.strings": strings(Points="x") for locale in ("en", "ru")}
    date = {"key": "d", "value": "2027-01-31T20:00Z", "dateStyle": "PKDateStyleMedium"}
    design, _ = imported(files, storeCard={"headerFields": [date]})

    assert {"en": "Jan 31, 2027", "ru": "31 янв. 2027 г."} == {
        locale: said.replace("\u202f", " ") for locale, said in design.fields.header[0].value.items()
    }


# -- Apple's own part ------------------------------------------------------------------------------


def test_apples_own_part_comes_along():
    uuid = "8deefbb9-f738-4297-8040-96668bb44281"
    design, notes = imported(
        {"personalization.json": json.dumps(ASKS).encode()},
        nfc=NFC,
        sharingProhibited=True,
        maxDistance=80,
        beacons=[{"proximityUUID": uuid, "major": 1, "relevantText": "Hello"}],
        relevantDates=[
            {"date": "2026-09-01T19:00Z"},
            {"startDate": "2026-09-01T19:00Z", "endDate": "2026-09-01T20:00Z"},
        ],
        featuredActions=[{"identifier": "s", "type": "shop", "url": "https://cafe.example.com"}],
        associatedStoreIdentifiers=[1],
        appLaunchURL="cafe://open",
        semantics={"balance": {"amount": "21.75", "currencyCode": "EUR"}, "membershipProgramName": "Mint"},
        userInfo={"a": 1},
    )
    look = design.apple

    assert look is not None and look.nfc is not None and look.personalisation is not None
    assert (NFC["encryptionPublicKey"], "{number}") == (look.nfc.encryption_public_key, look.nfc.message)
    assert ("name", "email") == look.personalisation.fields
    assert (80, True, "cafe://open") == (look.max_distance, look.sharing_prohibited, look.app_launch_url)
    assert [(uuid, 1)] == [(each.proximity_uuid, each.major) for each in look.beacons]
    assert 2 == len(look.relevant_dates) and "shop" == look.featured_actions[0].kind
    assert {"amount_minor": 2175, "currency": "EUR"} == look.semantics["balance"]
    assert {"a": 1} == look.user_info
    assert "NFC message" in notes


ASKS = {
    "requiredPersonalizationFields": [
        "PKPassPersonalizationFieldName",
        "PKPassPersonalizationFieldEmailAddress",
    ],
    "description": "Join",
}


def test_what_ours_cannot_hold_is_left_out_and_named():
    design, notes = imported(
        maxDistance="far",
        sellURL="http://cafe.example.com",
        addOnURL="https://cafe.example.com",
        featuredActions=[{"type": "dance"}, {"type": "shop", "url": "https://cafe.example.com"}],
        locations=[{"latitude": 1}, {"latitude": 1, "longitude": 2}],
        semantics={"ballance": 1},
    )

    assert design.apple is not None
    assert (1, 1) == (len(design.apple.featured_actions), len(design.places))
    assert {"addOnURL": "https://cafe.example.com"} == dict(design.apple.event_urls)
    for said in ("/apple/max_distance", "/apple/event_urls/sellURL", "/apple/featured_actions/0", "ballance"):
        assert said in notes


def test_pictures_of_languages_come_along_unless_a_common_one_hides_them():
    files = {"ru.lproj/strip.png": png(75, 29), "ru.lproj/logo.png": png(8, 4), "logo.png": png(8, 4)}
    made = import_members({"pass.json": dumps(card()), **files})

    assert {"ru": {"banner": png(75, 29)}} == made.local_pictures
    assert "none" == made.design["progress"]


# -- nothing makes it fail -------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *sorted(card()),
        "nfc",
        "beacons",
        "semantics",
        "featuredActions",
        "relevantDates",
        "userInfo",
        "maxDistance",
    ]
)
FIELD = st.dictionaries(
    st.sampled_from(["key", "value", "label", "attributedValue", "dateStyle", "semantics", "changeMessage"]),
    ANYTHING,
)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(KEYS, ANYTHING, max_size=5),
    st.sampled_from([*STYLES, "posterGeneric"]),
    st.dictionaries(
        st.sampled_from(["headerFields", "primaryFields", "backFields"]),
        st.lists(FIELD | ANYTHING, max_size=4),
    ),
)
def test_any_pass_is_a_design_or_a_refusal(changes, style, groups):
    files = {"pass.json": dumps({**card(storeCard=None), **changes, style: groups})}
    try:
        made = import_members(files)
    except Invalid:
        return

    assert Design.model_validate(made.design)


# -- keeping it ------------------------------------------------------------------------------------


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> WebShop:
    made = web_shop(sqlite_database, clock)
    made.open_programme()
    return made


def test_an_imported_look_is_a_draft_with_its_pictures(shop):
    broken = import_design(with_files(thumbnail__png=b"no picture"))
    kept = importing.keep(shop.parts.db, "beans", broken, now=shop.clock.now(), author="Marta")

    with shop.parts.read() as session:
        row = session.get(DesignRow, kept.design_id)
        assert row is not None and row.published_at is None and "Marta" == row.author
        assert {"icon", "logo", "banner"} == set(design_of(row).images)
    assert any("thumbnail was left out" in str(note) for note in kept.notes)
