"""The whole Tillpass as production composes it, on a port of its own, with the stand-ins across the wire.

Nothing inside is replaced: only the clock is the test's, the worker runs when a test says so, and nobody
sleeps. Keys and certificates are made once a session, because making one takes half a second.
"""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from flask import Flask
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from app import flask_app
from app.compose import Tillpass, compose
from app.domain.design import Design, Palette
from app.domain.fields import Fields, FieldSpec
from app.sandbox.apns import ApnsServer, Push
from app.sandbox.apns_tokens import TeamKeys
from app.sandbox.certificates import DevelopmentAuthority
from app.sandbox.google_modes import Modes
from app.services.worker import Parts, run_until_idle
from app.settings import Settings
from app.storage.tables import AppleRegistration, Card, Delivery, Event
from app.wallets.apple.observed import Observed
from app.wallets.apple.personalisation import Turnstile
from app.wallets.apple.pushing import Clients
from app.wallets.apple.wallet import AppleWallet
from app.wallets.google.wallet import GoogleWallet
from tests.support.clock import Clock
from tests.support.drawings import kept
from tests.support.engines import blank, empty
from tests.support.google_server import ISSUER, Google, running_google, service_account_text
from tests.support.kept_pictures import kept_drawings
from tests.support.shop import POINTS, Shop
from tests.support.stores import store_of
from tests.support.templates import Compiled
from tests.support.walked import walked

PASS_TYPE = "pass.example.cafe"
OTHER_PASS_TYPE = "pass.example.bakery"
SECRET = "a secret of tests, known to everybody"
PLAIN = Design(
    palette=Palette(background="#103020", foreground="#ffffff", label="#d0e0d0", accent="#f0c040"),
    organisation={"*": "Coffee & Mint"},
    programme_name={"*": "Coffee & Mint"},
    description={"*": "Coffee & Mint: loyalty card"},
    fields=Fields(header=(FieldSpec(key="points", label="Points", value="{points}"),)),
)
"""A look without pictures but the mark."""
_KEPT = TemporaryDirectory(prefix="tp-papers-")


def utc_now() -> datetime:
    return datetime.now(UTC)


def todays_clock() -> Clock:
    """Stands still, but at today's date: certificates and TLS live in real time."""
    return Clock(utc_now().replace(microsecond=0))


@dataclass(frozen=True)
class Papers:
    """A development authority and the pass certificates that it issued."""

    authority: DevelopmentAuthority
    certs: Path


@cache
def papers() -> Papers:
    """One authority and two pass types for the whole session."""
    home = Path(_KEPT.name)
    authority = DevelopmentAuthority(home / "authority", now=utc_now)
    for pass_type in (PASS_TYPE, OTHER_PASS_TYPE):
        authority.issue(pass_type, home / "certs")
    return Papers(authority, home / "certs")


class TestApns(ApnsServer):
    """Apple's push service, with something a test wants to happen while a push is under way."""

    __test__ = False

    def __init__(self, **options: Any) -> None:
        authority = papers().authority
        ears = {"on_push": self._tell, **options}
        super().__init__(*authority.apns_server(), authority.clients_ca, **ears)
        self.hearers: list[Callable[[Push], None]] = []
        self.meanwhile: list[Callable[[], None]] = []

    def _tell(self, push: Push) -> None:
        for hear in list(self.hearers):
            hear(push)

    def answer(self, *asked: Any) -> Any:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return super().answer(*asked)

    def forgets(self) -> None:
        """No requests so far, no trouble."""
        self.log.clear()
        self.faults.clear()
        self.limit(0, 0)
        self.meanwhile.clear()
        self.keys = TeamKeys()

    @property
    def answers(self) -> list[tuple[str, int]]:
        """(push token, status) of all requests so far."""
        return [(line.token, line.status) for line in self.log]


@dataclass
class Service:
    """A running Tillpass; `works()` is the worker, `phone()` an iPhone of somebody."""

    parts: Tillpass
    app: Flask
    clock: Clock
    url: str
    apns: TestApns
    google: Google
    folder: Path
    rules: Sequence[dict[str, Any]] = (POINTS,)
    design: Design | None = None
    first_design: Design | None = None
    made: int = field(default=0)
    blank: bytes = field(default=b"", repr=False)

    @property
    def apple(self) -> AppleWallet:
        return cast(AppleWallet, self.parts.deps.wallets["apple"])

    @property
    def google_wallet(self) -> GoogleWallet:
        return cast(GoogleWallet, self.parts.deps.wallets["google"])

    @cached_property
    def worker_parts(self) -> Parts:
        return self.parts.worker_parts()

    @cached_property
    def shop(self) -> Shop:
        """The café, with its people."""
        apple = {"pass_type_identifier": PASS_TYPE}
        return Shop(self.parts.database, self.clock, self.rules, design=self.design, apple=apple)

    def customer(self, name: str = "Anna", **member: Any) -> str:
        """The serial of a new card that is on no phone yet."""
        return self.shop.customer(name, in_pocket=False, **member)

    def works(self) -> None:
        """The worker does all that is due now."""
        run_until_idle(self.worker_parts)

    def phone(self, name: str = "Anna") -> Phone:
        """A new iPhone; Apple knows its push token."""
        self.made += 1
        phone = Phone(self, f"{name.lower()}-{self.made:028x}", f"{self.made:064x}")
        self.apns.register(phone.push_token, PASS_TYPE)
        return phone

    def holder(self, name: str = "Anna") -> tuple[str, Phone]:
        """A customer whose card is on a phone and in step: serial and phone."""
        serial, phone = self.customer(name), self.phone(name)
        phone.adds(serial)
        self.works()
        return serial, phone

    def card(self, serial: str) -> Card:
        return self.shop.card(serial)

    def delivery(self, serial: str, wallet: str = "apple") -> Delivery:
        with self.parts.deps.read() as session:
            found = select(Delivery).where(Delivery.card_id == self.card(serial).id)
            return session.scalars(found.where(Delivery.wallet == wallet)).one()

    def registrations(self, serial: str) -> list[AppleRegistration]:
        with self.parts.deps.read() as session:
            found = select(AppleRegistration).where(AppleRegistration.card_id == self.card(serial).id)
            return list(session.scalars(found.order_by(AppleRegistration.id)))

    def events(self, kind: str) -> list[Event]:
        with self.parts.deps.read() as session:
            return list(session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))

    def begins_anew(self) -> None:
        """An empty shop, and a world without trouble; what is costly to make stays."""
        self.design = self.first_design
        with kept_drawings(self.parts.database):
            empty(self.parts.database, self.blank)
        self.clock.begin(utc_now().replace(microsecond=0))
        self.apns.forgets()
        self.google.state.clear()
        self.google.state.modes.change(asdict(Modes(rate_per_s=0)))
        self.signs_with(papers().certs)
        self.__dict__.pop("shop", None)

    def signs_with(self, certs: Path) -> None:
        """From now on the certificates are those in another folder."""
        store, settings = store_of(certs), self.parts.settings
        clients = Clients(settings.apns_url, settings.apns_ca, store, self.clock.now)
        observed = Observed(self.parts.deps.db, self.clock.now, every_s=0)  # no test has to wait for notes
        wallet = replace(self.apple, store=store, clients=clients, observed=observed, turnstile=Turnstile())
        self._wallets()["apple"] = wallet
        self.__dict__.pop("worker_parts", None)

    def _wallets(self) -> dict[str, Any]:
        wallets = self.parts.deps.wallets
        assert isinstance(wallets, dict)
        return wallets


@dataclass
class Phone:
    """An iPhone's side of Apple's web service, call by call; `tag` is what the last list said."""

    service: Service
    library_id: str
    push_token: str
    tag: str | None = None

    def registers(self, serial: str, *, body: Any = None, token: str | None = None) -> int:
        body = {"pushToken": self.push_token} if body is None else body
        return self.calls("POST", self.registration(serial), serial, token=token, json=body).status_code

    def unregisters(self, serial: str) -> int:
        return self.calls("DELETE", self.registration(serial), serial).status_code

    def asks(self) -> list[str]:
        """The serials that changed since the last question; 204 is none."""
        query = {} if self.tag is None else {"passesUpdatedSince": self.tag}
        path = f"/apple/v1/devices/{self.library_id}/registrations/{PASS_TYPE}"
        reply = self.calls("GET", path, query_string=query)
        if reply.status_code == 204:
            return []
        assert 200 == reply.status_code, reply.get_data(as_text=True)
        body = reply.get_json()
        assert self.tag != body["lastUpdated"], "the lastUpdated tag remained the same"
        self.tag = body["lastUpdated"]
        return list(body["serialNumbers"])

    def fetches(self, serial: str, *, since: str | None = None, method: str = "GET") -> TestResponse:
        headers = {} if since is None else {"If-Modified-Since": since}
        return self.calls(method, f"/apple/v1/passes/{PASS_TYPE}/{serial}", serial, headers=headers)

    def catches_up(self) -> list[str]:
        """Ask and fetch all that was listed, as after a push; the serials."""
        listed = self.asks()
        for serial in listed:
            assert 200 == self.fetches(serial).status_code
        return listed

    def adds(self, serial: str) -> None:
        """Download, register, and begin with a tag."""
        assert 200 == self.fetches(serial).status_code
        assert 201 == self.registers(serial)

    def registration(self, serial: str) -> str:
        return f"/apple/v1/devices/{self.library_id}/registrations/{PASS_TYPE}/{serial}"

    def calls(
        self, method: str, path: str, serial: str = "", *, token: str | None = None, **options: Any
    ) -> TestResponse:
        headers = options.pop("headers", {})
        if serial:
            headers = {"Authorization": f"ApplePass {token or self.token(serial)}", **headers}
        return self.service.app.test_client().open(path, method=method, headers=headers, **options)

    def token(self, serial: str) -> str:
        card = self.service.card(serial)
        return self.service.apple.tokens.token(serial, card.salt)


def pass_json(package: bytes) -> dict[str, Any]:
    """The card inside a .pkpass."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        content: dict[str, Any] = json.loads(archive.read("pass.json"))
        return content


def points_on(package: bytes) -> int:
    """The balance that a package shows."""
    card = pass_json(package)["storeCard"]
    fields = [field for group in card.values() if isinstance(group, list) for field in group]
    return int(next(field["value"] for field in fields if field["key"] == "points"))


@contextmanager
def running_service(
    database_url: str,
    folder: Path,
    clock: Clock,
    *,
    rules: Sequence[dict[str, Any]] = (POINTS,),
    design: Design | None = PLAIN,
) -> Iterator[Service]:
    """Everything, for the length of the block; the database must be migrated.

    Without a `design` the programme gets the starter that suits its rules, whose pictures take a while.
    """
    with ExitStack() as stack:
        apns = TestApns()
        apns.start()
        stack.callback(apns.stop)
        google = stack.enter_context(running_google(folder))
        door = stack.enter_context(_door())
        parts = compose(_settings(database_url, folder, door.url, apns, google), now=clock.now, draw=kept)
        stack.callback(parts.database.close)
        _never_sleeps(parts)
        door.opens(app := flask_app(parts))
        app.jinja_env.bytecode_cache = Compiled()
        service = Service(parts, door.app, clock, door.url, apns, google, folder, rules, design, design)
        walked(parts.database, clock.now())
        service.blank = blank(parts.database)
        service.signs_with(papers().certs)
        yield service


def _never_sleeps(parts: Tillpass) -> None:
    """Turns at Google's rate are taken as ever, and nobody waits for them: the stand-in has no limit."""
    wallets, google = parts.deps.wallets, cast(GoogleWallet, parts.deps.wallets["google"])
    assert isinstance(wallets, dict)
    quick = {issuer: replace(desk, sleep=lambda _s: None) for issuer, desk in google.desks.by_issuer.items()}
    wallets["google"] = replace(google, desks=replace(google.desks, by_issuer=quick))


def _settings(database_url: str, folder: Path, url: str, apns: ApnsServer, google: Google) -> Settings:
    return Settings(
        instance_dir=folder,
        secret_key=SECRET,
        base_url=url,
        database_url=database_url,
        certs_dir=papers().certs,
        apns_url=apns.url,
        apns_ca=papers().authority.root,
        google_credentials=account_text(google.url),
        google_issuer_id=ISSUER,
        google_api_url=google.url,
        google_save_url=f"{google.url}/gp/v/save",
        google_keys_url=f"{google.url}/gp/m/issuer/keys",
    )


def account_text(google_url: str) -> str:
    """The service account's key for this stand-in."""
    return json.dumps({**json.loads(service_account_text()), "token_uri": f"{google_url}/token"})


class _Door:
    """A port that is known before there is an application behind it."""

    def __init__(self) -> None:
        self.app = Flask("closed")
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_QuietRequests)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def opens(self, app: Flask) -> None:
        self.app = app

    def _serve(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


class _QuietRequests(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: pytest's report stays readable."""


@contextmanager
def _door() -> Iterator[_Door]:
    door = _Door()
    try:
        yield door
    finally:
        door.close()
