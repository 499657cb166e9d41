"""CRM and till systems, one file each: bytes and headers in, verified and typed actions out."""

from collections.abc import Mapping

from app.connectors.amocrm import AmoCrm
from app.connectors.bitrix24 import Bitrix24
from app.connectors.bitrix_site import BitrixSite
from app.connectors.generic import Generic
from app.connectors.hubspot import HubSpot
from app.connectors.mindbox import Mindbox
from app.connectors.onec import OneC
from app.connectors.osmi import Osmi
from app.connectors.retailcrm import RetailCrm
from app.connectors.shopify import Shopify
from app.connectors.square import Square
from app.connectors.stripe import Stripe
from app.connectors.woocommerce import WooCommerce
from app.services.ports import Connector

CONNECTORS: Mapping[str, Connector] = {
    Generic.kind: Generic(),
    Bitrix24.kind: Bitrix24(),
    AmoCrm.kind: AmoCrm(),
    RetailCrm.kind: RetailCrm(),
    BitrixSite.kind: BitrixSite(),
    Mindbox.kind: Mindbox(),
    OneC.kind: OneC(),
    Osmi.kind: Osmi(),
    Shopify.kind: Shopify(),
    Square.kind: Square(),
    WooCommerce.kind: WooCommerce(),
    HubSpot.kind: HubSpot(),
    Stripe.kind: Stripe(),
}
"""By kind, as a source names it. A new system is one new file and one line here."""
