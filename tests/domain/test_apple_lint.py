"""What a design is told before it goes out, instead of being refused by a phone in silence."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from app.domain.design import Design
from app.domain.lint import lint

KEY = "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACjlM7b6C/e0YluzBmfAH7YH75+LioD+9bMAYocDGHsqM="
KNOWN = {"number": "4801273350126784", "points": 12, "name": "Anna"}


def said(style: str = "storeCard", apple: dict[str, Any] | None = None, **parts: Any) -> list[str]:
    palette = {"background": "#000000", **dict.fromkeys(("foreground", "label", "accent"), "#ffffff")}
    raw = {"style": style, "palette": palette, "organisation": "Café", "programme_name": "Café", **parts}
    return lint(Design.model_validate(raw | ({"apple": apple} if apple is not None else {})), KNOWN)


def field(**more: Any) -> dict[str, Any]:
    return {"key": "f", "value": "{points}", **more}


def test_a_plain_design_has_nothing_to_mend():
    assert [] == said() == said(apple={})


@pytest.mark.parametrize(
    ("style", "apple", "words"),
    [
        ("boardingPass", {}, "needs its transit type"),
        ("storeCard", {"transit_type": "air"}, "Only a boarding pass"),
        ("storeCard", {"nfc": {"encryption_public_key": KEY, "message": "{number}" * 5}}, "cuts it at 64"),
        ("storeCard", {"nfc": {"encryption_public_key": "A" * 80}}, "NFC key"),
        ("storeCard", {"personalisation": {"fields": ["name"], "description": "x"}}, "needs nfc too"),
        ("coupon", {"poster": {}}, "a store card or a generic pass behind it"),
        ("storeCard", {"featured_actions": [{"kind": "shop", "url": "https://a.example"}]}, "poster alone"),
        ("storeCard", {"preferred_style_schemes": ["posterEventTicket"]}, "a layout of eventTicket"),
        ("eventTicket", {"preferred_style_schemes": ["posterEventTicket"]}, "semantic tag eventName"),
        ("eventTicket", {"preferred_style_schemes": ["posterEventTicket"]}, "posterEventTicket needs nfc"),
        ("boardingPass", {"preferred_style_schemes": ["semanticBoardingPass"]}, "tag airlineCode"),
        ("eventTicket", {"event_logo_text": "x"}, "apple.event_logo_text works with the layout"),
        ("boardingPass", {"flight_urls": {"upgradeURL": "https://a.example"}}, "semanticBoardingPass alone"),
        ("storeCard", {"semantics": {"eventName": "x"}}, "means something on a eventTicket alone"),
        ("storeCard", {"app_launch_url": "shop://x"}, "associated_store_identifiers"),
        ("storeCard", {"grouping_identifier": "x"}, "groups event tickets and boarding passes"),
        ("storeCard", {"max_distance": 5}, "for places"),
        ("storeCard", {"user_info": {"a": ["{nobody}"]}}, "part apple.user_info uses {nobody}"),
    ],
)
def test_what_apple_would_not_do_is_said_in_a_sentence(style, apple, words):
    faults = said(style, apple)

    assert [] != [fault for fault in faults if words in fault]
    assert all(fault.endswith(".") for fault in faults)


@pytest.mark.parametrize(
    ("group", "spec", "words"),
    [
        ("header", field(detect=["phone"]), "work on the back alone"),
        ("header", field(row=1), "second row"),
        ("header", field(currency="EUR", number_style="percent"), "one of the two"),
        ("header", field(currency="EUR", date_style="long"), "one of the two"),
        ("back", field(semantics={"eventNam": "x"}), "no semantic tag 'eventNam'"),
        ("back", field(semantics={"eventName": "{nobody}"}), "uses {nobody}"),
        ("back", field(change_message="{nobody} %@"), "uses {nobody}"),
        ("back", field(link="https://a.example/{nobody}"), "uses {nobody}"),
    ],
)
def test_a_fields_fault_names_the_field(group, spec, words):
    assert any(words in fault and "'f'" in fault for fault in said(fields={group: [spec]}))


@pytest.mark.parametrize(
    ("barcode", "holds"),
    [
        ({"format": "qr"}, True),
        ({"format": "ean13"}, False),
        ({"format": "ean13", "value": "200123456789"}, True),
        ({"format": "ean13", "value": "{values.ean}"}, True),
        ({"format": "itf"}, True),
        ({"format": "itf", "value": "123"}, False),
        ({"format": "code39", "value": "card"}, False),
        ({"format": "code128", "value": "Ж"}, False),
    ],
)
def test_a_barcode_that_cannot_say_the_sample_number_is_told(barcode, holds):
    assert holds is not any("cannot say" in fault for fault in said(barcode=barcode))


def test_a_barcode_with_an_unknown_placeholder_is_told():
    assert ["The barcode uses {nobody}, which no rule of this programme fills."] == said(
        barcode={"value": "{nobody}"}
    )


@pytest.mark.parametrize("broken", [b"", b"\0" * 59, bytes.fromhex("02") + b"\xff" * 32])
def test_a_readers_key_is_a_point_of_its_curve(broken):
    header = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    key = base64.b64encode(header + broken).decode()
    look = {"nfc": {"encryption_public_key": key.ljust(40, "A")}}

    assert any("NFC key" in fault for fault in said(apple=look))
    assert [] == said(apple={"nfc": {"encryption_public_key": KEY}})
