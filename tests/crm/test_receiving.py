"""Who may send, what is kept of it, and that nothing is told to those who may not."""

import base64
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.connectors import CONNECTORS
from app.metrics import new_metrics
from app.services import crm
from app.storage.tables import HookEvent
from tests.support.api_shop import PHONE as ANNA
from tests.support.api_shop import Sender, Shop, buys


def test_a_repeated_event_changes_nothing(shop: Shop, till: Sender) -> None:
    serial = shop.card()

    answers = [till.send(buys(), "e1") for _ in range(3)]
    shop.apply()
    late = till.send(buys(), "e1")
    shop.apply()

    assert [202, 200, 200, 200] == [answer.status_code for answer in [*answers, late]]
    assert {"stored": True, "repeated": True} == late.get_json()
    assert 100 == shop.balances(serial)["points"]


def test_unknown_sources_and_wrong_signatures_look_the_same(shop: Shop, till: Sender) -> None:
    metrics = shop.app.extensions["tillpass-metrics"] = new_metrics()
    raw = b'{"type": "stamps"}'
    good = till.signed(raw, "e1", shop.clock.now())

    answers = [
        till.raw(raw, good, slug="nobody"),
        till.raw(raw, good, slug="%00"),
        till.raw(raw + b" ", good),
        till.raw(raw, {}),
        till.raw(raw, {**good, "webhook-signature": "ключ".encode().decode("latin-1")}),
        till.raw(raw, till.signed(raw, "e1", shop.clock.now() + timedelta(days=1))),
        till.raw(raw, till.signed(raw, "e1", shop.clock.now() - timedelta(days=1))),
        till.raw(raw, {"x-signature": "sha256=" + "0" * 64}),
    ]

    assert {401} == {answer.status_code for answer in answers}
    assert 1 == len({answer.get_data() for answer in answers})
    assert [] == till.events()
    assert 8 == metrics.refusals.labels("hook", "signature")._value.get()


def test_a_systems_unsigned_hello_is_answered_the_same_at_every_address_and_not_kept(
    shop: Shop, till: Sender
) -> None:
    """WooCommerce goes on only after exactly 200; strangers must not learn from it which sources exist."""
    woo = shop.source("woo", kind="woocommerce", secret="0^z3 PJ&Vd{b@Gm*9k7#fLqW")
    hello = b"webhook_id=142"

    answers = [sender.raw(hello, {}) for sender in (woo, woo, till)]
    answers.append(till.raw(hello, {}, slug="nobody"))

    assert {200} == {answer.status_code for answer in answers}
    assert 1 == len({answer.get_data() for answer in answers})
    assert [] == woo.events() + till.events()


def test_a_huge_event_is_not_read(till: Sender) -> None:
    answer = till.send(b" " * (1024 * 1024 + 1))

    assert (413, "application/problem+json") == (answer.status_code, answer.content_type)


def test_the_same_event_twice_at_once_is_kept_once(shop: Shop, till: Sender) -> None:
    answers: list[int] = []
    senders = [
        threading.Thread(target=lambda: answers.append(till.send(buys(), "e1").status_code)) for _ in range(4)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert [200, 200, 200, 202] == sorted(answers)


def test_bodies_and_secrets_are_not_kept_in_plain_letters(shop: Shop, till: Sender) -> None:
    till.send({"type": "member.upsert", "data": {"phone": ANNA}})

    with shop.database.read() as session:
        event, source = session.scalars(select(HookEvent)).one(), crm.source_called(session, "till")
    assert ANNA.encode() not in event.body
    assert source is not None and till.secret not in str(source.secrets)
    assert ANNA in till.events()[0]["body"]


def test_a_source_may_bring_its_own_secret_and_mapping(shop: Shop) -> None:
    serial = shop.card()
    mapping = {
        "type": "$.event",
        "rules": {
            "paid": {
                "action": "purchase",
                "data": {
                    "phone": "$.phone",
                    "amount_minor": {"path": "$.total", "as": "minor"},
                    "currency": {"value": "EUR"},
                },
            }
        },
    }
    secret = base64.b64encode(b"their own secret").decode()
    source = shop.source("shop", secret=secret, mapping=mapping)
    assert secret == source.secret
    source.send({"event": "paid", "phone": ANNA, "total": "12.30"}, "e1")
    source.send({"event": "opened"}, "e2")
    shop.apply()

    assert 123 == shop.balances(serial)["points"]
    assert {"actions": []} == source.events()[0]["result"]


@pytest.mark.parametrize(
    ("about", "where"),
    [
        ({"mapping": {"type": "event"}}, {"/mapping/type", "/mapping/rules"}),
        (
            {"mapping": {"type": "$.a", "rules": {"x": {"action": "buy", "data": {}}}}},
            {"/mapping/rules/x/action"},
        ),
        ({"kind": "unheard-of"}, {"/kind"}),
        ({"slug": "No spaces"}, {"/slug"}),
        ({"secret": "short"}, {"/secret"}),
    ],
)
def test_a_source_that_could_not_work_is_refused(shop: Shop, about: dict[str, Any], where: set[str]) -> None:
    answer = shop.owner.post("/sources", {"slug": "shop", "programme": "cafe", **about})

    assert 422 == answer.status_code
    assert where == {fault["pointer"] for fault in answer.get_json()["errors"]}


def test_a_source_has_one_name(shop: Shop, till: Sender) -> None:
    assert 409 == shop.owner.post("/sources", {"slug": "till", "programme": "cafe"}).status_code
    assert ["till"] == [each["slug"] for each in shop.owner.get("/sources").get_json()["items"]]
    assert "secret" not in shop.owner.get("/sources").get_json()["items"][0]


def test_the_registry_names_connectors_by_their_kind() -> None:
    assert all(kind == connector.kind for kind, connector in CONNECTORS.items())
