"""Apple's parts, put together from the kit."""

from __future__ import annotations

from functools import partial

from app.services.ports import Wallet
from app.wallets import Kit
from app.wallets.apple.app_push import AppPushers, AppServer
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.observed import Observed
from app.wallets.apple.pictures import Shelf
from app.wallets.apple.pushing import Clients
from app.wallets.apple.tokens import PassTokens
from app.wallets.apple.wallet import AppleWallet
from app.wallets.apple.webservice import blueprint

BLUEPRINTS = (blueprint,)


def build(kit: Kit) -> Wallet | None:
    """Apple Wallet is always there; without a certificate it says what is missing."""
    settings = kit.settings
    issue = partial(_issue, kit) if kit.issue else None
    store = CertificateStore(settings.certs_dir, issue=issue)
    return AppleWallet(
        base_url=kit.base_url,
        db=kit.db,
        read=kit.read,
        now=kit.now,
        store=store,
        tokens=PassTokens(kit.derive("apple pass tokens"), kit.unseal),
        shelf=Shelf(kit.pictures.png),
        clients=Clients(settings.apns_url, settings.apns_ca, store, kit.now),
        apps=_apps(kit),
        observed=Observed(kit.db, kit.now),
    )


def _apps(kit: Kit) -> AppPushers:
    """The servers of the Android apps that read passes, with our keys there."""
    settings = kit.settings

    def server(name: str) -> AppServer:
        key = getattr(settings, f"{name}_api_key")
        return AppServer(getattr(settings, f"{name}_url"), key.get_secret_value() if key else "")

    servers = {name: server(name) for name in ("walletpasses", "pass2u", "passworks", "walletunion")}
    return AppPushers(
        {**servers, "walletunionhms": servers["walletunion"]}, settings.passwallet_origins, kit.now
    )


def _issue(kit: Kit, name: str) -> None:
    assert kit.issue is not None
    kit.issue(name, kit.settings.certs_dir)
