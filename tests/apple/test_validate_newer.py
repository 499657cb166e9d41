"""The validator on what newer phones know: posters, schemes, actions, upcoming passes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wallets.apple.validate import card_faults
from app.wallets.apple.validate.newer import ACTIONS
from app.wallets.apple.validate.semantics import TAGS
from tests.support.apple_faults import card_codes as found
from tests.support.apple_nfc import NFC
from tests.support.apple_passes import card

EVENT = {"storeCard": None, "eventTicket": {}, "nfc": NFC, "sharingProhibited": True}
POSTER = EVENT | {
    "preferredStyleSchemes": ["posterEventTicket", "eventTicket"],
    "semantics": {"eventName": "Tasting", "venueName": "Mill", "eventStartDate": "2026-09-01T19:00:00Z"}
    | {"seats": [{"seatNumber": "7"}]},
}
FLIGHT = {
    "storeCard": None,
    "boardingPass": {"transitType": "PKTransitTypeAir"},
    "preferredStyleSchemes": ["semanticBoardingPass", "boardingPass"],
    "semantics": {
        "airlineCode": "EX",
        "flightNumber": 123,
        **dict.fromkeys(
            ("originalDepartureDate", "originalBoardingDate", "originalArrivalDate"), "2026-09-01T19:00:00Z"
        ),
        "departureAirportCode": "RIX",
        "departureAirportTimeZone": "Europe/Riga",
        "departureCityName": "Riga",
        "destinationAirportCode": "LHR",
        "destinationAirportTimeZone": "Europe/London",
        "destinationCityName": "London",
        "passengerName": {"givenName": "Anna"},
        "seats": [{"seatRow": "7", "seatNumber": "A"}],
    },
}
ACTION = {"identifier": "shop", "type": "shop", "url": "https://cafe.example.com/shop"}
UPCOMING = {"type": "event", "identifier": "one", "name": "Tasting"}


def without(whole: dict, key: str) -> dict:
    return {name: value for name, value in whole.items() if name != key}


# -- schemes ---------------------------------------------------------------------------------------


def test_a_whole_poster_ticket_and_a_whole_boarding_pass_have_no_faults():
    assert set() == found(**POSTER) | found("warning", **POSTER)
    assert set() == found(**FLIGHT) | found("warning", **FLIGHT)


@pytest.mark.parametrize("tag", ["eventName", "venueName"])
def test_a_poster_ticket_that_lacks_a_tag_is_found(tag):
    assert {"semantic-missing"} == found(**POSTER | {"semantics": without(POSTER["semantics"], tag)})


@pytest.mark.parametrize(
    "tag",
    [
        *("airlineCode", "flightNumber", "originalDepartureDate", "originalBoardingDate"),
        *("originalArrivalDate", "departureAirportCode", "departureAirportTimeZone"),
        *("destinationAirportCode", "passengerName"),
    ],
)
def test_a_semantic_boarding_pass_that_lacks_a_tag_is_found(tag):
    assert {"semantic-missing"} == found(**FLIGHT | {"semantics": without(FLIGHT["semantics"], tag)})


@pytest.mark.parametrize("tag", ["departureCityName", "destinationCityName", "seats"])
def test_what_a_boarding_pass_could_have_is_a_warning(tag):
    assert {"semantic-missing"} == found(
        "warning", **FLIGHT | {"semantics": without(FLIGHT["semantics"], tag)}
    )


def test_sports_and_concerts_need_their_own_tags():
    sports = POSTER["semantics"] | {"eventType": "PKEventTypeSports"}
    concert = POSTER["semantics"] | {"eventType": "PKEventTypeLivePerformance"}

    assert {"semantic-missing"} == found(**POSTER | {"semantics": sports})
    assert {"semantic-missing"} == found(**POSTER | {"semantics": concert})
    assert set() == found(**POSTER | {"semantics": concert | {"performerNames": ["Anna"]}})


def test_an_event_that_ends_before_it_starts_is_a_warning():
    tags = POSTER["semantics"] | {"eventEndDate": "2026-08-01T19:00:00Z"}

    assert {"semantic-order"} == found("warning", **POSTER | {"semantics": tags})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"preferredStyleSchemes": ["posterEventTicket"]}, "style-scheme"),
        (EVENT | {"preferredStyleSchemes": ["semanticBoardingPass"]}, "style-scheme"),
        (POSTER | {"nfc": None}, "poster-nfc"),
        (POSTER | {"nfc": without(NFC, "requiresAuthentication")}, "poster-nfc"),
        ({"groupingIdentifier": "trip"}, "grouping-style"),
        ({"featuredActions": [ACTION | {"identifier": str(n)} for n in range(3)]}, "too-many-actions"),
        ({"featuredActions": [ACTION, ACTION]}, "action-twice"),
        ({"featuredActions": [without(ACTION, "identifier")]}, "action-wrong"),
        ({"featuredActions": [without(ACTION, "url")]}, "action-wrong"),
        ({"featuredActions": [ACTION | {"type": "dance"}]}, "action-wrong"),
        ({"featuredActions": [ACTION | {"type": "place"}]}, "action-wrong"),
        ({"featuredActions": [ACTION | {"url": "shop"}]}, "action-wrong"),
        ({"featuredActions": [ACTION | {"title": "Shop"}]}, "action-wrong"),
        ({"upcomingPassInformation": [UPCOMING]}, "upcoming-style"),
        (POSTER | {"upcomingPassInformation": [UPCOMING, UPCOMING]}, "upcoming-twice"),
        (POSTER | {"upcomingPassInformation": [without(UPCOMING, "name")]}, "upcoming-wrong"),
        (POSTER | {"upcomingPassInformation": [UPCOMING | {"type": "trip"}]}, "upcoming-wrong"),
        (
            POSTER | {"upcomingPassInformation": [UPCOMING | {"semantics": {"duration": ""}}]},
            "semantic-wrong",
        ),
        ({"storeCard": None, "posterGeneric": {}}, "poster-without-fallback"),
        ({"posterGeneric": {"transitType": "PKTransitTypeAir"}}, "transit-type"),
    ],
)
def test_what_newer_layouts_do_not_allow_is_found(changes, code):
    assert {code} == found(**changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (POSTER | {"preferredStyleSchemes": ["posterEventTicket"]}, "style-scheme-alone"),
        (POSTER | {"sellURL": "https://mill.example.com/sell"}, "event-guide"),
        (POSTER | {"featuredActions": [ACTION]}, "action-style"),
        ({"sellURL": "https://mill.example.com/sell"}, "key-without-scheme"),
        ({"useAutomaticColors": True}, "key-without-scheme"),
        ({"upgradeURL": "https://air.example.com/up"}, "key-without-scheme"),
        ({"storeCard": {"footerFields": []}}, "group-style"),
        ({"storeCard": {"footFields": []}}, "group-unknown"),
        ({"storeCard": {"auxiliaryFields": [{"key": "k", "value": "v", "row": 1}]}}, "field-row-style"),
        (
            {"storeCard": {"headerFields": [{"key": "k", "value": "v", "dataDetectorTypes": []}]}},
            "",
        ),
        (
            {
                "storeCard": {
                    "headerFields": [
                        {"key": "k", "value": "v", "dataDetectorTypes": ["PKDataDetectorTypeLink"]}
                    ]
                }
            },
            "field-detectors-front",
        ),
    ],
)
def test_what_newer_layouts_pass_over_is_a_warning(changes, code):
    assert ({code} if code else set()) == found("warning", **changes)


@pytest.mark.parametrize("kind", ACTIONS)
def test_every_known_action_is_accepted(kind):
    place = {"identifier": "p", "type": "place", "placeIdentifier": "I1234"}

    assert set() == found(featuredActions=[place if kind == "place" else ACTION | {"type": kind}])


IMAGE_URL = {"URL": "https://mill.example.com/a.png", "SHA256": "0" * 64, "scale": 2, "size": 1000}


@pytest.mark.parametrize(
    ("image", "good"),
    [
        ({"URLs": [IMAGE_URL]}, True),
        ({"reuseExisting": True}, True),
        ({}, False),
        ({"URLs": [IMAGE_URL], "reuseExisting": True}, False),
        ({"URLs": [IMAGE_URL | {"URL": "http://mill.example.com/a.png"}]}, False),
        ({"URLs": [IMAGE_URL | {"SHA256": "abc"}]}, False),
        ({"URLs": [IMAGE_URL | {"size": (2 << 20) + 1}]}, False),
        ({"URLs": [IMAGE_URL | {"scale": 4}]}, False),
    ],
)
def test_a_picture_of_an_upcoming_pass_comes_by_https_with_its_hash(image, good):
    entry = UPCOMING | {"images": {"headerImage": image}, "dateInformation": {"date": "2026-09-01T19:00Z"}}

    assert (set() if good else {"upcoming-wrong"}) == found(**POSTER | {"upcomingPassInformation": [entry]})


def test_a_poster_has_its_own_room_for_fields():
    def of(group: str, count: int) -> dict:
        return {"posterGeneric": {group: [{"key": f"k{n}", "value": n} for n in range(count)]}}

    rooms = {"headerFields": 1, "primaryFields": 4, "footerFields": 2, "secondaryFields": 0}
    for group, most in rooms.items():
        assert set() == found(**of(group, most))
        assert {"too-many-fields"} == found(**of(group, most + 1))
    assert set() == found(**of("additionalInfoFields", 9)) | found("warning", **of("additionalInfoFields", 9))


def test_links_in_a_field_have_an_address():
    def rich(value: str) -> set[str]:
        return found(storeCard={"backFields": [{"key": "k", "value": "v", "attributedValue": value}]})

    assert set() == rich("<a href='https://cafe.example.com'>here</a>")
    assert {"field-markup"} == rich('<a href="cafe">here</a>')
    assert {"field-markup"} == rich("<b>bold</b>")


@pytest.mark.parametrize("value", ["2027-02-31", "2027-01-31T20:00:00+0000", "31.01.2027", 7])
def test_a_field_with_a_date_style_has_a_real_date(value):
    field = {"key": "k", "value": value, "dateStyle": "PKDateStyleShort"}

    assert {"field-date"} == found(storeCard={"headerFields": [field]})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=10,
)
NEWER = {
    **dict.fromkeys(("preferredStyleSchemes", "featuredActions", "upcomingPassInformation"), ANYTHING),
    **dict.fromkeys(("relevantDates", "semantics", "nfc", "groupingIdentifier", "posterGeneric"), ANYTHING),
    **dict.fromkeys(("eventTicket", "boardingPass", "barcodes", "barcode", "beacons"), ANYTHING),
}


@settings(max_examples=50, deadline=None)
@given(
    st.fixed_dictionaries({}, optional=NEWER),
    st.dictionaries(st.sampled_from(sorted(TAGS)), ANYTHING, max_size=5),
    st.lists(
        st.dictionaries(st.sampled_from([*ACTION, *UPCOMING, "images", "URLs", "date"]), ANYTHING), max_size=3
    ),
    st.sampled_from([POSTER, FLIGHT, {}]),
)
def test_no_value_makes_the_newer_rules_raise(changes, tags, entries, start):
    lists = dict.fromkeys(("featuredActions", "upcomingPassInformation", "relevantDates", "beacons"), entries)
    whole = card(**start | lists | {"semantics": tags} | changes)

    assert all(fault.code and fault.mend for fault in card_faults(whole))
