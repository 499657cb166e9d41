"""The systems that can be connected, in words: what each is, whose secret signs, and what is pasted where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.i18n import gettext as _

ADDRESS = "{address}"
"""Stands in settings for the address of the source, which is known when it has a name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of system. `theirs` is what the system calls a secret of its own, `token` what it is called back
    with; empty where there is none. `settings` and `mapping` are what the form begins with.
    """

    title: str
    says: str
    guide: str
    paste: str
    theirs: str = ""
    token: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, Any] = field(default_factory=dict)
    in_address: bool = False


def kind_called(name: str, currency: str = "EUR", time_zone: str = "UTC") -> Kind:
    """The words of a kind in this page's language; one that we have no words for is called by its name."""
    if name in _CRMS:
        return _CRMS[name](currency, time_zone)
    if name in _SHOPS:
        return _SHOPS[name](currency, time_zone)
    return Kind(name, "", "", _("Give the system the address and the secret."))


def _generic(currency: str, time_zone: str) -> Kind:
    return Kind(
        _("Any system that can sign"),
        _("A till, a site or a script of your own sends JSON, in our form or in its own."),
        "generic",
        _("Calls carry X-Signature: sha256=… over the body, or are signed as Standard Webhooks says."),
    )


def _bitrix24(currency: str, time_zone: str) -> Kind:
    back = {"link": "UF_CRM_CARD_LINK", "points": "UF_CRM_CARD_POINTS"}
    return Kind(
        "Bitrix24",
        _("Contacts become members, won deals earn, link and balance go back into the contact."),
        "bitrix24",
        _(
            "Make an outbound webhook with this address in Bitrix24. It then shows an application token: "
            "give that here as the new secret."
        ),
        theirs=_("Application token"),
        token=_("Code of the inbound webhook"),
        settings={"url": "https://<your portal>.bitrix24.com/rest/1", "back": back},
    )


def _amocrm(currency: str, time_zone: str) -> Kind:
    return Kind(
        "amoCRM, Kommo",
        _("Contacts become members, won leads earn, link and balance go back into the contact."),
        "amocrm",
        _("Add a webhook with this address for contacts and leads. The secret is a part of the address."),
        token=_("Long-lived token"),
        settings={"url": "https://<your account>.amocrm.ru", "currency": currency, "hook": ADDRESS},
        in_address=True,
    )


def _retailcrm(currency: str, time_zone: str) -> Kind:
    return Kind(
        "RetailCRM",
        _("Customers become members, sold orders earn, link and balance go back into the customer."),
        "retailcrm",
        _("Triggers call the address with the secret in the header X-Tillpass-Token."),
        token=_("API key"),
        settings={
            "url": "https://<your account>.retailcrm.ru",
            "sold": ["complete"],
            "currency": currency,
            "time_zone": time_zone,
        },
    )


def _mindbox(currency: str, time_zone: str) -> Kind:
    return Kind(
        "Mindbox",
        _("Customers of Mindbox get a card; Mindbox learns its link and its QR code."),
        "mindbox",
        _(
            "Webhooks call the address with ?transactionId=${WebhookRequest.TransactionalId} behind it and "
            "the header Authorization: Bearer with the secret."
        ),
        token=_("Secret key of the integration point"),
        mapping={"labels": {}, "tiers": {}},
    )


def _hubspot(currency: str, time_zone: str) -> Kind:
    return Kind(
        "HubSpot",
        _("Contacts become members, won deals earn, link and balance go back into the contact."),
        "hubspot",
        _("The address is the target URL of the app's subscriptions, letter for letter: HubSpot signs it."),
        theirs=_("Client secret"),
        token=_("Access token"),
        settings={"url": "https://api.hubapi.com"},
    )


def _osmi(currency: str, time_zone: str) -> Kind:
    return Kind(
        _("In place of OSMI Cards"),
        _("Programs that fill cards at OSMI Cards go on working with another address and token."),
        "osmi",
        _("Change the address and the token in the program that fills the cards, as the guide says."),
        mapping={"templates": [], "labels": {}, "tiers": {}},
    )


def _onec(currency: str, time_zone: str) -> Kind:
    return Kind(
        "1C",
        _("Receipts, returns, customers and balances from 1C, at once and once more every night."),
        "1c",
        _("The exchange of 1C posts to the address; the secret is the password of its basic authentication."),
        mapping={"currency": currency, "time_zone": time_zone},
    )


def _bitrix_site(currency: str, time_zone: str) -> Kind:
    return Kind(
        _("1C-Bitrix site"),
        _("Customers of a site on 1C-Bitrix earn with orders and pay with points; by our module."),
        "1c-bitrix",
        _("Type the address and the secret into the settings of the module Tillpass."),
    )


def _shopify(currency: str, time_zone: str) -> Kind:
    return Kind(
        "Shopify",
        _("Customers become members, paid orders earn, returns take back."),
        "shopify",
        _("Subscribe to the webhooks of the guide with this address, as JSON."),
        theirs=_("Client secret"),
        token=_("Client secret, or a lasting token"),
        settings={"url": "https://<your shop>.myshopify.com", "client_id": "<client ID>"},
    )


def _woocommerce(currency: str, time_zone: str) -> Kind:
    return Kind(
        "WooCommerce",
        _("Customers become members, paid orders earn, returns take back."),
        "woocommerce",
        _("Add four webhooks as the guide says: the address is the delivery URL, the secret its secret."),
        token=_("Consumer key and consumer secret: ck_…:cs_…"),
        settings={"url": "https://<your shop>", "hook_url": ADDRESS},
    )


def _square(currency: str, time_zone: str) -> Kind:
    return Kind(
        "Square",
        _("Completed payments earn, returns take back, customers become members."),
        "square",
        _("Add a subscription with exactly this address: Square signs it. Then give its signature key here."),
        theirs=_("Signature key"),
        token=_("Access token"),
        settings={"url": "https://connect.squareup.com"},
    )


def _stripe(currency: str, time_zone: str) -> Kind:
    return Kind(
        "Stripe",
        _("Paid invoices and checkouts pay a membership of the programme."),
        "stripe",
        _("Add a destination with this address, and give its signing secret here."),
        theirs=_("Signing secret"),
        mapping={"prices": {}},
    )


Words = Callable[[str, str], Kind]
_CRMS: Mapping[str, Words] = {
    "generic": _generic,
    "bitrix24": _bitrix24,
    "amocrm": _amocrm,
    "retailcrm": _retailcrm,
    "mindbox": _mindbox,
    "hubspot": _hubspot,
    "osmi": _osmi,
}
_SHOPS: Mapping[str, Words] = {
    "onec": _onec,
    "bitrix-site": _bitrix_site,
    "shopify": _shopify,
    "woocommerce": _woocommerce,
    "square": _square,
    "stripe": _stripe,
}
