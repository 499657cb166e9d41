"""The description is true, complete, and needs nobody else's server."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta

from app.api import examples
from app.api.calls import CALLS
from app.api.openapi import document
from app.api.programmes import EXAMPLE
from app.api.requests import CardIn
from tests.support.api_shop import ANNA, CAFE, Shop


def test_openapi_describes_every_call(shop: Shop) -> None:
    answer = shop.app.test_client().get("/api/v1/openapi.json")
    spec = answer.get_json()

    assert ("3.1.0", 200) == (spec["openapi"], answer.status_code)
    described = {(method.upper(), path) for path, methods in spec["paths"].items() for method in methods}
    assert {(each.method, re.sub(r"<(\w+)>", r"{\1}", each.path)) for each in CALLS} == described
    assert len(CALLS) == len({about["operationId"] for about in _operations()})


def _operations() -> list[dict[str, Any]]:
    paths = document("https://cards.test")["paths"]
    return [about for methods in paths.values() for about in methods.values()]


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    spec = document("https://cards.test")
    known = {f"#/components/{part}/{name}" for part, all_ in spec["components"].items() for name in all_}

    assert set(re.findall(r'"\$ref": "([^"]+)"', repr(spec).replace("'", '"'))) <= known
    for schema in spec["components"]["schemas"].values():
        meta.validate(schema)


def test_the_examples_fit_their_own_schemas() -> None:
    spec = document("https://cards.test")
    shared = {"components": spec["components"]}
    example = spec["components"]["schemas"]["CardIn"]["examples"][0]

    Draft202012Validator({"$ref": "#/components/schemas/CardIn", **shared}).validate(example)
    assert "cafe" == CardIn.model_validate(example, strict=False).programme
    for name, body in (("Programme", CAFE), ("Programme", EXAMPLE), ("MemberInput", ANNA)):
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", **shared}).validate(body)


@pytest.mark.parametrize("room", sorted({each.operation.rsplit("_", 1)[0] for each in CALLS}))
def test_every_call_has_examples_that_fit(room: str) -> None:
    """A new call brings `example` and `answer`, or keeps real ones: see tests/support/recorded.py."""
    for each in CALLS:
        if each.operation.rsplit("_", 1)[0] != room:
            continue
        answer, body = examples.of_answer(each), examples.of_request(each)
        if not each.gives_files:
            assert answer is not None, f"{each.operation} has no example of an answer"
            each.gives.model_validate_json(json.dumps(answer))
        if each.takes is not None and each.takes.model_fields:
            assert body is not None, f"{each.operation} has no example of a body"
            each.takes.model_validate_json(json.dumps(body))


def test_the_page_for_people_needs_no_other_server(shop: Shop) -> None:
    page = shop.app.test_client().get("/api/docs")
    html = page.get_data(as_text=True)

    assert (200, "text/html; charset=utf-8") == (page.status_code, page.content_type)
    assert all(f'id="{about["operationId"]}"' in html for about in _operations())
    assert [] == re.findall(r'(?:src|href)="(?:https?:)?//', html)
    assert "<script" not in html and "style=" not in html
    assert "Idempotency-Key" in html and "/api/problems/insufficient-balance" in html


def test_a_problem_type_can_be_looked_up(shop: Shop) -> None:
    told = shop.app.test_client().get("/api/problems/invalid").get_json()

    assert (422, "/api/problems/invalid") == (told["status"], told["type"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_SCHEMAS = document("https://cards.test")["components"]["schemas"]
_NAMES = sorted({name for schema in _SCHEMAS.values() for name in schema.get("properties", {})})
NEARLY = st.dictionaries(
    st.sampled_from(_NAMES), JSON | st.sampled_from(["cafe", "EUR", "points"]), max_size=6
)
POSTS = [each for each in CALLS if each.takes is not None]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(each=st.sampled_from(POSTS), body=JSON | NEARLY)
def test_no_json_at_all_breaks_a_call(shop: Shop, each: Any, body: Any) -> None:
    serial = shop.card()
    path = re.sub(r"<serial>", serial, each.path)
    path = re.sub(r"<slug>", "cafe", re.sub(r"<\w+_id>", "1", re.sub(r"<operation>", "none", path)))

    answer = shop.owner.call(each.method, path, body, key="any")

    assert answer.status_code < 500


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(each=st.sampled_from(POSTS), raw=st.binary(max_size=60))
def test_no_bytes_at_all_break_a_call(shop: Shop, each: Any, raw: bytes) -> None:
    path = re.sub(r"<\w+>", "1", each.path)

    answer = shop.owner.call(each.method, path, data=raw, content_type="application/json", key="any")

    assert 400 <= answer.status_code < 500 or raw.strip() in (b"", b"{}")
