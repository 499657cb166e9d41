"""Shopify: customers become members, paid orders purchases, and what goes back is taken back.

An order is told of many times under many topics (`orders/create`, `orders/paid`, `orders/updated`), in any
order, and sometimes never; each call holds the whole order, so each says all that it means: bought, and how
much of it is back by now. The topic stands in a header that no signature covers, so it only picks the sort.

Follows https://shopify.dev/docs/apps/build/webhooks and https://shopify.dev/docs/api/admin-rest (version
2026-04, last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field

from app.connectors.shopify_orders import ShopifyTerms, customer_actions, erasing, order_actions
from app.connectors.shopping import (
    OVERLAP,
    Doc,
    document,
    heard,
    ident,
    optional_ident,
    part,
    readable,
    rows,
    since,
    terms_of,
)
from app.connectors.signatures import as_keys, from_base64, key_of_body, refusing, require_signed
from app.connectors.values import (
    moment_text,
    version_ms,
)
from app.services.ports import (
    Action,
    Ask,
    Changed,
    DeliveryError,
    HookRejected,
    Inbound,
    Polled,
    Remote,
    Stored,
    Verified,
)

CUSTOMERS = ("customers/create", "customers/update", "customers/enable", "customers/disable")
PAGE, MOST_PAGES = 100, 5


class ShopifySettings(BaseModel):
    """`client_id` for apps whose token lasts a day: the source's token is the client secret then."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    url: Annotated[str, Field(max_length=200)] = ""
    client_id: Annotated[str, Field(max_length=100)] = ""
    api_version: Annotated[str, Field(pattern=r"^20\d\d-\d\d$")] = "2026-04"


class Shopify:
    """See the module."""

    kind = "shopify"
    calls_per_s = 2.0
    poll_every_s = 900.0

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """The signature covers the body alone; after its secret was changed Shopify signs with the old one
        for up to an hour.
        """
        with refusing():
            given = call.headers.get("x-shopify-hmac-sha256") or call.headers["shopify-hmac-sha256"]
            require_signed(call.body, [from_base64(given)], as_keys(secrets))
            topic = (call.headers.get("x-shopify-topic") or call.headers.get("shopify-topic", ""))[:100]
            sort = (
                topic.partition("/")[0]
                if topic.partition("/")[0] in ("orders", "customers", "refunds")
                else ""
            )
            kind = call.headers.get("content-type", "")[:100]
            return Verified(f"{sort}:{key_of_body(call.body)}", kind, topic)
        raise HookRejected

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises Invalid."""
        terms_of(ShopifySettings, settings, "/settings")

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """Orders, customers, and what privacy law asks for; a return is read from its order."""
        terms = terms_of(ShopifyTerms, mapping)
        body = document(stored.body)
        if part(body).get("orders_to_redact") is not None:
            return erasing(part(body), terms, stored)
        if stored.topic.startswith("orders/"):
            return order_actions(part(body), terms)
        if stored.topic.startswith("refunds/"):
            return [Ask(f"order:{ident(body, 'order_id')}")]
        return customer_actions(part(body), terms) if stored.topic in CUSTOMERS else []

    def read(
        self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Action]]:
        """Orders by their ids, all in one call."""
        terms = terms_of(ShopifyTerms, mapping)
        wanted = [ref.removeprefix("order:") for ref in refs if ref.startswith("order:")]
        query = {"ids": ",".join(wanted), "status": "any", "limit": 250}
        answer = remote.call("GET", _path(remote, "orders.json"), query=query, headers=_headers(remote))
        found = {f"order:{optional_ident(order, 'id')}": order for order in rows(heard(answer), "orders")}
        return {ref: _read_as(found[ref], ref, terms) if ref in found else [] for ref in refs}

    def changed(self, remote: Remote, cursor: str, *, now: datetime) -> Changed:
        """Orders by the time of their last change; one look takes five pages at most."""
        begin, headers = since(cursor, now), _headers(remote)
        query: dict[str, Any] | None = {
            "updated_at_min": begin.isoformat(),
            "status": "any",
            "order": "updated_at asc",
            "limit": PAGE,
        }
        found: list[Doc] = []
        for _ in range(MOST_PAGES):
            answer = remote.call("GET", _path(remote, "orders.json"), query=query, headers=headers)
            found += rows(heard(answer), "orders")
            query = _next_page(answer.headers.get("link", ""))
            if query is None:
                return Changed([_polled(order) for order in found], (now - OVERLAP).isoformat())
        last = moment_text(found[-1].get("updated_at")) if found else None
        return Changed([_polled(order) for order in found], last or begin.isoformat(), more=True)


def _read_as(order: Doc, ref: str, terms: ShopifyTerms) -> list[Action]:
    return readable(lambda: order_actions(order, terms), ref)


def _path(remote: Remote, name: str) -> str:
    version = terms_of(ShopifySettings, _own(remote), "/settings").api_version
    return f"admin/api/{version}/{name}"


def _own(remote: Remote) -> dict[str, Any]:
    return {name: remote.settings[name] for name in ShopifySettings.model_fields if name in remote.settings}


def _headers(remote: Remote) -> dict[str, str]:
    """The token itself, or the one of a day that the app's id and secret are exchanged for."""
    client_id = str(remote.settings.get("client_id", ""))
    if not client_id:
        return {"X-Shopify-Access-Token": remote.token}
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": remote.token}
    answer = remote.call("POST", "admin/oauth/access_token", form=form)
    token = part(heard(answer)).get("access_token")
    if not isinstance(token, str) or not token.isascii():
        raise DeliveryError("the system gave no token", permanent=True)
    return {"X-Shopify-Access-Token": token}


def _next_page(link: str) -> dict[str, Any] | None:
    """The query of the next page; only `page_info` and `limit` may stand in it."""
    for each in link.split(","):
        address, _, relation = each.partition(";")
        if 'rel="next"' in relation:
            page = parse_qs(urlsplit(address.strip().strip("<>")).query).get("page_info")
            return {"page_info": page[0], "limit": PAGE} if page else None
    return None


def _polled(order: Doc) -> Polled:
    version = version_ms(order.get("updated_at"))
    key = f"poll:order:{optional_ident(order, 'id')}:{version}"
    return Polled(key, orjson.dumps(order), "orders/updated", "application/json")
