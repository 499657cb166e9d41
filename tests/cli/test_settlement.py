"""`tillpass ledger settlement` prints what partners owe, or says in one line what is wrong."""

import json

from app.storage.database import connect
from tests.cli.conftest import Desk
from tests.support.clock import Clock
from tests.support.shop import Shop

RULES = [
    {"kind": "points", "percent": 10},
    {"kind": "partner", "key": "air", "name": "Air", "pays_per_point_minor": 1},
]


def test_what_partners_owe_is_printed_for_a_spreadsheet_or_a_program(shop_desk: Desk, clock: Clock) -> None:
    database = connect(f"sqlite:///{shop_desk.folder / 'instance' / 'tillpass.db'}")
    shop = Shop(database, clock, RULES, slug="club")
    shop.buys(shop.customer("Anna"), 10_000, partner="air")
    database.close()
    days = ("--from", "2026-03-01", "--to", "2026-03-31")

    printed = shop_desk.run("ledger", "settlement", "club", *days).stdout.splitlines()
    told = json.loads(shop_desk.run("ledger", "settlement", "club", *days, "--json").stdout)

    assert "2026-03,air,Air,1,10000,0,1000,0,0,0,0,1000,0,1000" == printed[1]
    assert [("air", 1000)] == [(line["partner"], line["net_minor"]) for line in told]
    wrong = shop_desk.run("ledger", "settlement", "nobody")
    assert (1, "tillpass: There is no programme 'nobody'.") == (wrong.returncode, wrong.stderr.strip())
