"""Google, a shop's pictures and its callback address, each on a port of its own: the wire is real."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask, Response, request
from werkzeug.serving import make_server

from app.sandbox.google import Account, GoogleState, Modes, create_google, write_service_account
from app.sandbox.google_accounts import EMAIL
from app.sandbox.google_images import ImageCheck
from app.wallets.google.client import GoogleClient
from app.wallets.google.credentials import ServiceAccount, authorized_session
from app.wallets.google.savelink import CardReference, SaveLinks

ISSUER = "3388000000012345678"
SECOND_ISSUER = "3388000000055555555"
ANOTHER_ISSUER = "3388000000099999999"
PHONES = (("anna", "Anna's phone"), ("boris", "Boris's phone"))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app behind a real socket; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


class Shop:
    """The other side of the wire: pictures that Google fetches, and the address that callbacks reach."""

    def __init__(self) -> None:
        self.url = ""
        self.callbacks: queue.Queue[bytes] = queue.Queue()
        self.answers: list[int] = []
        self.app = Flask(__name__)
        self.app.add_url_rule("/media/<name>", view_func=self._picture)
        self.app.add_url_rule("/google/callback", view_func=self._callback, methods=["POST"])

    def picture(self, name: str = "logo.png") -> str:
        return f"{self.url}/media/{name}"

    def answers_callbacks_with(self, *statuses: int) -> None:
        """The next callbacks get these answers, and 200 afterwards."""
        self.answers = list(statuses)

    def hears(self) -> bytes:
        """The next callback's body."""
        return self.callbacks.get(timeout=30)

    def _picture(self, name: str) -> Response:
        if name.startswith("missing"):
            return Response("no such picture", 404)
        if name.startswith("words"):
            return Response("words", content_type="image/png")
        return Response(PNG, content_type="image/png")

    def _callback(self) -> Response:
        self.callbacks.put(request.get_data())
        return Response(status=self.answers.pop(0) if self.answers else 200)


@dataclass
class Google:
    """The stand-in as it is reached, with a client that signs itself in."""

    state: GoogleState
    url: str
    account: ServiceAccount
    shop: Shop

    def client(self, reserve: Callable[[int], float] = lambda n: 0.0) -> GoogleClient:
        return GoogleClient(authorized_session(self.account), self.url, reserve)

    def save_link(self, *cards: CardReference) -> str:
        links = SaveLinks(self.account, f"{self.url}/gp/v/save", ("https://cards.example",))
        return links.save_link(cards, self.state.now())

    def class_body(self, name: str = "cafe", **changes: object) -> dict[str, object]:
        return {
            "id": f"{ISSUER}.{name}",
            "issuerName": "Cafe",
            "programName": "Coffee card",
            "programLogo": {"sourceUri": {"uri": self.shop.picture()}},
            "reviewStatus": "UNDER_REVIEW",
            "callbackOptions": {"url": f"{self.shop.url}/google/callback"},
            **changes,
        }

    def object_body(self, serial: str = "anna", *, points: int = 0, **changes: object) -> dict[str, object]:
        return {
            "id": f"{ISSUER}.{serial}",
            "classId": f"{ISSUER}.cafe",
            "state": "ACTIVE",
            "loyaltyPoints": {"label": "Points", "balance": {"int": points}},
            **changes,
        }


@cache
def service_account_text(email: str = EMAIL) -> str:
    """One key for all tests: making one takes half a second."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "key.json"
        write_service_account(path, "http://127.0.0.1:1/token", email=email)
        return path.read_text("utf-8")


@cache
def _first_account() -> ServiceAccount:
    """Its key is read once: that takes a tenth of a second."""
    return ServiceAccount.parse(service_account_text())


def _account_at(token_uri: str, key_file: Path) -> ServiceAccount:
    """The account of all tests with a place of its own to sign in; its key file is where it belongs."""
    first = _first_account()
    info = {**first.info, "token_uri": token_uri}
    key_file.write_text(json.dumps(info), "utf-8")
    return replace(first, token_uri=token_uri, info=info)


@contextmanager
def running_google(folder: Path, *, modes: Modes | None = None) -> Iterator[Google]:
    """The stand-in with its cards in `folder`: a second call finds what the first one left."""
    state = GoogleState(
        {ISSUER, SECOND_ISSUER},
        path=folder / "google.db",
        modes=modes or Modes(rate_per_s=0),
        images=ImageCheck(fresh_s=3600),  # a kept service forgets its pictures' rows, not their addresses
        callback_waits_s=(0, 0.01, 0.01),
    )
    shop = Shop()
    with served(shop.app) as shop_url, served(create_google(state, phones=lambda: PHONES)) as url:
        shop.url = shop_url
        account = _account_at(f"{url}/token", folder / "service-account.json")
        state.accounts.trust(Account(account.email, account.key.public_key()))
        try:
            yield Google(state, url, account, shop)
        finally:
            state.close()
