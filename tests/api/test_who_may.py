"""Keys open what their scopes and their programme allow, and nothing tells of the rest."""

from typing import Any

import pytest

from app.api.calls import CALLS
from app.services.access import SCOPES
from tests.support.api_shop import ANNA, CAFE, Shop

GIFT = {"points": 5, "reason": "gift"}


@pytest.mark.parametrize(
    ("role", "method", "path", "body"),
    [
        ("marketer", "POST", "/cards", {"programme": "cafe", "member": ANNA}),
        ("marketer", "POST", "/cards/{serial}/adjustments", GIFT),
        ("till", "POST", "/programmes", {**CAFE, "slug": "mine"}),
        ("till", "PATCH", "/programmes/cafe", {"name": "Mine"}),
        ("till", "POST", "/programmes/cafe/designs/1/publish", None),
        ("till", "POST", "/sources", {"slug": "mine", "programme": "cafe"}),
        ("crm", "PUT", "/programmes/cafe/banner", None),
    ],
)
def test_a_key_without_the_scope_is_refused(shop: Shop, role: str, method: str, path: str, body: Any) -> None:
    serial = shop.card()

    answer = shop.program(role).call(method, path.format(serial=serial), body, key="k1")

    assert (403, "/api/problems/forbidden") == (answer.status_code, answer.get_json()["type"])
    assert answer.get_json()["state"]["scope"] in SCOPES
    assert 0 == shop.balances(serial)["points"]


def test_a_key_is_told_that_it_lacks_a_scope_before_its_body_is_read(shop: Shop) -> None:
    answer = shop.program("marketer").post("/cards", data=b"{", content_type="text/plain")

    assert 403 == answer.status_code


def test_another_programme_does_not_exist_for_a_key(shop: Shop) -> None:
    serial = shop.card("cafe")
    bought = {"amount_minor": 100, "currency": "EUR"}
    receipt = shop.owner.post(f"/cards/{serial}/purchases", bought, key="k1").get_json()["id"]
    event = shop.source("till")
    event.send({"type": "stamps", "data": {"serial": serial}})
    design = shop.owner.get("/programmes/cafe").get_json()["design"]
    charlie = shop.program("owner", "bakery")

    for path in ("", "/entries", "/deliveries"):
        assert 404 == charlie.get(f"/cards/{serial}{path}").status_code
    for path, body in (
        (f"/cards/{serial}/purchases", bought),
        (f"/cards/{serial}/quotes", bought),
        (f"/cards/{serial}/adjustments", GIFT),
        (f"/cards/{serial}/stamps", {}),
        (f"/cards/{serial}/redemptions", {"points": 1}),
        (f"/receipts/{receipt}/reversal", {}),
        ("/cards", {"programme": "cafe", "member": ANNA}),
        ("/sources", {"slug": "mine", "programme": "cafe"}),
        (f"/programmes/cafe/designs/{design}/publish", None),
        (f"/programmes/cafe/designs/{design}/restore", None),
        (f"/events/{event.events()[0]['id']}/replay", None),
    ):
        assert 404 == charlie.post(path, body, key="k2").status_code, path
    assert 404 == charlie.patch(f"/cards/{serial}", {"status": "void"}).status_code
    assert 404 == charlie.patch("/programmes/cafe", {"name": "Mine"}).status_code
    for path in ("/programmes/cafe", "/programmes/cafe/designs", f"/sources/{event.id}/events"):
        assert 404 == charlie.get(path).status_code
    assert 404 == charlie.get("/cards?programme=cafe").status_code
    assert 404 == charlie.get(f"/programmes/bakery/designs/{design}").status_code


def test_lists_hold_only_what_belongs_to_the_key(shop: Shop) -> None:
    shop.card("cafe"), shop.source("till", "cafe")
    own = shop.card("bakery")
    charlie = shop.program("owner", "bakery")

    assert [own] == [card["serial"] for card in charlie.get("/cards").get_json()["items"]]
    assert ["bakery"] == [each["slug"] for each in charlie.get("/programmes").get_json()["items"]]
    assert [] == charlie.get("/sources").get_json()["items"]


def test_a_key_of_one_programme_starts_no_other(shop: Shop) -> None:
    assert 403 == shop.program("owner", "cafe").post("/programmes", {**CAFE, "slug": "mine"}).status_code


def test_every_call_names_a_scope_that_there_is() -> None:
    assert [] == [each.path for each in CALLS if each.scope not in SCOPES]
    assert {"api"} == {each.view.audience for each in CALLS}  # type: ignore[attr-defined]
