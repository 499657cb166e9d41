"""Apple's own part of a design at the top of pass.json, and posters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.apple_look import AppleLook
from app.domain.passes import PassField, Showing
from app.wallets.apple.passjson import Issuer, card_files, pass_json
from app.wallets.apple.validate import card_faults
from tests.apple.test_passjson import ANNA, ISSUER, TOKEN, face, fields
from tests.support.apple_certs import PASS_TYPE, TEAM
from tests.support.apple_nfc import NFC

TAP = {"encryption_public_key": NFC["encryptionPublicKey"]}
FLIGHT = {
    **dict.fromkeys(
        ("originalDepartureDate", "originalBoardingDate", "originalArrivalDate"), "2026-09-01T19:00:00+03:00"
    ),
    "airlineCode": "EX",
    "flightNumber": "123",
    "departureAirportCode": "RIX",
    "departureAirportTimeZone": "Europe/Riga",
    "destinationAirportCode": "LHR",
    "passengerName": {"givenName": "Anna"},
}
EVENT = {"eventName": "Tasting", "venueName": "Mill"}
POSTER_TICKET = {"preferred_style_schemes": ["posterEventTicket"], "semantics": EVENT, "nfc": TAP}


def made(style: str = "storeCard", **look: Any) -> dict[str, Any]:
    """What the look adds to pass.json; the whole has no error."""
    whole = face(replace(ANNA, style=style, apple=AppleLook.model_validate(look)))
    plain = face(replace(ANNA, style=style))

    assert [] == [fault for fault in card_faults(whole) if fault.severity == "error"]
    return {key: value for key, value in whole.items() if key not in plain}


def test_a_design_without_apples_part_adds_nothing():
    assert {} == made()


# -- NFC -------------------------------------------------------------------------------------------


def test_a_reader_gets_the_message_and_the_card_is_not_shared():
    expected = {"message": "4801", "encryptionPublicKey": TAP["encryption_public_key"]}

    assert {
        "nfc": {**expected, "requiresAuthentication": True},
        "sharingProhibited": True,
    } == made(nfc={**TAP, "message": "4801", "requires_authentication": True})


@pytest.mark.parametrize(("message", "sent"), [("x" * 64, True), ("x" * 65, False), ("Ж" * 33, False)])
def test_a_message_that_the_phone_would_cut_is_not_sent(message, sent):
    assert sent is ("nfc" in made(nfc={**TAP, "message": message}))


def test_nothing_of_nfc_is_written_under_a_certificate_without_it():
    look = AppleLook(nfc=TAP, personalisation={"fields": ["name"], "description": "Join"})
    pass_ = replace(ANNA, apple=look, personalise=True)
    plain = Issuer(PASS_TYPE, TEAM, "https://a.example", "https://a.example/apple", nfc=False)

    assert "nfc" not in pass_json(pass_, plain, authentication_token=TOKEN)
    assert "personalization.json" not in card_files(pass_, plain, authentication_token=TOKEN)
    assert "personalization.json" in card_files(pass_, ISSUER, authentication_token=TOKEN)


# -- when and where --------------------------------------------------------------------------------


def test_beacons_are_written_with_their_words():
    uuid = "F8F589E9-C07E-58B0-AD5C-5DF1A34B6F20"
    beacon = {"proximity_uuid": uuid, "major": 1, "minor": 2, "text": {"en": "Hi", "ru": "Привет"}}

    assert [{"proximityUUID": uuid, "major": 1, "minor": 2, "relevantText": "Hi"}] == made(beacons=[beacon])[
        "beacons"
    ]


def test_a_moment_is_written_for_ios_18_and_ios_26_and_for_those_before():
    when = "2026-09-01T19:00:00+02:00"
    got = made(relevant_dates=[{"at": when}])

    assert {"relevantDates": [{"date": when, "relevantDate": when}], "relevantDate": when} == got


def test_an_interval_has_its_start_and_its_end():
    starts, ends = "2026-09-01T19:00:00+00:00", "2026-09-01T21:00:00+00:00"
    got = made(relevant_dates=[{"starts_at": starts, "ends_at": ends}])

    assert [{"startDate": starts, "endDate": ends}] == got["relevantDates"]


def test_a_date_that_a_card_does_not_have_is_left_out():
    assert {} == made(relevant_dates=[{"at": ""}])


def test_the_distance_is_a_number_and_needs_places():
    assert {} == made(max_distance=50)


# -- the rest of the top ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "look", "expected"),
    [
        ("storeCard", {"sharing_prohibited": True}, {"sharingProhibited": True}),
        ("storeCard", {"suppress_strip_shine": True}, {"suppressStripShine": True}),
        ("generic", {"suppress_strip_shine": True}, {}),
        ("storeCard", {"user_info": {"a": [1]}}, {"userInfo": {"a": [1]}}),
        ("storeCard", {"logo_symbol_name": "cup.and.saucer"}, {"logoSymbolName": "cup.and.saucer"}),
        ("storeCard", {"associated_store_identifiers": [1]}, {"associatedStoreIdentifiers": [1]}),
        ("storeCard", {"app_launch_url": "shop://x"}, {}),
        (
            "storeCard",
            {"app_launch_url": "shop://x", "associated_store_identifiers": [1]},
            {"associatedStoreIdentifiers": [1], "appLaunchURL": "shop://x"},
        ),
        ("eventTicket", {"grouping_identifier": "g"}, {"groupingIdentifier": "g"}),
        ("storeCard", {"grouping_identifier": "g"}, {}),
        (
            "storeCard",
            {"semantics": {"balance": {"amount_minor": "{x}", "currency": "EUR"}, "eventName": "x"}},
            {},
        ),
        (
            "storeCard",
            {"semantics": {"balance": {"amount_minor": 1234, "currency": "JPY"}}},
            {"semantics": {"balance": {"amount": "1234", "currencyCode": "JPY"}}},
        ),
    ],
)
def test_a_key_is_written_where_the_style_knows_it(style, look, expected):
    assert expected == made(style, **look)


# -- posters and newer layouts ---------------------------------------------------------------------

CARD = replace(
    ANNA,
    header=fields(2, "h"),
    primary=fields(5, "p"),
    secondary=fields(2, "s"),
    footer=fields(1, "f"),
    additional=fields(1, "more"),
    back=fields(1, "b"),
    apple=AppleLook(poster={}),
)


def test_a_poster_stands_beside_the_style_with_groups_of_its_own():
    whole = face(CARD)
    keys = {name: [each["key"] for each in group] for name, group in whole["posterGeneric"].items()}

    assert {
        "headerFields": ["h0"],
        "primaryFields": ["p0", "p1", "p2", "p3"],
        "footerFields": ["f0", "s0"],
        "additionalInfoFields": ["more0"],
        "backFields": ["h1", "p4", "s1", "b0", "message"],
    } == keys
    assert ["p0"] == [each["key"] for each in whole["storeCard"]["primaryFields"]]
    assert [] == [fault for fault in card_faults(whole) if fault.severity == "error"]


def test_actions_are_shown_under_a_poster_alone():
    actions = [{"kind": "shop", "url": "https://a.example"}, {"kind": "place", "place_identifier": "I1"}]
    got = made(poster={}, featured_actions=actions)["featuredActions"]

    assert [
        {"identifier": "shop", "type": "shop", "url": "https://a.example"},
        {"identifier": "place", "type": "place", "placeIdentifier": "I1"},
    ] == got
    assert {} == made(featured_actions=actions)


def test_two_actions_of_one_kind_are_told_apart():
    actions = [{"kind": "shop", "url": "https://a.example"}, {"kind": "shop", "url": "https://b.example"}]

    assert ["shop", "shop-2"] == [
        each["identifier"] for each in made(poster={}, featured_actions=actions)["featuredActions"]
    ]


def test_a_poster_ticket_says_its_scheme_and_its_event_guide():
    look = {
        "event_logo_text": "Mill",
        "use_automatic_colors": True,
        "footer_background_color": "#102030",
        "suppress_header_darkening": True,
        "event_urls": {"sellURL": "https://a.example", "addOnURL": "https://b.example"},
        "contacts": {"contactVenueEmail": "a@b.example", "transitProviderEmail": "c@d.example"},
        "auxiliary_store_identifiers": [7],
    }
    got = made("eventTicket", **POSTER_TICKET, **look)

    assert ["posterEventTicket", "eventTicket"] == got["preferredStyleSchemes"]
    assert {
        "eventLogoText": "Mill",
        "useAutomaticColors": True,
        "footerBackgroundColor": "rgb(16,32,48)",
        "suppressHeaderDarkening": True,
        "sellURL": "https://a.example",
        "addOnURL": "https://b.example",
        "contactVenueEmail": "a@b.example",
        "auxiliaryStoreIdentifiers": [7],
    } == {key: value for key, value in got.items() if key not in _OF_EVERY_TICKET}


_OF_EVERY_TICKET = ("nfc", "sharingProhibited", "preferredStyleSchemes", "semantics")


@pytest.mark.parametrize("missing", ["eventName", "venueName", "nfc"])
def test_a_ticket_that_lacks_what_a_poster_needs_keeps_its_plain_layout(missing):
    look = {**POSTER_TICKET, "semantics": {k: v for k, v in EVENT.items() if k != missing}}
    look = {key: value for key, value in look.items() if key != missing}

    assert "preferredStyleSchemes" not in made("eventTicket", **look, event_logo_text="x")


def test_a_semantic_boarding_pass_has_its_links():
    look = {"preferred_style_schemes": ["semanticBoardingPass"], "semantics": FLIGHT}
    got = made("boardingPass", **look, transit_type="air", flight_urls={"managementURL": "https://a.example"})

    assert ["semanticBoardingPass", "boardingPass"] == got["preferredStyleSchemes"]
    assert "https://a.example" == got["managementURL"]
    assert 123 == got["semantics"]["flightNumber"]


def test_more_fields_have_a_page_of_their_own_in_a_newer_layout():
    look = AppleLook.model_validate(POSTER_TICKET)
    ticket = replace(ANNA, style="eventTicket", additional=fields(1, "more"), apple=look)

    assert ["more0"] == [each["key"] for each in face(ticket)["eventTicket"]["additionalInfoFields"]]


def test_events_to_come_are_told_with_pictures_that_are_checked():
    event = {
        "identifier": "next",
        "name": {"en": "Next", "ru": "Дальше"},
        "date": "2026-10-01T19:00:00+03:00",
        "time_zone": "Europe/Riga",
        "all_day": True,
        "urls": {"sellURL": "https://a.example"},
        "back": [{"key": "a", "value": "b"}],
        "header": [{"url": "https://a.example/x.png", "sha256": "a" * 64, "size": 10}],
        "reuse_venue_map": True,
    }
    [got] = made("eventTicket", **POSTER_TICKET, upcoming=[event])["upcomingPassInformation"]

    assert {
        "type": "event",
        "identifier": "next",
        "name": "Next",
        "isActive": True,
        "dateInformation": {"date": "2026-10-01T19:00:00+03:00", "isAllDay": True, "timeZone": "Europe/Riga"},
        "URLs": {"sellURL": "https://a.example"},
        "backFields": [{"key": "a", "value": "b"}],
        "images": {
            "headerImage": {
                "URLs": [{"URL": "https://a.example/x.png", "SHA256": "a" * 64, "scale": 2, "size": 10}]
            },
            "venueMap": {"reuseExisting": True},
        },
    } == got


# -- what the design may say -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"semantics": {"evntName": "x"}},
        {"semantics": {"balance": 12}},
        {"semantics": {"seats": {"seatRow": "1"}}},
        {"semantics": {"wifiAccess": [{"ssid": "x"}]}},
        {"featured_actions": [{"kind": "dance", "url": "https://a.example"}]},
        {"featured_actions": [{"kind": "place", "url": "https://a.example"}]},
        {"featured_actions": [{"kind": "shop", "url": "a.example"}]},
        {"relevant_dates": [{"at": "2026-09-01T19:00:00"}]},
        {"relevant_dates": [{"starts_at": "2026-09-01T19:00Z"}]},
        {"relevant_dates": [{"starts_at": "2026-09-02T19:00Z", "ends_at": "2026-09-01T19:00Z"}]},
        {"beacons": [{"proximity_uuid": "x"}]},
        {"beacons": [{"proximity_uuid": "f8f589e9-c07e-58b0-ad5c-5df1a34b6f20", "minor": 1}]},
        {"event_urls": {"sellURL": "http://a.example"}},
        {"event_urls": {"homepage": "https://a.example"}},
        {"max_distance": 0},
        {"personalisation": {"fields": ["name", "name"], "description": "x"}},
        {"personalisation": {"fields": ["name"], "description": ""}},
        {"user_info": {"n": 2**60}},
        {"user_info": {"n": float("nan")}},
        {"preferred_style_schemes": ["posterGeneric"]},
        {"posters": {}},
    ],
)
def test_a_design_that_apple_would_not_understand_is_refused(wrong):
    with pytest.raises(ValidationError):
        AppleLook.model_validate(wrong)


def test_a_field_with_meaning_that_reads_as_none_carries_none():
    field = PassField(
        "f", {"*": ""}, {"*": "x"}, showing=Showing(semantics={"duration": "soon", "eventName": ""})
    )

    assert "semantics" not in face(replace(ANNA, back=(field,)))["storeCard"]["backFields"][0]
