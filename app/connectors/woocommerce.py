"""WooCommerce: customers become members, paid orders purchases, and what goes back is taken back.

A shop never sends a call again, and stops sending for good after five that failed in a row; so orders are
also asked for, and calls that the shop gave up on are switched on again. Each call holds the whole order and
says all that it means. The topic stands in a header that no signature covers, so it only picks the sort.

Follows https://developer.woocommerce.com/docs/apis/rest-api/v3/webhooks/ (last checked 2026-08).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from app.connectors.shopping import (
    OVERLAP,
    Doc,
    ShopTerms,
    currency_of,
    document,
    heard,
    ident,
    lines_of,
    names_of,
    optional_ident,
    ours,
    part,
    phone_of,
    quantity,
    rows,
    since,
    target_of,
    terms_of,
    text,
)
from app.connectors.signatures import as_keys, from_base64, key_of_body, refusing, require_signed
from app.connectors.values import (
    channel_of,
    first_email,
    minor_units,
    moment,
    moment_text,
    version_ms,
    without_nothing,
)
from app.services.ports import Action, Ask, Changed, HookRejected, Inbound, Polled, Remote, Stored, Verified

PING = re.compile(rb"webhook_id=[0-9]{1,20}")
"""What a shop sends, unsigned, when a webhook is saved; it goes on only if the answer is exactly 200."""
UNDONE = ("cancelled", "failed", "refunded")
PAGE, MOST_PAGES = 50, 10
_ORIGIN = "_wc_order_attribution_"


class WooTerms(ShopTerms):
    """The mapping of a source."""

    paid: Annotated[list[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]], Field(max_length=20)] = Field(
        default=["processing", "completed"]
    )
    """The states in which an order counts."""
    amount: Literal["without_shipping", "total"] = "without_shipping"
    store: Annotated[str, Field(max_length=120)] = ""


class WooSettings(BaseModel):
    """`hook_url` is the address at which the shop calls us: calls to it that the shop gave up on are switched
    on again.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    url: Annotated[str, Field(max_length=200)] = ""
    hook_url: Annotated[str, Field(max_length=300)] = ""


class WooCommerce:
    """See the module."""

    kind = "woocommerce"
    calls_per_s = 2.0
    poll_every_s = 900.0

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """Over the body; a call without a signature is refused."""
        with refusing():
            given = [from_base64(call.headers["x-wc-webhook-signature"])]
            require_signed(call.body, given, as_keys(secrets))
            topic = call.headers.get("x-wc-webhook-topic", "")[:100]
            sort = topic.partition(".")[0] if topic.partition(".")[0] in ("order", "customer") else ""
            return Verified(
                f"{sort}:{key_of_body(call.body)}", call.headers.get("content-type", "")[:100], topic
            )
        raise HookRejected

    def is_greeting(self, call: Inbound) -> bool:
        """A number in a form, and no signature."""
        return "x-wc-webhook-signature" not in call.headers and PING.fullmatch(call.body) is not None

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises Invalid."""
        terms_of(WooSettings, settings, "/settings")

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """Orders and customers; what was deleted comes as an id alone and does nothing."""
        terms = terms_of(WooTerms, mapping)
        sort, _, event = stored.topic.partition(".")
        if sort not in ("order", "customer") or event not in ("created", "updated", "restored"):
            return []
        body = part(document(stored.body))
        return _order(body, terms) if sort == "order" else _customer(body, terms)

    def changed(self, remote: Remote, cursor: str, *, now: datetime) -> Changed:
        """Orders by the time of their last change, and calls that the shop gave up on.

        A page begins a second before the last one ended: what changes while we read moves to the end of the
        list, and a page that counts rows would skip one.
        """
        begin, page = since(cursor, now).astimezone(UTC), 1
        found: list[Polled] = []
        for _ in range(MOST_PAGES):
            fresh = _orders(remote, begin, page)
            found += [_polled(order) for order in fresh]
            if len(fresh) < PAGE:
                _switch_on(remote)
                return Changed(found, (now - OVERLAP).isoformat())
            last = (moment(fresh[-1].get("date_modified_gmt")) or begin) - timedelta(seconds=1)
            begin, page = (last, 1) if last > begin else (begin, page + 1)
        return Changed(found, begin.isoformat(), more=True)


def _orders(remote: Remote, begin: datetime, page: int) -> list[Doc]:
    query = {
        "modified_after": begin.strftime("%Y-%m-%dT%H:%M:%S"),
        "dates_are_gmt": "true",
        "orderby": "modified",
        "order": "asc",
        "per_page": PAGE,
        "page": page,
    }
    return rows(heard(remote.call("GET", "wp-json/wc/v3/orders", query=query, headers=_headers(remote))))


def _headers(remote: Remote) -> dict[str, str]:
    """The key and its secret, `ck_…:cs_…`, as the name and password of the shop's API."""
    return {"Authorization": "Basic " + base64.b64encode(remote.token.encode()).decode()}


def _switch_on(remote: Remote) -> None:
    """Calls to us that the shop gave up on; those that somebody paused stay so."""
    address = str(remote.settings.get("hook_url", ""))
    if not address:
        return
    path, headers = "wp-json/wc/v3/webhooks", _headers(remote)
    answer = remote.call("GET", path, query={"status": "disabled", "per_page": 100}, headers=headers)
    for hook in rows(heard(answer)):
        number = optional_ident(hook, "id")
        if number and hook.get("delivery_url") == address and hook.get("status") == "disabled":
            heard(remote.call("PUT", f"{path}/{number}", json={"status": "active"}, headers=headers))


def _polled(order: Doc) -> Polled:
    key = f"poll:order:{optional_ident(order, 'id')}:{version_ms(order.get('date_modified_gmt'))}"
    return Polled(key, orjson.dumps(order), "order.updated", "application/json")


def _order(order: Doc, terms: WooTerms) -> list[Action]:
    """What an order means by now. One that is undone counted only if it was ever paid; goods that are paid
    for at the door are bought as soon as they are on their way, which the shop does not write down.
    """
    number, status = ident(order, "id"), text(order, "status")
    person = terms.known(_buyer(order))
    target = target_of(person, members=terms.members)
    undone = status in UNDONE
    at_the_door = undone and not order.get("date_paid_gmt") and text(order, "payment_method") == "cod"
    bought = status in terms.paid or (undone and bool(order.get("date_paid_gmt")))
    if not target or not (bought or at_the_door):
        return []
    ref, version = f"order:{number}", version_ms(order.get("date_modified_gmt"))
    sale = _sale(order, number, terms)
    made: list[Action] = []
    if bought:
        made = [_member(person, order, version)] if terms.members else []
        made.append(Action("purchase", {**target, **sale}, ref, version, f"{ref}:paid"))
    back = sale["amount_minor"] if undone else _back(order, sale)
    if back:
        said: dict[str, Any] = {
            **({} if bought else {"if_known": True}),
            **target,
            "receipt": sale["receipt"],
            "refunded_minor": back,
            "reason": "returned in the shop",
        }
        made.append(Action("refund", said, ref, version, f"{ref}:refunded:{back}"))
    return made


def _sale(order: Doc, number: str, terms: WooTerms) -> dict[str, Any]:
    currency = currency_of(order, "currency")
    amount = minor_units(order.get("total"), currency, "/total")
    if terms.amount == "without_shipping":
        amount -= sum(_money(order, name, currency) for name in ("shipping_total", "shipping_tax"))
    sale = {
        "receipt": ours("woocommerce", number),
        "amount_minor": max(0, amount),
        "currency": currency,
        "items": lines_of([_line(line, currency) for line in rows(order, "line_items")]),
        "occurred_at": moment_text(order.get("date_paid_gmt") or order.get("date_created_gmt")),
        "store": terms.store or None,
    }
    return without_nothing(sale)


def _money(doc: Doc, name: str, currency: str) -> int:
    return minor_units(doc.get(name) or "0", currency, f"/{name}")


def _line(line: Doc, currency: str) -> dict[str, Any]:
    amount = _money(line, "total", currency) + _money(line, "total_tax", currency)
    return {"sku": text(line, "sku"), "quantity": quantity(line.get("quantity")), "amount_minor": amount}


def _back(order: Doc, sale: Doc) -> int:
    """How much is back by now; the shop writes returns as negative totals."""
    back = sum(abs(_money(refund, "total", sale["currency"])) for refund in rows(order, "refunds"))
    return min(back, int(sale["amount_minor"]))


def _buyer(order: Doc) -> dict[str, Any]:
    """A customer of the shop, or a guest (their number is 0)."""
    billing, number = part(order, "billing"), optional_ident(order, "customer_id")
    found = {
        "external_id": ours("woocommerce", number) if number not in ("", "0") else None,
        "email": first_email([billing.get("email")]),
        "phone": phone_of(text(billing, "phone"), text(billing, "country")),
        **names_of(billing, "first_name", "last_name", text(billing, "city")),
    }
    return without_nothing(found)


def _member(person: Doc, order: Doc, version: int) -> Action:
    """The buyer, with what brought them as the shop wrote it down."""
    origin = {
        text(each, "key").removeprefix(_ORIGIN): each.get("value")
        for each in rows(order, "meta_data")
        if text(each, "key").startswith(_ORIGIN)
    }
    number = optional_ident(order, "customer_id")
    ref = f"customer:{number}" if number not in ("", "0") else ""
    said = without_nothing({**person, "channel": channel_of(origin)})
    return Action("member", said, ref, version if ref else 0)


def _customer(customer: Doc, terms: WooTerms) -> list[Action]:
    """Shop accounts; those of the shop's own people are none."""
    number, billing = ident(customer, "id"), part(customer, "billing")
    if not terms.members or text(customer, "role") not in ("", "customer", "subscriber"):
        return []
    said: dict[str, Any] = {
        "external_id": ours("woocommerce", number),
        "email": first_email([customer.get("email"), billing.get("email")]),
        "phone": phone_of(text(billing, "phone"), text(billing, "country")),
        **names_of(customer, "first_name", "last_name", text(billing, "city")),
    }
    known, version = terms.known(without_nothing(said)), version_ms(customer.get("date_modified_gmt"))
    return [Action("member", known, f"customer:{number}", version)] if known else []
