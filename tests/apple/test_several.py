"""Several cards in one `.pkpasses` file, for whoever shows the address of each."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlalchemy import update

from app.storage.tables import Card
from app.wallets.apple.bundle import BrokenPass
from app.wallets.apple.several import together
from app.wallets.apple.validate import verify
from tests.apple.test_webservice_pass import wwdr_print
from tests.support.service import Service


def cards(service: Service, count: int) -> list[str]:
    """The links of so many cards of different people."""
    names = ("Anna", "Boris", "Marta")[:count]
    return [service.card(service.customer(name)).link for name in names]


def asks(service: Service, first: str, *others: str):
    query = "&".join(f"with={each}" for each in others)
    return service.app.test_client().get(f"/c/{first}/cards.pkpasses?{query}")


def test_two_cards_come_in_one_file_that_safari_adds(sqlite_service: Service):
    one, two = cards(sqlite_service, 2)
    answer = asks(sqlite_service, one, two)

    assert (200, "application/vnd.apple.pkpasses") == (answer.status_code, answer.mimetype)
    assert "private, no-store" == answer.headers["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert ["1.pkpass", "2.pkpass"] == archive.namelist()
        assert archive.testzip() is None
    found = verify(answer.data, trusted=wwdr_print())
    assert [] == [fault for fault in found if fault.severity == "error"]


def test_the_same_card_twice_is_one_pass(sqlite_service: Service):
    [one] = cards(sqlite_service, 1)

    with zipfile.ZipFile(io.BytesIO(asks(sqlite_service, one, one).data)) as archive:
        assert ["1.pkpass"] == archive.namelist()


def test_a_stranger_to_one_of_the_cards_gets_none(sqlite_service: Service):
    [one] = cards(sqlite_service, 1)

    assert 404 == asks(sqlite_service, one, "nobody-has-this-link").status_code


def test_a_card_that_is_void_is_unknown(sqlite_service: Service):
    one, two = cards(sqlite_service, 2)
    with sqlite_service.parts.deps.db.begin() as session:
        session.execute(update(Card).where(Card.link == two).values(status="void"))

    assert 404 == asks(sqlite_service, one, two).status_code


def test_eleven_cards_are_too_many(sqlite_service: Service):
    assert 422 == asks(sqlite_service, "x", *(f"x{number}" for number in range(10))).status_code


@pytest.mark.parametrize("passes", [[], [b"x"] * 11], ids=["none", "eleven"])
def test_a_bundle_holds_one_to_ten(passes):
    with pytest.raises(BrokenPass):
        together(passes)


def test_equal_passes_make_equal_bundles():
    assert together([b"one", b"two"]) == together([b"one", b"two"])
