"""Calls to HubSpot: a hundred things at a time, the contacts of deals, and what changed since a time.

Follows https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide,
https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide and
https://developers.hubspot.com/docs/api-reference/search/guide (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.connectors.shopping import Doc, heard, optional_ident, part, rows, text
from app.connectors.values import moment
from app.services.ports import Answer, Remote

BATCH, PAGE, MOST_PAGES = 100, 100, 10


def headers(remote: Remote) -> dict[str, str]:
    return {"Authorization": f"Bearer {remote.token}"}


def numbers(refs: Sequence[str], kind: str) -> list[str]:
    return [ref.partition(":")[2] for ref in refs if ref.startswith(f"{kind}:")]


def _posted(remote: Remote, path: str, body: Mapping[str, Any]) -> list[Doc]:
    """The results; 207 says that some of what was asked for does not exist any more."""
    return rows(heard(remote.call("POST", path, json=body, headers=headers(remote))), "results")


def batch(remote: Remote, what: str, numbers: Sequence[str], names: Sequence[str]) -> dict[str, Doc]:
    found: dict[str, Doc] = {}
    for start in range(0, len(numbers), BATCH):
        body = {
            "inputs": [{"id": each} for each in numbers[start : start + BATCH]],
            "properties": list(names),
        }
        results = _posted(remote, f"crm/v3/objects/{what}/batch/read", body)
        found |= {optional_ident(each, "id"): each for each in results if not each.get("archived")}
    return found


def buyers(remote: Remote, deals: Sequence[str]) -> dict[str, str]:
    """Of each deal its primary contact, or the first one that it has."""
    found: dict[str, str] = {}
    for start in range(0, len(deals), BATCH):
        body = {"inputs": [{"id": each} for each in deals[start : start + BATCH]]}
        for each in _posted(remote, "crm/v4/associations/deals/contacts/batch/read", body):
            people = sorted(rows(each, "to"), key=lambda to: not _is_primary(to))
            if people:
                found[optional_ident(each, "from", "id")] = optional_ident(people[0], "toObjectId")
    return found


def _is_primary(person: Doc) -> bool:
    return any("primary" in text(each, "label").lower() for each in rows(person, "associationTypes"))


def searched(remote: Remote, what: str, stamp: str, begin: datetime) -> tuple[list[Doc], datetime | None]:
    """What changed since, the oldest first, and where to go on if there is more than one look takes.

    A page begins at the time where the last one ended: what changes while we read moves to the end of the
    list, and a page that counts rows would skip one.
    """
    found: list[Doc] = []
    after = ""
    for _ in range(MOST_PAGES):
        answer = heard(_search(remote, what, stamp, begin, after))
        fresh = rows(answer, "results")
        found += fresh
        mark = text(answer, "paging", "next", "after")
        if not mark or not fresh:
            return found, None
        last = moment(part(fresh[-1], "properties").get(stamp)) or begin
        begin, after = (last, "") if last > begin else (begin, mark)
    return found, begin


def _search(remote: Remote, what: str, stamp: str, begin: datetime, after: str) -> Answer:
    since_then = {"propertyName": stamp, "operator": "GTE", "value": str(_ms(begin))}
    body: dict[str, Any] = {
        "filterGroups": [{"filters": [since_then]}],
        "sorts": [{"propertyName": stamp, "direction": "ASCENDING"}],
        "properties": [stamp],
        "limit": PAGE,
    }
    if after:
        body["after"] = after
    return remote.call("POST", f"crm/v3/objects/{what}/search", json=body, headers=headers(remote))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
