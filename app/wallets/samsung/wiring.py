"""Samsung's parts, put together from the kit."""

from __future__ import annotations

from app.domain.passes import Artwork
from app.services.ports import Wallet
from app.wallets import Kit
from app.wallets.samsung.cards import Issuing
from app.wallets.samsung.client import SamsungClient
from app.wallets.samsung.keys import read_keys
from app.wallets.samsung.server import blueprint
from app.wallets.samsung.tokens import Partner
from app.wallets.samsung.wallet import SamsungWallet

BLUEPRINTS = (blueprint,)
BANNER, SQUARE = (888, 555), (512, 512)


def build(kit: Kit) -> Wallet | None:
    """Samsung Wallet, where the partner portal's names and keys are set. Raises InvalidKeys."""
    settings = kit.settings
    if not settings.samsung_partner_id:
        return None
    keys = read_keys(
        settings.samsung_private_key.get_secret_value(), settings.samsung_public_keys.get_secret_value()
    )
    partner = Partner(settings.samsung_partner_id, settings.samsung_certificate_id, keys.ours, keys.samsungs)

    def url_for(art: Artwork) -> str:
        return kit.pictures.url(art, *(BANNER if art.slot in ("banner", "background") else SQUARE))

    return SamsungWallet(
        db=kit.db,
        read=kit.read,
        now=kit.now,
        partner=partner,
        keys=keys,
        card_id=settings.samsung_card_id,
        issuing=Issuing(url_for, kit.base_url),
        client=SamsungClient(partner, settings.samsung_card_id, settings.samsung_api_url, kit.now),
        link_url=settings.samsung_link_url,
    )
