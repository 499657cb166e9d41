"""What connectors share: proofs, forms, amounts, times, people, and the fields of a CRM."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.connectors import CONNECTORS, forms, values
from app.connectors.crm_fields import TELLS, Back, FieldMap
from app.connectors.paging import Place, next_place, places, written
from app.connectors.signatures import from_hex, require_recent, require_token
from app.domain.errors import Invalid
from app.services.ports import HookRejected, Polling, Reading, Telling
from app.services.webhooks.catalogue import EXAMPLE, PUBLIC

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_", "secrets", "good"),
    [
        ("a", ["a"], True),
        ("a", ["b", "a"], True),
        ("", [""], False),
        (None, [""], False),
        ("a", [], False),
        ("ключ", ["ключ"], True),
        ("\udcff", ["a"], False),
    ],
)
def test_a_token_is_one_of_the_secrets_and_never_empty(
    given_: str | None, secrets: list[str], good: bool
) -> None:
    if good:
        require_token(given_, secrets)
    else:
        with pytest.raises(HookRejected):
            require_token(given_, secrets)


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1772441000", "1e9", "٣", "9" * 30, "1772442301"])
def test_a_time_that_is_none_or_not_now_is_rejected(stamp: str) -> None:
    require_recent(1_772_442_300, NOW)
    require_recent("1772442300999", NOW.replace(second=1), per_s=1000)
    with pytest.raises(HookRejected):
        require_recent(stamp, NOW)


@pytest.mark.parametrize("text", ["", "abc", "zz", "0x12", " 12"])
def test_what_is_not_hexadecimal_is_rejected(text: str) -> None:
    with pytest.raises(HookRejected):
        from_hex(text)


def test_nested_keys_are_read_as_php_does() -> None:
    body = b"a=1&data[FIELDS][ID]=82&data[FIELDS][NAME]=%D0%90+B&l[]=x&l[]=y&empty="

    form = forms.parse(body)

    assert {
        "a": "1",
        "data": {"FIELDS": {"ID": "82", "NAME": "А B"}},
        "l": {"0": "x", "1": "y"},
        "empty": "",
    } == form
    assert ("82", "", "") == (
        forms.text_at(form, "data", "FIELDS", "ID"),
        forms.text_at(form, "data", "FIELDS"),
        forms.text_at(form, "a", "b", "c"),
    )


def test_what_is_too_deep_is_left_out_and_what_clashes_keeps_its_first_meaning() -> None:
    assert {"a": {"b": {"c": {"d": "1"}}}} == forms.parse(b"a[b][c][d]=1&a[b][c][e][f]=2")
    assert {"a": "1"} == forms.parse(b"a=1&a[b]=2")
    assert {"a": {"b": "2"}} == forms.parse(b"a[b]=2&a=1")


@pytest.mark.parametrize(
    "body",
    [
        b"a" + b"[b]" * 17 + b"=1",
        b"a[b=1",
        b"[b]=1",
        b"a]=1",
        b"nonsense",
        b"a=%ff",
        b"\xff=1",
        b"&".join(b"a%d=1" % number for number in range(5001)),
    ],
)
def test_a_form_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        forms.parse(body)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text("abcXYZ_09", min_size=1, max_size=9), st.text(st.characters(codec="utf-8"), max_size=9)
    )
)
def test_whatever_is_sent_as_a_form_is_read_again(fields: dict[str, str]) -> None:
    body = urlencode({f"data[FIELDS][{name}]": text for name, text in fields.items()}).encode()

    assert fields == forms.form_at(forms.parse(body), "data", "FIELDS")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("199.90", "EUR", 19990),
        (199.9, "EUR", 19990),
        ("1 999,905", "RUB", 199991),
        ("1\u00a0000", "JPY", 1000),
        ("1.2345", "KWD", 1235),
        (0, "EUR", 0),
        ("-5", "EUR", -500),
    ],
)
def test_amounts_become_whole_minor_units(amount: Any, currency: str, minor: int) -> None:
    assert minor == values.minor_units(amount, currency)


@pytest.mark.parametrize(
    "amount", ["", "x", None, True, "NaN", "Infinity", "1e999999999", "1e30", [], {}, "1.2.3", "\x00"]
)
def test_money_is_never_guessed(amount: Any) -> None:
    assert values.minor_or_none(amount, "EUR") is None
    with pytest.raises(Invalid) as error:
        values.minor_units(amount, "EUR", "/total")
    assert {"/total"} == set(error.value.faults)


@pytest.mark.parametrize(
    ("told", "ms"),
    [
        ("2026-03-02T12:00:00+03:00", 1_772_442_000_000),
        ("2026-03-02T09:00:00Z", 1_772_442_000_000),
        ("2026-03-02T09:00:00.250Z", 1_772_442_000_250),
        (1_772_442_000, 1_772_442_000_000),
        ("1772442000", 1_772_442_000_000),
        (1_772_442_000_250, 1_772_442_000_250),
        ("2026-03-02 12:00:00", 1_772_442_000_000),
    ],
)
def test_times_become_versions(told: Any, ms: int) -> None:
    assert ms == values.version_ms(told, ZoneInfo("Europe/Moscow"))


@settings(max_examples=50, deadline=None)
@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_a_value_that_is_no_time_day_phone_or_text_is_nothing(value: Any) -> None:
    version = values.version_ms(value)
    assert 946_684_800_000 <= version < 7_258_118_400_000 or version == 0
    assert values.day(value) is None or len(values.day(value) or "") == 10
    assert (values.first_phone([value]) or "+").strip()
    assert "@" in (values.first_email([value]) or "@")
    assert "\x00" not in (values.short(value) or "")


@pytest.mark.parametrize(
    ("told", "born"),
    [
        ("1990-05-01", "1990-05-01"),
        ("1990-05-01T03:00:00+03:00", "1990-05-01"),
        ("01.05.1990", "1990-05-01"),
        (641_505_600 - 3 * 3600, "1990-05-01"),
        ("1990-13-01", None),
        ("0001-01-01", None),
        ("", None),
    ],
)
def test_birthdays_are_days(told: Any, born: str | None) -> None:
    assert born == values.day(told)


def test_the_first_phone_and_address_that_can_be_ones_are_taken() -> None:
    assert "+37120000001" == values.first_phone([None, "n/a", "+7333333555", "+371 2000-0001", "1"])
    assert "8 (916) 123-45-67" == values.first_phone(["8 (916) 123-45-67"])
    assert "anna@example.com" == values.first_email([None, "", "no", "Anna@Example.com"])


def test_a_page_goes_on_where_the_last_one_ended() -> None:
    begin = places("", ("a",), NOW)["a"]
    assert Place("2026-03-02T08:50:00+00:00") == begin
    full = next_place(begin, ["1", "2", "2"], 3, NOW)
    same = next_place(full, ["2", "2", "2"], 3, NOW)
    assert (Place("2", 0, going=True), Place("2", 3, going=True)) == (full, same)
    assert same == places(written({"a": same}), ("a",), NOW)["a"]
    assert begin == next_place(same, ["2"], 3, NOW)


def test_what_our_webhooks_say_is_found_for_the_fields_of_a_crm() -> None:
    """The example is the one of the API's catalogue, so that both stay in step."""
    back = Back(
        link="L", number="N", serial="S", status="T", tier="R", points="P", stamps="M", spend_minor="Q"
    )

    who, fields = back.of(EXAMPLE)

    assert "crm-7" == who
    assert {
        "L": "https://cards.example.com/c/Qm2",
        "N": "7HXK4MPA9Q",
        "S": "Zk1q0uW9xq3mJf8sVb2Lhw",
        "T": "active",
        "R": "gold",
        "P": "1234",
        "M": "0",
        "Q": "12340",
    } == fields
    assert ("", {}) == back.of({"type": "x", "data": {"card": None, "member": None}})


def test_connectors_want_events_that_there_are_and_keep_a_pace() -> None:
    assert set(TELLS) <= set(PUBLIC.values())
    for connector in CONNECTORS.values():
        if isinstance(connector, Telling):
            assert set(connector.tells) <= set(PUBLIC.values()), connector.kind
        if isinstance(connector, Reading):
            assert 0 < connector.calls_per_s <= 50, connector.kind
        if isinstance(connector, Polling):
            assert 60 <= connector.poll_every_s <= 86_400, connector.kind


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["A", "B", "C", "D", "E"]),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=4),
    )
)
def test_whatever_stands_in_a_crms_fields_can_be_kept(theirs: dict[str, Any]) -> None:
    fields = {"A": "attributes.a", "B": "values.b", "C": "tier", "D": "birthday", "E": "city"}

    known = FieldMap.parse({"fields": fields, "words": {"C": {"1": "gold"}}}).known(theirs)

    said = [*known.member.get("attributes", {}).values(), *known.values.values()]
    assert all(value is None or isinstance(value, str | bool) for value in said)
