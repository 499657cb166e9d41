"""The shop's side as it is composed in production, both wallets included; without a worker."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from PIL import Image
from pydantic import SecretStr
from sqlalchemy import select

from app import flask_app
from app.compose import compose
from app.domain.errors import Conflict
from app.rendering.starters import starters
from app.services import images, journal, programmes
from app.settings import Settings
from app.storage.database import Database
from app.storage.tables import Card, Operation
from app.wallets.apple.observed import Observed
from app.wallets.apple.personalisation import Turnstile
from app.wallets.apple.wallet import AppleWallet
from app.web.security import limiter
from tests.support import engines
from tests.support.clock import Clock
from tests.support.drawings import kept
from tests.support.google_server import ISSUER, service_account_text
from tests.support.kept_apps import KeptApp
from tests.support.kept_pictures import Drawings, drawings, put_back
from tests.support.service import SECRET, papers
from tests.support.templates import Compiled
from tests.support.web_app import Letters, StandInWallet, Visitor, WebShop

PASSWORD = "open sesame"
ROLES = {"boris": "cashier", "marta": "marketer", "olga": "owner"}
_FORM = re.compile(r"<form[^>]*action=\"([^\"]+)\"[^>]*>(.*?)</form>", re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class _Composed:
    """One composition a database: making it and its addresses takes a fifth of a second."""

    def __init__(self, url: str) -> None:
        self._home = TemporaryDirectory(prefix="tp-counter-")
        settings = Settings(
            secret_key=SecretStr(SECRET),
            instance_dir=Path(self._home.name),
            certs_dir=papers().certs,
            database_url=url,
            google_credentials=SecretStr(service_account_text()),
            google_issuer_id=ISSUER,
        )
        self.clock = Clock()
        self.parts = compose(settings, now=lambda: self.clock.now(), draw=kept)
        app = flask_app(self.parts)
        app.jinja_env.bytecode_cache = Compiled()
        self._app, self._wallets = KeptApp(app), dict(self.parts.deps.wallets)
        self._drawn: Drawings = []

    @contextmanager
    def opened(self, clock: Clock) -> Iterator[WebShop]:
        """The shop for one test, whose database is empty."""
        self.clock = clock
        put_back(self.parts.database, self._drawn)
        self._begin_wallets()
        app, deps = self._app.anew(), self.parts.deps
        with app.app_context():
            limiter.reset()
        yield WebShop(app, deps, clock, Letters(), StandInWallet("apple"), StandInWallet("google"))
        self._drawn = drawings(self.parts.database)

    def _begin_wallets(self) -> None:
        """What wallets remember of an earlier test's cards is forgotten."""
        wallets, deps = self.parts.deps.wallets, self.parts.deps
        assert isinstance(wallets, dict)
        wallets.update(self._wallets)
        wallets["apple"] = replace(
            cast(AppleWallet, self._wallets["apple"]),
            observed=Observed(deps.db, deps.now, every_s=0),
            turnstile=Turnstile(),
        )


_composed: dict[str, _Composed] = {}


@contextmanager
def composed_shop(database: Database, folder: Path, clock: Clock) -> Iterator[WebShop]:
    """A shop without programmes on the database's file."""
    url = engines.address(database)
    if url not in _composed:
        _composed[url] = _Composed(url)
    with _composed[url].opened(clock) as shop:
        yield shop


def open_plainly(shop: WebShop, starter: str, **changes: Any) -> None:
    """A starter's programme with flat pictures, which take no time to draw."""
    kit = starters()[starter]
    flat = images.upload(shop.parts.db, flat_png("#7a4a2b"), now=shop.clock.now())
    design = kit.design.model_copy(update={"images": {"banner": flat, "logo": flat, "icon": flat}})
    programme = programmes.parse({**kit.programme.model_dump(mode="json"), **changes})
    programmes.create(
        shop.parts.db, programme, now=shop.clock.now(), fit_starter=shop.parts.fit_starter, design=design
    )


def flat_png(colour: str, width: int = 375, height: int = 144) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


@dataclass
class Person:
    """Somebody of the shop at a browser without JavaScript: follows links, fills in forms, sees pages."""

    shop: WebShop
    visitor: Visitor
    page: str = field(default="")
    status: int = field(default=0)
    path: str = field(default="")

    def opens(self, path: str) -> Person:
        return self._sees(self.visitor.client.get(path, headers=self.visitor.headers, follow_redirects=True))

    def sends(self, action: str, *, again: bool = False, **typed: Any) -> Person:
        """Fill in the form whose address begins with `action` and send it; `again`: twice, the same."""
        address, hidden = self.form(action)
        for _ in range(2 if again else 1):
            answer = self.visitor.client.post(
                address, data={**hidden, **typed}, headers=self.visitor.headers, follow_redirects=True
            )
        return self._sees(answer)

    def form(self, action: str) -> tuple[str, dict[str, str]]:
        """Address and hidden fields of the page's first form that goes there."""
        for address, inside in _FORM.findall(self.page.partition("<template")[0]):
            if address.startswith(action):
                return address, dict(_HIDDEN.findall(inside))
        raise AssertionError(f"no form to {action} on {self.path}")

    def scans(self, code: str) -> Person:
        return self.opens("/till").sends("/till/find", code=code)

    def _sees(self, answer: Any) -> Person:
        self.status, self.path = answer.status_code, answer.request.path
        self.page = html.unescape(answer.get_data(as_text=True)) if answer.is_json is False else ""
        return self


def person(shop: WebShop, login: str, *, language: str = "en") -> Person:
    """Somebody of the shop, signed in; Boris, Marta and Olga begin to work when they are first seen."""
    if login in ROLES:
        with suppress(Conflict):
            shop.staff(login, ROLES[login])
    visitor = shop.visitor(language=language)
    assert 303 == visitor.sends("/sign-in", login=login, password=PASSWORD).status_code
    return Person(shop, visitor)


def card_of(shop: WebShop, serial: str) -> Card:
    with shop.parts.read() as session:
        return session.scalars(select(Card).where(Card.serial == serial)).one()


def balance(shop: WebShop, serial: str, unit: str) -> int:
    """What is on the card."""
    with shop.parts.read() as session:
        return journal.balances(session, card_of(shop, serial).id).get(unit, 0)


def operations(shop: WebShop, serial: str) -> list[tuple[str, str, str]]:
    """(kind, who, where) of everything that was done on the card."""
    with shop.parts.read() as session:
        rows = session.scalars(select(Operation).where(Operation.card_id == card_of(shop, serial).id))
        return [(row.kind, row.actor, row.store) for row in rows.all()]
