"""The composition root: settings become parts, and parts are handed to those who use them. Decides nothing
itself.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import text

from app.clock import utc_now
from app.connectors import CONNECTORS
from app.deps import Deps
from app.domain.passes import Artwork
from app.metrics import Metrics, new_metrics
from app.rendering.starters import fit_starter, starters
from app.services import crm
from app.services.delivery import LANE_NAMES, Held
from app.services.housekeeping import Housekeeper
from app.services.images import Pictures
from app.services.mail import SendMail, mailer
from app.services.ports import Finding, Wallet
from app.services.worker import Bell, Parts, ring_after_commit
from app.settings import Settings
from app.storage.database import Database, connect
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.observed import Observed
from app.wallets.apple.pictures import Shelf
from app.wallets.apple.pushing import Clients
from app.wallets.apple.signing import CertificateError
from app.wallets.apple.tokens import PassTokens
from app.wallets.apple.wallet import AppleWallet
from app.wallets.google.callbacks import CallbackVerifier
from app.wallets.google.credentials import ServiceAccount
from app.wallets.google.objects import Issuing
from app.wallets.google.rootkeys import RootKeys, fetch_from
from app.wallets.google.savelink import SaveLinks
from app.wallets.google.wallet import GoogleWallet

GOOGLE_SIZES: Mapping[str, tuple[int, int]] = {
    "icon": (660, 660),
    "logo": (1280, 400),
    "banner": (1032, 336),
    "thumbnail": (660, 660),
    "background": (1032, 336),
}


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
                )
                > 0
            )

        return Parts(
            db=deps.db,
            read=deps.read,
            engine=self.database.engine,
            wallets=deps.wallets,
            now=deps.now,
            apply_hooks=apply_hooks,
            housekeeping=Housekeeper(deps.db, deps.read, deps.now).step,
            note=self._measure,
        )

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


def compose(settings: Settings, *, now: Callable[[], datetime] = utc_now) -> Tillpass:
    """Build everything from settings; opens no connection yet. Raises CertificateError,
    InvalidCredentials.
    """
    database = connect(settings.database_url)
    bell = Bell()
    ring_after_commit(database.write, bell)
    secret = settings.secret_key.get_secret_value()
    pictures = Pictures(database.write, database.read, settings.base_url, now)
    store = _store(settings)
    wallets = _wallets(settings, database, pictures, store, now)
    seal = Fernet(base64.urlsafe_b64encode(derive(secret, "sealed")))
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
        findings=lambda: _findings(settings, database, wallets, now()),
        send_mail=_mailer(settings),
    )
    return Tillpass(settings, database, deps, bell, store, _callbacks(settings))


def _store(settings: Settings) -> CertificateStore:
    if not settings.sandbox:
        return CertificateStore(settings.certs_dir)
    from app.sandbox.places import Places

    authority = Places.of(settings).authority()
    return CertificateStore(settings.certs_dir, issue=lambda name: authority.issue(name, settings.certs_dir))


def _only(store: CertificateStore) -> str:
    try:
        return store.only().pass_type_identifier
    except CertificateError:
        return ""


def _wallets(
    settings: Settings,
    database: Database,
    pictures: Pictures,
    store: CertificateStore,
    now: Callable[[], datetime],
) -> dict[str, Wallet]:
    """Every wallet that the settings allow; a new one is one folder and one line here."""
    made = {
        "apple": _apple(settings, database, pictures, store, now),
        "google": _google(settings, database, pictures, now),
    }
    return {name: wallet for name, wallet in made.items() if wallet is not None}


def _apple(
    settings: Settings,
    database: Database,
    pictures: Pictures,
    store: CertificateStore,
    now: Callable[[], datetime],
) -> Wallet:
    return AppleWallet(
        base_url=settings.base_url,
        db=database.write,
        read=database.read,
        now=now,
        store=store,
        tokens=PassTokens(derive(settings.secret_key.get_secret_value(), "apple pass tokens")),
        shelf=Shelf(pictures.png),
        clients=Clients(settings.apns_url, settings.apns_ca, store),
        observed=Observed(database.write, now),
    )


def _google(
    settings: Settings, database: Database, pictures: Pictures, now: Callable[[], datetime]
) -> Wallet | None:
    if settings.google_credentials is None or not settings.google_issuer_id:
        return None
    account = ServiceAccount.parse(settings.google_credentials.get_secret_value())

    def url_for(art: Artwork) -> str:
        return pictures.url(art, *GOOGLE_SIZES[art.slot])

    callback_url = f"{settings.base_url}/google/callback"
    return GoogleWallet(
        db=database.write,
        read=database.read,
        now=now,
        account=account,
        issuing=Issuing(settings.google_issuer_id, url_for, callback_url, settings.base_url),
        links=SaveLinks(account, settings.google_save_url, (settings.base_url,)),
        api_url=settings.google_api_url,
    )


def _callbacks(settings: Settings) -> CallbackVerifier | None:
    if not settings.google_issuer_id:
        return None

    keys = RootKeys(fetch_from(settings.google_keys_url))
    return CallbackVerifier(keys, (settings.google_issuer_id,))


def _mailer(settings: Settings) -> SendMail | None:
    if settings.smtp_url is None:
        return None
    return mailer(settings.smtp_url.get_secret_value(), settings.mail_from or "")


def _findings(
    settings: Settings, database: Database, wallets: Mapping[str, Wallet], now: datetime
) -> list[Finding]:
    """What `/readyz` and `tillpass doctor` tell; the database is asked first, because all else needs it."""
    try:
        with database.read() as session:
            session.execute(text("SELECT 1 FROM programmes LIMIT 1"))
    except Exception as error:
        said = type(error).__name__
        return [
            Finding(
                "broken",
                "database",
                f"The database does not answer as it should ({said}).",
                "Run tillpass migrate.",
            )
        ]
    found = [Finding("ok", "database", f"The {database.dialect} database answers.")]
    for wallet in wallets.values():
        found += wallet.check(now)
    if "google" not in wallets:
        message = "Google Wallet is off: no credentials or issuer id."
        found.append(
            Finding("warning", "google-off", message, "Set TILLPASS_GOOGLE_CREDENTIALS and _ISSUER_ID.")
        )
    return found
