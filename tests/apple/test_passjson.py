"""The card's face as pass.json and its translations, in every language and within Apple's limits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.design import Palette
from app.domain.fields import PAGE, Place
from app.domain.passes import Barcode, Pass, PassField, PassLink
from app.wallets.apple.bundle import build, prepare
from app.wallets.apple.certificates import fingerprint
from app.wallets.apple.passjson import Issuer, card_files, pass_json, strings
from app.wallets.apple.strings import BadStrings, Wording, clean, read_strings, write_strings
from app.wallets.apple.validate import verify
from tests.support.apple_certs import NOW, PASS_TYPE, TEAM
from tests.support.apple_passes import pictures, signer

ISSUER = Issuer(PASS_TYPE, TEAM, "https://cards.example.com", "https://cards.example.com/apple")
TOKEN = "a-token-that-is-long-enough"
GREEN = Palette(background="#143c32", foreground="#ffffff", label="#c8e6dc", accent="#ffcc00")
POINTS = {"en": "Points", "ru": "Баллы"}

ANNA = Pass(
    serial="0001",
    number="4801",
    link="abc",
    programme="cafe",
    pass_type_identifier=PASS_TYPE,
    style="storeCard",
    status="active",
    organisation={"*": "Coffee and Mint"},
    programme_name={"en": "Mint card", "ru": "Карта «Мята»"},
    logo_text={"*": ""},
    description={"en": "Loyalty card", "ru": "Карта гостя"},
    palette=GREEN,
    barcode=Barcode("qr", "4801", "4801"),
    header=(PassField("points", POINTS, 120, {"en": "You have %@", "ru": "У вас %@"}, "right"),),
    locales=("en", "ru"),
)


def face(pass_: Pass = ANNA) -> dict[str, Any]:
    return pass_json(pass_, ISSUER, authentication_token=TOKEN)


def words(pass_: Pass = ANNA) -> dict[str, dict[str, str]]:
    return {locale: dict(read_strings(data)) for locale, data in strings(pass_).items()}


def shown(pass_: Pass, locale: str, text: str) -> str:
    """What a phone of that language shows for a text of pass.json."""
    return words(pass_).get(locale, {}).get(text, text)


def fields(count: int, name: str = "f") -> tuple[PassField, ...]:
    return tuple(
        PassField(f"{name}{number}", {"*": f"L{number}"}, {"*": f"V{number}"}) for number in range(count)
    )


def test_the_card_says_who_issues_it_and_where_to_ask():
    expected = {
        "formatVersion": 1,
        "passTypeIdentifier": PASS_TYPE,
        "teamIdentifier": TEAM,
        "serialNumber": "0001",
        "organizationName": "Coffee and Mint",
        "webServiceURL": "https://cards.example.com/apple",
        "authenticationToken": TOKEN,
        "backgroundColor": "rgb(20,60,50)",
        "voided": False,
    }

    assert expected == {key: value for key, value in face().items() if key in expected}


def test_numbers_stay_numbers_and_the_news_names_the_new_value():
    expected = {
        "key": "points",
        "label": "Points",
        "value": 120,
        "numberStyle": "PKNumberStyleDecimal",
        "changeMessage": "You have %@",
        "textAlignment": "PKTextAlignmentRight",
    }

    assert [expected] == face()["storeCard"]["headerFields"]


def test_a_message_without_the_value_is_completed():
    field = PassField("points", POINTS, 1, {"en": "Points changed", "ru": "Теперь %@"})
    pass_ = replace(ANNA, header=(field,))

    assert "Points changed %@" == face(pass_)["storeCard"]["headerFields"][0]["changeMessage"]
    assert "Теперь %@" == shown(pass_, "ru", "Points changed %@")


def test_dates_are_in_the_form_that_wallet_reads():
    when = datetime(2027, 1, 31, 20, 0, 0, 999, tzinfo=timezone(timedelta(hours=3)))
    pass_ = replace(ANNA, expires_at=when, header=(PassField("until", {"*": "Until"}, when),))

    assert "2027-01-31T17:00:00Z" == face(pass_)["expirationDate"]
    assert "2027-01-31T17:00:00Z" == face(pass_)["storeCard"]["headerFields"][0]["value"]
    assert "expirationDate" not in face()


@pytest.mark.parametrize(
    ("status", "voided"), [("active", False), ("blocked", True), ("void", True), ("expired", True)]
)
def test_a_card_that_may_not_be_used_is_voided(status, voided):
    assert voided is face(replace(ANNA, status=status))["voided"]


# -- languages -------------------------------------------------------------------------------------


def test_every_language_has_the_same_keys_and_its_own_words():
    assert {"en", "ru"} == set(words())
    assert set(words()["en"]) == set(words()["ru"])
    assert "Карта гостя" == shown(ANNA, "ru", face()["description"])
    assert "Loyalty card" == shown(ANNA, "en", face()["description"])


def test_words_that_are_the_same_everywhere_are_not_listed():
    assert "Coffee and Mint" not in words()["ru"]
    assert {} == strings(replace(ANNA, locales=("en",)))


def test_a_card_of_a_russian_customer_falls_back_to_russian():
    anna = replace(ANNA, locale="ru")

    assert "Карта гостя" == face(anna)["description"]
    assert "Loyalty card" == shown(anna, "en", "Карта гостя")


def test_equal_words_with_different_translations_keep_apart():
    """A customer named like a label is not translated, and two meanings of one word are not mixed up."""
    one = PassField("card", {"en": "Card", "ru": "Карта"}, {"*": "Points"})
    two = PassField("menu", {"en": "Card", "ru": "Меню"}, {"*": "x"})
    pass_ = replace(ANNA, secondary=(one, two))
    first, second = face(pass_)["storeCard"]["secondaryFields"]

    assert ["Карта", "Меню"] == [shown(pass_, "ru", each["label"]) for each in (first, second)]
    assert ["Card", "Card"] == [shown(pass_, "en", each["label"]) for each in (first, second)]
    assert "Points" == shown(pass_, "ru", first["value"])
    assert "Баллы" == shown(pass_, "ru", "Points")


def test_quotes_newlines_and_emoji_survive():
    text = {"en": 'Say "hi" \\ 100%', "ru": 'Скажи "привет"\nи \\ 😀\tдважды'}
    pass_ = replace(ANNA, back=(PassField("text", {"*": "T"}, text),))

    assert text["ru"] == shown(pass_, "ru", face(pass_)["storeCard"]["backFields"][0]["value"])


def test_an_empty_base_text_still_finds_its_translation():
    pass_ = replace(ANNA, logo_text={"en": "", "ru": "Мята"})

    assert "Мята" == shown(pass_, "ru", face(pass_)["logoText"])
    assert "" == shown(pass_, "en", face(pass_)["logoText"])


def test_the_files_are_utf_16_with_a_byte_order_mark():
    assert all(data.startswith((b"\xff\xfe", b"\xfe\xff")) for data in strings(ANNA).values())


@given(st.dictionaries(st.text(), st.text(), max_size=5))
def test_any_words_are_read_back_as_they_were_written(pairs):
    wording = Wording(("en", "ru"), "en")
    keys = {wording.say({"en": key, "ru": said}): said for key, said in pairs.items()}
    listed = dict(read_strings(wording.files()["ru"])) if wording.files() else {}

    assert {key: clean(said) for key, said in keys.items() if key} == {
        key: listed.get(key, key) for key in keys if key
    }


@given(st.binary(max_size=80))
def test_a_strangers_file_is_read_or_refused(data):
    try:
        pairs = read_strings(data)
    except BadStrings:
        return
    assert pairs == read_strings(write_strings(dict(pairs))) or len(dict(pairs)) < len(pairs)


# -- limits ----------------------------------------------------------------------------------------


def test_what_has_no_room_goes_to_the_back():
    pass_ = replace(ANNA, header=fields(5, "h"), primary=fields(2, "p"), secondary=fields(3, "s"))
    pass_ = replace(pass_, auxiliary=fields(3, "a"), back=fields(1, "b"))
    counts = {group: [each["key"] for each in made] for group, made in face(pass_)["storeCard"].items()}

    assert {
        "headerFields": ["h0", "h1", "h2"],
        "primaryFields": ["p0"],
        "secondaryFields": ["s0", "s1", "s2"],
        "auxiliaryFields": ["a0"],
        "backFields": ["h3", "h4", "p1", "a1", "a2", "b0", "message"],
    } == counts


def test_a_generic_card_has_two_rows_beside_a_narrow_code():
    pass_ = replace(ANNA, style="generic", secondary=fields(4, "s"), auxiliary=fields(4, "a"))
    narrow = replace(pass_, barcode=Barcode("code128", "4801", ""))

    assert "auxiliaryFields" not in face(pass_)["generic"]
    assert 4 == len(face(narrow)["generic"]["auxiliaryFields"])


def test_two_fields_with_one_key_get_keys_of_their_own():
    link = PassLink("points", {"*": "Site"}, "https://example.com")
    made = face(replace(ANNA, back=ANNA.header, links=(link,)))["storeCard"]

    assert ["points-2", "points-3", "message"] == [each["key"] for each in made["backFields"]]


def test_ten_places_at_most():
    place = Place(latitude=56.95, longitude=24.1, text={"en": "Near", "ru": "Рядом"})
    made = face(replace(ANNA, places=(place,) * 12))["locations"]

    assert [{"latitude": 56.95, "longitude": 24.1, "relevantText": "Near"}] * 10 == made
    assert "locations" not in face()


def test_links_are_written_for_old_and_new_readers():
    links = (
        PassLink("site", {"en": "Site", "ru": "Сайт"}, "https://example.com/?a=1&b='2'"),
        PassLink("page", {"*": "Card"}, PAGE),
    )
    site, page, _ = face(replace(ANNA, links=links))["storeCard"]["backFields"]

    assert "example.com/?a=1&b='2'" == site["value"]
    assert '<a href="https://example.com/?a=1&amp;b=&#x27;2&#x27;">' in site["attributedValue"]
    assert "cards.example.com/c/abc" == page["value"]


def test_a_missing_name_is_replaced_since_wallet_refuses_a_card_without():
    bare = replace(ANNA, organisation={}, description={"*": " "}, programme_name={})

    assert "cafe" == face(bare)["organizationName"]
    assert face(bare)["description"].strip()


# -- barcodes --------------------------------------------------------------------------------------


def test_a_qr_code_is_written_for_old_readers_too():
    code = {
        "format": "PKBarcodeFormatQR",
        "message": "4801",
        "messageEncoding": "iso-8859-1",
        "altText": "4801",
    }

    assert [code] == face()["barcodes"]
    assert code == face()["barcode"]


def test_a_code_128_has_a_qr_code_behind_it_for_watches_and_old_readers():
    made = face(replace(ANNA, barcode=Barcode("code128", "4801", "")))

    assert ["PKBarcodeFormatCode128", "PKBarcodeFormatQR"] == [each["format"] for each in made["barcodes"]]
    assert "PKBarcodeFormatQR" == made["barcode"]["format"]
    assert "altText" not in made["barcode"]


def test_a_message_beyond_latin_says_its_encoding():
    assert "utf-8" == face(replace(ANNA, barcode=Barcode("qr", "Ж1", "")))["barcode"]["messageEncoding"]


# -- any pass --------------------------------------------------------------------------------------

WORDS = st.text(max_size=30)
TEXTS = st.dictionaries(st.sampled_from(["*", "en", "ru", "pt-BR"]), WORDS, max_size=4)
KEYS = st.sampled_from(["points", "name", "tier", "until"])
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
FIELDS = st.builds(
    PassField,
    key=KEYS,
    label=TEXTS,
    value=TEXTS | st.integers(-(10**15), 10**15) | MOMENTS,
    change_message=st.none() | TEXTS,
    alignment=st.sampled_from(["natural", "left", "center", "right"]),
)
GROUP = st.lists(FIELDS, max_size=6).map(tuple)
LINKS = st.builds(
    PassLink, key=KEYS, label=TEXTS, url=st.sampled_from([PAGE, "tel:+371", "https://a.example/<&\"'>"])
)
PLACES = st.builds(Place, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), text=TEXTS)
HEX = st.from_regex(r"\A#[0-9a-f]{6}\Z")
CODES = st.builds(
    Barcode,
    format=st.sampled_from(["qr", "code128", "pdf417", "aztec"]),
    message=st.from_regex(r"\A[0-9]{4,20}\Z"),
    alt_text=WORDS,
)
PASSES = st.builds(
    Pass,
    serial=st.from_regex(r"\A[0-9a-z]{1,20}\Z"),
    number=st.just("4801"),
    link=st.just("abc"),
    programme=st.just("cafe"),
    pass_type_identifier=st.just(PASS_TYPE),
    style=st.sampled_from(["storeCard", "generic"]),
    status=st.sampled_from(["active", "blocked", "void", "expired"]),
    organisation=TEXTS,
    programme_name=TEXTS,
    logo_text=TEXTS,
    description=TEXTS,
    palette=st.builds(Palette, background=HEX, foreground=HEX, label=HEX, accent=HEX),
    barcode=CODES,
    header=GROUP,
    primary=GROUP,
    secondary=GROUP,
    auxiliary=GROUP,
    back=GROUP,
    links=st.lists(LINKS, max_size=3).map(tuple),
    places=st.lists(PLACES, max_size=12).map(tuple),
    locales=st.sampled_from([("en",), ("en", "ru"), ("ru", "en", "pt-BR")]),
    locale=st.just("ru") | st.just("en"),
    expires_at=st.none() | MOMENTS,
)
PREPARED = prepare(pictures())


@settings(max_examples=30, deadline=None)
@given(PASSES)
def test_any_card_becomes_a_pass_without_a_fault(pass_):
    pass_ = pass_ if pass_.locale in pass_.locales else replace(pass_, locale=pass_.locales[0])
    files = card_files(pass_, ISSUER, authentication_token=TOKEN)
    data = build(PREPARED, files, signer(), NOW)

    assert face(pass_) == json.loads(files["pass.json"])
    assert {"wwdr-development"} == {
        fault.code for fault in verify(data, trusted={fingerprint(signer().wwdr)}) if fault.severity != "note"
    }
