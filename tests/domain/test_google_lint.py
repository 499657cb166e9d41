"""What a marketer hears of Google before a design goes out: what stops it, and what is only cut off."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.design import Design
from app.domain.fields import Fields, FieldSpec
from app.domain.google_lint import google_advice, google_faults
from app.domain.google_look import GoogleLook
from app.domain.lint import lint
from tests.support.any_google import INK

KNOWN = {"name": "Anna", "number": "1", "points": 7}


def design(**google: Any) -> Design:
    return Design(
        palette=INK,
        organisation="Café",
        programme_name="Café",
        fields=Fields(back=(FieldSpec(key="about", value="Open daily"),)),
        google=GoogleLook.model_validate(google),
    )


@pytest.mark.parametrize(
    ("google", "said"),
    [
        ({"texts": [{"key": "hi", "body": "Hi {name}"}]}, "'hi' stands on every card alike"),
        ({"homepage": {"url": "https://cafe.example/{number}"}}, "homepage is the same on every card"),
        ({"texts": [{"key": "about", "body": "x"}]}, "'about' is used twice"),
        ({"texts": [{"key": "hi", "body": "{nobody}", "own": True}]}, "{nobody}, which no rule"),
        ({"template": {"rows": [[{"refs": ["@pin"]}]]}}, "'@pin', which a card of kind 'loyalty'"),
        ({"template": {"details": [{"refs": ["gone"]}]}}, "'gone', which"),
        ({"hero": {"slot": "banner", "url": "https://a.example/b.png"}}, "and not both"),
        ({"hero": {}}, "needs a slot"),
        ({"hero": {"slot": "artwork"}}, "no picture"),
        ({"app": {"words": "Open"}}, "opens nothing"),
        ({"kind": "gift_card", "gift_card": {"balance": {"value": "{points}"}}}, "needs its currency"),
        ({"kind": "offer", "discoverable": {"sign_up_url": "https://a.example"}}, "Only loyalty programmes"),
        ({"discoverable": {}}, "needs the address of its sign-up"),
        ({"pictures": [{"key": k, "picture": {"slot": "logo"}} for k in ("a", "b")]}, "shows one picture"),
    ],
)
def test_what_google_would_leave_out_or_refuse_stops_the_design(google: dict[str, Any], said: str) -> None:
    faults = list(google_faults(design(**google), KNOWN))
    assert [True] == [said in fault for fault in faults], faults
    assert faults[0] in lint(design(**google), KNOWN)


def test_a_look_that_is_whole_has_no_faults() -> None:
    whole = design(
        texts=[{"key": "hi", "body": "Hi {name}", "own": True}],
        template={"rows": [[{"refs": ["@balance"]}, {"refs": ["about"]}]], "below_barcode": {"refs": ["hi"]}},
        hero={"slot": "banner"},
        linked=["{values.voucher}"],
    )
    assert [] == list(google_faults(whole, KNOWN))
    assert [] == list(google_faults(Design(palette=INK, organisation="A", programme_name="A"), KNOWN))


@pytest.mark.parametrize(
    ("google", "said"),
    [
        (
            {"number_label": "The number of your card"},
            "the label of the number: 23 letters, where it shows about 15",
        ),
        ({"balance": {"label": "Points to spend", "value": "{points}"}}, "the label of the first balance"),
        ({"texts": [{"key": "hi", "header": "H" * 36, "body": "x"}]}, "the heading of 'hi'"),
        ({"links": [{"key": "l", "url": "tel:1", "words": "W" * 21}]}, "the words of the link 'l'"),
        ({"kind": "offer"}, "keep the kind they were made with"),
        ({"linked": ["a"]}, "never lets go"),
    ],
)
def test_what_is_only_cut_off_is_advice(google: dict[str, Any], said: str) -> None:
    advised = list(google_advice(design(**google)))
    assert [True] == [said in one for one in advised], advised
    assert [] == list(google_faults(design(**google), KNOWN))


def test_a_short_look_gets_no_advice() -> None:
    assert [] == list(google_advice(design()))
