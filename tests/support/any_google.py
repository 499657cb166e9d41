"""Designs as somebody might make them who tries everything, and cards of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from app.domain.design import Design, Palette, TierLook
from app.domain.faces import Holder, build_pass
from app.domain.fields import BarcodeSpec, Fields, FieldSpec, LinkSpec, Place, Rotating
from app.domain.google_look import KINDS, GoogleLook
from app.domain.ledger import Holdings, Lot
from app.domain.mechanics.base import State
from app.domain.passes import Pass
from app.domain.programme import Programme
from tests.support.clock import START

CAFE = Programme(
    slug="cafe",
    name="Кофе и мята",
    country="LV",
    locales=("en", "ru"),
    rules=({"kind": "points", "percent": 10}, {"kind": "stamps", "goal": 10, "reward": "A coffee"}),
)
INK = Palette(background="#112233", foreground="#ffffff", label="#eeeeee", accent="#ff8800")
_HOLES = st.sampled_from(
    ["", "{name}", "{number}", "{points}", "{values.odd}", "{tier}", "{stamps_of_goal}", "{expires_at}"]
)
_LETTERS = st.sampled_from(
    [
        "",
        "a",
        "Кофе",
        " ",
        "☕️",
        "<b>&\"'",
        "a b/c?d#e",
        "\u202eabc",
        "line\nline",
        "W" * 90,
        "7",
        "\x00",
        ".",
    ]
)
LINES = st.builds(lambda a, hole, b: a + hole + b, _LETTERS, _HOLES, _LETTERS)
SAID = LINES.map(lambda text: {"*": text}) | st.fixed_dictionaries({"en": LINES}, optional={"ru": LINES})
TEXTS = st.just({}) | SAID
WEB = st.builds(
    lambda path, hole: f"https://cafe.example/{path}{hole}", st.sampled_from(["", "a", "?b="]), _HOLES
)
ANY_LINK = WEB | st.sampled_from(
    ["tel:+37120000001", "mailto:{values.odd}@cafe.example", "https://{values.odd}"]
)
KEYS = st.sampled_from(["one", "two", "three", "four", "five", "six"])
PICTURES = st.one_of(
    st.fixed_dictionaries({"slot": st.sampled_from(["icon", "logo", "banner", "thumbnail"]), "words": TEXTS}),
    st.fixed_dictionaries({"url": WEB, "words": TEXTS}),
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
REFS = KEYS | st.sampled_from(
    [
        "@balance",
        "@second_balance",
        "@tier",
        "@second_tier",
        "@number",
        "@holder",
        "@programme",
        "@shop",
        "@ends",
        "@pin",
        "@event_number",
        "@title",
        "@details",
        "@fine_print",
        "@subheader",
        "@nothing",
    ]
)
SHOWN = st.fixed_dictionaries(
    {"refs": st.lists(REFS, min_size=1, max_size=2), "dates": st.sampled_from(["", "date", "date_time"])}
)
FIGURES = st.fixed_dictionaries(
    {"value": LINES, "currency": st.sampled_from(["", "EUR", "JPY", "KWD"]), "label": TEXTS}
)


def _listed(one: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(one, max_size=most)


def _parts(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields)


_FRONT: dict[str, st.SearchStrategy[Any]] = {
    "offer": _parts(
        title=TEXTS,
        short_title=TEXTS,
        provider=TEXTS,
        details=TEXTS,
        fine_print=TEXTS,
        channel=st.sampled_from(["in_store", "online", "both", "temporary_price_reduction"]),
        help=st.none() | _parts(url=ANY_LINK, words=TEXTS),
    ),
    "gift_card": _parts(
        merchant=TEXTS,
        card_number=LINES,
        pin=LINES,
        event_number=LINES,
        balance=st.none() | FIGURES,
        pin_label=TEXTS,
        event_label=TEXTS,
        barcode_redeems=st.none() | st.booleans(),
    ),
    "generic": _parts(
        type=st.sampled_from(["loyalty_card", "voucher", "other"]),
        title=TEXTS,
        header=TEXTS,
        subheader=TEXTS,
        expiry_notice=st.booleans(),
        upcoming_notice=st.booleans(),
    ),
    "number": LINES,
    "number_label": TEXTS,
    "holder": LINES,
    "holder_label": TEXTS,
    "balance": st.none() | FIGURES,
    "second_balance": st.none() | FIGURES,
    "second_tier": st.none() | _parts(name=SAID, label=TEXTS),
}
_MODULES: dict[str, st.SearchStrategy[Any]] = {
    "hero": st.none() | PICTURES,
    "own_hero": st.none() | PICTURES,
    "logo": st.none() | PICTURES,
    "wide_logo": st.none() | PICTURES,
    "pictures": _listed(_parts(key=KEYS, picture=PICTURES, own=st.booleans()), 2),
    "texts": _listed(_parts(key=KEYS, header=TEXTS, body=SAID, own=st.booleans()), 14),
    "links": _listed(_parts(key=KEYS, url=ANY_LINK, words=TEXTS, own=st.booleans()), 4),
    "offers": _listed(
        _parts(
            header=SAID,
            body=TEXTS,
            picture=st.none() | PICTURES,
            url=WEB,
            sort=st.integers(0, 9),
            starts_at=st.none() | MOMENTS,
            ends_at=st.none() | MOMENTS,
            own=st.booleans(),
        ),
        3,
    ),
    "homepage": st.none() | _parts(url=ANY_LINK, words=TEXTS),
    "app": st.none()
    | _parts(
        android_package=st.sampled_from(["", "lv.cafe.app"]),
        android_url=ANY_LINK,
        ios_url=WEB,
        web_url=WEB,
        words=TEXTS,
        own=st.booleans(),
    ),
    "template": _parts(
        rows=_listed(st.lists(SHOWN, min_size=1, max_size=3), 3),
        details=_listed(SHOWN, 4),
        in_list=_listed(SHOWN, 2),
        above_barcode=_listed(SHOWN, 2),
        below_barcode=st.none() | SHOWN,
    ),
}
_RULES: dict[str, st.SearchStrategy[Any]] = {
    "valid_from": st.sampled_from(["", "2026-09-01", "2026-09-01T10:00:00+03:00", "{values.odd}"]),
    "holders": st.sampled_from(["", "many", "one_person", "one_phone"]),
    "unlock_to_see": st.booleans(),
    "shimmer": st.booleans(),
    "screenshots": st.booleans(),
    "blocks_while_open": _listed(st.sampled_from(["payment", "closed_loop_transit"]), 3),
    "save_only_by": st.sampled_from(["", "anna.b+card@cafe.example", "{values.odd}"]),
    "grouping": st.none() | _parts(key=LINES, sort=st.none() | st.integers(0, 9)),
    "linked": _listed(LINES, 4),
    "linked_offers": _listed(LINES, 4),
    "smart_tap": st.none() | _parts(value=LINES, issuers=_listed(st.just("3388000000099999999"), 2)),
    "discoverable": st.none()
    | _parts(
        state=st.sampled_from(["trusted_testers", "live", "disabled"]),
        sign_up_url=WEB,
        sign_in_url=WEB,
        shares=_listed(st.sampled_from(["first_name", "email", "phone"]), 3),
    ),
    "announce": st.sampled_from(["nothing", "balance", "everything"]),
    "quiet_end": st.booleans(),
}
LOOKS = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS)}, optional={**_FRONT, **_MODULES, **_RULES}
).map(GoogleLook.model_validate)
SPECS = st.builds(lambda key, label, value: FieldSpec(key=key, label=label, value=value), KEYS, TEXTS, SAID)


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """A design with everything of ours and of Google's."""
    return Design(
        palette=INK,
        organisation=draw(TEXTS),
        programme_name=draw(TEXTS),
        fields=Fields(
            header=tuple(draw(_listed(SPECS, 2))),
            secondary=tuple(draw(_listed(SPECS, 3))),
            back=tuple(draw(_listed(SPECS, 9))),
        ),
        barcode=BarcodeSpec(
            format=draw(st.sampled_from(["qr", "code128", "ean13", "itf", "data_matrix", "upca", "code39"])),
            show_number=draw(st.booleans()),
            rotating=draw(st.none() | st.just(Rotating())),
        ),
        progress=draw(st.sampled_from(["auto", "none"])),
        tiers=(TierLook(key="gold", name={"en": "Gold", "ru": "Золото"}),),
        links=(LinkSpec(key="site", label={"en": "Site"}, url="page:"),),
        places=tuple([Place(latitude=56.9, longitude=24.1)] * draw(st.integers(0, 10))),
        google=draw(LOOKS),
    )


@st.composite
def cards(draw: st.DrawFn, design: Design | None = None) -> tuple[Design, Pass]:
    """A card of any design, with any values."""
    look = design or draw(designs())
    tier = draw(st.sampled_from(["", "gold", "unknown"]))
    holder = Holder(
        serial=draw(st.sampled_from(["anna-1", "b.o_ris", "Анна"])),
        number=draw(st.sampled_from(["ABCDEFGH12345678", "2000000000008", "12345678901231"])),
        status=draw(st.sampled_from(["active", "blocked", "void", "expired"])),
        tier=tier,
        locale=draw(st.sampled_from(["en", "ru", ""])),
        given_name=draw(_LETTERS),
        values={"odd": draw(_LETTERS | st.sampled_from(["-17", "1 234", "2026-09-01", "a b@c", "x" * 400]))},
        expires_at=draw(st.none() | st.just(START + timedelta(days=90))),
        link="abcdefgh",
        changed_at=START,
    )
    points = draw(st.sampled_from([0, 7, 123_456, 2**40]))
    lots = [Lot(1, "points", points, points, START, None)] if points else []
    return look, build_pass(CAFE, look, holder, State(Holdings.of(lots), START, tier))
