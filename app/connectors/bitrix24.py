"""Bitrix24: outgoing webhooks say which contact or deal changed; its REST says what it is now.

The call carries a token and an id, nothing that is signed: it is a doorbell, and all it can cause is a read
of the portal that the source's settings name. An address in the call (`auth[client_endpoint]`) is never used.
A lost call is never sent again, so the portal is asked for changes too.

Follows https://apidocs.bitrix24.com (events, batch, crm.contact.*, crm.deal.*, limits; last checked 2026-08).
The source's `url` is `https://<portal>/rest/<user>`, its token the code of an incoming webhook.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, NoReturn
from urllib.parse import urlencode

from pydantic import Field

from app.connectors.crm_fields import (
    NUMBER,
    TELLS,
    CrmSettings,
    FieldMap,
    checked_settings,
    kept_settings,
    member_actions,
)
from app.connectors.forms import parse, text_at
from app.connectors.paging import Place, next_place, places, written
from app.connectors.signatures import key_of_body, refusing, require_token
from app.connectors.values import (
    channel_of,
    day,
    first_email,
    first_phone,
    minor_or_none,
    minor_units,
    moment_text,
    short,
    version_ms,
)
from app.domain.errors import Invalid
from app.services.ports import (
    Action,
    Ask,
    Changed,
    DeliveryError,
    Inbound,
    Polled,
    Remote,
    Stored,
    Verified,
)

CALLS_PER_S = 2.0
POLL_EVERY_S = 900.0
MOST_COMMANDS = 50
PAGE = 50
LATER = ("QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", "OVERLOAD_LIMIT", "INTERNAL_SERVER_ERROR")
WAIT_S = 60.0
_FORM = "application/x-www-form-urlencoded"
_EVENT = re.compile(r"ONCRM(CONTACT|DEAL)(ADD|UPDATE|DELETE|MOVETOCATEGORY)")


class Settings(CrmSettings):
    """What a source keeps of its portal. `won`: stages that count as sold beside those which Bitrix24 itself
    calls successful; `items`: read the products of sold deals.
    """

    won: Annotated[tuple[Annotated[str, Field(max_length=60)], ...], Field(max_length=50)] = ()
    items: bool = False


class Bitrix24:
    """See the module."""

    kind = "bitrix24"
    calls_per_s = CALLS_PER_S
    poll_every_s = POLL_EVERY_S
    tells = TELLS

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """The token of the outgoing webhook (or local app) stands in the body; the time in it is no proof."""
        with refusing():
            form = parse(call.body)
            require_token(text_at(form, "auth", "application_token"), secrets)
            parts = [
                text_at(form, *path) for path in (("auth", "member_id"), ("event",), ("data", "FIELDS", "ID"))
            ]
            stamp = text_at(form, "ts")
            key = "\n".join([*parts, stamp]) if stamp else key_of_body(call.body)
        return Verified(f"b24:{hashlib.sha256(key.encode()).hexdigest()}", _FORM)

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """Which contact or deal to read; nothing for other events. Raises Invalid."""
        FieldMap.parse(mapping)
        form = parse(stored.body)
        event = _EVENT.fullmatch(text_at(form, "event").upper())
        if event is None:
            return []
        found = text_at(form, "data", "FIELDS", "ID")
        if not NUMBER.fullmatch(found):
            raise Invalid({"/data/FIELDS/ID": "should be the number of a contact or deal"})
        return [Ask(f"{event[1].lower()}:{found}")]

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises Invalid with pointers below `/settings`."""
        checked_settings(Settings, settings)

    def read(
        self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Action]]:
        """Fifty things a call; the contacts of sold deals are read with them. Raises DeliveryError."""
        settings, fields = kept_settings(Settings, remote.settings), FieldMap.parse(mapping)
        things = batch(remote, _commands(refs, settings))
        buyers = {_buyer(things.get(ref)) for ref in refs if _is_won(things.get(ref), settings)}
        missing = [ref for ref in buyers if ref and ref not in things]
        things |= batch(remote, _commands(sorted(missing), settings))
        return {ref: _actions(ref, things, fields, settings) for ref in refs}

    def changed(self, remote: Remote, cursor: str, *, now: datetime) -> Changed:
        """A page of contacts and one of deals that changed since; raises DeliveryError."""
        at = places(cursor, ("contact", "deal"), now)
        found = batch(remote, {kind: _list_of(kind, place) for kind, place in at.items()})
        calls: list[Polled] = []
        then: dict[str, Place] = {}
        for kind, place in at.items():
            rows = [(str(row.get("ID")), str(row.get("DATE_MODIFY"))) for row in found.get(kind) or []]
            calls += [_as_call(kind, number, stamp) for number, stamp in rows]
            then[kind] = next_place(place, [stamp for _, stamp in rows], PAGE, now)
        return Changed(calls, written(then), more=any(place.going for place in then.values()))

    def writes_back(self, settings: Mapping[str, Any]) -> bool:
        """Where `back` names fields."""
        return bool(settings.get("back"))

    def tell(self, remote: Remote, payload: Mapping[str, Any]) -> None:
        """Write what differs into the contact's own fields: no difference, no write, and so no echo."""
        who, wanted = kept_settings(Settings, remote.settings).written(payload)
        if not wanted:
            return
        contact = batch(remote, {f"contact:{who}": f"crm.contact.get?ID={who}"}).get(f"contact:{who}")
        if contact is None:
            return
        differing = {name: text for name, text in wanted.items() if str(contact.get(name) or "") != text}
        if differing:
            one(remote, "crm.contact.update", {"ID": int(who), "FIELDS": differing})


def batch(remote: Remote, commands: Mapping[str, str]) -> dict[str, Any]:
    """Up to fifty calls in one, because the portal counts calls; None for what is not there (any more).

    Raises DeliveryError.
    """
    found: dict[str, Any] = {}
    names = list(commands)
    for first in range(0, len(names), MOST_COMMANDS):
        some = {name: commands[name] for name in names[first : first + MOST_COMMANDS]}
        said = one(remote, "batch", {"halt": 0, "cmd": some})
        results, errors = (_object(said.get(part)) for part in ("result", "result_error"))
        for name in some:
            if name not in results and name not in errors:
                raise DeliveryError("Bitrix24 left a question without an answer")
            found[name] = None if name in errors and _is_gone(errors[name]) else results.get(name)
    return found


def one(remote: Remote, method: str, body: Mapping[str, Any]) -> Any:
    """What a method answers; raises DeliveryError. The webhook's code is part of the address."""
    if not re.fullmatch(r"[A-Za-z0-9]{1,100}", remote.token):
        raise DeliveryError("the source has no code of an incoming webhook", permanent=True)
    answer = remote.call("POST", f"{remote.token}/{method}", json=body)
    said = _object(answer.json)
    if answer.status != 200 or "error" in said or "result" not in said:
        _fail(said, answer.status)
    return said["result"] if not isinstance(said["result"], list) else {}


def _is_gone(error: Any) -> bool:
    """Whether there is no such thing; other errors raise DeliveryError."""
    said = _object(error)
    if not said.get("error") and "not found" in str(said.get("error_description")).lower():
        return True
    _fail(said, 200)


def _fail(said: Mapping[str, Any], status: int) -> NoReturn:
    code = short(said.get("error"), 60) or f"answer {status}"
    later = code in LATER
    raise DeliveryError(f"Bitrix24 says {code}", permanent=not later, retry_after_s=WAIT_S if later else None)


def _object(value: Any) -> Mapping[str, Any]:
    """PHP writes an empty object as an empty list."""
    return value if isinstance(value, Mapping) else {}


def _list_of(kind: str, place: Place) -> str:
    query = {
        "filter[>=DATE_MODIFY]": place.since,
        "order[DATE_MODIFY]": "ASC",
        "order[ID]": "ASC",
        "select[0]": "ID",
        "select[1]": "DATE_MODIFY",
        "start": place.start,
    }
    return f"crm.{kind}.list?{urlencode(query)}"


def _as_call(kind: str, number: str, stamp: str) -> Polled:
    """The call that was perhaps lost."""
    body = urlencode({"event": f"ONCRM{kind.upper()}UPDATE", "data[FIELDS][ID]": number})
    return Polled(f"poll:{kind}:{number}:{stamp}"[:200], body.encode(), content_type=_FORM)


def _commands(refs: Iterable[str], settings: Settings) -> dict[str, str]:
    """The calls by which things are read, each under its name."""
    made: dict[str, str] = {}
    for ref in refs:
        kind, _, number = ref.partition(":")
        if kind not in ("contact", "deal") or not NUMBER.fullmatch(number):
            raise DeliveryError(f"there is no '{ref}'", permanent=True)
        made[ref] = f"crm.{kind}.get?ID={number}"
        if kind == "deal" and settings.items:
            made[f"rows:{number}"] = f"crm.deal.productrows.get?ID={number}"
    return made


def _actions(ref: str, things: Mapping[str, Any], fields: FieldMap, settings: Settings) -> list[Action]:
    kind, _, number = ref.partition(":")
    thing = things.get(ref)
    if kind == "contact":
        return settings.gone(ref, number) if thing is None else _contact(number, thing, fields, settings)
    if thing is None or not _is_won(thing, settings):
        version = 0 if thing is None else version_ms(thing.get("DATE_MODIFY"))
        reason = "the deal was deleted" if thing is None else "the deal is not won"
        return [settings.sold_no_more(ref, version, reason)]
    buyer = _buyer(thing)
    contact = things.get(buyer)
    if contact is None:
        return []  # sold to nobody, or to somebody who is no longer there
    person = _contact(buyer.partition(":")[2], contact, fields, settings)
    return [*person, _purchase(ref, thing, things, settings)]


def _contact(number: str, thing: Mapping[str, Any], fields: FieldMap, settings: Settings) -> list[Action]:
    member = {
        "external_id": f"{settings.prefix}{number}",
        "given_name": short(thing.get("NAME")),
        "family_name": short(thing.get("LAST_NAME")),
        "birthday": day(thing.get("BIRTHDATE")),
        "phone": first_phone(_values(thing.get("PHONE"))),
        "email": first_email(_values(thing.get("EMAIL"))),
        "city": short(thing.get("ADDRESS_CITY")),
        "channel": channel_of(thing),
    }
    return member_actions(
        f"contact:{number}", version_ms(thing.get("DATE_MODIFY")), member, fields.known(thing)
    )


def _values(several: Any) -> list[Any]:
    rows = several if isinstance(several, list) else []
    return [row.get("VALUE") for row in rows if isinstance(row, Mapping)]


def _is_won(deal: Any, settings: Settings) -> bool:
    if not isinstance(deal, Mapping) or "STAGE_ID" not in deal:
        return False
    return deal.get("STAGE_SEMANTIC_ID") == "S" or deal["STAGE_ID"] in settings.won


def _buyer(deal: Any) -> str:
    number = str(deal.get("CONTACT_ID") or "") if isinstance(deal, Mapping) else ""
    return f"contact:{number}" if NUMBER.fullmatch(number) else ""


def _purchase(ref: str, deal: Mapping[str, Any], things: Mapping[str, Any], settings: Settings) -> Action:
    currency = str(deal.get("CURRENCY_ID") or "")
    body = {
        "external_id": settings.prefix + _buyer(deal).partition(":")[2],
        "receipt": f"{settings.prefix}{ref}",
        "amount_minor": minor_or_none(deal.get("OPPORTUNITY"), currency),
        "currency": currency,
        "occurred_at": moment_text(deal.get("MOVED_TIME") or deal.get("DATE_MODIFY")),
        "items": _items(things.get(ref.replace("deal", "rows")), currency),
    }
    body = {name: value for name, value in body.items() if name == "amount_minor" or value}
    return Action("purchase", body, ref, version_ms(deal.get("DATE_MODIFY")), f"{ref}:won")


def _items(rows: Any, currency: str) -> list[dict[str, Any]]:
    """The products of a deal; none where there are too many or where they cannot be read."""
    if not isinstance(rows, list) or len(rows) > 500:
        return []
    try:
        return [_item(row, currency) for row in rows if isinstance(row, Mapping)]
    except (ArithmeticError, ValueError, Invalid):
        return []


def _item(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    quantity, price = Decimal(str(row.get("QUANTITY") or 1)), Decimal(str(row.get("PRICE") or 0))
    product = str(row.get("PRODUCT_ID") or "0")
    return {
        "sku": (product if product != "0" else short(row.get("PRODUCT_NAME"))) or "",
        "quantity": min(max(1, int(quantity)), 10_000),
        "amount_minor": minor_units(price * quantity, currency),
    }
