"""Every way to format a value, and where Apple takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain.apple_look import AppleLook
from app.domain.passes import Barcode, PassField, Showing
from tests.apple.test_passjson import ANNA, face, fields, shown

WHEN = datetime(2027, 1, 31, 20, 0, tzinfo=timezone(timedelta(hours=2)))


def written(field: PassField, group: str = "secondary", **changes):
    """The field as pass.json has it, but for key and label."""
    pass_ = replace(ANNA, **{"header": (), group: (field,)}, **changes)
    [made] = [each for each in face(pass_)[pass_.style][f"{group}Fields"] if each["key"] != "message"]
    return {key: value for key, value in made.items() if key not in ("key", "label")}


def value(what, **showing):
    return PassField("f", {"*": "L"}, what, showing=Showing(**showing))


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (12340, "EUR", 123.4),
        (12300, "EUR", 123),
        (1234, "JPY", 1234),
        (1234, "KWD", 1.234),
        (-5, "EUR", -0.05),
    ],
)
def test_money_is_written_in_the_currencys_own_units_without_a_number_style(amount, currency, expected):
    assert {"value": expected, "currencyCode": currency} == written(value(amount, currency=currency))


def test_money_keeps_no_number_style_beside_it():
    made = written(value(100, currency="EUR", number_style="percent"))

    assert {"value": 1, "currencyCode": "EUR"} == made


@pytest.mark.parametrize(("percent", "expected"), [(15, 0.15), (100, 1), (250, 2.5), (7, 0.07)])
def test_whole_percents_become_apples_fraction(percent, expected):
    made = written(value(percent, number_style="percent"))

    assert {"value": expected, "numberStyle": "PKNumberStylePercent"} == made


def test_numbers_can_be_spelled_out():
    assert "PKNumberStyleSpellOut" == written(value(3, number_style="spell_out"))["numberStyle"]


def test_a_time_has_the_styles_that_the_design_asks_for():
    made = written(value(WHEN, date_style="long", time_style="short", relative=True))

    assert {
        "value": "2027-01-31T18:00:00Z",
        "dateStyle": "PKDateStyleLong",
        "timeStyle": "PKDateStyleShort",
        "isRelative": True,
    } == made


def test_a_time_of_day_alone_shows_no_date():
    made = written(value(WHEN, time_style="short"))

    assert ("PKDateStyleNone", "PKDateStyleShort") == (made["dateStyle"], made["timeStyle"])


def test_a_time_that_ignores_the_phones_zone_keeps_its_own():
    made = written(value(WHEN, ignores_time_zone=True))

    assert "2027-01-31T20:00:00+02:00" == made["value"]
    assert made["ignoresTimeZone"]


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_calendar_are_dates_too(year):
    edge = datetime(
        year,
        1 if year == 1 else 12,
        1 if year == 1 else 31,
        tzinfo=timezone(timedelta(hours=5 if year == 1 else -5)),
    )

    assert f"{year:04}-" == written(value(edge))["value"][:5]


def test_text_has_neither_number_nor_date_styles():
    made = written(value({"*": "much"}, currency="EUR", date_style="long"))

    assert {"value": "much"} == made


def test_a_whole_value_is_a_link_in_every_language():
    field = value({"en": "Shop & more", "ru": "Магазин"}, link="https://a.example/?x=1&y=2")
    pass_ = replace(ANNA, back=(field,))
    rich = face(pass_)["storeCard"]["backFields"][0]["attributedValue"]

    assert '<a href="https://a.example/?x=1&amp;y=2">Shop &amp; more</a>' == rich
    assert '<a href="https://a.example/?x=1&amp;y=2">Магазин</a>' == shown(pass_, "ru", rich)


@pytest.mark.parametrize("link", ["not an address", "https://", "https://[", "javascript alert", ""])
def test_what_no_phone_opens_is_no_link(link):
    assert "attributedValue" not in written(value({"*": "x"}, link=link), "back")


def test_data_detectors_are_for_the_back_and_can_be_turned_off():
    assert ["PKDataDetectorTypePhoneNumber"] == written(value({"*": "x"}, detect=("phone",)), "back")[
        "dataDetectorTypes"
    ]
    assert [] == written(value({"*": "x"}, detect=()), "back")["dataDetectorTypes"]
    assert "dataDetectorTypes" not in written(value({"*": "x"}, detect=("phone",)))


@pytest.mark.parametrize(("group", "aligned"), [("secondary", True), ("primary", False), ("back", False)])
def test_alignment_is_left_out_where_apple_refuses_it(group, aligned):
    made = written(PassField("f", {"*": ""}, {"*": "x"}, alignment="right"), group)

    assert aligned is ("textAlignment" in made)


def test_a_field_carries_its_meaning():
    made = written(value({"*": "12.34"}, semantics={"balance": {"amount_minor": "1234", "currency": "EUR"}}))

    assert {"balance": {"amount": "12.34", "currencyCode": "EUR"}} == made["semantics"]


# -- styles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transit", "expected"), [("air", "PKTransitTypeAir"), (None, "PKTransitTypeGeneric")]
)
def test_a_boarding_pass_always_says_how_one_travels(transit, expected):
    pass_ = replace(ANNA, style="boardingPass", apple=AppleLook(transit_type=transit))

    assert expected == face(pass_)["boardingPass"]["transitType"]


def test_a_boarding_pass_shows_two_primary_and_five_auxiliary_fields():
    pass_ = replace(ANNA, style="boardingPass", primary=fields(3, "p"), auxiliary=fields(6, "a"))
    made = face(pass_)["boardingPass"]

    assert (2, 5) == (len(made["primaryFields"]), len(made["auxiliaryFields"]))
    assert ["p2", "a5", "message"] == [each["key"] for each in made["backFields"]]


def test_an_event_ticket_has_two_rows_of_four():
    low = tuple(replace(each, showing=Showing(row=1)) for each in fields(5, "low"))
    made = face(replace(ANNA, style="eventTicket", auxiliary=(*fields(5, "up"), *low)))["eventTicket"]

    assert [0] * 4 + [1] * 4 == [each.get("row", 0) for each in made["auxiliaryFields"]]
    assert ["up4", "low4", "message"] == [each["key"] for each in made["backFields"]]


def test_a_coupon_beside_a_square_code_has_one_row():
    pass_ = replace(ANNA, style="coupon", secondary=fields(3, "s"), auxiliary=fields(4, "a"))
    narrow = replace(pass_, barcode=Barcode("ean13", "2001234567893", ""))

    assert 1 == len(face(pass_)["coupon"]["auxiliaryFields"])
    assert 4 == len(face(narrow)["coupon"]["auxiliaryFields"])


def test_fields_of_a_poster_are_on_the_back_where_there_is_no_poster():
    made = face(replace(ANNA, footer=fields(1, "foot"), additional=fields(1, "more")))

    assert ["foot0", "more0", "message"] == [each["key"] for each in made["storeCard"]["backFields"]]


# -- barcodes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        ("ean13", "2001234567893", ["EAN13", "Code128", "QR"]),
        ("ean13", "200123456789", ["EAN13", "Code128", "QR"]),
        ("ean13", "2001234567890", ["QR"]),
        ("ean13", "4801", ["QR"]),
        ("itf", "1234", ["I2of5", "Code128", "QR"]),
        ("itf", "123", ["QR"]),
        ("code39", "CARD-1", ["Code39", "Code128", "QR"]),
        ("code39", "card", ["QR"]),
        ("codabar", "A12B", ["Codabar", "Code128", "QR"]),
        ("code128", "Ж", ["QR"]),
        ("pdf417", "Ж", ["PDF417"]),
        ("data_matrix", "4801", ["QR"]),
        ("ean8", "12345670", ["QR"]),
        ("upca", "036000291452", ["QR"]),
    ],
)
def test_new_barcodes_stand_first_and_an_old_one_last(name, message, expected):
    made = face(replace(ANNA, barcode=Barcode(name, message, "")))

    assert [f"PKBarcodeFormat{each}" for each in expected] == [each["format"] for each in made["barcodes"]]
    assert made["barcodes"][-1] == made["barcode"]
    assert {"iso-8859-1" if message.isascii() else "utf-8"} == {
        each["messageEncoding"] for each in made["barcodes"]
    }


def test_a_date_of_a_card_is_in_utc():
    assert (
        "2027-01-31T20:00:00Z" == face(replace(ANNA, expires_at=WHEN.replace(tzinfo=UTC)))["expirationDate"]
    )
