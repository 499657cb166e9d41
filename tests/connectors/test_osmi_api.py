"""A client of OSMI Cards, pointed at us: another address, another token, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.storage.database import Database
from app.storage.tables import Card, Delivery, Event, HookSource
from tests.support.api_shop import CAFE, STAMPS, Program, Shop
from tests.support.clock import Clock

SERIAL = "79001234567"
ANNA = {"КЛИЕНТ": "Анна Ким", "Телефон": "+371 20000001", "Баланс": "120 баллов", "Любимый кофе": "латте"}
MAPPING = {
    "templates": ["CreaConcept", "CreaGold"],
    "labels": {
        "Клиент": "member.full_name",
        "Телефон": "member.phone",
        "Баланс": "balance.points",
        "Статус": "status.tier",
        "Реклама": "-",
    },
    "tiers": {"Золотой": "gold", "CreaGold": "gold"},
}
TIERS = {
    "kind": "tiers",
    "by": "spend",
    "levels": [
        {"key": "silver", "name": {"en": "Silver"}, "from": 0},
        {"key": "gold", "name": {"en": "Gold"}, "from": 100000},
    ],
}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


class Client:
    """What public clients do."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def call(self, method: str, path: str, labels: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """`labels` as the body's values."""
        values = [{"label": label, "value": value} for label, value in (labels or {}).items()]
        body = {"data": json.dumps({"noSharing": False, "values": values})} if labels is not None else {}
        headers = {"Authorization": f"Bearer {self.program.secret}", "Content-Type": "application/json"}
        return self.program.client.open(
            f"/osmi/v2t{path}", method=method, headers=headers, **{**body, **more}
        )

    def creates(self, serial: str = SERIAL, template: str = "CreaConcept", **more: Any) -> TestResponse:
        """As Mindbox's recipe has it."""
        name = more.pop("transaction", "")
        query = "?withValues=true" + (f"&transactionId={name}" if name else "")
        return self.call("POST", f"/passes/{serial}/{template}{query}", more.pop("labels", ANNA), **more)

    def shows(self, serial: str = SERIAL) -> dict[str, str]:
        """The card's lines."""
        told = self.call("GET", f"/passes/{serial}")
        assert 200 == told.status_code, told.get_data(as_text=True)
        return {each["label"]: each["value"] for each in told.get_json()["values"]}


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    opened = Shop(database, clock)
    for programme in (CAFE, STAMPS):
        assert 201 == opened.owner.post("/programmes", programme).status_code
    source = {"slug": "old-cards", "programme": "cafe", "kind": "osmi", "mapping": MAPPING}
    assert 201 == opened.owner.post("/sources", source).status_code
    return opened


@pytest.fixture
def client(shop: Shop) -> Client:
    return Client(shop.program("crm", "cafe"))


def card(shop: Shop, number: str = SERIAL) -> Card:
    with shop.database.read() as session:
        return session.scalars(select(Card).where(Card.number == number)).one()


def test_the_recipe_of_mindbox_creates_a_card_with_the_number_of_the_shop(shop: Shop, client: Client) -> None:
    made = client.creates(transaction="7b0f")

    assert 200 == made.status_code
    assert SERIAL == made.get_json()["serial"]
    assert made.get_json()["link"] == client.call("GET", f"/passes/{SERIAL}/link").get_json()["link"]
    assert {
        "Клиент": "Анна Ким",
        "Телефон": "+37120000001",
        "Баланс": "120",
        "liubimyi_kofe": "латте",
    } == client.shows()
    found = shop.owner.get("/cards?phone=%2B37120000001").get_json()["items"]
    assert [(SERIAL, 120)] == [(each["number"], each["balances"]["points"]) for each in found]


def test_a_card_that_is_there_is_answered_with_319(client: Client) -> None:
    client.creates(transaction="7b0f")

    for again in (client.creates(), client.creates(transaction="another"), client.creates("79009999999")):
        assert (409, 319) == (again.status_code, again.get_json()["code"])
    assert [SERIAL] == client.call("GET", "/passes").get_json()["cards"]


def test_the_same_transaction_twice_is_one_card_and_answers_the_same(shop: Shop, client: Client) -> None:
    first = client.creates(transaction="7b0f")
    again = client.creates(transaction="7b0f")

    assert (200, first.get_json()) == (again.status_code, again.get_json())
    with shop.database.read() as session:
        issued = session.scalars(select(Event).where(Event.kind == "card.issued")).all()
    assert 1 == len(issued)
    assert "120" == client.shows()["Баланс"]


def test_a_transaction_that_is_repeated_late_undoes_nothing(client: Client) -> None:
    client.creates(transaction="7b0f")
    client.call("PUT", f"/passes/{SERIAL}", {"Баланс": "50", "Любимый кофе": "раф"})

    assert 200 == client.creates(transaction="7b0f").status_code
    assert ("50", "раф") == (client.shows()["Баланс"], client.shows()["liubimyi_kofe"])


def test_two_at_once_are_one_card(shop: Shop, client: Client) -> None:
    with ThreadPoolExecutor(2) as pool:
        others = [Client(Program(shop.app.test_client(), client.program.secret)) for _ in range(2)]
        answers = list(pool.map(lambda each: each.creates().status_code, others))

    assert [200, 409] == sorted(answers)
    assert SERIAL == card(shop).number


def test_new_values_raise_the_version_and_phones_are_told(shop: Shop, client: Client) -> None:
    client.creates()
    before = card(shop)
    with shop.database.write.begin() as session:
        session.add(Delivery(card_id=before.id, wallet="apple", delivered_version=before.version))

    answer = client.call("PUT", f"/passes/{SERIAL}/push", {"Баланс": "1 250 баллов"})

    assert 200 == answer.status_code
    assert before.version < card(shop).version
    with shop.database.read() as session:
        assert session.scalars(select(Delivery.due_at).where(Delivery.card_id == before.id)).one()


def test_a_balance_is_an_adjustment_that_the_ledger_explains(shop: Shop, client: Client) -> None:
    client.creates()
    for _ in range(2):
        client.call("PUT", f"/passes/{SERIAL}", {"Баланс": 100})

    serial = card(shop).serial
    lines = shop.owner.get(f"/cards/{serial}/entries").get_json()["items"]
    assert "100" == client.shows()["Баланс"]
    assert 2 == len(lines)
    assert {"OSMI: old-cards"} == {line["reason"] for line in lines}


def test_what_changes_nothing_raises_no_version(shop: Shop, client: Client) -> None:
    client.creates()
    before = card(shop).version

    client.call("PUT", f"/passes/{SERIAL}/push", ANNA)

    assert before == card(shop).version


def test_moving_to_another_template_of_the_programme_changes_the_tier(shop: Shop, client: Client) -> None:
    with_tiers = {**CAFE, "slug": "club", "rules": [*CAFE["rules"], TIERS]}
    made = shop.owner.post("/programmes", with_tiers)
    assert 201 == made.status_code, made.get_data(as_text=True)
    source = {
        "slug": "club-cards",
        "programme": "club",
        "kind": "osmi",
        "mapping": {"tiers": {"Top": "gold"}},
    }
    source["mapping"] = {**source["mapping"], "templates": ["Plain", "Top"]}  # type: ignore[dict-item]
    assert 201 == shop.owner.post("/sources", source).status_code
    whole = Client(shop.program("crm"))
    whole.creates("5000001", "Plain", labels={})

    moved = whole.call("PUT", "/passes/move/5000001/Top/push")
    elsewhere = whole.call("PUT", "/passes/move/5000001/CreaConcept")

    assert 200 == moved.status_code
    assert "gold" == card(shop, "5000001").tier
    assert 501 == elsewhere.status_code


def test_deleting_voids_the_card_and_again_changes_nothing(shop: Shop, client: Client) -> None:
    client.creates()

    for path in (f"/passes/{SERIAL}", f"/passes/{SERIAL}/push"):
        assert 200 == client.call("DELETE", path).status_code
    assert "void" == card(shop).status
    assert [] == client.call("GET", "/passes").get_json()["cards"]
    assert 319 == client.creates().get_json()["code"]


def test_a_wrong_token_is_401_and_a_missing_scope_403_in_their_shape(shop: Shop, client: Client) -> None:
    stranger, reader = Client(shop.stranger("tp_wrong")), Client(shop.program("marketer", "cafe"))

    for path in ("/ping", "/passes/1", "/no/such/thing"):
        answer = stranger.call("GET", path)
        assert (401, 401) == (answer.status_code, answer.get_json()["code"])
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert 403 == reader.creates().status_code
    assert client.call("GET", "/ping").headers["RateLimit-Remaining"]


def test_cards_and_templates_of_another_programme_are_not_found(shop: Shop, client: Client) -> None:
    client.creates()
    foreign = Client(shop.program("crm", "bakery"))

    for answer in (
        foreign.call("GET", f"/passes/{SERIAL}"),
        foreign.call("PUT", f"/passes/{SERIAL}", {"Баланс": 1}),
        foreign.call("DELETE", f"/passes/{SERIAL}"),
        foreign.creates("5000002"),
        client.creates("5000002", "bakery"),
    ):
        assert (404, 404) == (answer.status_code, answer.get_json()["code"])
    assert [] == foreign.call("GET", "/passes").get_json()["cards"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/activation/sendpin/79001234567"),
        ("POST", "/activation/checkpin"),
        ("GET", f"/passes/{SERIAL}/sms/79001234567"),
        ("GET", f"/passes/{SERIAL}/mail/anna@example.com"),
        ("POST", "/marketing/pushmessage"),
        ("GET", "/images"),
    ],
)
def test_what_we_cannot_do_says_so(client: Client, method: str, path: str) -> None:
    answer = client.call(method, path)

    assert (501, 501) == (answer.status_code, answer.get_json()["code"])
    assert answer.get_json()["message"]


def test_templates_and_numbers_of_cards_are_told(client: Client) -> None:
    client.creates()

    assert ["CreaConcept", "CreaGold", "cafe"] == client.call("GET", "/templates/").get_json()["templates"]
    assert {"label": "Баланс"} in client.call("GET", "/templates/cafe").get_json()["values"]
    assert {"total": 1, "active": 1} == client.call("GET", "/stats/general").get_json()
    assert 0 == client.call("GET", "/ping").get_json()["code"]


@pytest.mark.parametrize("serial", ["ab-oil-1", "%00", "x" * 41, "Номер"])
def test_a_serial_that_a_scanner_would_read_otherwise_is_refused(client: Client, serial: str) -> None:
    assert client.creates(serial).status_code in (404, 422)


def bodies() -> Iterator[bytes]:
    yield from (b"{", b"\xff\xfe", b"[1]", b'{"values": 5}', b'{"values": [{"label": ""}]}', b"[" * 100_000)
    yield b'{"values": [{"label": "\\u0000", "value": "x"}]}'
    yield json.dumps({"values": [{"label": "Баланс", "value": "много"}]}).encode()
    yield json.dumps({"values": [{"label": "Телефон", "value": "не скажу"}]}).encode()
    yield json.dumps({"values": [{"label": "x", "value": "y" * 600}]}).encode()


@pytest.mark.parametrize("body", list(bodies()))
def test_a_body_that_makes_no_sense_changes_nothing(shop: Shop, client: Client, body: bytes) -> None:
    client.creates()
    before = card(shop).version

    for method, path in (("POST", "/passes/5000003/cafe"), ("PUT", f"/passes/{SERIAL}")):
        answer = client.call(method, path, data=body)
        assert 400 <= answer.status_code < 500
        assert answer.get_json()["message"]
    assert before == card(shop).version
    assert [SERIAL] == client.call("GET", "/passes").get_json()["cards"]


def test_a_paused_source_takes_nothing_until_it_goes_on(shop: Shop, client: Client) -> None:
    with shop.database.write.begin() as session:
        session.execute(update(HookSource).values(paused_at=shop.clock.now()))

    assert 503 == client.creates().status_code


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label=st.text(min_size=1, max_size=60), value=st.text(max_size=60) | st.integers() | st.none())
def test_any_label_and_value_is_kept_or_refused(client: Client, label: str, value: Any) -> None:
    client.creates()

    assert client.call("PUT", f"/passes/{SERIAL}", {label: value}).status_code in (200, 400, 422)
