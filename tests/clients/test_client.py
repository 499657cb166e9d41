"""The Python client as a shop uses it: over a real connection, with answers that get lost."""

from __future__ import annotations

import importlib.util
import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import tillpass_client
from app.api.openapi import document
from app.services.webhooks import signing
from app.storage.database import Database
from tests.support.api_shop import CAFE, PHONE, Shop
from tests.support.clock import Clock
from tests.support.google_server import served
from tillpass_client import Tillpass, etag_of, verify, was_replayed

CLIENT = Path(__file__).parents[2] / "clients" / "python"


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    opened.owner.post("/programmes", CAFE)
    return opened


class Door:
    """The server's door: it loses the answers (not the calls) that it is told to lose, and counts calls."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app, self.loses, self.calls = app, 0, 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.calls += 1
        answer = self.app(environ, start)
        if self.loses:
            self.loses -= 1
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer


@contextmanager
def client(shop: Shop, secret: str = "", **more: Any) -> Iterator[tuple[Tillpass, Door]]:
    door = Door(shop.app)
    with served(door) as address:  # type: ignore[arg-type]
        yield Tillpass(address, secret or shop.owner.secret, wait=lambda _: None, **more), door


def test_the_generated_file_is_current() -> None:
    spec = importlib.util.spec_from_file_location("generate", CLIENT / "generate.py")
    assert spec and spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)

    wanted = generate.written(json.loads(json.dumps(document("http://127.0.0.1:8000"))))

    told = "run: tillpass openapi | python clients/python/generate.py"
    assert generate.TARGET.read_text(encoding="utf-8") == wanted, told


def test_a_till_asks_sets_aside_and_closes_the_receipt(shop: Shop) -> None:
    with client(shop) as (till, _):
        card = till.cards.issue({"programme": "cafe", "member": {"phone": PHONE}})
        till.ledger.purchase(card["serial"], {"amount_minor": 50_000, "currency": "EUR", "receipt": "r1"})
        cup: Any = {"sku": "cup", "amount_minor": 3000}
        receipt: Any = {"amount_minor": 8000, "currency": "EUR", "receipt": "r2", "items": [cup]}

        quote = till.ledger.quote(card["serial"], receipt)
        most = quote["redeemable_points"]
        held = till.holds.set_aside(card["serial"], {**receipt, "redeem_points": most})
        with pytest.raises(tillpass_client.InsufficientBalance) as refused:
            till.ledger.redeem(card["serial"], {"points": 1})
        hold = (held.get("hold") or {})["id"]
        done = till.ledger.purchase(card["serial"], {**receipt, "hold": hold})
        again = till.ledger.purchase(card["serial"], {**receipt, "hold": hold})

        assert (5000, [1875, 3125]) == (most, [each["redeemable_minor"] for each in quote["lines"]])
        assert 0 == refused.value.state["available"]
        assert ({"points": 5000}, 3000) == (done["redeemed"], done.get("due_minor"))
        assert (False, True) == (was_replayed(done), was_replayed(again))
        assert "captured" == till.holds.shown(hold)["state"]


def test_a_hold_that_is_not_used_goes_back(shop: Shop) -> None:
    with client(shop) as (till, _):
        serial = till.cards.issue({"programme": "cafe", "member": {"phone": PHONE}})["serial"]
        till.ledger.adjust(serial, {"points": 500, "reason": "gift"})
        asked: Any = {"amount_minor": 1000, "currency": "EUR", "redeem_points": 300}
        hold = (till.holds.set_aside(serial, asked).get("hold") or {})["id"]

        assert 200 == till.cards.read(serial)["balances"]["points"]
        till.holds.void(hold)
        assert 500 == till.cards.read(serial)["balances"]["points"]
        with pytest.raises(tillpass_client.Conflict):
            till.ledger.purchase(serial, {"amount_minor": 1000, "currency": "EUR", "hold": hold})


def test_an_answer_that_got_lost_moves_value_once(shop: Shop) -> None:
    with client(shop) as (till, door):
        serial = till.cards.issue({"programme": "cafe", "member": {"phone": PHONE}})["serial"]
        door.loses, before = 2, door.calls

        done = till.ledger.adjust(serial, {"points": 5, "reason": "gift"})

        assert (3, True) == (door.calls - before, was_replayed(done))
        assert 5 == till.cards.read(serial)["balances"]["points"]


def test_what_must_not_be_repeated_is_not(shop: Shop) -> None:
    with client(shop) as (till, door):
        door.loses = 1
        with pytest.raises(tillpass_client.Lost) as lost:
            till.api_keys.create({"name": "till", "role": "till"})
        assert (1, None) == (door.calls, lost.value.key)

        door.loses = 9
        with pytest.raises(tillpass_client.Lost) as lost:
            till.ledger.adjust("any", {"points": 5, "reason": "gift"}, key="mine")
        assert (5, "mine") == (door.calls, lost.value.key)


def test_a_busy_key_waits_as_long_as_it_is_told(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, calls_per_minute=1)
    waited: list[float] = []
    with client(shop) as (till, _):
        till = Tillpass(till.base_url, shop.owner.secret, wait=waited.append, tries=2)
        till.cards.find()
        with pytest.raises(tillpass_client.TooManyRequests) as refused:
            till.cards.find()

    assert 1 == len(waited) and waited[0] >= int(refused.value.headers["Retry-After"]) - 1
    assert '"key";q=1;w=60' == refused.value.headers["RateLimit-Policy"]


def test_a_list_is_walked_part_after_part(shop: Shop) -> None:
    for number in range(5):
        shop.card(phone=f"+3712000000{number}")
    with client(shop) as (till, door):
        found = [card["member"]["phone"] for card in till.cards.find_each(limit=2) if card["member"]]

    assert ([f"+3712000000{number}" for number in range(5)], 3) == (found, door.calls)


def test_problems_are_exceptions_of_their_own(shop: Shop) -> None:
    with client(shop) as (till, _), client(shop, "tp_wrong") as (stranger, _):
        with pytest.raises(tillpass_client.NotFound):
            till.cards.read("no/such card")
        with pytest.raises(tillpass_client.Invalid) as invalid:
            till.cards.issue({"programme": "cafe", "member": {"phone": 5}})  # type: ignore[typeddict-item]
        with pytest.raises(tillpass_client.Unauthorized):
            stranger.cards.find()
        serial = till.cards.issue({"programme": "cafe", "member": {"phone": PHONE}})["serial"]
        till.cards.change(serial, {"status": "blocked"})
        with pytest.raises(tillpass_client.CardNotActive) as blocked:
            till.ledger.purchase(serial, {"amount_minor": 1, "currency": "EUR"})

    assert ["/member/phone"] == [each["pointer"] for each in invalid.value.errors]
    assert "blocked" == blocked.value.state["status"]


def test_two_editors_do_not_overwrite_each_other(shop: Shop) -> None:
    with client(shop) as (till, _):
        serial = till.cards.issue({"programme": "cafe", "member": {"phone": PHONE}})["serial"]
        read = till.cards.read(serial)
        till.ledger.adjust(serial, {"points": 5, "reason": "gift"})
        changed = till.cards.change(serial, {"tier": "gold"}, if_match=etag_of(read))
        with pytest.raises(tillpass_client.Outdated) as outdated:
            till.cards.change(serial, {"tier": "silver"}, if_match=etag_of(read))
        till.cards.change(serial, {"tier": "silver"}, if_match=outdated.value.state["etag"])

        assert "gold" == changed["tier"]
        assert "silver" == till.cards.read(serial)["tier"]


def test_a_webhook_is_verified_or_refused() -> None:
    secret, body = signing.new_secret(), b'{"type": "purchase"}'
    clock = Clock()
    headers = signing.headers([signing.new_secret(), secret], "msg_1", clock.now(), body)
    now = clock.now().timestamp()

    assert {"type": "purchase"} == verify(secret, headers, body, now=now)
    for broken, raw, at in (
        (headers, body + b" ", now),
        (headers, body, now + 301),
        ({**headers, "webhook-signature": "v1,!!! v2,xx"}, body, now),
        ({**headers, "webhook-timestamp": "soon"}, body, now),
        ({}, body, now),
        (signing.headers([secret], "m", clock.now(), b"[1]"), b"[1]", now),
        (signing.headers([secret], "m", clock.now(), b"\xff"), b"\xff", now),
    ):
        with pytest.raises(tillpass_client.WebhookRefused):
            verify(secret, broken, raw, now=at)
