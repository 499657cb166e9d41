"""Google's parts, put together from the kit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app.domain.passes import Artwork
from app.services.ports import Wallet
from app.wallets import Kit
from app.wallets.google.callbacks import CallbackVerifier
from app.wallets.google.credentials import InvalidCredentials, ServiceAccount
from app.wallets.google.desks import Desk, Desks
from app.wallets.google.drift import Watch
from app.wallets.google.objects import Issuing
from app.wallets.google.preflight import Preflight
from app.wallets.google.reconcile import Reconciler
from app.wallets.google.rootkeys import RootKeys, fetch_from
from app.wallets.google.savelink import SaveLinks
from app.wallets.google.upkeep import Sweeper, Upkeep
from app.wallets.google.wallet import GoogleWallet
from app.wallets.google.webhook import blueprint

BLUEPRINTS = (blueprint,)
SIZES: Mapping[str, tuple[int, int]] = {
    "icon": (660, 660),
    "logo": (1280, 400),
    "banner": (1032, 336),
    "thumbnail": (660, 660),
    "background": (1032, 336),
    "artwork": (1860, 1240),
}


def build(kit: Kit) -> Wallet | None:
    """Google Wallet, where there is at least one issuer with its key. Raises InvalidCredentials."""
    desks = desks_of(kit)
    if desks is None:
        return None
    return GoogleWallet(
        db=kit.db,
        read=kit.read,
        now=kit.now,
        desks=desks,
        rotating_key=kit.derive("rotating"),
        preflight=Preflight(kit.base_url),
        upkeep=upkeep_of(kit, desks),
    )


def upkeep_of(kit: Kit, desks: Desks) -> Upkeep:
    """The rounds by the clock: one through the lists of each issuer, and those that all share."""
    rounds = [reconciler(kit.db, kit.read, kit.now, desk) for desk in desks.by_issuer.values()]
    watch = Watch(kit.db, kit.read, discovery_url(kit.settings))
    return Upkeep([*(each.step for each in rounds), watch.step, Sweeper(kit.db, kit.read).step])


def reconciler(
    db: sessionmaker[Session], read: sessionmaker[Session], now: Callable[[], datetime], desk: Desk
) -> Reconciler:
    """The nightly round of one issuer, in the lane that leaves room to tills."""
    return Reconciler(db, read, now, lambda: desk.client(urgent=False), desk.issuer_id)


def discovery_url(settings: Any) -> str:
    """Where Google describes its interface; empty where nobody shall look."""
    url: str = settings.google_discovery_url
    if url == "off":
        return ""
    return url or f"{settings.google_api_url}/$discovery/rest?version=v1"


def desks_of(kit: Kit) -> Desks | None:
    """All issuers of the settings; None where there is none."""
    accounts = accounts_of(kit.settings)
    if not accounts:
        return None
    desks = {issuer_id: _desk(kit, issuer_id, account) for issuer_id, account in accounts.items()}
    return Desks(desks, default=next(iter(accounts)))


def accounts_of(settings: Any) -> dict[str, ServiceAccount]:
    """Service accounts by issuer, the default first: the one of the single setting, else the lowest number.

    Raises InvalidCredentials.
    """
    found: dict[str, ServiceAccount] = {}
    if settings.google_credentials is not None and settings.google_issuer_id:
        text = settings.google_credentials.get_secret_value()
        found[settings.google_issuer_id] = ServiceAccount.parse(text)
    for issuer_id, path in issuer_files(settings.google_issuers_dir).items():
        found.setdefault(issuer_id, _account(path))
    return found


def issuer_files(folder: Path | None) -> dict[str, Path]:
    """`<issuer id>.json` of the folder; anything else in it is left alone."""
    if folder is None:
        return {}
    named = (path for path in folder.glob("*.json") if path.stem.isascii() and path.stem.isdigit())
    return {path.stem: path for path in sorted(named) if len(path.stem) <= 32}


def _account(path: Path) -> ServiceAccount:
    try:
        return ServiceAccount.parse(path.read_bytes())
    except (OSError, InvalidCredentials) as error:
        raise InvalidCredentials(f"{path.name}: {error}") from None


def _desk(kit: Kit, issuer_id: str, account: ServiceAccount) -> Desk:
    def url_for(art: Artwork) -> str:
        return kit.pictures.url(art, *SIZES[art.slot])

    settings = kit.settings
    return Desk(
        issuing=Issuing(issuer_id, url_for, f"{kit.base_url}/google/callback", kit.base_url),
        account=account,
        links=SaveLinks(account, settings.google_save_url, (kit.base_url,)),
        api_url=settings.google_api_url,
        db=kit.db,
        now=kit.now,
    )


def callbacks(settings: Any) -> CallbackVerifier | None:
    """Who checks that a save or a deletion was really told by Google: each of our issuers, no other."""
    own = [settings.google_issuer_id] if settings.google_issuer_id else []
    issuers = tuple(dict.fromkeys((*own, *issuer_files(settings.google_issuers_dir))))
    return CallbackVerifier(RootKeys(fetch_from(settings.google_keys_url)), issuers) if issuers else None
