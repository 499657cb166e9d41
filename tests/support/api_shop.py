"""A running API without phones: the real calls, services and databases, and a shelf in place of a wallet."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel
from werkzeug.routing import Map, Rule
from werkzeug.test import TestResponse

from app import api, resources
from app.api.answers_told import statuses
from app.api.calls import CALLS, Call
from app.api.keys import PACE, Pace
from app.connectors import CONNECTORS
from app.deps import Deps
from app.domain.design import Design, Palette
from app.domain.fields import Fields, FieldSpec
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.services import access, crm
from app.services.images import Pictures
from app.services.ports import DeviceNews, Finding, Job, Outcome
from app.storage.database import Database
from app.web import hooks
from tests.support.clock import Clock
from tests.support.drawings import kept
from tests.support.kept_apps import KeptApp
from tests.support.recorded import WANTED, record

BASE_URL = "https://cards.test"
CAFE: dict[str, Any] = {
    "slug": "cafe",
    "name": "Кофе и мята",
    "currency": "EUR",
    "locales": ["en", "ru"],
    "time_zone": "Europe/Riga",
    "rules": [{"kind": "points", "percent": 10}],
    "apple": {"pass_type_identifier": "pass.example.cafe"},
}
STAMPS: dict[str, Any] = {
    "slug": "bakery",
    "name": "Bakery",
    "rules": [{"kind": "stamps", "goal": 10, "reward": "A coffee"}],
}
PHONE = "+37120000001"
ANNA: dict[str, Any] = {"phone": PHONE, "given_name": "Аня", "locale": "ru"}


class Shelf:
    """A wallet without a vendor: it knows which cards lie on it, and takes every delivery at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.phones: dict[int, list[DeviceNews]] = {}

    def add_url(self, card: Pass) -> str:
        return f"{BASE_URL}/c/{card.link}/{self.name}"

    def deliver(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        return (Outcome(job, job.version) for job in jobs)

    def publish(self, programme: Programme, design: Design, design_id: int) -> None:
        pass

    def preview(self, pass_: Pass, programme: Programme, design: Design) -> dict[str, Any]:
        return {"serial": pass_.serial, "messages": [each.header["en"] for each in pass_.messages]}

    def devices(self, card_id: int) -> Sequence[DeviceNews]:
        return self.phones.get(card_id, [])

    def check(self, now: datetime) -> Sequence[Finding]:
        return []

    def tend(self, now: datetime) -> bool:
        return False

    def add(self, card_id: int, device: str, at: datetime) -> None:
        news = DeviceNews(self.name, device, at, 0, None, 0, None, 0, None)
        self.phones.setdefault(card_id, []).append(news)


def starter(programme: Programme) -> Design:
    """A plain look that shows what each rule counts."""
    kinds = {rule.kind for rule in programme.rules}
    shown = tuple(
        FieldSpec(key=kind, label=kind.title(), value="{" + kind + "}")  # type: ignore[arg-type]
        for kind in ("points", "stamps")
        if kind in kinds
    )
    return Design(
        palette=Palette(background="#103020", foreground="#ffffff", label="#d0e0d0", accent="#f0c040"),
        organisation={"*": programme.name},
        programme_name={"*": programme.name},
        fields=Fields(header=shown[:1]),
    )


class Shop:
    """An app on one database, with verbs for those who call it."""

    def __init__(self, database: Database, clock: Clock, **register: Any) -> None:
        self.database, self.clock = database, clock
        self.apple, self.google = Shelf("apple"), Shelf("google")
        self.fernet = Fernet(Fernet.generate_key())
        self.deps = self._deps()
        self.app = _app(self.deps, **register)
        self.owner = self.program("owner")

    def _deps(self) -> Deps:
        db, read = self.database.write, self.database.read
        return Deps(
            base_url=BASE_URL,
            sandbox=True,
            sandbox_url="http://127.0.0.1:8001",
            db=db,
            read=read,
            now=self.clock.now,
            wallets={"apple": self.apple, "google": self.google},
            connectors=CONNECTORS,
            pictures=Pictures(db, read, BASE_URL, self.clock.now, kept),
            fit_starter=starter,
            starters={},
            default_pass_type=lambda: "pass.example.only",
            seal=lambda text: self.fernet.encrypt(text.encode()).decode(),
            unseal=lambda text: self.fernet.decrypt(text.encode()).decode(),
            findings=lambda: [],
        )

    def program(self, role: str, programme: str = "") -> Program:
        """A program with a key of its own."""
        secret = access.create_key(
            self.database.write,
            role=role,
            now=self.clock.now(),
            name=f"{role} {programme}".strip(),
            programme=programme,
        )
        return Program(self.app.test_client(), secret)

    def stranger(self, secret: str = "") -> Program:
        """Somebody with a wrong key, or none."""
        return Program(self.app.test_client(), secret)

    def card(self, programme: str = "cafe", **member: Any) -> str:
        """The serial of a new card."""
        body = {"programme": programme, "member": member or ANNA}
        serial: str = self.owner.post("/cards", body).get_json()["serial"]
        return serial

    def balances(self, serial: str) -> dict[str, int]:
        found: dict[str, int] = self.owner.get(f"/cards/{serial}").get_json()["balances"]
        return found

    def source(self, slug: str = "till", programme: str = "cafe", **about: Any) -> Sender:
        """A till system that may send webhooks."""
        made = self.owner.post("/sources", {"slug": slug, "programme": programme, **about})
        assert 201 == made.status_code, made.get_data(as_text=True)
        return Sender(self, slug, made.get_json()["secret"], made.get_json()["id"])

    def apply(self, *, jitter: float = 0.0, limit: int = 100) -> int:
        """What the worker does with webhooks."""
        known = self.deps
        return crm.apply_due(
            known.db,
            known.connectors,
            known.unseal,
            now=self.clock.now(),
            jitter=jitter,
            limit=limit,
            default_pass_type="pass.example.only",
        )


_kept: dict[tuple[tuple[str, Any], ...], KeptApp] = {}
"""Registering all calls takes a twentieth of a second: their addresses are compiled each time."""


def _app(deps: Deps, **register: Any) -> Flask:
    """The app of earlier tests with the parts of this one, and nobody's calls counted."""
    key = tuple(sorted(register.items()))
    if key not in _kept:
        app = Flask("app", template_folder=str(resources.folder("templates")))
        api.register(app, **register)
        app.register_blueprint(hooks.bp)
        _kept[key] = KeptApp(app)
    pace = Pace(register.get("calls_per_minute", 12_000))
    return _kept[key].anew(tillpass=deps, **{PACE: pace})


class Program:
    """A program that calls the API; every answer is held against what the description promises."""

    def __init__(self, client: FlaskClient, secret: str) -> None:
        self.client, self.secret = client, secret

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, key: str = "", **more: Any) -> TestResponse:
        return self.call("POST", path, body, key, **more)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self.call("PATCH", path, body)

    def call(self, method: str, path: str, body: Any = None, key: str = "", **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= more.pop("headers", {})
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        answer = self.client.open(f"/api/v1{path}", method=method, headers=headers, **more)
        _hold(method, path, answer)
        if WANTED and answer.status_code < 300 and answer.is_json:
            record(_call_of(method, path), body, answer.get_json())
        return answer


def _hold(method: str, path: str, answer: TestResponse) -> None:
    """The answer is what OpenAPI says: the call's own type and status, or a problem document."""
    if answer.status_code >= 400:
        assert "application/problem+json" == answer.content_type, answer.get_data(as_text=True)
        assert answer.status_code == answer.get_json()["status"]
        if _map().bind("").test(path.split("?")[0], method):
            assert answer.status_code in statuses(_call_of(method, path)), answer.get_data(as_text=True)
        return
    each = _call_of(method, path)
    assert answer.status_code in (each.status, each.also, 304 if method == "GET" else each.status)
    if answer.status_code == 304:
        return
    if each.gives_files:
        assert answer.mimetype in each.gives_files
        return
    kept: BaseModel = each.gives.model_validate_json(answer.get_data())
    assert kept is not None


def _call_of(method: str, path: str) -> Call:
    found, _ = _map().bind("").match(path.split("?")[0], method)
    return CALLS[int(found)]


@cache
def _map() -> Map:
    rules = [Rule(each.path, methods=[each.method], endpoint=str(index)) for index, each in enumerate(CALLS)]
    return Map(rules)


class Sender:
    """A system that sends webhooks, and signs them as Standard Webhooks says."""

    def __init__(self, shop: Shop, slug: str, secret: str, source_id: int) -> None:
        self.shop, self.slug, self.secret, self.id = shop, slug, secret, source_id

    def send(self, body: Any, event: str = "e1", *, headers: Mapping[str, str] | None = None) -> TestResponse:
        """POST a signed event; `headers` replace what would have been sent."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = self.signed(raw, event, self.shop.clock.now())
        return self.raw(raw, {**signed, **(headers or {})})

    def raw(self, raw: bytes, headers: Mapping[str, str], slug: str = "") -> TestResponse:
        client = self.shop.app.test_client()
        return client.post(
            f"/hooks/{slug or self.slug}", data=raw, headers=dict(headers), content_type="application/json"
        )

    def signed(self, raw: bytes, event: str, at: datetime, secret: str = "") -> dict[str, str]:
        """The three headers of Standard Webhooks."""
        stamp = str(int(at.timestamp()))
        key = base64.b64decode((secret or self.secret).removeprefix("whsec_"))
        digest = hmac.new(key, f"{event}.{stamp}.".encode() + raw, hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(digest).decode()}"
        return {"webhook-id": event, "webhook-timestamp": stamp, "webhook-signature": signature}

    def events(self) -> list[dict[str, Any]]:
        """What the API tells of the events, newest first."""
        found: list[dict[str, Any]] = self.shop.owner.get(f"/sources/{self.id}/events").get_json()["items"]
        return found


def buys(receipt: str = "", amount_minor: int = 1000, **target: str) -> dict[str, Any]:
    data = {"amount_minor": amount_minor, "currency": "EUR", **(target or {"phone": PHONE})}
    return {"type": "purchase", "data": {**data, "receipt": receipt} if receipt else data}


def gets(points: int, **more: Any) -> dict[str, Any]:
    return {"type": "adjust", "data": {"phone": PHONE, "points": points, **more}}
