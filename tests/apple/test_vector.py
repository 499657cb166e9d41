"""The tag that a phone sends back: any bytes are read, and what we wrote comes back as it was."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wallets.apple.vector import MOST_CARDS, after, decode, encode

IDS = st.integers(min_value=1, max_value=2**63 - 1)
VERSIONS = st.dictionaries(IDS, IDS, max_size=MOST_CARDS)


@given(VERSIONS)
def test_what_was_told_is_read_again(versions: dict[int, int]) -> None:
    assert versions == decode(encode(versions))


@given(VERSIONS, st.text("0123456789abcdef", min_size=1, max_size=12))
def test_a_tag_that_differs_in_its_ending_says_the_same(versions: dict[int, int], again: str) -> None:
    assert versions == decode(encode(versions, again))


@given(VERSIONS)
def test_a_full_tag_fits_into_an_address(versions: dict[int, int]) -> None:
    assert 1500 > len(encode(versions))


@given(st.none() | st.text() | st.from_regex(r"1\.[A-Za-z0-9_=-]*(\..*)?", fullmatch=True))
def test_any_tag_is_read_without_a_fault(tag: str | None) -> None:
    assert all(isinstance(number, int) for pair in decode(tag).items() for number in pair)


@given(st.binary(max_size=300))
def test_any_bytes_in_a_tag_are_read_without_a_fault(raw: bytes) -> None:
    assert isinstance(decode(f"1.{base64.urlsafe_b64encode(raw).decode()}"), dict)


@pytest.mark.parametrize(
    "tag", ["", "1", "2.AQE", "20260302T090000", "1700000000", "é", "1.\x00", "9" * 9000]
)
def test_a_foreign_tag_means_that_nothing_was_told(tag: str) -> None:
    assert {} == decode(tag)


@given(VERSIONS, st.none() | st.text(max_size=40))
def test_a_tag_always_moves(versions: dict[int, int], tag: str | None) -> None:
    for _ in range(3):
        moved = encode(versions, after(tag, versions))
        assert tag != moved
        tag = moved


def test_more_cards_than_an_address_can_hold_are_told_of_as_a_whole() -> None:
    many = dict.fromkeys(range(1, MOST_CARDS + 2), 1)
    assert {} == decode(encode(many))
    assert encode(many, after(None, many)) != encode(many, after(encode(many, after(None, many)), many))
