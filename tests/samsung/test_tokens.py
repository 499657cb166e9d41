"""Samsung's tokens, opened and checked by a second implementation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox.samsung_tokens import Refused, opened, signed, unsealed
from app.wallets.samsung.keys import InvalidKeys, read_keys
from app.wallets.samsung.tokens import Forged, Partner, call_token, card_token, verify_call
from tests.support.samsung_server import certificate_pem, keys, private_pem, public_pem

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
PATH = "/samsung/cards/c1/r1"


def partner(**changes: Any) -> Partner:
    ours, samsungs, _ = keys()
    return Partner(
        **{
            "partner_id": "4048",
            "certificate_id": "zAtI",
            "key": ours,
            "samsung_keys": (samsungs.public_key(),),
            **changes,
        }
    )


def samsungs_call(**header: Any) -> str:
    path = header.pop("path", PATH)
    facts = {"partner": "4048", "now_ms": NOW_MS, **header}
    return "Bearer " + signed({"API": {"method": "GET", "path": path}}, keys()[1], **facts)


def samsung_opens(token: str, kind: str) -> bytes:
    whose = {"partner": "4048", "certificate": "zAtI"}
    return opened(token, kind, keys()[0].public_key(), now_ms=NOW_MS, lasts_ms=30_000, **whose)


def test_a_sealed_card_is_opened_by_samsung_alone() -> None:
    token = card_token({"card": {"type": "loyalty", "слово": "да"}}, partner(), NOW)
    jwe = opened(
        token,
        "CARD",
        keys()[0].public_key(),
        partner="4048",
        certificate="zAtI",
        now_ms=NOW_MS,
        lasts_ms=30_000,
    ).decode()

    assert {"card": {"type": "loyalty", "слово": "да"}} == unsealed(jwe, keys()[1])
    with pytest.raises(Refused):
        unsealed(jwe, keys()[2])


def test_two_seals_of_one_card_have_nothing_in_common() -> None:
    first, second = (card_token({"card": 1}, partner(), NOW).split(".")[1] for _ in range(2))
    assert first[60:] != second[60:]


def test_our_calls_name_their_method_and_path() -> None:
    token = call_token("POST", "/de/wltex/cards/c1/updates", "r1", partner(), NOW)
    found = opened(
        token,
        "AUTH",
        keys()[0].public_key(),
        partner="4048",
        certificate="zAtI",
        now_ms=NOW_MS,
        lasts_ms=1000,
    )
    assert b'{"API":{"method":"POST","path":"/de/wltex/cards/c1/updates"},"refId":"r1"}' == found


@pytest.mark.parametrize("path", [PATH, "/cards/c1/r1"])
def test_a_genuine_call_gives_its_time(path: str) -> None:
    assert NOW == verify_call(samsungs_call(path=path), "GET", PATH, partner(), NOW + timedelta(minutes=4))


@pytest.mark.parametrize("path", ["/cards/c1/r2", "r1", "/r1", "", "/c1/r1", "/samsung/cards/c1/r1/"])
def test_a_token_of_another_path_opens_nothing(path: str) -> None:
    with pytest.raises(Forged):
        verify_call(samsungs_call(path=path), "GET", PATH, partner(), NOW)


def test_a_token_of_another_method_opens_nothing() -> None:
    with pytest.raises(Forged):
        verify_call(samsungs_call(), "POST", PATH, partner(), NOW)


def test_while_samsung_changes_its_key_both_are_good() -> None:
    both = partner(samsung_keys=(keys()[2].public_key(), keys()[1].public_key()))
    assert NOW == verify_call(samsungs_call(), "GET", PATH, both, NOW)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=90).map(lambda data: data.decode("latin-1")))
def test_nonsense_is_forged_and_never_an_error(header: str) -> None:
    with pytest.raises(Forged):
        verify_call(header, "GET", PATH, partner(), NOW)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), letter=st.sampled_from("AZaz09-_."))
def test_a_token_with_one_other_letter_is_forged(place: int, letter: str) -> None:
    token = samsungs_call().removeprefix("Bearer ")
    place %= len(token) - 1  # the last letter carries bits that mean nothing
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token:
        return
    with pytest.raises(Forged):
        verify_call(changed, "GET", PATH, partner(), NOW)


def test_keys_are_read_as_the_portal_gives_them() -> None:
    ours, samsungs, others = keys()
    found = read_keys(private_pem(ours), f"{public_pem(samsungs)}\n{public_pem(others)}")

    assert ours.public_key() == found.ours.public_key()
    assert (samsungs.public_key(), others.public_key()) == found.samsungs
    assert ["samsung-keys"] == [finding.code for finding in found.check(NOW)]


@pytest.mark.parametrize(("private", "public"), [("", ""), ("nonsense", ""), (None, ""), (None, "nonsense")])
def test_a_key_that_cannot_be_used_is_said(private: str | None, public: str) -> None:
    text = private_pem(keys()[0]) if private is None else private
    with pytest.raises(InvalidKeys, match="TILLPASS_SAMSUNG_"):
        read_keys(text, public)


@pytest.mark.parametrize(
    ("days", "code"),
    [(400, "samsung-keys"), (20, "samsung-certificate-ends"), (-1, "samsung-certificate-ended")],
)
def test_the_end_of_samsungs_certificate_is_seen_coming(days: int, code: str) -> None:

    found = read_keys(private_pem(keys()[0]), certificate_pem(keys()[1], NOW + timedelta(days=days)))
    assert [code] == [finding.code for finding in found.check(NOW)]
