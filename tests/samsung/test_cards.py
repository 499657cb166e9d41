"""The card's face in Samsung's words: every card that we can make is one that Samsung takes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.design import Palette, Slot
from app.domain.fields import Place
from app.domain.passes import Artwork, Balance, Barcode, Pass, PassField, PassLink, Tier
from app.sandbox.samsung_rules import faults
from app.wallets.samsung.cards import Issuing, samsung_card

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PALETTE = Palette(background="#103020", foreground="#ffffff", label="#d0e0d0", accent="#f0c040")
ISSUING = Issuing(lambda art: f"https://cards.example/media/{art.slot}.png", "https://cards.example")
SHOWN: tuple[Slot, ...] = ("icon", "banner")
REF = "0123456789abcdef0123456789abcdef"


def face(**changes: Any) -> Pass:
    """Anna's card in English and Russian."""
    plain = Pass(
        serial="s1",
        number="ABCD1234",
        link="l" * 22,
        programme="cafe",
        pass_type_identifier="",
        style="storeCard",
        status="active",
        organisation={"en": "Coffee & Mint", "ru": "Кофе и мята"},
        programme_name={"en": "Coffee club", "ru": "Кофейный клуб"},
        logo_text={},
        description={"*": "card"},
        palette=PALETTE,
        barcode=Barcode("qr", "ABCD1234", "ABCD 1234"),
        balances=(Balance("points", {"en": "Points", "ru": "Баллы"}, 12345),),
        pictures={slot: Artwork(slot, "points-shop", PALETTE) for slot in SHOWN},
        locales=("en", "ru"),
        changed_at=NOW,
    )
    return replace(plain, **changes)


def made(**changes: Any) -> dict[str, Any]:
    """The only card in the body; every body is one that Samsung takes."""
    body = samsung_card(face(**changes), REF, ISSUING, NOW)
    assert [] == faults(body)
    data: dict[str, Any] = body["card"]["data"][0]
    return data


def test_the_first_language_is_the_default_and_the_other_stands_beside_it() -> None:
    data = made()
    assert ("en", "Coffee club", "Points: 12,345") == (
        data["language"],
        data["attributes"]["title"],
        data["attributes"]["subtitle1"],
    )
    [russian] = data["localization"]
    assert ("ru", "Кофейный клуб", "Баллы: 12\u00a0345") == (
        russian["language"],
        russian["attributes"]["title"],
        russian["attributes"]["subtitle1"],
    )


def test_a_text_that_is_the_same_in_both_languages_is_said_once() -> None:
    data = made(organisation={"*": "Mint"}, programme_name={"*": "Club"}, balances=())
    assert "localization" not in data


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("blocked", ("This card is blocked", "Карта заблокирована")),
        ("expired", ("This card has expired", "Срок карты истёк")),
        ("void", ("This card is over", "Карта недействительна")),
    ],
)
def test_a_card_that_cannot_be_used_says_so(status: Any, words: tuple[str, str]) -> None:
    data = made(status=status)
    assert words == (
        data["attributes"]["subtitle1"],
        data["localization"][0]["attributes"]["subtitle1"],
    )


@pytest.mark.parametrize(
    ("form", "kind", "sub"),
    [
        ("qr", "QRCODE", "QR_CODE"),
        ("aztec", "QRCODE", "AZTEC"),
        ("data_matrix", "QRCODE", "DATA_MATRIX"),
        ("code128", "BARCODE", "CODE_128"),
        ("pdf417", "BARCODE", "PDF_417"),
        ("code39", "BARCODE", "CODE_39"),
        ("codabar", "BARCODE", "CODABAR"),
        ("ean13", "BARCODE", "EAN_13"),
        ("ean8", "BARCODE", "EAN_8"),
        ("itf", "BARCODE", "ITF"),
        ("upca", "BARCODE", "UPC_A"),
    ],
)
def test_every_barcode_that_a_design_offers_has_its_name(form: Any, kind: str, sub: str) -> None:
    shown = made(barcode=Barcode(form, "12345670", "1234 5670"))["attributes"]
    hidden = made(barcode=Barcode(form, "12345670", ""))["attributes"]
    assert (kind, f"{kind}SERIAL", sub) == tuple(
        shown[f"barcode.{name}"] for name in ("serialType", "ptFormat", "ptSubFormat")
    )
    assert kind == hidden["barcode.ptFormat"]


def test_an_end_is_told_and_colours_keep_texts_readable() -> None:
    dark = made(expires_at=NOW)["attributes"]
    light = Palette(background="#ffffff", foreground="#101010", label="#303030", accent="#f0c040")
    assert (int(NOW.timestamp() * 1000), "light") == (dark["endDate"], dark["fontColor"])
    assert "dark" == made(palette=light)["attributes"]["fontColor"]


def test_a_card_without_pictures_but_its_mark_is_taken() -> None:
    data = made(pictures={"icon": Artwork("icon", "points-shop", PALETTE, mark="C")})
    assert "bgImage" not in data["attributes"]


def test_contacts_and_places_stand_in_samsungs_own_fields() -> None:
    links = (
        PassLink("call", {"*": "Call"}, "tel:+37120000001"),
        PassLink("mail", {"*": "Write"}, "mailto:anna@cafe.example"),
        PassLink("page", {"*": "Page"}, "page:"),
        PassLink("more", {"*": "More"}, "https://cafe.example"),
    )
    data = made(links=links, places=(Place(latitude=56.9, longitude=24.1, text={"en": "Harbour"}),))
    assert {
        "call": "+37120000001",
        "email": "anna@cafe.example",
        "website": f"https://cards.example/c/{'l' * 22}",
    } == json.loads(data["attributes"]["csInfo"])
    assert [{"lat": 56.9, "lng": 24.1, "name": "Harbour"}] == json.loads(data["attributes"]["locations"])


def test_texts_of_a_shop_cannot_become_html() -> None:
    back = (PassField("rules", {"*": "<script>"}, {"*": "<img src=x onerror=alert(1)> & more"}),)
    notice = made(back=back)["attributes"]["noticeDesc"]
    assert "<script>" not in notice and "<img" not in notice
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; more" in notice


def test_the_longest_texts_are_cut_to_samsungs_lengths() -> None:
    long = {"en": "Wörter " * 285, "ru": "Слова " * 330}
    fields = tuple(PassField(f"f{number}", long, long) for number in range(40))
    data = made(
        organisation=long,
        programme_name=long,
        tier=Tier("gold", long, long),
        balances=(Balance("points", long, long),),
        holder="Анна " * 24,
        holder_label=long,
        back=fields,
        places=tuple(Place(latitude=1.5, longitude=2.5, text=long) for _ in range(10)),
        links=tuple(PassLink(f"l{number}", long, "https://x.example/" + "y" * 900) for number in range(10)),
    )
    assert data["attributes"]["title"].endswith("…")
    assert "csInfo" not in data["attributes"]


words = st.text(max_size=60)
texts = st.fixed_dictionaries({"en": words}, optional={"ru": words, "pt-BR": words})


@settings(max_examples=60, deadline=None)
@given(
    organisation=texts.filter(lambda text: text["en"].strip()),
    name=texts,
    label=texts,
    value=texts | st.integers(-(10**12), 10**12),
    locales=st.sampled_from([("en",), ("en", "ru"), ("ru", "en"), ("en", "pt-BR", "pt-PT")]),
    status=st.sampled_from(["active", "blocked", "void", "expired"]),
)
def test_whatever_a_shop_writes_samsung_takes(
    organisation: Any, name: Any, label: Any, value: Any, locales: Any, status: Any
) -> None:
    made(
        organisation=organisation,
        programme_name=name,
        balances=(Balance("points", label, value),),
        back=(PassField("note", label, value), PassField("at", label, NOW)),
        locales=locales,
        status=status,
    )
