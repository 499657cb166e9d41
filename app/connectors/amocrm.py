"""amoCRM (Kommo): webhooks say which contacts and leads changed; its API says what they are now.

The webhooks of an account are not signed: the secret stands in the address (`/hooks/<source>?token=…`), and
what a call says is not believed, only looked up. amoCRM switches webhooks off that fail too often, so changes
are asked for too, and a webhook that was switched off is put on again.

Follows https://www.amocrm.ru/developers/content/crm_platform/ (webhooks-format, webhooks-api, contacts-api,
leads-api) and https://developers.kommo.com (limits); last checked 2026-08. The source's `url` is
`https://<account>.amocrm.ru`, its token a long-lived one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
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
from app.connectors.forms import form_at, parse, text_at
from app.connectors.paging import Place, next_place, places, written
from app.connectors.signatures import key_of_body, refusing, require_token
from app.connectors.values import (
    UTM,
    first_email,
    first_phone,
    minor_or_none,
    moment,
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

CALLS_PER_S = 7.0
POLL_EVERY_S = 900.0
PAGE = 250
MOST_IDS = 100
"""In one address, which must not become too long."""
WON = 142
_FORM = "application/x-www-form-urlencoded"
_KINDS = {"contacts": "contact", "leads": "lead"}
_NEWS = ("add", "update", "status", "restore", "delete")
_WITH = {"contacts": "leads", "leads": "contacts"}


class Settings(CrmSettings):
    """What a source keeps of its account. `won`: statuses that count as sold beside 142; `currency` is the
    account's; `hook`: our address there, without its `?token=…`, to be put on again when it was switched off.
    """

    won: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=50)] = ()
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "RUB"
    hook: Annotated[str, Field(max_length=300)] = ""


class AmoCrm:
    """See the module."""

    kind = "amocrm"
    calls_per_s = CALLS_PER_S
    poll_every_s = POLL_EVERY_S
    tells = TELLS

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """The token stands in the address; the same bytes are the same call."""
        with refusing():
            require_token(call.query.get("token"), secrets)
        return Verified(key_of_body(call.body), _FORM)

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """Which contacts and leads to read: a call may name several. Raises Invalid."""
        FieldMap.parse(mapping)
        form = parse(stored.body)
        asked: dict[str, None] = {}
        for entity, kind in _KINDS.items():
            for news in _NEWS:
                for index in form_at(form, entity, news):
                    number = text_at(form, entity, news, index, "id")
                    if not NUMBER.fullmatch(number):
                        raise Invalid({f"/{entity}/{news}/{index[:40]}/id": "should be a number"})
                    asked[f"{kind}:{number}"] = None
        return [Ask(ref) for ref in asked]

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises Invalid with pointers below `/settings`."""
        checked_settings(Settings, settings)

    def read(
        self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Action]]:
        """Hundreds of things a call; the contacts of sold leads are read with them. Raises DeliveryError."""
        settings, fields = kept_settings(Settings, remote.settings), FieldMap.parse(mapping)
        leads = _things(remote, "leads", _numbers(refs, "lead"))
        buyers = [_buyer(lead) for lead in leads.values() if _is_won(lead, settings)]
        wanted = dict.fromkeys([*_numbers(refs, "contact"), *filter(None, buyers)])
        contacts = _things(remote, "contacts", list(wanted))
        made: dict[str, Sequence[Action]] = {}
        for ref in refs:
            kind, _, number = ref.partition(":")
            if kind == "contact":
                found = contacts.get(number)
                made[ref] = _contact(found, fields, settings) if found else settings.gone(ref, number)
            else:
                made[ref] = _lead(ref, leads.get(number), contacts, fields, settings)
        return made

    def changed(self, remote: Remote, cursor: str, *, now: datetime) -> Changed:
        """A page of contacts and one of leads that changed since; raises DeliveryError."""
        at = places(cursor, tuple(_KINDS), now)
        if not any(place.going for place in at.values()):
            _put_on_again(remote, kept_settings(Settings, remote.settings).hook)
        calls: list[Polled] = []
        then: dict[str, Place] = {}
        for entity, place in at.items():
            rows = _page(remote, entity, place)
            calls += [_as_call(entity, row) for row in rows]
            then[entity] = next_place(place, [str(row.get("updated_at")) for row in rows], PAGE, now)
        return Changed(calls, written(then), more=any(place.going for place in then.values()))

    def writes_back(self, settings: Mapping[str, Any]) -> bool:
        """Where `back` names fields."""
        return bool(settings.get("back"))

    def tell(self, remote: Remote, payload: Mapping[str, Any]) -> None:
        """Write what differs into the contact's own fields: no difference, no write, and so no echo."""
        who, wanted = kept_settings(Settings, remote.settings).written(payload)
        if not wanted:
            return
        contact = _things(remote, "contacts", [who]).get(who)
        if contact is None:
            return
        known = _fields(contact)
        differing = [
            _written(name, text) for name, text in wanted.items() if str(known.get(name, "")) != text
        ]
        if differing:
            _call(remote, "PATCH", f"/api/v4/contacts/{who}", json={"custom_fields_values": differing})


def _numbers(refs: Sequence[str], kind: str) -> list[str]:
    """Those of one kind; raises DeliveryError for what is no thing of amoCRM's."""
    made = []
    for ref in refs:
        what, _, number = ref.partition(":")
        if what not in _KINDS.values() or not NUMBER.fullmatch(number):
            raise DeliveryError(f"there is no '{ref}'", permanent=True)
        if what == kind:
            made.append(number)
    return made


def _call(remote: Remote, method: str, path: str, *, query: Any = None, json: Any = None) -> Any:
    """The answer's JSON; None for "nothing found" (204). Raises DeliveryError."""
    bearer = {"Authorization": f"Bearer {remote.token}"}
    answer = remote.call(method, path, query=query, json=json, headers=bearer)
    if answer.status == 204:
        return None
    if answer.status not in (200, 201, 202) or not isinstance(answer.json, Mapping):
        permanent = answer.status in (400, 401, 402, 404)
        raise DeliveryError(f"amoCRM answered {answer.status}", permanent=permanent)
    return answer.json


def _require_listed(said: Any, name: str) -> list[Mapping[str, Any]]:
    """The rows of a list; what is no list must not look like one without them: that would mean "deleted"."""
    if said is not None and not isinstance((said.get("_embedded") or {}).get(name), list):
        raise DeliveryError("amoCRM answered something else than a list")
    return _listed(said, name)


def _listed(said: Any, name: str) -> list[Mapping[str, Any]]:
    embedded = said.get("_embedded") if isinstance(said, Mapping) else None
    rows = embedded.get(name) if isinstance(embedded, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _things(remote: Remote, entity: str, numbers: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """By number; what is deleted is not among them."""
    found: dict[str, Mapping[str, Any]] = {}
    for first in range(0, len(numbers), MOST_IDS):
        some = list(numbers[first : first + MOST_IDS])
        query = {"filter[id][]": some, "with": _WITH[entity], "limit": PAGE}
        for row in _require_listed(_call(remote, "GET", f"/api/v4/{entity}", query=query), entity):
            if row.get("is_deleted") is not True:
                found[str(row.get("id"))] = row
    return found


def _page(remote: Remote, entity: str, place: Place) -> list[Mapping[str, Any]]:
    since = moment(place.since)
    query = {
        "filter[updated_at][from]": int(since.timestamp()) if since else 0,
        "order[updated_at]": "asc",
        "limit": PAGE,
        "page": place.start // PAGE + 1,
    }
    return _require_listed(_call(remote, "GET", f"/api/v4/{entity}", query=query), entity)


def _as_call(entity: str, row: Mapping[str, Any]) -> Polled:
    """The call that was perhaps lost."""
    number, stamp = row.get("id"), row.get("updated_at")
    body = urlencode({f"{entity}[update][0][id]": number}).encode()
    return Polled(f"poll:{_KINDS[entity]}:{number}:{stamp}"[:200], body, content_type=_FORM)


def _put_on_again(remote: Remote, hook: str) -> None:
    """amoCRM stops calling an address that failed too often, and says so nowhere but here."""
    if not hook:
        return
    for webhook in _listed(_call(remote, "GET", "/api/v4/webhooks"), "webhooks"):
        destination = str(webhook.get("destination"))
        if webhook.get("disabled") is True and destination.partition("?")[0] == hook:
            again = {"destination": destination, "settings": webhook.get("settings")}
            _call(remote, "POST", "/api/v4/webhooks", json=again)


def _fields(thing: Mapping[str, Any]) -> dict[str, Any]:
    """First values of its own fields, by number and by code."""
    made: dict[str, Any] = {}
    for code, number, several in _own(thing):
        made |= {name: several[0] for name in (number, code) if name and several}
    return made


def _own(thing: Mapping[str, Any]) -> list[tuple[str, str, list[Any]]]:
    rows = thing.get("custom_fields_values")
    made = []
    for row in rows if isinstance(rows, list) else []:
        values = row.get("values") if isinstance(row, Mapping) else None
        if isinstance(values, list):
            found = [value.get("value") for value in values if isinstance(value, Mapping)]
            made.append((str(row.get("field_code") or ""), str(row.get("field_id") or ""), found))
    return made


def _several(thing: Mapping[str, Any], code: str) -> list[Any]:
    return [value for known, _, several in _own(thing) if known == code for value in several]


def _contact(
    contact: Mapping[str, Any],
    fields: FieldMap,
    settings: Settings,
    lead: Mapping[str, Any] | None = None,
) -> list[Action]:
    """Where a person came from stands in their leads."""
    known = dict.fromkeys(fields.fields) | _fields(contact)
    tracked = _fields(lead or {}) | {name: value for name, value in known.items() if value is not None}
    utm = {name: text for name in UTM if (text := short(tracked.get(name.upper()), 200))}
    given, family = short(contact.get("first_name")), short(contact.get("last_name"))
    member = {
        "external_id": f"{settings.prefix}{contact.get('id')}",
        "given_name": given if given or family else short(contact.get("name")),
        "family_name": family,
        "phone": first_phone(_several(contact, "PHONE")),
        "email": first_email(_several(contact, "EMAIL")),
        "channel": utm,
    }
    version = version_ms(contact.get("updated_at"))
    return member_actions(f"contact:{contact.get('id')}", version, member, fields.known(known))


def _is_won(lead: Mapping[str, Any], settings: Settings) -> bool:
    return lead.get("status_id") in (WON, *settings.won)


def _buyer(lead: Mapping[str, Any]) -> str:
    """The main contact; empty where there is none."""
    rows = _listed(lead, "contacts")
    mains = [row for row in rows if row.get("is_main") is True] or rows
    number = str(mains[0].get("id")) if mains else ""
    return number if NUMBER.fullmatch(number) else ""


def _lead(
    ref: str,
    lead: Mapping[str, Any] | None,
    contacts: Mapping[str, Mapping[str, Any]],
    fields: FieldMap,
    settings: Settings,
) -> list[Action]:
    if lead is None:
        return [settings.sold_no_more(ref, 0, "the lead was deleted")]
    version = version_ms(lead.get("updated_at"))
    if not _is_won(lead, settings):
        return [settings.sold_no_more(ref, version, "the lead is not won")]
    buyer = contacts.get(_buyer(lead))
    if buyer is None:
        return []  # sold to nobody, or to somebody who is no longer there
    body = {
        "external_id": f"{settings.prefix}{buyer.get('id')}",
        "receipt": f"{settings.prefix}{ref}",
        "amount_minor": minor_or_none(lead.get("price") or 0, settings.currency),
        "currency": settings.currency,
    }
    if at := moment_text(lead.get("closed_at") or lead.get("updated_at")):
        body["occurred_at"] = at
    return [*_contact(buyer, fields, settings, lead), Action("purchase", body, ref, version, f"{ref}:won")]


def _written(name: str, text: str) -> dict[str, Any]:
    field = {"field_id": int(name)} if name.isdigit() else {"field_code": name}
    return {**field, "values": [{"value": text}]}
