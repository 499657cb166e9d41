"""Any design that a shop may make, with any card in any state: for tests that must hold for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, get_args

from hypothesis import strategies as st

from app.domain import apple_look
from app.domain.apple_values import ContactKey, EventUrlKey, FlightUrlKey
from app.domain.design import SLOTS, Design
from app.domain.faces import Holder, build_pass
from app.domain.fields import GROUPS, BarcodeFormat
from app.domain.ledger import Holdings, Lot
from app.domain.mechanics.base import State
from app.domain.passes import Message, Pass
from app.domain.programme import Programme
from app.domain.semantics import TAGS
from tests.support.apple_certs import NOW, PASS_TYPE
from tests.support.apple_nfc import NFC

LANGUAGES = ("en", "ru", "ar", "zh-Hans", "en-GB")
KEY = NFC["encryptionPublicKey"]
AWKWARD = (
    *(
        'Say "hi"',
        "a\\b",
        "50 % \n off",
        "🎉👩‍👩‍👧",
        "بطاقة",
        "积分卡",
        "%@",
        "%@ %@",
        "{number}",
        "\t",
        "",
        " ",
    ),
    *("{name}", "{points}", "{values.money}", "{values.date}", "{values.url}", "/* ; */", "'", "=;"),
)
WORDS = st.sampled_from(AWKWARD) | st.text(
    st.characters(codec="utf-8", exclude_characters="{}"), min_size=1, max_size=12
)
TEXT = st.dictionaries(st.sampled_from(["*", *LANGUAGES]), WORDS, min_size=1, max_size=3)
HEX = st.sampled_from(["#143c32", "#ffffff", "#000000", "#ffcc00"])
SHA = st.sampled_from(["a" * 64, "b" * 64])
ISO = st.sampled_from(["2026-09-01T19:00:00+02:00", "2026-09-01T19:00Z", "{values.date}", "{expires_at}"])
URL = st.sampled_from(["https://a.example/?x=1&y='2'", "https://b.example/{number}", "{values.url}"])
ADDRESS = URL | st.sampled_from(["tel:+371200", "shop-app://card/{number}"])
NUMBER = st.sampled_from(["1200", "{points}", "{values.money}", 7, 0, "x"])
MARK = st.sampled_from(["points", "a", "b-2", "message", "message-m1", "c_3", "points-2", "d", "e", "f"])
STORE_IDS = st.lists(st.integers(1, 10**9), max_size=2)


def _optional(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=parts)


_SEAT = _optional(seatNumber=WORDS, seatRow=WORDS, seatSectionColor=HEX | WORDS)
_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": WORDS,
    "texts": st.lists(WORDS, max_size=2),
    "number": NUMBER,
    "flag": st.booleans() | st.sampled_from(["true", "{values.url}"]),
    "date": ISO,
    "zone": st.sampled_from(["Europe/Riga", "UTC", "somewhere"]),
    "phone": st.sampled_from(["+371 200", "call us"]),
    "money": st.fixed_dictionaries(
        {"amount_minor": NUMBER, "currency": st.sampled_from(["EUR", "JPY", "KWD", "?"])}
    ),
    "place": st.fixed_dictionaries(
        {"latitude": st.floats(-90, 90), "longitude": st.sampled_from([24.1, "{values.money}"])}
    ),
    "person": _optional(givenName=WORDS, familyName=WORDS),
    "seats": st.lists(_SEAT, max_size=2),
    "wifi": st.lists(st.fixed_dictionaries({"ssid": WORDS, "password": WORDS}), max_size=2),
    "airplay": st.lists(st.fixed_dictionaries({"airplayDeviceGroupToken": WORDS}), max_size=1),
    "date_info": st.fixed_dictionaries({"date": ISO}, optional={"unannounced": st.booleans()}),
    "event_type": st.sampled_from(["Sports", "LivePerformance", "PKEventTypeMovie", "nonsense"]),
}
TAG_VALUES = {tag: _KINDS[kind] for tag, kind in TAGS.items()}


@st.composite
def semantics(draw: st.DrawFn, most: int = 4, always: tuple[str, ...] = ()) -> dict[str, Any]:
    """Some tags with values of their kinds, some of which turn out to be none."""
    chosen = draw(st.lists(st.sampled_from(sorted(TAGS)), max_size=most))
    return {tag: draw(TAG_VALUES[tag]) for tag in dict.fromkeys([*always, *chosen])}


_ALL_OF_FLIGHT = {
    "airlineCode": "EX",
    "flightNumber": 12,
    "originalDepartureDate": "2026-09-01T19:00Z",
    "originalBoardingDate": "2026-09-01T18:30Z",
    "originalArrivalDate": "2026-09-01T21:00Z",
    "departureAirportTimeZone": "Europe/Riga",
    "departureAirportCode": "RIX",
    "destinationAirportCode": "LHR",
    "passengerName": {"givenName": "{given_name}"},
}
_ALL_OF_EVENT = {"eventName": "Tasting", "venueName": "Mill"}


def _field() -> st.SearchStrategy[dict[str, Any]]:
    required = {"key": MARK, "value": TEXT}
    return st.fixed_dictionaries(
        required,
        optional={
            "label": TEXT,
            "change_message": TEXT,
            "alignment": st.sampled_from(["left", "center", "right", "natural"]),
            "hide_when_empty": st.booleans(),
            "date_style": st.sampled_from(["none", "short", "medium", "long", "full"]),
            "time_style": st.sampled_from(["none", "short", "full"]),
            "relative": st.booleans(),
            "ignores_time_zone": st.booleans(),
            "number_style": st.sampled_from(["decimal", "percent", "scientific", "spell_out"]),
            "currency": st.sampled_from(["programme", "JPY", "KWD"]),
            "detect": st.lists(st.sampled_from(["phone", "link", "address", "event"]), max_size=2),
            "link": ADDRESS | WORDS,
            "row": st.integers(0, 1),
            "semantics": semantics(2),
        },
    )


_LIMITS = {"header": 3, "primary": 4, "secondary": 4, "auxiliary": 8, "footer": 2}
FIELDS = _optional(**{name: st.lists(_field(), max_size=min(_LIMITS.get(name, 3), 5)) for name in GROUPS})
_ACTION = st.sampled_from(get_args(apple_look.ActionKind)).flatmap(
    lambda kind: st.fixed_dictionaries(
        {"kind": st.just(kind), ("place_identifier" if kind == "place" else "url"): ADDRESS}
    )
)
_BEACON = st.fixed_dictionaries(
    {"proximity_uuid": st.just("f8f589e9-c07e-58b0-ad5c-5df1a34b6f20")},
    optional={"major": st.integers(0, 65535), "text": TEXT},
)
_RELEVANT = st.fixed_dictionaries({"at": ISO}) | st.just(
    {"starts_at": "2026-09-01T19:00Z", "ends_at": "{values.date}"}
)
_PICTURE = st.fixed_dictionaries({"url": URL, "sha256": SHA}, optional={"size": st.integers(1, 2 << 20)})
_LINE = st.fixed_dictionaries({"key": MARK, "value": TEXT}, optional={"label": TEXT})
_UPCOMING = st.fixed_dictionaries(
    {"identifier": MARK, "name": TEXT},
    optional={
        "date": ISO,
        "time_zone": st.sampled_from(["Europe/Riga", "UTC"]),
        "all_day": st.booleans(),
        "urls": st.dictionaries(st.sampled_from(get_args(EventUrlKey)), URL, max_size=2),
        "back": st.lists(_LINE, max_size=2),
        "header": st.lists(_PICTURE, max_size=1),
        "reuse_venue_map": st.booleans(),
        "semantics": semantics(2),
    },
)
_PERSONALISATION = st.fixed_dictionaries(
    {"fields": st.just(["name", "email"]), "description": st.just({"en": "Join", "ru": "Вступайте"})},
    optional={"terms": TEXT},
)


@st.composite
def apple_looks(draw: st.DrawFn, style: str) -> dict[str, Any]:
    """Apple's own part of a design of this style, sensible or not."""
    look = draw(
        _optional(
            featured_actions=st.lists(_ACTION, max_size=2),
            poster=st.just({}) if style in ("storeCard", "generic") else st.none(),
            logo_symbol_name=WORDS,
            personalisation=_PERSONALISATION,
            beacons=st.lists(_BEACON, max_size=2),
            max_distance=st.floats(1, 5000),
            relevant_dates=st.lists(_RELEVANT, max_size=2),
            associated_store_identifiers=STORE_IDS,
            auxiliary_store_identifiers=STORE_IDS,
            app_launch_url=ADDRESS,
            sharing_prohibited=st.booleans(),
            suppress_strip_shine=st.booleans(),
            grouping_identifier=WORDS,
            event_logo_text=TEXT,
            use_automatic_colors=st.booleans(),
            footer_background_color=HEX,
            suppress_header_darkening=st.booleans(),
            event_urls=st.dictionaries(st.sampled_from(get_args(EventUrlKey)), URL, max_size=3),
            flight_urls=st.dictionaries(st.sampled_from(get_args(FlightUrlKey)), URL, max_size=3),
            contacts=st.dictionaries(
                st.sampled_from(get_args(ContactKey)),
                st.sampled_from(["a@b.example", "+371 200", "nobody"]),
                max_size=3,
            ),
            upcoming=st.lists(_UPCOMING, max_size=2, unique_by=lambda each: each["identifier"]),
            user_info=st.just({"any": [1, None, {"thing": "here"}]}),
            transit_type=st.sampled_from(["air", "bus"]),
        )
    )
    look["semantics"] = draw(semantics())
    if draw(st.booleans()):
        message = st.sampled_from(["{number}", "{values.url}", "x" * 65])
        look["nfc"] = {"message": draw(message), "encryption_public_key": KEY}
    scheme = {"eventTicket": "posterEventTicket", "boardingPass": "semanticBoardingPass"}.get(style)
    if scheme and draw(st.booleans()):
        look["preferred_style_schemes"] = [scheme]
        look["semantics"] |= _ALL_OF_EVENT if style == "eventTicket" else _ALL_OF_FLIGHT
    return look


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """Any design that the model takes."""
    style = draw(st.sampled_from(["storeCard", "coupon", "generic", "eventTicket", "boardingPass"]))
    pictures = st.dictionaries(st.sampled_from(SLOTS), SHA, max_size=4)
    raw = {
        "style": style,
        "palette": {name: draw(HEX) for name in ("background", "foreground", "label", "accent")},
        "organisation": draw(TEXT),
        "programme_name": draw(TEXT),
        "logo_text": draw(TEXT),
        "fields": draw(FIELDS),
        "barcode": {
            "format": draw(st.sampled_from(get_args(BarcodeFormat))),
            "value": draw(st.sampled_from(["{number}", "12", "200123456789", "A1", "Ж {number}"])),
            "show_number": draw(st.booleans()),
        },
        "images": draw(pictures),
        "local_images": draw(st.dictionaries(st.sampled_from(LANGUAGES), pictures, max_size=2)),
        "links": draw(
            st.lists(st.fixed_dictionaries({"key": MARK, "label": TEXT, "url": _LINKS}), max_size=2)
        ),
        "places": draw(
            st.lists(
                st.fixed_dictionaries(
                    {"latitude": st.floats(-90, 90), "longitude": st.just(1.5), "text": TEXT}
                ),
                max_size=2,
            )
        ),
    }
    if draw(st.booleans()):
        raw["apple"] = draw(apple_looks(style))
    return Design.model_validate(raw)


_LINKS = st.sampled_from(
    ["page:", "https://a.example", "https://", "https://[", "tel:+371200", "mailto:a@b.c"]
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[Message, ...]:
    """What the shop says now."""
    count = draw(st.integers(0, 3))
    return tuple(
        Message(
            f"m{place}", draw(TEXT), draw(TEXT), "news", draw(st.booleans()), NOW, NOW + timedelta(days=1)
        )
        for place in range(count)
    )


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "money": st.sampled_from(["1999", "-5", "much"]),
        "date": st.sampled_from(
            ["2026-12-24", "2026-12-24T18:00:00+03:00", "0001-01-01T00:00:00+05:00", "soon"]
        ),
        "url": st.sampled_from(["https://c.example/a", "not an address", "http://d.example"]),
    },
)


@cache
def _programme(locales: tuple[str, ...]) -> Programme:
    """Kept, because looking up every time zone of the world takes its time."""
    return Programme(
        slug="cafe",
        name="Café",
        locales=locales,
        time_zone="Europe/Riga",
        apple={"pass_type_identifier": PASS_TYPE},
        rules=({"kind": "points", "percent": 10},),
    )


@st.composite
def cards(draw: st.DrawFn) -> Pass:
    """Any card of any design."""
    locales = draw(st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=3, unique=True))
    programme = _programme(tuple(locales))
    holder = Holder(
        "0001",
        draw(st.sampled_from(["4801", "2001234567893", "K3FQ7M2X9RT4WZ8H"])),
        status=draw(st.sampled_from(["active", "void"])),
        locale=draw(st.sampled_from(LANGUAGES)),
        given_name=draw(st.sampled_from(["", 'Anna "A"', "安娜"])),
        values=draw(VALUES),
        expires_at=draw(st.none() | st.just(datetime(2027, 1, 31, 20, 0, tzinfo=UTC))),
        link="abc",
        changed_at=NOW,
    )
    holdings = Holdings.of([Lot(1, "points", 1234, 1234, NOW)])
    state = State(holdings, NOW, values=holder.values, zone=programme.zone)
    return build_pass(programme, draw(designs()), holder, state, draw(messages()))
