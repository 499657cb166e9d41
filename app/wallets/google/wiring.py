"""Google's parts, put together from the kit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.passes import Artwork
from app.services.ports import Wallet
from app.wallets import Kit
from app.wallets.google.callbacks import CallbackVerifier
from app.wallets.google.credentials import ServiceAccount
from app.wallets.google.objects import Issuing
from app.wallets.google.rootkeys import RootKeys, fetch_from
from app.wallets.google.savelink import SaveLinks
from app.wallets.google.wallet import GoogleWallet
from app.wallets.google.webhook import blueprint

BLUEPRINTS = (blueprint,)
SIZES: Mapping[str, tuple[int, int]] = {
    "icon": (660, 660),
    "logo": (1280, 400),
    "banner": (1032, 336),
    "thumbnail": (660, 660),
    "background": (1032, 336),
}


def build(kit: Kit) -> Wallet | None:
    """Google Wallet, where there are credentials and an issuer. Raises InvalidCredentials."""
    settings = kit.settings
    if settings.google_credentials is None or not settings.google_issuer_id:
        return None
    account = ServiceAccount.parse(settings.google_credentials.get_secret_value())

    def url_for(art: Artwork) -> str:
        return kit.pictures.url(art, *SIZES[art.slot])

    return GoogleWallet(
        db=kit.db,
        read=kit.read,
        now=kit.now,
        account=account,
        issuing=Issuing(settings.google_issuer_id, url_for, f"{kit.base_url}/google/callback", kit.base_url),
        links=SaveLinks(account, settings.google_save_url, (kit.base_url,)),
        api_url=settings.google_api_url,
    )


def callbacks(settings: Any) -> CallbackVerifier | None:
    """Who checks that a save or a deletion was really told by Google."""
    if not settings.google_issuer_id:
        return None
    return CallbackVerifier(RootKeys(fetch_from(settings.google_keys_url)), (settings.google_issuer_id,))
