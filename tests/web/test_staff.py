"""Olga looks after cards, people, keys and systems; nobody else may."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.services import access, cards
from app.storage.database import Database
from app.storage.tables import ApiKey, Delivery, Staff
from tests.support.clock import Clock
from tests.support.counter import PASSWORD, Person, card_of, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

PAGES = ("", "/people", "/keys", "/systems", "/phones", "/health")


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def olga(shop: WebShop) -> Person:
    return person(shop, "olga")


def staff_id(shop: WebShop, login: str) -> int:
    with shop.parts.read() as session:
        return session.scalars(select(Staff.id).where(Staff.login == login)).one()


@pytest.mark.parametrize("wanted", ["number", "phone", "email", "link"])
def test_a_card_is_found_by_whatever_is_known(shop: WebShop, olga: Person, wanted: str) -> None:
    anna = shop.customer("beans", email="anna@example.com")
    shop.customer("beans", given_name="Bella", phone="+37120000002")
    known = {"number": card_of(shop, anna.serial).number, "phone": "20000001", "email": "Anna@Example.com"}

    olga.opens("/staff").sends("/staff", q=known.get(wanted, f"https://x.example/c/{anna.link}"))

    assert f"/staff/cards/{anna.serial}" in olga.page
    assert "Bella" not in olga.page


def test_a_cards_page_says_why_a_phone_does_not_show_it(shop: WebShop, olga: Person) -> None:
    anna = shop.customer("beans")
    shop.stamps(anna, 3)

    olga.opens(f"/staff/cards/{anna.serial}")

    assert "nobody has added it on a phone" in olga.page
    assert "3 / 10" in olga.page
    assert "Harbour street" in olga.page


def test_olga_blocks_a_card_and_lets_it_live_again(shop: WebShop, olga: Person) -> None:
    anna = shop.customer("beans")

    olga.opens(f"/staff/cards/{anna.serial}").sends(f"/staff/cards/{anna.serial}/status", status="blocked")
    assert "blocked" == card_of(shop, anna.serial).status

    olga.sends(f"/staff/cards/{anna.serial}/status", status="active")
    assert "active" == card_of(shop, anna.serial).status


def test_deliver_again_revives_what_was_given_up(shop: WebShop, olga: Person) -> None:
    anna = shop.customer("beans")
    with shop.parts.db.begin() as session:
        card = card_of(shop, anna.serial)
        cards.deliver_to(session, card, "apple", shop.clock.now(), due=False)

    olga.opens(f"/staff/cards/{anna.serial}").sends(f"/staff/cards/{anna.serial}/again")

    with shop.parts.read() as session:
        assert shop.clock.now() == session.scalars(select(Delivery)).one().due_at


def test_a_new_cashier_signs_in_and_is_kept_out_at_once(shop: WebShop, olga: Person) -> None:
    new = {"name": "Bella", "login": "bella", "password": PASSWORD, "role": "cashier", "programme": "beans"}
    olga.opens("/staff/people").sends("/staff/people", **new)
    assert "Bella can sign in now." in olga.page
    bella = person(shop, "bella").opens("/till")
    assert 200 == bella.status

    olga.opens("/staff/people").sends(f"/staff/people/{staff_id(shop, 'bella')}/disable")

    assert "/sign-in" == bella.opens("/till").path


def test_olga_cannot_lock_herself_out(shop: WebShop, olga: Person) -> None:
    _, hidden = olga.opens("/staff/people").form("/staff/people")

    answer = olga.visitor.client.post(f"/staff/people/{staff_id(shop, 'olga')}/disable", data=hidden)

    assert 409 == answer.status_code
    assert 200 == olga.opens("/staff").status


def test_a_form_with_faults_says_which(olga: Person) -> None:
    olga.opens("/staff/people").sends("/staff/people", login="", password="short", role="cashier")

    assert 422 == olga.status
    assert "Type a name for signing in." in olga.page
    assert "Use 8 characters or more." in olga.page
    assert "short" not in re.findall(r'value="([^"]*)"', olga.page)


def test_a_key_is_shown_once_works_and_is_revoked(shop: WebShop, olga: Person) -> None:
    olga.opens("/staff/keys").sends("/staff/keys", name="Harbour till", role="till", programme="beans")
    found = re.search(r"tp_[A-Za-z0-9_-]+", olga.page)
    assert found
    assert access.caller_of(shop.parts.db, found[0], shop.clock.now())
    assert found[0] not in olga.opens("/staff/keys").page

    with shop.parts.read() as session:
        key = session.scalars(select(ApiKey.id)).one()
    olga.sends(f"/staff/keys/{key}/revoke")

    assert access.caller_of(shop.parts.db, found[0], shop.clock.now()) is None


def test_a_key_with_single_rights_ends_and_is_replaced(shop: WebShop, olga: Person) -> None:
    wanted = {"name": "Export", "role": "scopes", "programme": "beans"}
    olga.opens("/staff/keys").sends("/staff/keys", **wanted)
    assert (422, True) == (olga.status, "Tick at least one right." in olga.page)
    olga.sends("/staff/keys", **wanted, scopes="cards:read", days="30")
    old = re.findall(r"tp_[A-Za-z0-9_-]{20,}", olga.page)[0]

    with shop.parts.read() as session:
        key = session.scalars(select(ApiKey.id)).one()
    olga.opens("/staff/keys").sends(f"/staff/keys/{key}/rotate")
    new = re.findall(r"tp_[A-Za-z0-9_-]{20,}", olga.page)[0]

    callers = [access.caller_of(shop.parts.db, each, shop.clock.now()) for each in (old, new)]
    assert [{"cards:read"}] * 2 == [set(each.scopes) for each in callers if each]
    shop.clock.forward(days=1)
    assert access.caller_of(shop.parts.db, old, shop.clock.now()) is None
    assert access.caller_of(shop.parts.db, new, shop.clock.now())
    shop.clock.forward(days=29)
    assert access.caller_of(shop.parts.db, new, shop.clock.now()) is None
    assert "ended on" in person(shop, "olga").opens("/staff/keys").page


@pytest.mark.parametrize("login", ["boris", "marta"])
def test_others_stay_out(shop: WebShop, login: str) -> None:
    somebody = person(shop, login)

    assert {403} == {somebody.opens(f"/staff{page}").status for page in PAGES}


def test_an_owner_of_one_programme_sees_and_gives_away_that_one_only(shop: WebShop) -> None:
    open_plainly(shop, "points-shop")
    shop.staff("olaf", "owner", programme="aster")
    anna = shop.customer("beans")
    olaf = person(shop, "olaf")

    assert anna.serial not in olaf.opens("/staff").page
    assert 404 == olaf.opens(f"/staff/cards/{anna.serial}").status
    assert 422 == olaf.opens("/staff/keys").sends("/staff/keys", role="owner", programme="").status
    assert 422 == olaf.opens("/staff/keys").sends("/staff/keys", role="owner", programme="beans").status
    _, hidden = olaf.opens("/staff/keys").form("/staff/keys")
    stranger = f"/staff/people/{staff_id(shop, 'olaf')}/disable"
    assert 409 == olaf.visitor.client.post(stranger, data=hidden).status_code
