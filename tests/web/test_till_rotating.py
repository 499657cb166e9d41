"""Cards with changing barcodes at Boris's till, and for a till system that asks by the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.fields import Rotating
from app.services import access, designs
from app.services.rotating import card_secret, code_at
from app.storage import queries
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.counter import Person, card_of, composed_shop, open_plainly, person
from tests.support.web_app import WebShop


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "points-shop")
        begin_rotating(opened)
        yield opened


def begin_rotating(shop: WebShop) -> None:
    """The programme's look gets a changing code."""
    with shop.parts.read() as session:
        row = queries.programme_row(session, slug(shop))
        look = queries.design_of(queries.design_row(session, row))
    changed = look.model_copy(update={"barcode": look.barcode.model_copy(update={"rotating": Rotating()})})
    draft = designs.draft(shop.parts.db, slug(shop), changed, now=shop.clock.now())
    designs.publish(shop.parts.db, slug(shop), draft, now=shop.clock.now())


def slug(shop: WebShop) -> str:
    with shop.parts.read() as session:
        return str(session.scalars(queries.select(queries.ProgrammeRow.slug)).first())


def code_now(shop: WebShop, serial: str, *, ago_s: int = 0) -> str:
    card = card_of(shop, serial)
    counter = (int(shop.clock.now().timestamp()) - ago_s) // 30
    return f"{card.number}-{code_at(card_secret(shop.parts.rotating_key, serial, card.salt), counter, 8)}"


@pytest.fixture
def boris(shop: WebShop) -> Person:
    return person(shop, "boris")


def test_boris_scans_the_changing_code_and_the_number_below_it_works_too(
    shop: WebShop, boris: Person
) -> None:
    anna = shop.customer(slug(shop))
    boris.scans(code_now(shop, anna.serial))
    assert (200, True) == (boris.status, "Anna" in boris.page)
    boris.scans(card_of(shop, anna.serial).number)
    assert (200, True) == (boris.status, "Anna" in boris.page)


def test_an_old_code_tells_boris_what_to_ask_for(shop: WebShop, boris: Person) -> None:
    anna = shop.customer(slug(shop))
    boris.scans(code_now(shop, anna.serial, ago_s=300))
    assert (409, True) == (
        boris.status,
        "This code is old: ask the customer to open the card again." in boris.page,
    )


def test_a_photographed_code_is_refused_the_second_time(shop: WebShop, boris: Person) -> None:
    code = code_now(shop, shop.customer(slug(shop)).serial)
    boris.scans(code).scans(code)
    assert (409, True) == (boris.status, "This code was used before." in boris.page)


def test_a_russian_till_says_it_in_russian(shop: WebShop, boris: Person) -> None:
    anna = shop.customer(slug(shop))
    boris.visitor.headers["Accept-Language"] = "ru"
    boris.scans(code_now(shop, anna.serial, ago_s=300))
    assert "Этот код устарел: попросите клиента открыть карту ещё раз." in boris.page


def test_a_till_system_finds_the_card_once_by_its_changing_code(shop: WebShop) -> None:
    serial = shop.customer(slug(shop)).serial
    key = access.create_key(shop.parts.db, role="owner", now=shop.clock.now())
    client, headers = shop.app.test_client(), {"Authorization": f"Bearer {key}"}
    fresh, old = code_now(shop, serial), code_now(shop, serial, ago_s=300)

    found = client.get("/api/v1/cards", query_string={"number": fresh}, headers=headers)
    assert [serial] == [one["serial"] for one in found.get_json()["items"]]
    again = client.get("/api/v1/cards", query_string={"number": fresh}, headers=headers)
    late = client.get("/api/v1/cards", query_string={"number": old}, headers=headers)
    assert [(409, "code-used"), (409, "code-old")] == [
        (one.status_code, one.get_json()["type"].rpartition("/")[2]) for one in (again, late)
    ]
