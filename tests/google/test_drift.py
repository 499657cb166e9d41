"""A change of Google's interface is noticed by us, not by customers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox.google_discovery import description
from app.wallets.google import drift
from app.wallets.google.drift import Drift, Unreadable, Watch, compare, used_fields
from app.wallets.google.schema import vendor_schema
from app.wallets.google.wiring import discovery_url
from tests.support.google_server import Google
from tests.support.google_shop import chore, holder
from tests.support.service import Service

Json = dict[str, Any]


@pytest.fixture
def service(chosen_service: Service) -> Service:
    """The round is the same on both engines."""
    return chosen_service


def theirs() -> Json:
    return copy.deepcopy(description())


def loyalty(found: Json) -> Json:
    fields: Json = found["schemas"]["LoyaltyObject"]["properties"]
    return fields


def test_the_copy_that_ships_with_us_is_no_drift_from_itself() -> None:
    assert Drift(str(vendor_schema()["revision"]), str(vendor_schema()["revision"])) == compare(
        vendor_schema(), theirs()
    )


CHANGES: list[tuple[str, Callable[[Json], object]]] = [
    ("LoyaltyObject.accountName: is gone", lambda one: loyalty(one).pop("accountName")),
    (
        "LoyaltyObject.accountId: is required",
        lambda one: loyalty(one)["accountId"].update(description="Required. The identifier."),
    ),
    (
        "LoyaltyObject.accountId: type was string, is integer",
        lambda one: loyalty(one)["accountId"].update(type="integer"),
    ),
    (
        "LoyaltyObject.textModulesData: holds other things",
        lambda one: loyalty(one)["textModulesData"]["items"].update({"$ref": "Other"}),
    ),
    (
        "Barcode.type: no longer takes QR_CODE",
        lambda one: one["schemas"]["Barcode"]["properties"]["type"]["enum"].remove("QR_CODE"),
    ),
    ("LoyaltyClass.programName: is gone", lambda one: one["schemas"].pop("LoyaltyClass")),
    (
        "walletobjects.loyaltyobject.patch: was PATCH walletobjects/v1/loyaltyObject/{resourceId}, is gone",
        lambda one: one["resources"]["loyaltyobject"]["methods"].pop("patch"),
    ),
]


@pytest.mark.parametrize(("named", "change"), CHANGES, ids=[name[:40] for name, _ in CHANGES])
def test_a_change_of_what_we_use_is_named(
    named: str, change: Callable[[Json], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "MOST_NAMED", 1000)
    changed = theirs()
    change(changed)
    assert named in compare(vendor_schema(), changed).touching


def test_what_we_do_not_use_is_only_counted() -> None:
    changed = theirs()
    del changed["schemas"]["FlightObject"]["properties"]["passengerName"]
    loyalty(changed)["somethingNew"] = {"type": "string"}
    changed["schemas"]["Brandnew"] = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    changed["revision"] = "20270101"
    found = compare(vendor_schema(), changed)
    assert ((), 4, "20270101") == (found.touching, found.others, found.theirs)


def test_fields_of_every_kind_and_of_messages_are_watched() -> None:
    wanted = {
        "LoyaltyObject.accountId",
        "OfferClass.title",
        "GiftCardObject.cardNumber",
        "GenericObject.header",
    }
    assert wanted | {"Message.displayInterval", "LocalizedString.defaultValue"} <= used_fields()
    assert "FlightObject.passengerName" not in used_fields()


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["schemas", "properties", "resources", "methods", "LoyaltyObject", "enum", "items"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=15,
    ).filter(lambda found: isinstance(found, dict))
)
def test_nonsense_is_unreadable_or_a_drift_and_never_an_accident(found: Any) -> None:
    try:
        assert isinstance(compare(vendor_schema(), found), Drift)
    except Unreadable:
        return


# --- over the wire ---


def test_the_published_description_is_fetched(google: Google) -> None:
    url = f"{google.url}/$discovery/rest?version=v1"
    assert () == compare(vendor_schema(), drift.fetch(url)).touching
    google.state.modes.change({"schema_moved": True})
    assert 3 == len(compare(vendor_schema(), drift.fetch(url)).touching)


@pytest.mark.parametrize("trouble", [{"nonsense": True}, {"error_rate": 1.0}])
def test_a_description_that_cannot_be_read_is_no_drift(google: Google, trouble: Json) -> None:
    google.state.modes.change(trouble)
    with pytest.raises(Unreadable):
        drift.fetch(f"{google.url}/$discovery/rest")
    with pytest.raises(Unreadable):
        drift.fetch("http://127.0.0.1:9/")


def test_the_worker_looks_once_a_day_and_says_what_changed(service: Service) -> None:
    holder(service)
    service.clock.forward(seconds=30)
    service.works()
    service.clock.forward(days=1)
    service.works()
    assert ["google-schema"] == codes(service)

    service.google.state.modes.change({"schema_moved": True})
    service.clock.forward(hours=12)
    service.works()
    assert ["google-schema"] == codes(service)
    service.clock.forward(hours=13)
    service.works()
    [finding] = [each for each in service.google_wallet.check(service.clock.now()) if "schema" in each.code]
    assert ("google-schema-changed", "warning") == (finding.code, finding.level)
    assert "LoyaltyObject.accountName: is gone" in finding.message

    service.google.state.modes.change({"nonsense": True})  # what was seen last still stands
    service.clock.forward(days=1, hours=1)
    service.works()
    assert ["google-schema-changed"] == codes(service)
    assert "error" in chore(service, drift.NAME).result


def codes(service: Service) -> list[str]:
    found = service.google_wallet.check(service.clock.now())
    return [each.code for each in found if each.code.startswith("google-schema")]


def test_nobody_is_asked_where_it_is_off(sqlite_service: Service) -> None:
    asked: list[str] = []

    def fetch(url: str) -> Json:
        asked.append(url)
        return theirs()

    deps, now = sqlite_service.parts.deps, sqlite_service.clock.now()
    for url in ("", "https://google.example"):
        watch = Watch(deps.db, deps.read, url, fetch)
        for hours in (0, 25):
            watch.step(now + timedelta(hours=hours))
    assert ["https://google.example"] == asked


def test_the_address_stands_beside_the_interface_unless_it_is_said_or_off(sqlite_service: Service) -> None:
    set_ = sqlite_service.parts.settings
    urls = [
        discovery_url(set_.model_copy(update={"google_discovery_url": said}))
        for said in ("", "off", "https://mirror.example/google.json")
    ]
    beside = f"{sqlite_service.google.url}/$discovery/rest?version=v1"
    assert [beside, "", "https://mirror.example/google.json"] == urls
