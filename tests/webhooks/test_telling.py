"""A connector that writes back hears of events like every other endpoint: in order, again when it failed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.connectors import CONNECTORS
from app.connectors.generic import Generic
from app.deps import Deps
from app.services import crm
from app.services.crm import NewSource
from app.services.ports import DeliveryError, Remote
from app.storage.database import Database
from tests.support.api_shop import CAFE
from tests.support.clock import Clock
from tests.support.webhook_receiver import BROKEN, Receiver, TellingShop


class Ledgerly(Generic):
    """A CRM that keeps the balance in a field of the contact."""

    kind = "ledgerly"
    tells: Sequence[str] = ("goal.near", "card.issued", "unknown.here")

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        assert set(settings) <= {"url"}

    def writes_back(self, settings: Mapping[str, Any]) -> bool:
        return False

    def tell(self, remote: Remote, payload: Mapping[str, Any]) -> None:
        answer = remote.call("POST", "/contacts", json=payload)
        if answer.status >= 400:
            raise DeliveryError("it does not want this", permanent=True)


class CrmShop(TellingShop):
    def _deps(self) -> Deps:
        return replace(super()._deps(), connectors={**CONNECTORS, "ledgerly": Ledgerly()})


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> TellingShop:
    opened = CrmShop(sqlite_database, clock)
    assert 201 == opened.owner.post("/programmes", CAFE).status_code
    return opened


def source(shop: TellingShop, slug: str, kind: str, settings: Mapping[str, Any]) -> None:
    known = shop.deps
    new = NewSource(slug, "cafe", kind, settings=settings)
    crm.create_source(known.db, new, known.connectors, known.seal, now=shop.clock.now())


def test_a_connector_is_told_what_it_wants_and_again_after_a_failure(
    shop: TellingShop, receiver: Receiver
) -> None:
    source(shop, "crm", "ledgerly", {"url": receiver.url})
    made = shop.owner.post("/webhook-endpoints", {"programme": "cafe", "source": "crm"}).get_json()
    receiver.answers = [BROKEN, (422, {}, b"{}")]
    shop.happens(shop.card())
    shop.sends()
    shop.clock.forward(seconds=6)
    shop.sends()

    assert (["goal.near", "card.issued"], "crm", "") == (made["kinds"], made["source"], made["secret"])
    assert [1, 1, 2] == [each.sequence for each in receiver.came]
    assert {"/contacts"} == {each.path for each in receiver.came}
    second, first = shop.attempts(made)
    assert ("failed", "it does not want this") == (first["state"], first["last_error"])
    assert "delivered" == second["state"]


def test_a_source_that_takes_nothing_back_or_is_told_already_is_refused(
    shop: TellingShop, receiver: Receiver
) -> None:
    source(shop, "crm", "ledgerly", {"url": receiver.url})
    source(shop, "till", "generic", {})
    told = [
        shop.owner.post("/webhook-endpoints", {"programme": "cafe", "source": slug}).status_code
        for slug in ("till", "nowhere", "crm", "crm")
    ]

    assert [422, 422, 201, 409] == told
    both = {"programme": "cafe", "source": "crm", "url": "https://example.com"}
    assert 422 == shop.owner.post("/webhook-endpoints", both).status_code
