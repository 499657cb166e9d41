"""A CRM's call all the way: kept, read from the CRM, applied; and what no call told of, found by looking."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.connectors.bitrix24 import Bitrix24
from app.services import crm
from app.services.crm.polling import poll_due
from app.services.crm.reading import RemoteOf
from app.services.ports import Remote
from app.storage.database import Database
from tests.connectors.samples import Sample
from tests.connectors.samples.bitrix24 import SAMPLES, sign, told
from tests.connectors.test_bitrix24 import anna
from tests.support.api_shop import CAFE, Sender, Shop
from tests.support.clock import Clock
from tests.support.crm_servers.bitrix24 import CODE, Portal
from tests.support.crm_servers.calling import remote_to
from tests.support.google_server import served


class Bitrix:
    """A portal whose outgoing webhook calls the shop, and the shop that reads it."""

    def __init__(self, shop: Shop, portal: Portal, url: str) -> None:
        self.shop, self.portal, self.url, self.sent = shop, portal, url, 0
        settings = {"url": "https://cafe.bitrix24.ru/rest/1"}
        self.source: Sender = shop.source(
            "bitrix", kind="bitrix24", secret=SAMPLES.secret, settings=settings, token=CODE
        )

    def calls(self) -> None:
        """What the portal would send by now."""
        for event, thing in self.portal.hooks:
            self.sent += 1
            said = Sample("a call", told(event, thing, ts=1_772_442_000 + self.sent), ())
            call = sign(said, SAMPLES.secret, self.shop.clock.now())
            assert 202 == self.source.raw(call.body, call.headers).status_code
        self.portal.hooks.clear()

    def works(self) -> None:
        """The worker, until nothing is left to do now."""
        known = self.shop.deps
        while poll_due(
            known.db, known.read, known.connectors, self._back, known.seal, now=self.shop.clock.now()
        ):
            continue
        while crm.apply_due(
            known.db,
            known.connectors,
            known.unseal,
            now=self.shop.clock.now(),
            jitter=0.0,
            default_pass_type="pass.example.only",
            call_back=self._back,
        ):
            continue

    def points(self, contact: str = "82") -> int:
        (card,) = self.shop.owner.get(f"/cards?external_id={contact}").get_json()["items"]
        points: int = card["balances"]["points"]
        return points

    def states(self) -> set[str]:
        return {event["state"] for event in self.source.events()}

    def _back(self, of: RemoteOf) -> Remote:
        token = self.shop.deps.unseal(of.token)
        pace = Bitrix24.calls_per_s
        return remote_to(self.shop.database, self.shop.clock, self.url, token, calls_per_s=pace)


@pytest.fixture
def bitrix(sqlite_database: Database, clock: Clock) -> Iterator[Bitrix]:
    shop = Shop(sqlite_database, clock)
    assert 201 == shop.owner.post("/programmes", CAFE).status_code
    portal = Portal(clock)
    with served(portal.app) as address:
        yield Bitrix(shop, portal, f"{address}/rest/1")


def test_a_deal_earns_once_and_gives_it_back_when_it_is_lost(bitrix: Bitrix, clock: Clock) -> None:
    """However often and in whatever order the portal calls."""
    anna(bitrix.portal)
    bitrix.portal.deal("7", STAGE_ID="NEW", CONTACT_ID="82", OPPORTUNITY="10.00", CURRENCY_ID="EUR")
    bitrix.portal.deal("7", STAGE_ID="WON")
    bitrix.calls()
    bitrix.works()
    assert 100 == bitrix.points()

    clock.forward(minutes=1)
    bitrix.portal.deal("7", COMMENTS="changed once more")
    bitrix.calls()
    bitrix.works()
    assert 100 == bitrix.points()

    clock.forward(minutes=1)
    bitrix.portal.deal("7", STAGE_ID="LOSE")
    bitrix.portal.deal("7", COMMENTS="and changed again")
    bitrix.calls()
    bitrix.works()
    assert (0, {"applied"}) == (bitrix.points(), bitrix.states())


def test_a_deal_that_was_never_sold_leaves_nothing_waiting(bitrix: Bitrix) -> None:
    anna(bitrix.portal)
    bitrix.portal.deal("7", STAGE_ID="NEW", CONTACT_ID="82", OPPORTUNITY="10.00", CURRENCY_ID="EUR")
    bitrix.portal.delete("deal", "7")
    bitrix.calls()
    bitrix.works()

    assert (0, {"applied"}) == (bitrix.points(), bitrix.states())


def test_what_the_portal_never_told_of_is_found_within_the_hour(bitrix: Bitrix, clock: Clock) -> None:
    bitrix.works()
    clock.forward(minutes=20)
    anna(bitrix.portal)
    bitrix.portal.deal("7", STAGE_ID="WON", CONTACT_ID="82", OPPORTUNITY="10.00", CURRENCY_ID="EUR")
    bitrix.portal.hooks.clear()  # lost
    clock.forward(minutes=20)

    bitrix.works()

    assert 100 == bitrix.points()


def test_a_burst_of_calls_about_few_things_is_few_reads(bitrix: Bitrix) -> None:
    anna(bitrix.portal)
    for number in range(60):
        anna(bitrix.portal, COMMENTS=str(number))
    bitrix.calls()
    bitrix.portal.calls.clear()

    bitrix.works()

    assert 3 >= bitrix.portal.calls.count("batch")
    assert {"applied"} == bitrix.states()
