"""Everything Google would refuse is found before it leaves, all at once, with its place."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox import google_schema as vendor
from app.wallets.google.errors import InvalidRequest
from app.wallets.google.schema import find_faults, require_valid, vendor_schema
from tests.support.google_server import ISSUER

Json = dict[str, Any]

CARD: Json = {
    "id": f"{ISSUER}.anna",
    "classId": f"{ISSUER}.cafe",
    "state": "ACTIVE",
    "accountId": "1234",
    "loyaltyPoints": {"label": "Points", "balance": {"int": 40}},
    "barcode": {"type": "QR_CODE", "value": "1234", "renderEncoding": "UTF_8"},
    "textModulesData": [{"id": "name", "header": "Name", "body": "Анна"}],
    "linksModuleData": {"uris": [{"id": "site", "uri": "https://cafe.example"}]},
    "merchantLocations": [{"latitude": 56.9, "longitude": 24.1}],
    "validTimeInterval": {"end": {"date": "2027-01-01T00:00:00Z"}},
    "heroImage": {"sourceUri": {"uri": "https://cafe.example/hero.png"}},
}
CLASS: Json = {
    "id": f"{ISSUER}.cafe",
    "issuerName": "Cafe",
    "localizedIssuerName": {
        "defaultValue": {"language": "en", "value": "Cafe"},
        "translatedValues": [{"language": "ru", "value": "Кафе"}],
    },
    "programName": "Card",
    "programLogo": {"sourceUri": {"uri": "https://cafe.example/logo.png"}},
    "reviewStatus": "UNDER_REVIEW",
    "hexBackgroundColor": "#112233",
}


def places(kind: str, body: Json, **options: bool) -> list[str]:
    return [fault.pointer for fault in find_faults(kind, body, **options)]


def test_a_whole_card_and_a_whole_class_are_fine() -> None:
    assert ([], []) == (find_faults("loyaltyObject", CARD), find_faults("loyaltyClass", CLASS))


def test_all_faults_are_told_at_once_with_their_places() -> None:
    body = {
        "id": "anna",
        "state": "on",
        "hexBackgroundColor": "#123",
        "loyaltyPoints": {"balance": {"int": "40", "money": {"micros": 5, "currencyCode": "eur"}}},
        "textModulesData": [{"id": "a.b"}, {"a/b~c": 1}],
    }
    wanted = {
        "/id",
        "/state",
        "/hexBackgroundColor",
        "/classId",
        "/loyaltyPoints/balance",
        "/loyaltyPoints/balance/int",
        "/loyaltyPoints/balance/money/micros",
        "/loyaltyPoints/balance/money/currencyCode",
        "/textModulesData/0/id",
        "/textModulesData/1/a~1b~0c",
    }
    assert wanted == set(places("loyaltyObject", body))
    with pytest.raises(InvalidRequest) as refused:
        require_valid("loyaltyObject", body)
    assert len(wanted) == len(refused.value.faults)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"state": "Active"}, "/state"),
        ({"state": 1}, "/state"),
        ({"version": 7}, "/version"),
        ({"version": "9223372036854775808"}, "/version"),
        ({"hasUsers": "true"}, "/hasUsers"),
        ({"accountId": None}, "/accountId"),
        ({"accountId": "\ud800"}, "/accountId"),
        ({"loyaltyPoints": {"balance": {"int": 2**31}}}, "/loyaltyPoints/balance/int"),
        ({"loyaltyPoints": {"balance": {"int": True}}}, "/loyaltyPoints/balance/int"),
        ({"loyaltyPoints": {"balance": {"double": float("nan")}}}, "/loyaltyPoints/balance/double"),
        ({"loyaltyPoints": {"balance": {}}}, "/loyaltyPoints/balance"),
        ({"messages": [{"body": "a"}] * 11}, "/messages"),
        ({"messages": {"body": "a"}}, "/messages"),
        ({"merchantLocations": [{"latitude": 1, "longitude": 2}] * 11}, "/merchantLocations"),
        ({"merchantLocations": [{"latitude": 91, "longitude": 2}]}, "/merchantLocations/0/latitude"),
        ({"linkedObjectIds": ["1.a"] * 51}, "/linkedObjectIds"),
        ({"heroImage": {}}, "/heroImage"),
        ({"heroImage": {"sourceUri": {"uri": ""}}}, "/heroImage"),
        ({"heroImage": {"sourceUri": {"uri": "https://a.example"}, "privateImageId": "x"}}, "/heroImage"),
        ({"heroImage": {"sourceUri": {"uri": "javascript:alert(1)"}}}, "/heroImage/sourceUri/uri"),
        ({"heroImage": {"sourceUri": {"uri": "https://[bad"}}}, "/heroImage/sourceUri/uri"),
        ({"validTimeInterval": {"end": {"date": "tomorrow"}}}, "/validTimeInterval/end/date"),
        ({"validTimeInterval": {"end": {"date": "2027-13-01T00:00:00Z"}}}, "/validTimeInterval/end/date"),
        (
            {
                "validTimeInterval": {
                    "start": {"date": "2026-01-01T00:00"},
                    "end": {"date": "2027-01-01T00:00Z"},
                }
            },
            "/validTimeInterval",
        ),
        ({"classId": "3388.cafe мята"}, "/classId"),
        ({"classId": "cafe"}, "/classId"),
        ({"notifyPreference": "notifyOnUpdate"}, "/notifyPreference"),
        ({"rewardsTier": "Gold"}, "/rewardsTier"),
    ],
    ids=str,
)
def test_one_fault_in_a_card_is_found_in_its_place(change: Json, place: str) -> None:
    assert [place] == places("loyaltyObject", {**CARD, **change})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"reviewStatus": "APPROVED"}, "/reviewStatus"),
        ({"hexBackgroundColor": "red"}, "/hexBackgroundColor"),
        ({"callbackOptions": {"url": "cafe.example"}}, "/callbackOptions/url"),
        ({"localizedIssuerName": {}}, "/localizedIssuerName/defaultValue"),
        (
            {"localizedIssuerName": {"defaultValue": {"language": "", "value": "a"}}},
            "/localizedIssuerName/defaultValue/language",
        ),
        (
            {
                "localizedIssuerName": {
                    "defaultValue": {"language": "en", "value": "a"},
                    "translatedValues": [{"language": "ru", "value": "b"}] * 2,
                }
            },
            "/localizedIssuerName/translatedValues",
        ),
        (
            {"classTemplateInfo": {"cardTemplateOverride": {"cardRowTemplateInfos": [{}]}}},
            "/classTemplateInfo/cardTemplateOverride/cardRowTemplateInfos/0",
        ),
        (
            {"classTemplateInfo": {"cardTemplateOverride": {"cardRowTemplateInfos": [{"oneItem": {}}] * 4}}},
            "/classTemplateInfo/cardTemplateOverride/cardRowTemplateInfos",
        ),
    ],
    ids=str,
)
def test_one_fault_in_a_class_is_found_in_its_place(change: Json, place: str) -> None:
    assert [place] == places("loyaltyClass", {**CLASS, **change})


@pytest.mark.parametrize("key", ["id", "issuerName", "programName", "programLogo", "reviewStatus"])
def test_a_class_without_a_required_field_is_refused(key: str) -> None:
    body = {name: value for name, value in CLASS.items() if name != key}
    assert [f"/{key}"] == places("loyaltyClass", body)


def test_a_patch_may_be_partial_and_deletes_with_null() -> None:
    changes = {
        "accountName": None,
        "heroImage": None,
        "loyaltyPoints": {"balance": {"int": 1, "string": None}},
    }
    assert [] == find_faults("loyaltyObject", changes, partial=True)
    assert ["/textModulesData/0/body"] == places(
        "loyaltyObject", {"textModulesData": [{"body": None}]}, partial=True
    )


def test_every_kind_that_google_has_can_be_checked() -> None:
    assert [] == find_faults(
        "giftCardObject",
        {"id": "1.a", "classId": "1.b", "state": "ACTIVE", "cardNumber": "1", "balance": {"micros": "5"}},
    )
    with pytest.raises(KeyError):
        find_faults("loyaltyThing", {})


def test_a_body_nested_without_end_is_refused_and_not_followed() -> None:
    deep: Json = {}
    for _ in range(400):
        deep = {"classReference": deep, "id": "1.a"}
    assert "nested too deeply" in {fault.problem for fault in find_faults("loyaltyObject", deep)} or places(
        "loyaltyObject", deep
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("ACTIVE"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "uri", "balance", "sourceUri", "defaultValue", "date", "start", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
FIELDS = sorted(vendor_schema()["schemas"]["LoyaltyObject"]["properties"])


@settings(max_examples=100, deadline=None)
@given(field=st.sampled_from(FIELDS), value=VALUES, partial=st.booleans())
def test_no_value_whatever_breaks_the_check(field: str, value: Any, partial: bool) -> None:
    for fault in find_faults("loyaltyObject", {**CARD, field: value}, partial=partial):
        assert fault.pointer.startswith(("/" + field, "/id", "/classId"))


@settings(max_examples=100, deadline=None)
@given(field=st.sampled_from(FIELDS), value=VALUES)
def test_what_we_let_out_a_second_reading_of_the_schema_takes_too(field: str, value: Any) -> None:
    body = {**copy.deepcopy(CARD), field: value}
    if find_faults("loyaltyObject", body):
        return
    again = json.loads(json.dumps(body))
    assert [] == list(vendor.violations("LoyaltyObject", again))
    assert (None, []) == (vendor.broken_rule("LoyaltyObject", again), vendor.missing("LoyaltyObject", again))
