"""Figures over REST: as JSON and as files, within a key's scope and programme."""

import pytest

from app.services import funnel
from app.storage.database import Database
from tests.support.api_shop import ANNA, CAFE, STAMPS, Shop
from tests.support.clock import Clock

SPAN = "programme=cafe&since=2026-03-01&until=2026-03-31"


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    for programme in (CAFE, STAMPS):
        assert 201 == opened.owner.post("/programmes", programme).status_code
    return opened


def sold(shop: Shop, source: str = "newsletter") -> None:
    """Anna came by a channel, bought for 15 euros and brought 5 of them back."""
    today = shop.clock.now().date()
    for step in ("view", "view", "form"):
        funnel.count(shop.deps.db, "cafe", step, {"utm_source": source}, today)
    card = {"programme": "cafe", "member": ANNA, "channel": {"utm_source": source}}
    serial = shop.owner.post("/cards", card).get_json()["serial"]
    bought = {"amount_minor": 1500, "currency": "EUR"}
    receipt = shop.owner.post(f"/cards/{serial}/purchases", bought, key="k1").get_json()["id"]
    back = {"amount_minor": 500, "reason": "too cold"}
    assert 201 == shop.owner.post(f"/receipts/{receipt}/reversal", back, key="k2").status_code


def test_a_channel_is_followed_from_its_visitors_to_its_revenue(shop: Shop) -> None:
    sold(shop)
    told = shop.owner.get(f"/analytics/channels?{SPAN}").get_json()
    (row,) = told["items"]
    wanted = {"utm_source": "newsletter", "views": 2, "forms": 1, "issued": 1, "active": 1, "buyers": 1}
    wanted |= {"sales_minor": 1500, "refunds_minor": 500, "revenue_minor": 1000, "points_earned": 100}
    assert wanted == {name: row[name] for name in wanted}
    assert (0.5, 0.0, 1.0, None) == tuple(
        row[f"{name}_rate"] for name in ("join", "install", "active", "removal")
    )
    assert ("EUR", 1000, None) == (
        told["currency"],
        told["total"]["revenue_minor"],
        told["total"].get("utm_source"),
    )


def test_the_funnel_has_every_step_and_every_day(shop: Shop) -> None:
    sold(shop)
    told = shop.owner.get(f"/analytics/funnel?{SPAN}").get_json()
    assert [
        ("view", 2),
        ("form", 1),
        ("issued", 1),
        ("installed", 0),
        ("first_scan", 1),
        ("revenue", 1),
        ("removed", 0),
    ] == [(each["step"], each["count"]) for each in told["steps"]]
    assert 31 == len(told["days"])
    assert [("2026-03-02", 1000)] == [
        (e["day"], e["revenue_minor"]) for e in told["days"] if e["revenue_minor"]
    ]


def test_a_channel_alone_can_be_asked_for(shop: Shop) -> None:
    sold(shop)
    mine, other = (
        shop.owner.get(f"/analytics/funnel?{SPAN}&utm_source={name}").get_json()["steps"][0]["count"]
        for name in ("Newsletter", "vk")
    )
    assert (2, 0) == (mine, other)


def test_a_programme_is_seen_at_a_glance(shop: Shop) -> None:
    sold(shop)
    told = shop.owner.get(f"/analytics/programme?{SPAN}&every=month").get_json()
    assert ({"active": 1, "blocked": 0, "void": 0, "expired": 0}, 1, 1500) == (
        told["cards"],
        told["active_30_days"],
        told["average_receipt_minor"],
    )
    assert [("points", 100)] == [(each["unit"], each["outstanding"]) for each in told["balances"]]
    assert [("2026-03-01", 1)] == [(each["day"], each["visits"]) for each in told["series"]]


def test_a_file_is_asked_for_by_name_or_by_type_and_holds_no_formula(shop: Shop) -> None:
    sold(shop, source="=cmd()")
    browser, headers = shop.app.test_client(), {"Authorization": f"Bearer {shop.owner.secret}"}
    address = f"/api/v1/analytics/channels?{SPAN}&group_by=source"
    by_name = browser.get(f"{address}&format=csv", headers=headers)
    by_type = browser.get(address, headers={**headers, "Accept": "text/csv"})
    assert by_name.get_data() == by_type.get_data()
    head, line = by_name.get_data(as_text=True).removeprefix("\ufeff").splitlines()
    assert head.startswith("utm_source,views,forms,issued,installed,")
    assert line.startswith("'=cmd(),2,1,1,0,")
    assert 'filename="cafe-channels-2026-03-01-2026-03-31.csv"' in by_name.headers["Content-Disposition"]


def test_only_keys_for_figures_of_their_own_programme_see_them(shop: Shop) -> None:
    for path in ("channels", "funnel", "programme"):
        assert 403 == shop.program("till").get(f"/analytics/{path}?{SPAN}").status_code
        assert 404 == shop.program("marketer", "bakery").get(f"/analytics/{path}?{SPAN}").status_code
        assert 200 == shop.program("marketer", "cafe").get(f"/analytics/{path}?{SPAN}").status_code


@pytest.mark.parametrize(
    "query",
    ["", "programme=cafe&since=2026-02-30", "programme=cafe&since=2026-05-02&until=2026-05-01",
     "programme=cafe&group_by=phone", "programme=cafe&since=0001-01-01&until=9999-12-31",
     "programme=cafe&until=0001-01-01", "programme=cafe&since=9999-12-31", "programme=cafe&until=9999-12-31"],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(shop: Shop, query: str) -> None:
    assert 422 == shop.owner.get(f"/analytics/channels?{query}").status_code
