"""Google refusing us, our looks or our pictures, and callbacks that do not come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Flask, Response, jsonify

from app.sandbox.google_modes import Refusal, front_end, invalid_id, quota_exceeded, too_fast
from app.services.ports import Finding
from app.storage.tables import Delivery, GoogleClass, GoogleObject
from app.wallets.google import health
from app.wallets.google.credentials import ServiceAccount
from tests.google.test_wallet import add_url, holder
from tests.support.google_server import ANOTHER_ISSUER, ISSUER, served
from tests.support.provoked import provokes, troubles
from tests.support.service import Service, account_text

LATER = timedelta(minutes=20)


def probed(service: Service, **modes: Any) -> list[Finding]:
    """What Google says of us, a while later and with these faults."""
    service.google.state.modes.change(modes)
    return [*service.google_wallet.probe(service.clock.now() + LATER)]


def asked(service: Service, url: str = "", issuer: str = ISSUER) -> list[Finding]:
    """The same of another address or issuer."""
    url = url or service.google.url
    account = ServiceAccount.parse(account_text(url if url.startswith("http://127.0.0.1") else "http://x"))
    read, now = service.parts.deps.read, service.clock.now()
    return health.probe(account, issuer, url, f"{service.url}/google/callback", read, now)


@contextmanager
def google_that_says(reply: Refusal | dict[str, Any]) -> Iterator[str]:
    """A Google that signs everybody in and then says only this."""
    app = Flask(__name__)
    app.add_url_rule(
        "/token",
        view_func=lambda: jsonify(access_token="t", expires_in=3599, token_type="Bearer"),
        methods=["POST"],
    )

    def say(path: str) -> tuple[Response, int]:
        refused = isinstance(reply, Refusal)
        return jsonify(reply.body if refused else reply), reply.status if refused else 200

    app.add_url_rule("/walletobjects/v1/<path:path>", view_func=say)
    with served(app) as url:
        yield url


def test_a_google_that_knows_us_is_fine(sqlite_service: Service) -> None:
    holder(sqlite_service)

    assert [("ok", "google")] == [(each.level, each.code) for each in probed(sqlite_service)]


@provokes("google-credentials-refused")
def test_a_key_that_was_deleted(sqlite_service: Service) -> Iterable[Finding]:
    text = account_text(sqlite_service.google.url).replace("tillpass@", "nobody@")
    read, now = sqlite_service.parts.deps.read, sqlite_service.clock.now()
    url = sqlite_service.google.url
    return health.probe(ServiceAccount.parse(text), ISSUER, url, "", read, now)


@provokes("google-clock-refused")
def test_a_sign_in_from_another_time(sqlite_service: Service) -> Iterable[Finding]:
    accounts = sqlite_service.google.state.accounts
    accounts.ahead_s = 7200.0
    try:
        return asked(sqlite_service)
    finally:
        accounts.ahead_s = 0.0


@provokes("google-unreachable")
def test_a_firewall_before_google(sqlite_service: Service) -> Iterable[Finding]:
    account = ServiceAccount.parse(account_text(sqlite_service.google.url))
    read, now = sqlite_service.parts.deps.read, sqlite_service.clock.now()
    return health.probe(account, ISSUER, "http://127.0.0.1:1", "", read, now)


@provokes("google-permission-denied")
def test_a_service_account_that_was_never_invited(sqlite_service: Service) -> Iterable[Finding]:
    return probed(sqlite_service, permission_denied=True)


@provokes("google-issuer-wrong")
def test_an_issuer_that_google_does_not_know(sqlite_service: Service) -> Iterable[Finding]:
    with google_that_says(invalid_id("12345")) as url:
        return asked(sqlite_service, url, issuer="12345")


def test_an_issuer_of_somebody_else_is_told(sqlite_service: Service) -> None:
    found = asked(sqlite_service, issuer=ANOTHER_ISSUER)

    assert troubles(found) <= {"google-permission-denied", "google-issuer-wrong"}
    assert troubles(found)


@provokes("google-quota")
def test_a_quota_that_is_used_up(sqlite_service: Service) -> Iterable[Finding]:
    with google_that_says(quota_exceeded(ISSUER, "class", "cafe")) as url:
        return asked(sqlite_service, url)


@provokes("google-rate-limited")
def test_a_google_that_slows_us_down(sqlite_service: Service) -> Iterable[Finding]:
    with google_that_says(too_fast()) as url:
        return asked(sqlite_service, url)


@provokes("google-unwell")
def test_a_google_that_is_down(sqlite_service: Service) -> Iterable[Finding]:
    with google_that_says(front_end(503, "The service is currently unavailable.", "UNAVAILABLE")) as url:
        return asked(sqlite_service, url)


def test_a_sign_in_that_is_down_is_no_fault_of_the_key(sqlite_service: Service) -> None:
    assert {"google-unwell"} == troubles(probed(sqlite_service, error_rate=1.0))


@provokes("google-class-rejected")
def test_a_look_that_google_rejected(sqlite_service: Service) -> Iterable[Finding]:
    add_url(sqlite_service, sqlite_service.customer())
    with sqlite_service.parts.deps.read() as session:
        ids = [row.class_id for row in session.query(GoogleClass)]
    rejected = {"resources": [{"id": each, "reviewStatus": "rejected"} for each in ids]}
    with google_that_says(rejected) as url:
        return asked(sqlite_service, url)


@provokes("google-class-waiting")
def test_a_look_that_waits_for_review(sqlite_service: Service) -> Iterable[Finding]:
    sqlite_service.google.state.modes.change({"approve_at_once": False})
    add_url(sqlite_service, sqlite_service.customer())
    return probed(sqlite_service)


@provokes("google-class-missing")
def test_a_look_that_is_not_there_any_more(sqlite_service: Service) -> Iterable[Finding]:
    add_url(sqlite_service, sqlite_service.customer())
    sqlite_service.google.state.clear()
    return probed(sqlite_service)


@provokes("google-demo-mode")
def test_cards_that_nobody_could_add(sqlite_service: Service) -> Iterable[Finding]:
    for name in ("Anna", "Boris", "Clara"):
        add_url(sqlite_service, sqlite_service.customer(name))
    sqlite_service.clock.forward(days=2)
    return probed(sqlite_service, demo=True)


@provokes("google-callbacks-silent")
def test_saves_that_we_were_not_told_of(sqlite_service: Service) -> Iterable[Finding]:
    sqlite_service.google.state.modes.change({"callback_outage": True})
    token = add_url(sqlite_service, sqlite_service.customer()).rpartition("/")[2]
    sqlite_service.google.state.save_link(token, "anna")
    return probed(sqlite_service)


def test_saves_that_only_the_nightly_round_saw_are_told_too(sqlite_service: Service) -> None:
    sqlite_service.google.state.modes.change({"callback_outage": True})
    serial = sqlite_service.customer()
    sqlite_service.google.state.save_link(add_url(sqlite_service, serial).rpartition("/")[2], "anna")
    with sqlite_service.parts.deps.db.begin() as session:
        kept = session.get_one(GoogleObject, sqlite_service.card(serial).id)
        kept.saved_at = sqlite_service.clock.now()

    assert {"google-callbacks-silent"} == troubles(probed(sqlite_service))


@provokes("google-callbacks-unverified")
def test_keys_of_callbacks_that_cannot_be_fetched(sqlite_service: Service) -> Iterable[Finding]:
    who = sqlite_service.parts.deps.health
    assert who is not None
    urls = (sqlite_service.google.url, "http://127.0.0.1:1/keys")
    return replace(who, google_urls=urls).outside()


@provokes("google-image-refused")
def test_a_picture_that_google_could_not_load(sqlite_service: Service) -> Iterable[Finding]:
    serial = holder(sqlite_service)
    said = "Google (invalid): Image cannot be loaded: https://cards.example.com/media/0.png (HTTP 403)"
    with sqlite_service.parts.deps.db.begin() as session:
        card_id = sqlite_service.card(serial).id
        row = session.query(Delivery).filter_by(card_id=card_id, wallet="google").one()
        row.last_error = said
    return sqlite_service.google_wallet.inspect(sqlite_service.clock.now())
