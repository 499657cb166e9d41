"""Settlement between partners: worked examples, month by month, exact to the entry."""

from dataclasses import asdict
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid
from app.domain.text import in_locale
from app.services import expiry, loyalty, rulebook, settlement
from app.services.journal import By
from app.services.settlement import Line
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import Operation, Receipt, TransferRow
from tests.support.clock import Clock
from tests.support.shop import Shop

POINTS = {"kind": "points", "percent": 10, "expires_after_days": 60}
AIR = {
    "kind": "partner",
    "key": "air",
    "name": {"en": "Air", "ru": "Авиа"},
    "earn_percent": 5,
    "stores": ["airport"],
    "pays_per_point_minor": "0.8",
}
SPA = {
    "kind": "partner",
    "key": "spa",
    "name": {"en": "Spa", "ru": "Спа"},
    "pays_per_point_minor": 1,
    "gets_per_point_minor": "0.9",
}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, [POINTS, AIR, SPA])


def report(shop: Shop, first: str = "2026-03-01", last: str = "2026-06-30") -> list[Line]:
    with shop.read() as session:
        row = queries.programme_row(session, shop.slug)
        return settlement.report(session, row, date.fromisoformat(first), date.fromisoformat(last))


def figures(line: Line, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(line, name) for name in names)


def test_a_partner_pays_for_points_it_gives_and_is_paid_for_those_it_takes(
    database: Database, clock: Clock
) -> None:
    shop = Shop(database, clock, [POINTS, AIR, SPA])
    anna = shop.customer("Anna")
    shop.buys(anna, 100_000, store="airport")
    shop.buys(anna, 10_000, partner="spa", redeem_points=2000)
    air, spa = report(shop)
    assert asdict(air) == {
        "month": "2026-03",
        "partner": "air",
        "name": {"en": "Air", "ru": "Авиа"},
        "receipts": 1,
        "turnover_minor": 100_000,
        "returned_minor": 0,
        "given": 5000,
        "given_back": 0,
        "taken": 0,
        "restored": 0,
        "expired": 0,
        "pays_minor": 4000,
        "gets_minor": 0,
        "net_minor": 4000,
    }
    names = ("receipts", "turnover_minor", "given", "taken", "pays_minor", "gets_minor", "net_minor")
    assert (1, 10_000, 800, 2000, 800, 1800, -1000) == figures(spa, *names)


def test_what_is_taken_back_belongs_to_the_partner_whose_purchase_it_was(shop: Shop, clock: Clock) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 100_000, store="airport")
    bought = shop.buys(anna, 10_000, partner="spa", redeem_points=2000)
    clock.forward(days=31)
    shop.undoes(bought)
    march, april = [line for line in report(shop) if line.partner == "spa"]
    assert ("2026-03", 800, 2000, -1000) == figures(march, "month", "given", "taken", "net_minor")
    names = ("month", "receipts", "returned_minor", "given_back", "restored", "net_minor")
    assert ("2026-04", 0, 10_000, 800, 2000, 1000) == figures(april, *names)


def test_a_part_that_is_returned_takes_its_part_of_the_debt(shop: Shop) -> None:
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 10_000, partner="spa")
    shop.undoes(bought, amount_minor=2500)
    (spa,) = report(shop)
    assert (10_000, 2500, 1000, 250, 750) == figures(
        spa, "turnover_minor", "returned_minor", "given", "given_back", "net_minor"
    )


def test_points_that_run_out_are_told_by_who_gave_them(shop: Shop, clock: Clock) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 10_000, partner="spa")
    shop.buys(anna, 40_000, store="airport")
    shop.redeems(anna, points=1000)
    clock.forward(days=62)
    assert expiry.expire_lots(shop.db, shop.read, clock.now())
    ended = {line.partner: line.expired for line in report(shop) if line.month == "2026-05"}
    assert {"spa": 667, "air": 1333} == ended


def test_the_report_adds_up_to_the_journal(shop: Shop, clock: Clock) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    for number in range(12):
        partner = ("", "air", "spa")[number % 3]
        reply = shop.buys((anna, boris)[number % 2], 7_777 + number, partner=partner)
        if number % 4 == 0:
            shop.undoes(reply)
        clock.forward(days=7)
    lines = report(shop)
    with shop.read() as session:
        given = session.execute(
            select(TransferRow.amount)
            .join(Operation, Operation.id == TransferRow.operation_id)
            .where(Operation.partner != "", TransferRow.unit == "points", TransferRow.debit == "issued")
        )
        turnover = session.scalars(select(Receipt.amount_minor).where(Receipt.partner != "")).all()
        assert sum(amount for (amount,) in given) == sum(line.given for line in lines)
    assert (sum(turnover), 8) == (
        sum(line.turnover_minor for line in lines),
        sum(line.receipts for line in lines),
    )


def test_a_month_begins_at_midnight_in_the_programmes_zone(shop: Shop, clock: Clock) -> None:
    """21:30 in UTC on 31 March is 1 April in Riga, whose clocks went forward two days before."""
    anna = shop.customer("Anna")
    clock.forward(days=29, hours=11.5)
    shop.buys(anna, 10_000, partner="spa")
    clock.forward(hours=1)
    shop.buys(anna, 20_000, partner="spa")
    assert [("2026-03", 10_000), ("2026-04", 20_000)] == [
        (line.month, line.turnover_minor) for line in report(shop)
    ]


def test_new_prices_count_from_their_day_within_a_month(shop: Shop, clock: Clock) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 10_000, partner="spa")
    clock.forward(days=1)
    rules = [POINTS, AIR, {**SPA, "pays_per_point_minor": 2}]
    rulebook.schedule(shop.db, shop.slug, rules, now=clock.now(), author="marta")
    clock.forward(days=1)
    shop.buys(anna, 10_000, partner="spa")
    (spa,) = report(shop)
    assert (2000, 1000 + 2000) == figures(spa, "given", "pays_minor")


def test_what_the_house_itself_gives_is_no_partners(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 10_000)
    shop.adjusts(anna, points=500)
    assert [] == report(shop)


def test_points_that_are_handed_in_at_a_partners_store_are_taken_by_it(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=500)
    by = By("boris", "airport")
    loyalty.redeem(shop.db, anna, shop.once(), by, now=shop.clock.now(), points=200)
    (air,) = report(shop)
    assert ("air", 200, 0) == figures(air, "partner", "taken", "receipts")


@pytest.mark.parametrize(("first", "last"), [("2026-03-02", "2026-03-01"), ("2023-01-01", "2026-01-01")])
def test_a_stretch_that_makes_no_sense_is_refused(shop: Shop, first: str, last: str) -> None:
    with pytest.raises(Invalid):
        report(shop, first, last)


def test_the_report_goes_into_a_spreadsheet_without_formulas(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [POINTS, {**SPA, "name": "=cmd()"}])
    shop.buys(shop.customer("Anna"), 10_000, partner="spa", redeem_points=0)
    head, row, *_ = settlement.as_csv(report(shop), lambda text: in_locale(text, "en")).splitlines()
    assert head.startswith("month,partner,name,receipts,turnover_minor")
    assert "2026-03,spa,'=cmd(),1,10000,0,1000,0,0,0,0,1000,0,1000" == row


def test_a_purchase_at_an_unknown_partner_is_refused(shop: Shop) -> None:
    anna = shop.customer("Anna")
    with pytest.raises(Invalid, match="no partner"):
        shop.buys(anna, 1000, partner="nobody")
    assert [] == report(shop)
