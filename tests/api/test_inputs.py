"""Faults point to what was typed, and nothing unstorable gets past the door."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.programme import Programme
from app.services import members
from app.services.inputs import BrokenJson, MemberInput, PurchaseInput, parse_json, read_json
from tests.api.test_description import JSON, NEARLY


def resolve(body: Any, pointer: str) -> Any:
    """What stands at an RFC 6901 pointer; raises LookupError where nothing does."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        body = body[int(name)] if isinstance(body, list) else body[name]
    return body


@given(
    st.sampled_from([PurchaseInput, MemberInput, Programme]),
    NEARLY | st.dictionaries(st.text(max_size=4), JSON),
)
def test_every_fault_points_at_what_was_sent_or_at_what_is_missing(model: Any, body: Any) -> None:
    try:
        parse_json(model, json.dumps(body).encode())
    except Invalid as refused:
        for pointer, words in refused.faults.items():
            if "is required" in words:
                pointer = pointer.rsplit("/", 1)[0]
            resolve(body, pointer)
    except BrokenJson:
        assert "\\ud" in json.dumps(body)


@given(st.binary(max_size=100))
def test_any_bytes_are_json_or_are_refused(raw: bytes) -> None:
    try:
        json.dumps(read_json(raw))
    except (BrokenJson, Invalid) as refused:
        assert str(refused)


def test_what_a_database_cannot_hold_is_found_wherever_it_is() -> None:
    with pytest.raises(Invalid) as refused:
        read_json(b'{"a": [1, {"b/c": "x\\u0000"}], "d": 18446744073709551616, "e": 1e400, "\\u0000": 1}')

    assert {"/a/1/b~1c", "/d", "/e", ""} == set(refused.value.faults)


def test_a_language_that_no_column_holds_is_refused() -> None:
    programme = Programme(slug="cafe", name="Cafe")

    assert {"locale": "pt-BR"} == members.clean({"locale": "pt-BR"}, programme)
    for locale in ("x" * 30, "en-" + "a" * 8 + "-" + "b" * 9, "English, please"):
        with pytest.raises(Invalid):
            members.clean({"locale": locale}, programme)
