"""A person can be forgotten although the ledger never forgets."""

import pytest
from sqlalchemy import text

from app.domain.errors import CardNotActive, Conflict
from app.services import cards, erasure, journal
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.shop import POINTS, Shop

NAME = "Аннабелла-Эсмеральда"


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [POINTS])


def everything(shop: Shop) -> str:
    """All that the database holds, as one text."""
    from app.storage.tables import Base

    with shop.read() as session:
        rows = (
            session.execute(text(f"SELECT * FROM {table.name}")).all()
            for table in Base.metadata.sorted_tables
        )
        return "\n".join(str(row) for found in rows for row in found)


def test_nothing_that_names_an_erased_person_is_left(shop: Shop) -> None:
    anna = shop.customer(NAME, email="anna@example.org", external_id="crm-77", city="Даугавпилс")
    shop.buys(anna, 1000)
    named = (NAME, "anna@example.org", "crm-77", "Даугавпилс")
    assert all(word in everything(shop) for word in named)
    erasure.erase(shop.db, anna, now=shop.clock.now(), actor="olga")
    assert not [word for word in named if word in everything(shop)]


def test_the_ledger_of_an_erased_person_still_adds_up(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 1000)
    erasure.erase(shop.db, anna, now=shop.clock.now())
    with shop.read() as session:
        assert 100 == journal.balances(session, shop.card(anna).id)["points"]


def test_the_phones_of_an_erased_person_are_told(shop: Shop) -> None:
    anna = shop.customer("Anna")
    erasure.erase(shop.db, anna, now=shop.clock.now())
    erasure.erase(shop.db, anna, now=shop.clock.now())
    shop.works()
    assert [2] == [job.version for job in shop.pocket.told]
    with pytest.raises(CardNotActive):
        shop.buys(anna, 1000)


def test_an_erased_card_cannot_be_brought_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    erasure.erase(shop.db, anna, now=shop.clock.now())
    with pytest.raises(Conflict):
        cards.change(shop.db, anna, now=shop.clock.now(), status="active")
    assert "void" == shop.card(anna).status
