"""The composition root: settings become parts, and parts are handed to those who use them. Decides nothing
itself.
"""

from __future__ import annotations

import base64
import hmac
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import cast

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.clock import utc_now
from app.connectors import CONNECTORS
from app.deps import Deps
from app.metrics import Metrics, new_metrics
from app.rendering.artwork import paint
from app.rendering.starters import fit_starter, starters
from app.services import crm
from app.services.card_facts import Surroundings
from app.services.crm.polling import poll_due
from app.services.crm.reading import CallBack
from app.services.delivery import LANE_NAMES, Held
from app.services.health.landmarks import ADDRESS, SECRET, TEAM, fingerprint
from app.services.health.report import Health, Notebook
from app.services.housekeeping import Housekeeper
from app.services.images import Paint, Pictures
from app.services.jobs import running
from app.services.mail import SendMail, mailer
from app.services.outside import Outside
from app.services.ports import Wallet
from app.services.remote import caller_back
from app.services.webhooks import fanout
from app.services.webhooks.deliver import Deliverer, Tools
from app.services.worker import Bell, Parts, ring_after_commit
from app.settings import Settings
from app.storage.database import Database, connect
from app.wallets import Kit, build_wallets
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.checking import verified
from app.wallets.apple.importing import import_design
from app.wallets.apple.signing import CertificateError
from app.wallets.apple.wallet import AppleWallet
from app.wallets.google.callbacks import CallbackVerifier
from app.wallets.google.wiring import callbacks


@dataclass(frozen=True, slots=True)
class Tillpass:
    """All parts of one running service."""

    settings: Settings
    database: Database
    deps: Deps
    bell: Bell
    store: CertificateStore
    callbacks: CallbackVerifier | None
    metrics: Metrics = field(default_factory=new_metrics)

    def worker_parts(self) -> Parts:
        """What the worker's loops need."""
        deps = self.deps

        call_back = caller_back(deps.db, deps.connectors, deps.outside, deps.unseal)

        def apply_hooks() -> bool:
            now = deps.now()
            if not crm.is_due(deps.read, now):
                return False
            return (
                crm.apply_due(
                    deps.db,
                    deps.connectors,
                    deps.unseal,
                    now=now,
                    jitter=random.random(),
                    default_pass_type=deps.default_pass_type(),
                    call_back=call_back,
                )
                > 0
            )

        def poll_systems() -> bool:
            return poll_due(deps.db, deps.read, deps.connectors, call_back, deps.seal, now=deps.now())

        return Parts(
            db=deps.db,
            read=deps.read,
            engine=self.database.engine,
            wallets=deps.wallets,
            now=deps.now,
            apply_hooks=apply_hooks,
            poll_systems=poll_systems,
            webhooks=self._webhooks(call_back),
            housekeeping=self._housekeeping(),
            note=self._measure,
            jobs=partial(running.step, deps.means),
        )

    def _webhooks(self, call_back: CallBack) -> Mapping[str, Callable[[], bool]]:
        """Events are made messages, and messages are brought to those who follow them."""
        deps = self.deps
        tools = Tools(
            db=deps.db,
            read=deps.read,
            now=deps.now,
            jitter=random.random,
            outside=deps.outside,
            unseal=deps.unseal,
            around=Surroundings(deps.base_url, deps.wallets),
            connectors=deps.connectors,
            call_back=call_back,
            note=lambda outcome: self.metrics.webhooks.labels(outcome).inc(),
        )

        def hand_out() -> bool:
            return fanout.is_due(deps.read) and fanout.run(deps.db, deps.now()) > 0

        return {"webhooks-fanout": hand_out, "webhooks": Deliverer(tools).step}

    def _housekeeping(self) -> Callable[[], bool]:
        """The rounds by the clock; first of all, what must not change is written down."""
        rounds = Housekeeper(self.deps.db, self.deps.read, self.deps.now)
        notes = Notebook(self.deps.health) if self.deps.health else None

        def step() -> bool:
            if notes:
                notes.step()
            return rounds.step()

        return step

    def _measure(self, wallet: str, held: Held, delivered: bool, at: datetime) -> None:
        """Count a delivery, and how long its change took to get there."""
        self.metrics.deliveries.labels(wallet, "delivered" if delivered else "failed").inc()
        if delivered and held.queued_at is not None:
            took_s = (at - held.queued_at).total_seconds()
            lane = LANE_NAMES.get(held.priority, "bulk")
            self.metrics.change_to_push_seconds.labels(wallet, lane).observe(max(0.0, took_s))


def derive(secret: str, label: str) -> bytes:
    """32 bytes for one purpose: a leak of one key tells nothing about another."""
    return HKDF(SHA256(), 32, salt=None, info=f"tillpass {label}".encode()).derive(secret.encode())


def compose(settings: Settings, *, now: Callable[[], datetime] = utc_now, draw: Paint = paint) -> Tillpass:
    """Build everything from settings; opens no connection yet. Raises CertificateError,
    InvalidCredentials.
    """
    database = connect(settings.database_url)
    bell = Bell()
    ring_after_commit(database.write, bell)
    secret = settings.secret_key.get_secret_value()
    pictures = Pictures(database.write, database.read, settings.base_url, now, draw)
    wallets = build_wallets(_kit(settings, database, pictures, now))
    store = cast(AppleWallet, wallets["apple"]).store
    health = _health(settings, database, wallets, now)
    seal = _seal(secret)
    deps = Deps(
        base_url=settings.base_url,
        sandbox=settings.sandbox,
        sandbox_url=settings.sandbox_url,
        db=database.write,
        read=database.read,
        now=now,
        wallets=wallets,
        connectors=CONNECTORS,
        pictures=pictures,
        fit_starter=fit_starter,
        starters={name: starter.design for name, starter in starters().items()},
        default_pass_type=lambda: _only(store),
        seal=lambda plain: seal.encrypt(plain.encode()).decode(),
        unseal=lambda sealed: seal.decrypt(sealed.encode()).decode(),
        findings=health.ready,
        health=health,
        rotating_key=derive(secret, "rotating"),
        send_mail=_mailer(settings),
        import_design=import_design,
        pass_token=cast(AppleWallet, wallets["apple"]).tokens.token,
        outside=Outside([ip_network(each) for each in settings.own_networks]),
        verify_pass=lambda data: verified(data, trusted=_trusted(settings, store), now=now()),
    )
    return Tillpass(settings, database, deps, bell, store, callbacks(settings))


def _trusted(settings: Settings, store: CertificateStore) -> frozenset[str]:
    """In the sandbox its own passes are good ones; elsewhere Apple's word alone counts."""
    return store.wwdr_fingerprints() if settings.sandbox else frozenset()


def _only(store: CertificateStore) -> str:
    try:
        return store.only().pass_type_identifier
    except CertificateError:
        return ""


def _kit(settings: Settings, database: Database, pictures: Pictures, now: Callable[[], datetime]) -> Kit:
    secret = settings.secret_key.get_secret_value()
    seal = _seal(secret)
    return Kit(
        settings=settings,
        base_url=settings.base_url,
        db=database.write,
        read=database.read,
        now=now,
        pictures=pictures,
        derive=lambda label: derive(secret, label),
        issue=_sandbox_issuer(settings) if settings.sandbox else None,
        unseal=lambda sealed: seal.decrypt(sealed.encode()).decode(),
    )


def _seal(secret: str) -> Fernet:
    """What encrypts secrets at rest."""
    return Fernet(base64.urlsafe_b64encode(derive(secret, "sealed")))


def _sandbox_issuer(settings: Settings) -> Callable[[str, Path], object]:
    from app.sandbox.places import Places

    return Places.of(settings).authority().issue


def _mailer(settings: Settings) -> SendMail | None:
    if settings.smtp_url is None:
        return None
    return mailer(settings.smtp_url.get_secret_value(), settings.mail_from or "")


def _health(
    settings: Settings, database: Database, wallets: Mapping[str, Wallet], now: Callable[[], datetime]
) -> Health:
    """Who looks for trouble; what must not change is looked up anew each time, for papers are renewed."""
    secret = settings.secret_key.get_secret_value()
    proof_key = derive(secret, "proof of address")

    def landmarks() -> dict[str, str]:
        store = cast(AppleWallet, wallets["apple"]).store
        teams = {f"{TEAM}{name}": team for name in store.names() if (team := _team(store, name))}
        return {SECRET: fingerprint(derive(secret, "landmark")), ADDRESS: settings.base_url, **teams}

    return Health(
        base_url=settings.base_url,
        dialect=database.dialect,
        db=database.write,
        read=database.read,
        now=now,
        wallets=wallets,
        landmarks=landmarks,
        paths=(settings.instance_dir,),
        prove=lambda nonce: hmac.new(proof_key, nonce.encode(), "sha256").hexdigest()[:32],
        trusted_proxies=settings.trusted_proxies,
        google_urls=(settings.google_api_url, settings.google_keys_url) if "google" in wallets else None,
    )


def _team(store: CertificateStore, name: str) -> str:
    try:
        return store.identity(name).team_identifier
    except CertificateError:
        return ""
