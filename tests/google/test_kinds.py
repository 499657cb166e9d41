"""Loyalty cards, offers, gift cards, generic passes: every field that a shop can use, on the right level."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.design import Design
from app.domain.faces import Holder, build_pass
from app.domain.fields import BarcodeSpec, Fields, FieldSpec, LinkSpec, Place, Rotating
from app.domain.google_look import KINDS, GoogleLook, Kind
from app.domain.ledger import Holdings, Lot
from app.domain.mechanics.base import State
from app.domain.passes import Artwork, Pass
from app.wallets.google.classes import look_class, look_classes
from app.wallets.google.client import GoogleClient
from app.wallets.google.kinds.base import KIND_NAMES, schema_of
from app.wallets.google.kinds.parts import email_hash, money
from app.wallets.google.objects import NO_SECRET, Issuing, card_object, kind_of_class, managed, object_id
from app.wallets.google.savelink import SAFE_LENGTH, CardReference, SaveLinks
from app.wallets.google.schema import find_faults, vendor_schema
from tests.support.any_google import CAFE, INK, cards
from tests.support.clock import START
from tests.support.google_server import ISSUER, Google

OTHER_CARD = f"{ISSUER}.voucher-1"
EVERYTHING: dict[str, Any] = {
    "offer": {
        "title": {"en": "A coffee for half", "ru": "Кофе за полцены"},
        "short_title": "Half",
        "provider": "Café",
        "details": "One a day",
        "fine_print": "Not on Sundays",
        "channel": "in_store",
        "help": {"url": "https://cafe.example/help"},
    },
    "gift_card": {
        "card_number": "GC-{number}",
        "pin": "{values.pin}",
        "event_number": "EV-1",
        "event_label": "Event",
        "balance": {"value": "{points}", "currency": "EUR"},
        "barcode_redeems": True,
    },
    "generic": {"type": "membership_card", "subheader": "Member", "expiry_notice": True},
    "second_balance": {"label": "To spend", "value": "{points}", "currency": "EUR"},
    "second_tier": {"name": "Founder", "label": "Since 2020"},
    "own_hero": {"url": "https://cafe.example/of/{number}.png"},
    "pictures": [
        {"key": "hall", "picture": {"slot": "banner", "words": "The hall"}},
        {"key": "you", "picture": {"url": "https://cafe.example/you/{number}.png"}, "own": True},
    ],
    "texts": [
        {"key": "rules", "header": "Rules", "body": {"en": "Be kind", "ru": "Будьте добры"}},
        {"key": "mine", "header": "Yours", "body": "For {given_name}", "own": True},
    ],
    "links": [{"key": "menu", "url": "https://cafe.example/menu", "words": "Menu"}],
    "offers": [
        {
            "header": "Win a cup",
            "body": "Today",
            "url": "https://cafe.example/win",
            "picture": {"slot": "logo"},
        },
        {"header": "For {given_name}", "url": "https://cafe.example/win/{number}", "own": True},
    ],
    "homepage": {"url": "https://cafe.example", "words": "Our site"},
    "app": {
        "android_package": "lv.cafe.app",
        "web_url": "https://cafe.example/app",
        "words": "Open",
        "own": True,
    },
    "template": {
        "rows": [[{"refs": ["@balance"]}, {"refs": ["guest", "@ends"], "dates": "date"}]],
        "details": [{"refs": ["rules"]}],
        "in_list": [{"refs": ["@programme"]}, {"refs": ["guest"]}],
        "above_barcode": [{"refs": ["guest"]}],
        "below_barcode": {"refs": ["rules"]},
    },
    "valid_from": "2026-01-01",
    "holders": "one_person",
    "unlock_to_see": True,
    "shimmer": True,
    "screenshots": False,
    "blocks_while_open": ["payment"],
    "save_only_by": "Anna.B@cafe.example",
    "grouping": {"key": "cafe", "sort": 1},
    "linked": ["voucher-1"],
    "linked_offers": ["voucher-1"],
    "smart_tap": {"value": "{number}"},
    "discoverable": {"state": "live", "sign_up_url": "https://cafe.example/join", "shares": ["email"]},
    "announce": "everything",
    "quiet_end": True,
}
DESIGN = Design(
    palette=INK,
    organisation="Café",
    programme_name={"en": "Coffee and mint", "ru": "Кофе и мята"},
    fields=Fields(
        header=(FieldSpec(key="points", label="Points", value="{points}"),),
        secondary=(FieldSpec(key="guest", label={"en": "Guest", "ru": "Гость"}, value="{name}"),),
    ),
    tiers=({"key": "gold", "name": {"en": "Gold", "ru": "Золото"}},),
    barcode=BarcodeSpec(rotating=Rotating()),
    links=(LinkSpec(key="page", label="Your card", url="page:"),),
    places=(Place(latitude=56.9, longitude=24.1),),
    google=GoogleLook.model_validate(EVERYTHING),
)
NOT_FOR_SHOPS = {
    "infoModuleData": "replaced by text modules: deprecated on classes, of no effect on objects",
    "messages": "told one by one as they come (app/wallets/google/messages.py), never with the whole",
    "notifyPreference": "said by the request that changes a balance or a name, and never stored",
    "review": "Google's own words about a class",
    "classReference": "Google's answer: the class beside its object",
    "hasUsers": "Google's answer: whether anybody saved the card",
    "hasLinkedDevice": "Google's answer",
    "locations": "does nothing any more: merchantLocations replaced it",
    "disableExpirationNotification": "Google reminds of the end of offers alone, and there it can be quiet",
}


def url_for(art: Artwork) -> str:
    return f"https://cafe.example/media/{art.slot}-{art.key()[:8]}.png"


ISSUING = Issuing(ISSUER, url_for, "https://cafe.example/google/callback", "https://cafe.example")


def card_of(design: Design = DESIGN, *, points: int = 1234, **changes: Any) -> Pass:
    holder = Holder(
        "anna",
        "ABCDEFGH12345678",
        tier="gold",
        locale="ru",
        given_name="Анна",
        values={"pin": "4321"},
        link="abcdefgh",
        changed_at=START,
        expires_at=START.replace(year=2027),
    )
    lots = [Lot(1, "points", points, points, START)]
    return replace(build_pass(CAFE, design, holder, State(Holdings.of(lots), START, "gold")), **changes)


def other_way_round() -> Design:
    """The same with every word translated, and the app on the look."""
    two = {"en": "One thing", "ru": "Одно"}
    gift = {**EVERYTHING["gift_card"], **dict.fromkeys(("merchant", "pin_label", "event_label"), two)}
    offer = dict.fromkeys(("title", "short_title", "provider", "details", "fine_print"), two)
    changes = {"gift_card": gift, "offer": offer, "second_tier": {"name": two, "label": two}}
    look = GoogleLook.model_validate({**EVERYTHING, **changes, "app": {"web_url": "https://cafe.example"}})
    return DESIGN.model_copy(update={"google": look, "organisation": two})


def bodies(kind: Kind, design: Design = DESIGN) -> tuple[dict[str, Any], dict[str, Any]]:
    """Class and object of the design that says everything."""
    body = card_object(card_of(design), ISSUING, kind, notify=True, secret=NO_SECRET, known={OTHER_CARD})
    return look_class(CAFE, design, "gold", ISSUING, START, kind), body


# --- the schema, walked ---


@pytest.mark.parametrize("what", ["Class", "Object"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_googles_schema_is_used_or_known_to_be_none_for_shops(kind: Kind, what: str) -> None:
    made = [bodies(kind, design)[what == "Object"] for design in (DESIGN, other_way_round())]
    schema = vendor_schema()["schemas"][schema_of(kind, what)]["properties"]
    current = {name for name, spec in schema.items() if not spec.get("deprecated")}
    assert set() == current - {name for body in made for name in body} - set(NOT_FOR_SHOPS)
    assert [[], []] == [find_faults(f"{KIND_NAMES[kind]}{what}", body) for body in made]


def test_what_is_not_for_shops_has_a_reason_and_is_never_sent() -> None:
    sent = {name for kind in KINDS for body in bodies(kind) for name in body}
    assert {"notifyPreference", "disableExpirationNotification"} == sent & set(NOT_FOR_SHOPS)
    assert all(len(why) > 10 for why in NOT_FOR_SHOPS.values())


@pytest.mark.parametrize("what", ["Class", "Object"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_we_write_is_cleared_where_a_later_body_leaves_it_out(kind: Kind, what: str) -> None:
    lasting = {"id", "reviewStatus", "notifyPreference", "saveRestrictions", "discoverableProgram"}
    lasting |= {"linkedObjectIds", "disableExpirationNotification"}
    assert set() == set(bodies(kind)[what == "Object"]) - lasting - set(managed(kind, what))


# --- kinds ---


def test_each_kind_has_classes_of_its_own() -> None:
    ids = {kind: [one["id"] for one in look_classes(CAFE, DESIGN, ISSUING, START, kind)] for kind in KINDS}
    assert [f"{ISSUER}.cafe", f"{ISSUER}.cafe.gold"] == ids["loyalty"]
    assert [f"{ISSUER}.cafe._gift_card", f"{ISSUER}.cafe._gift_card.gold"] == ids["gift_card"]
    assert {one: kind for kind, found in ids.items() for one in found} == {
        one: kind_of_class(one) for found in ids.values() for one in found
    }


def test_an_offer_says_what_by_whom_and_where() -> None:
    look, _ = bodies("offer")
    assert ("A coffee for half", "Half", "Café") == (look["title"], look["shortTitle"], look["provider"])
    assert "Кофе за полцены" == look["localizedTitle"]["translatedValues"][0]["value"]
    assert ("INSTORE", "One a day", "Not on Sundays") == (
        look["redemptionChannel"],
        look["details"],
        look["finePrint"],
    )
    assert {"uri": "https://cafe.example/help"} == look["helpUri"]


def test_an_offer_of_which_nothing_is_said_is_the_programmes() -> None:
    plain = DESIGN.model_copy(update={"google": GoogleLook(kind="offer")})
    look = look_class(CAFE, plain, "", ISSUING, START)
    assert ("Coffee and mint", "Café", "BOTH") == (look["title"], look["provider"], look["redemptionChannel"])
    assert [] == find_faults("offerClass", look)


def test_a_gift_card_carries_money_in_millionths() -> None:
    _, card = bodies("gift_card")
    assert {"micros": "12340000", "currencyCode": "EUR"} == card["balance"]
    assert ("GC-ABCDEFGH12345678", "4321", "EV-1") == (card["cardNumber"], card["pin"], card["eventNumber"])
    assert {"date": START.isoformat()} == card["balanceUpdateTime"]


@pytest.mark.parametrize(
    ("currency", "amount", "micros"),
    [("EUR", 1, "10000"), ("JPY", 7, "7000000"), ("KWD", 1234, "1234000"), ("USD", -50, "-500000")],
)
def test_money_has_the_digits_of_its_currency(currency: str, amount: int, micros: str) -> None:
    assert {"micros": micros, "currencyCode": currency} == money(amount, currency)


def test_a_generic_pass_has_its_look_on_the_card_and_asks_for_no_review() -> None:
    look, card = bodies("generic")
    assert set() == {"reviewStatus", "notifyPreference", "heroImage"} & set(look)
    assert "notifyPreference" not in card
    assert ("GENERIC_MEMBERSHIP_CARD", "#112233") == (card["genericType"], card["hexBackgroundColor"])
    assert "Café" == card["cardTitle"]["defaultValue"]["value"]
    assert {"expiryNotification": {"enableNotification": True}} == card["notifications"]


def test_only_a_loyalty_card_may_ask_for_a_notice_of_a_new_balance() -> None:
    asked = {kind for kind in KINDS if "notifyPreference" in bodies(kind)[1]}
    assert {"loyalty"} == asked
    quiet = DESIGN.model_copy(update={"google": GoogleLook(announce="nothing")})
    assert "notifyPreference" not in card_object(card_of(quiet), ISSUING, notify=True)


# --- levels ---


def test_what_is_the_same_for_all_stands_on_the_class_and_what_is_ones_own_on_the_card() -> None:
    look, card = bodies("loyalty")
    assert (["rules"], ["guest", "mine"]) == tuple(
        [one["id"] for one in body["textModulesData"]] for body in (look, card)
    )
    assert "For Анна" == card["textModulesData"][1]["body"]
    assert (["menu"], ["page"]) == tuple(
        [one["id"] for one in body["linksModuleData"]["uris"]] for body in (look, card)
    )
    assert "https://cafe.example/c/abcdefgh" == card["linksModuleData"]["uris"][0]["uri"]
    assert ["https://cafe.example/win", "https://cafe.example/win/ABCDEFGH12345678"] == [
        body["valueAddedModuleData"][0]["uri"] for body in (look, card)
    ]
    assert (False, True) == ("appLinkData" in look, "appLinkData" in card)
    assert ("LV", "https://cafe.example") == (look["countryCode"], look["homepageUri"]["uri"])


def test_a_cards_own_picture_wins_over_progress_and_banner() -> None:
    _, card = bodies("loyalty")
    assert "https://cafe.example/of/ABCDEFGH12345678.png" == card["heroImage"]["sourceUri"]["uri"]


def test_rules_of_holding_and_seeing_reach_google() -> None:
    look, card = bodies("loyalty")
    assert ("ONE_USER_ALL_DEVICES", "UNLOCK_REQUIRED_TO_VIEW") == (
        look["multipleDevicesAndHoldersAllowedStatus"],
        look["viewUnlockRequirement"],
    )
    assert {"animationType": "FOIL_SHIMMER"} == look["securityAnimation"]
    assert {"screenshotEligibility": "INELIGIBLE", "nfcConstraint": ["BLOCK_PAYMENT"]} == card[
        "passConstraints"
    ]
    assert {"groupingId": "cafe", "sortIndex": 1} == card["groupingInfo"]


def test_an_account_is_named_by_its_hash_alone() -> None:
    digest = hashlib.sha256(b"annab@cafe.example").hexdigest()
    assert {"restrictToEmailSha256": digest} == bodies("loyalty")[1]["saveRestrictions"]
    assert "31c5543c1734d25c7206f5fd591525d0295bec6fe84ff82f946a34fe970a1e66" == email_hash(
        "Example@example.com"
    )


def test_the_template_is_chosen_from_our_fields() -> None:
    template = bodies("gift_card")[0]["classTemplateInfo"]
    [row] = template["cardTemplateOverride"]["cardRowTemplateInfos"]
    assert ["object.balance", "object.textModulesData['guest']"] == [
        row["twoItems"][side]["firstValue"]["fields"][0]["fieldPath"] for side in ("startItem", "endItem")
    ]
    ends = row["twoItems"]["endItem"]["secondValue"]["fields"][0]
    assert {"fieldPath": "object.validTimeInterval.end", "dateFormat": "DATE_ONLY"} == ends
    below = template["cardBarcodeSectionDetails"]["firstBottomDetail"]["fieldSelector"]["fields"]
    assert [{"fieldPath": "class.textModulesData['rules']"}] == below
    assert "class.merchantName" in str(template["listTemplateOverride"]["firstRowOption"])


# --- links between cards, barcodes ---


def test_a_card_is_linked_only_to_what_exists_and_never_to_itself() -> None:
    look = GoogleLook(linked=("anna", "voucher-1", "voucher-2", "voucher-1", ""))
    card = card_of(DESIGN.model_copy(update={"google": look}))
    known = {object_id(ISSUER, one) for one in ("anna", "voucher-1")}
    assert [OTHER_CARD] == card_object(card, ISSUING, known=known)["linkedObjectIds"]
    assert "linkedObjectIds" not in card_object(card, ISSUING)


def test_a_rotating_barcode_has_its_number_its_code_and_its_secret() -> None:
    code = card_object(card_of(), ISSUING, secret="ab" * 20)["rotatingBarcode"]
    assert "ABCDEFGH12345678-{totp_value_0}" == code["valuePattern"]
    assert {
        "algorithm": "TOTP_SHA1",
        "periodMillis": "30000",
        "parameters": [{"key": "ab" * 20, "valueLength": 8}],
    } == code["totpDetails"]
    assert "rotatingBarcode" not in card_object(card_of(), ISSUING)


@pytest.mark.parametrize(
    ("format_", "number", "type_"),
    [
        ("ean13", "2000000000008", "EAN_13"),
        ("ean13", "ABCDEFGH12345678", "QR_CODE"),
        ("itf", "12345678901231", "ITF_14"),
        ("itf", "123456", "QR_CODE"),
        ("data_matrix", "Анна", "DATA_MATRIX"),
        ("code128", "Анна", "QR_CODE"),
    ],
)
def test_a_code_that_cannot_say_the_number_becomes_a_qr_code(format_: Any, number: str, type_: str) -> None:
    spec = BarcodeSpec(format=format_)
    design = DESIGN.model_copy(update={"barcode": spec})
    card = build_pass(CAFE, design, Holder("anna", number), State(Holdings(), START, ""))
    assert (type_, number) == tuple(card_object(card, ISSUING)["barcode"][key] for key in ("type", "value"))


# --- whatever anybody designs ---


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cards(), st.sampled_from(KINDS))
def test_whatever_is_designed_google_takes_class_object_and_change(
    made: tuple[Design, Pass], kind: Kind
) -> None:
    design, card = made
    name = KIND_NAMES[kind]
    tier = card.tier.key if card.tier else ""
    body = card_object(card, ISSUING, kind, notify=True, secret=NO_SECRET, known={OTHER_CARD})
    look = look_class(CAFE, design, tier, ISSUING, START, kind)
    assert ([], []) == (find_faults(f"{name}Class", look), find_faults(f"{name}Object", body))
    assert body["classId"] == look["id"]
    patch = dict.fromkeys(managed(kind, "Object")) | body
    assert [] == find_faults(f"{name}Object", patch, partial=True)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=cards(), kind=st.sampled_from(KINDS))
def test_a_sample_is_taken_over_the_wire_and_its_link_is_short(
    google: Google, client: GoogleClient, made: tuple[Design, Pass], kind: Kind
) -> None:
    google.state.modes.change({"check_images": False})
    design, card = made
    name = KIND_NAMES[kind]
    tier = card.tier.key if card.tier else ""
    look = look_class(CAFE, design, tier, ISSUING, START, kind)
    body = card_object(card, ISSUING, kind, secret=NO_SECRET)
    body["id"] = f"{body['id']}-{kind}"  # a card never changes its kind
    client.upsert_class(look, resource=name, managed=managed(kind, "Class"))
    client.upsert_object(body, resource=name, managed=managed(kind, "Object"))

    links = SaveLinks(google.account, f"{google.url}/gp/v/save", ("https://cards.example",))
    link = links.save_link([CardReference(body["id"], look["id"], name)], START)
    assert SAFE_LENGTH > len(link)
    client.validate_jwt(link.rpartition("/")[2])
    assert look["id"] == (client.get(f"{name}Object", body["id"]) or {})["classId"]


def test_a_name_that_is_empty_in_one_language_is_told_in_another() -> None:
    design = DESIGN.model_copy(update={"organisation": {}, "programme_name": {"en": "", "ru": "Кофе"}})
    look = look_class(CAFE, design, "", ISSUING, START, KINDS[0])

    assert ("Кофе", "Кофе") == (look["issuerName"], look["programName"])
