"""A shop with its pages: real database, real services, real templates; only the two wallets are stand-ins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app import web
from app.deps import Deps
from app.domain.design import Design
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.rendering.starters import fit_starter, starters
from app.services import access, loyalty, programmes
from app.services.enrolment import Enrol, Enrolled, enrol
from app.services.images import Pictures
from app.services.journal import By, Once
from app.services.ports import DeliveryError, DeviceNews, Finding, Job, Outcome
from app.storage.database import Database
from app.web.security import limiter
from tests.support.clock import Clock
from tests.support.drawings import kept
from tests.support.kept_apps import KeptApp
from tests.support.templates import Compiled

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 "
    "Mobile Safari/604.1"
)
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
SAMSUNG = (
    "Mozilla/5.0 (Linux; Android 15; SM-S938B) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0 Mobile "
    "Safari/537.36"
)
HUAWEI = (
    "Mozilla/5.0 (Linux; Android 12; MAO-LX9; HMSCore 6.15.0.302) AppleWebKit/537.36 Chrome/114.0 "
    "HuaweiBrowser/15.0.4 Mobile Safari/537.36"
)
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


class StandInWallet:
    """A wallet that can be told to fail, and to hold cards."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failing: DeliveryError | None = None
        self.held: set[int] = set()
        self.device = "iPhone …1234" if name == "apple" else "a wallet"

    def fail_next(self, *, permanent: bool = False) -> None:
        self.failing = DeliveryError("the vendor does not answer", permanent=permanent)

    def hold(self, card_id: int) -> None:
        """A phone has the card from now on."""
        self.held.add(card_id)

    def _maybe_fail(self) -> None:
        failing, self.failing = self.failing, None
        if failing:
            raise failing

    def add_url(self, card: Pass) -> str:
        self._maybe_fail()
        return f"https://wallet.example/save/{card.number}"

    def package(self, card_id: int) -> tuple[bytes, datetime]:
        self._maybe_fail()
        return b"PK\x03\x04 a pass", datetime.fromisoformat("2026-03-02T09:00:00+00:00")

    def deliver(self, jobs: Sequence[Job]) -> Any:
        return (Outcome(job, job.version) for job in jobs)

    def publish(self, programme: Programme, design: Design, design_id: int) -> None:
        """Nothing to publish."""

    def devices(self, card_id: int) -> Sequence[DeviceNews]:
        if card_id not in self.held:
            return ()
        return (DeviceNews(self.name, self.device, None, 0, None, 0, None, 0, None),)

    def check(self, now: datetime) -> Sequence[Finding]:
        return ()

    def tend(self, now: datetime) -> bool:
        return False


@dataclass
class Letters:
    """A mail server of paper: keeps what was sent."""

    sent: list[tuple[str, str, str, str]] = field(default_factory=list)

    def __call__(self, to: str, subject: str, text: str, html: str = "") -> None:
        self.sent.append((to, subject, text, html))


@dataclass
class WebShop:
    """A running shop; `app` serves its pages."""

    app: Flask
    parts: Deps
    clock: Clock
    letters: Letters
    apple: StandInWallet
    google: StandInWallet
    samsung: StandInWallet = field(default_factory=lambda: StandInWallet("samsung"))

    def visitor(self, *, agent: str = DESKTOP, language: str = "en") -> Visitor:
        client = self.app.test_client()
        return Visitor(client, {"User-Agent": agent, "Accept-Language": language})

    def open_programme(self, starter: str = "stamp-cafe", **changes: Any) -> Programme:
        """A programme as one of our starters describes it."""
        kit = starters()[starter]
        programme = programmes.parse({**kit.programme.model_dump(mode="json"), **changes})
        programmes.create(
            self.parts.db, programme, now=self.clock.now(), fit_starter=fit_starter, design=kit.design
        )
        return programme

    def customer(self, programme: str, **member: str) -> Enrolled:
        """Somebody who joined before."""
        told = {"given_name": "Anna", "phone": "+37120000001", "locale": "en", **member}
        cmd = Enrol(programme=programme, member=told, source="test")
        return enrol(self.parts.db, cmd, now=self.clock.now())

    def stamps(self, card: Enrolled, count: int, key: str = "k") -> None:
        by = By(actor="Boris", store="Harbour street")
        loyalty.stamp(self.parts.db, card.serial, count, Once("test", key, {}), by, now=self.clock.now())

    def points(self, card: Enrolled, amount: int, key: str = "p") -> None:
        by = By(actor="Boris", reason="gift")
        amounts = {"points": amount}
        loyalty.adjust(self.parts.db, card.serial, amounts, Once("test", key, {}), by, now=self.clock.now())

    def staff(self, login: str, role: str, programme: str = "") -> None:
        """Somebody who works here; their password is `open sesame`."""
        access.add_staff(
            self.parts.db,
            login=login,
            password="open sesame",
            role=role,
            name=login.title(),
            programme=programme,
            now=self.clock.now(),
        )


@dataclass
class Visitor:
    """A browser without JavaScript: keeps cookies, follows forms."""

    client: FlaskClient
    headers: dict[str, str]

    def sees(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={**self.headers, **headers})

    def sends(self, page: str, to: str = "", **typed: str) -> Any:
        """Open `page`, fill its form in as given, and send it with the hidden fields that it holds."""
        html = self.sees(page).get_data(as_text=True)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
        typed = {name.replace("__", "-"): value for name, value in typed.items()}
        return self.client.post(to or page.partition("?")[0], data={**hidden, **typed}, headers=self.headers)


def web_shop(
    database: Database,
    clock: Clock,
    *,
    base_url: str = "http://localhost",
    sandbox: bool = False,
    mail: bool = True,
    wallets: Sequence[str] = ("apple", "google"),
    trusted_proxies: int = 0,
    own_app: bool = False,
) -> WebShop:
    """A shop on `database`; its pages answer at `base_url`. A test that adds pages needs an `own_app`."""
    made = {name: StandInWallet(name) for name in ("apple", "google", "samsung")}
    letters = Letters()
    parts = Deps(
        base_url=base_url,
        sandbox=sandbox,
        sandbox_url="",
        db=database.write,
        read=database.read,
        now=clock.now,
        wallets={name: made[name] for name in wallets},
        connectors={},
        pictures=Pictures(database.write, database.read, base_url, clock.now, kept),
        fit_starter=fit_starter,
        starters={name: each.design for name, each in starters().items()},
        default_pass_type=lambda: "pass.example.test",
        seal=lambda text: text,
        unseal=lambda text: text,
        findings=list,
        send_mail=letters if mail else None,
    )
    app = _app(parts, trusted_proxies) if own_app else _kept_app(parts, trusted_proxies)
    with app.app_context():
        limiter.reset()
    return WebShop(app, parts, clock, letters, made["apple"], made["google"], made["samsung"])


def _app(parts: Deps, trusted_proxies: int) -> Flask:
    app = Flask("app")
    app.secret_key = "only for tests, and long enough for them"
    app.config["TILLPASS_TRUSTED_PROXIES"] = trusted_proxies
    app.extensions["tillpass"] = parts
    app.jinja_env.bytecode_cache = Compiled()
    web.register(app)
    return app


_kept: dict[tuple[str, bool, int], KeptApp] = {}
"""Opening all pages takes a tenth of a second: the addresses are compiled each time."""


def _kept_app(parts: Deps, trusted_proxies: int) -> Flask:
    """The app of earlier tests with the parts of this one."""
    key = (parts.base_url, parts.sandbox, trusted_proxies)
    if key not in _kept:
        _kept[key] = KeptApp(_app(parts, trusted_proxies))
    return _kept[key].anew(tillpass=parts)
