"""HubSpot: contacts become members, won deals purchases; links and balances go back into contacts.

A call says only which contacts and deals changed, so each is read once a batch, however often it was told of.
Calls are signed over method, address, body and time; the address is the one that the source is configured
with. The older way to sign (`v1`, the body alone, without a time) is accepted only where the mapping says so.

Follows https://developers.hubspot.com/docs/api/webhooks/validating-requests and
https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide (last checked 2026-08).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from app.connectors.crm_fields import Back
from app.connectors.hubspot_api import PAGE, batch, buyers, headers, numbers, searched
from app.connectors.shopping import (
    OVERLAP,
    Doc,
    Terms,
    document,
    heard,
    ident,
    names_of,
    optional_ident,
    ours,
    part,
    phone_of,
    rows,
    since,
    terms_of,
    text,
)
from app.connectors.signatures import (
    as_keys,
    from_base64,
    key_of_body,
    refusing,
    require_recent,
    require_signed,
)
from app.connectors.values import (
    day,
    first_email,
    minor_units,
    moment_text,
    version_ms,
    without_nothing,
)
from app.domain.errors import Invalid
from app.services.ports import (
    Action,
    Ask,
    Changed,
    HookRejected,
    Inbound,
    Polled,
    Remote,
    Stored,
    Verified,
)

MOST_EVENTS = 1000
_DECODED = {f"%{ord(letter):02X}": letter for letter in ":/?@!$'()*,;"}
"""What HubSpot signs as the letter itself, though an address may hold it encoded."""
SORTS = {"contact": "contact", "0-1": "contact", "deal": "deal", "0-3": "deal"}
CONTACT = (
    *("email", "phone", "mobilephone", "firstname", "lastname", "city", "hs_country_region_code"),
    *("date_of_birth", "lifecyclestage", "hs_email_optout", "lastmodifieddate"),
)
DEAL = (
    *("amount", "deal_currency_code", "dealstage", "hs_is_closed_won", "closedate"),
    "hs_lastmodifieddate",
)


class HubSpotTerms(Terms):
    """The mapping of a source."""

    v1: bool = False
    """Accept calls that are signed the older way."""
    stages: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)] = Field(default=[])
    """Only contacts in one of these stages of life become members; all, where none is named."""
    won: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)] = Field(
        default=["closedwon"]
    )
    """Stages of deals that are a purchase, beside those that HubSpot itself calls won."""
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3})?$")] = ""
    """That of deals which name none."""
    store: Annotated[str, Field(max_length=120)] = ""


class HubSpotSettings(BaseModel):
    """`url` is https://api.hubapi.com; `back` names the properties of contacts that are written, such as
    `{"link": "tillpass_card"}`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    url: Annotated[str, Field(max_length=200)] = ""
    back: dict[str, str] = Field(default={})


class HubSpot:
    """See the module."""

    kind = "hubspot"
    calls_per_s = 4.0
    poll_every_s = 900.0
    tells = ("card.issued", "card.updated", "tier.up", "tier.down")

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """The newer signature wherever there is one: leaving it out must not make a call older."""
        with refusing():
            if "x-hubspot-signature-v3" in call.headers:
                _require_v3(call, secrets, now)
            else:
                _require_v1(call, secrets)
            topic = "" if "x-hubspot-signature-v3" in call.headers else "v1"
            return Verified(_key(call.body), call.headers.get("content-type", "")[:100], topic)
        raise HookRejected

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises Invalid."""
        back = terms_of(HubSpotSettings, settings, "/settings").back
        terms_of(Back, back, "/settings/back")

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """What to read, each thing once; a person whom HubSpot had to forget is erased here too."""
        terms = terms_of(HubSpotTerms, mapping)
        if stored.topic == "v1" and not terms.v1:
            raise Invalid({"": "is signed the older way (v1), which the source's mapping does not allow"})
        events = rows(document(stored.body))
        if len(events) > MOST_EVENTS:
            raise Invalid({"": f"holds more than {MOST_EVENTS} events"})
        return list({(each.ref, type(each)): each for event in events for each in _asked(event)}.values())

    def read(
        self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Action]]:
        """Contacts and deals a hundred at a time, with the contacts of the deals."""
        terms = terms_of(HubSpotTerms, mapping)
        deals = batch(remote, "deals", numbers(refs, "deal"), DEAL)
        people = buyers(remote, list(deals))
        wanted = {*numbers(refs, "contact"), *people.values()}
        contacts = batch(remote, "contacts", sorted(wanted), CONTACT)
        found: dict[str, Sequence[Action]] = {ref: [] for ref in refs}
        for number, deal in deals.items():
            found[f"deal:{number}"] = _deal(deal, number, contacts.get(people.get(number, ""), {}), terms)
        for number, contact in contacts.items():
            if f"contact:{number}" in found:
                found[f"contact:{number}"] = _contact(contact, terms)
        return found

    def changed(self, remote: Remote, cursor: str, *, now: datetime) -> Changed:
        """Contacts and deals by the time of their last change, as the events that were never sent."""
        begin = since(cursor, now)
        contacts, more_contacts = searched(remote, "contacts", "lastmodifieddate", begin)
        deals, more_deals = searched(remote, "deals", "hs_lastmodifieddate", begin)
        calls = [*_polled("contact", contacts), *_polled("deal", deals)]
        ends = [end for end in (more_contacts, more_deals) if end is not None]
        return Changed(calls, min(ends, default=now - OVERLAP).isoformat(), more=bool(ends))

    def writes_back(self, settings: Mapping[str, Any]) -> bool:
        """Where `back` names properties."""
        return bool(settings.get("back"))

    def tell(self, remote: Remote, payload: Mapping[str, Any]) -> None:
        """The properties of a contact that the settings name; nothing for who is no contact of HubSpot's."""
        back = terms_of(Back, part(remote.settings, "back"), "/settings/back")
        who, properties = back.of(payload)
        kind, _, number = who.partition(":")
        if kind != "hubspot" or not properties or not re.fullmatch(r"[0-9]{1,20}", number):
            return
        answer = remote.call(
            "PATCH",
            f"crm/v3/objects/contacts/{number}",
            json={"properties": properties},
            headers=headers(remote),
        )
        if answer.status != 404:
            heard(answer)


def _require_v3(call: Inbound, secrets: Sequence[str], now: datetime) -> None:
    stamp = call.headers["x-hubspot-request-timestamp"]
    require_recent(stamp, now, per_s=1000)
    address = _as_signed(call.headers["x-tillpass-source-url"])
    content = b"POST" + address.encode() + call.body + stamp.encode("ascii")
    require_signed(content, [from_base64(call.headers["x-hubspot-signature-v3"])], as_keys(secrets))


def _require_v1(call: Inbound, secrets: Sequence[str]) -> None:
    """A hash of secret and body. Old calls can be sent again by whoever saw one: they cause a reading."""
    given = call.headers["x-hubspot-signature"].encode("ascii")
    good = False
    for secret in secrets:
        good |= hmac.compare_digest(hashlib.sha256(secret.encode() + call.body).hexdigest().encode(), given)
    if not good or call.headers.get("x-hubspot-signature-version", "v1") != "v1":
        raise HookRejected


def _as_signed(address: str) -> str:
    path, mark, query = address.partition("?")
    return re.sub(r"%[0-9A-Fa-f]{2}", _letter, path) + mark + re.sub(r"%[0-9A-Fa-f]{2}", _letter, query)


def _letter(found: re.Match[str]) -> str:
    return _DECODED.get(found[0].upper(), found[0])


def _key(body: bytes) -> str:
    """Without the number of the attempt: the same events again are the same call."""
    try:
        events = document(body)
    except Invalid:
        return key_of_body(body)
    if not isinstance(events, list) or not rows(events) or len(rows(events)) != len(events):
        return key_of_body(body)
    said = [
        {name: value for name, value in event.items() if name != "attemptNumber"} for event in rows(events)
    ]
    return f"events:{hashlib.sha256(repr(said).encode('utf-8', 'replace')).hexdigest()}"


def _asked(event: Doc) -> Iterator[Action | Ask]:
    """What an event is about. Objects that were deleted have nothing to read, and their points stay."""
    sort, _, what = text(event, "subscriptionType").partition(".")
    kind = SORTS.get(text(event, "objectTypeId") if sort == "object" else sort)
    if kind == "contact" and what == "privacyDeletion":
        number = ident(event, "objectId")
        at = version_ms(event.get("occurredAt"))
        yield Action("erase", {"external_id": ours("hubspot", number)}, f"contact:{number}", at)
    elif kind and what == "associationChange":
        yield from _ask(kind, event, "fromObjectId")
    elif kind and what == "merge":
        yield from _ask(kind, event, "newObjectId" if event.get("newObjectId") else "primaryObjectId")
    elif kind and what in ("creation", "propertyChange", "restore"):
        yield from _ask(kind, event, "objectId")


def _ask(kind: str, event: Doc, name: str) -> Iterator[Ask]:
    number = optional_ident(event, name)
    if number:
        yield Ask(f"{kind}:{number}")


def _contact(contact: Doc, terms: HubSpotTerms) -> list[Action]:
    number, said = ident(contact, "id"), part(contact, "properties")
    if not terms.members or (terms.stages and text(said, "lifecyclestage") not in terms.stages):
        return []
    country = text(said, "hs_country_region_code")
    phones = (phone_of(text(said, name), country) for name in ("mobilephone", "phone"))
    person: dict[str, Any] = {
        "external_id": ours("hubspot", number),
        "email": first_email([said.get("email")]),
        "phone": next((phone for phone in phones if phone), None),
        "birthday": day(said.get("date_of_birth")),
        **names_of(said, "firstname", "lastname", text(said, "city")),
    }
    if terms.consent and text(said, "hs_email_optout") == "true":
        person["consents"] = [{"purpose": terms.consent, "granted": False}]
    version = version_ms(contact.get("updatedAt") or said.get("lastmodifieddate"))
    return [Action("member", without_nothing(person), f"contact:{number}", version)]


def _deal(deal: Doc, number: str, contact: Doc, terms: HubSpotTerms) -> list[Action]:
    """A won deal of a contact; one that is none (any more) comes back, if it ever counted."""
    said = part(deal, "properties")
    won = text(said, "hs_is_closed_won") == "true" or text(said, "dealstage") in terms.won
    ref = f"deal:{number}"
    version = version_ms(deal.get("updatedAt") or said.get("hs_lastmodifieddate"))
    if not won:
        back = {"receipt": ours("hubspot", number), "reason": "the deal is not won", "if_known": True}
        return [Action("refund", back, ref, version, f"{ref}:back")]
    if not contact:
        return []
    currency = text(said, "deal_currency_code") or terms.currency
    sale = {
        "external_id": ours("hubspot", ident(contact, "id")),
        "receipt": ours("hubspot", number),
        "amount_minor": _amount(said.get("amount"), currency),
        "currency": currency or None,
        "occurred_at": moment_text(said.get("closedate")),
        "store": terms.store or None,
    }
    return [*_contact(contact, terms), Action("purchase", without_nothing(sale), ref, version, f"{ref}:won")]


def _amount(value: Any, currency: str) -> int | str:
    """Nothing, for a deal without an amount; what is no number stays as it is, and the service refuses that
    deal alone.
    """
    try:
        return max(0, minor_units(value, currency)) if value not in (None, "") else 0
    except Invalid:
        return str(value)[:40]


def _polled(kind: str, found: Sequence[Doc]) -> Iterator[Polled]:
    """A page of changes as one call of events."""
    for start in range(0, len(found), PAGE):
        events = [
            {
                "subscriptionType": f"{kind}.propertyChange",
                "objectId": optional_ident(each, "id"),
                "occurredAt": version_ms(each.get("updatedAt")),
            }
            for each in found[start : start + PAGE]
        ]
        body = orjson.dumps(events)
        yield Polled(f"poll:{kind}:{key_of_body(body)}", body, content_type="application/json")
