"""Holders of a company's account: listed, brought, let go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response
from pydantic import ConfigDict

from app.api.answers import reply
from app.api.calls import call
from app.api.keys import caller
from app.api.ledger import by_caller, once_for, reach
from app.api.replies import Out
from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid
from app.services import companies
from app.services.inputs import Input, MemberInput, Short
from app.storage import queries


class HolderIn(Input):
    """A new member, who gets a card; or the `serial` of a card that joins with all that it holds."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"member": {"phone": "+37120000002", "given_name": "Boris"}}]}
    )
    member: MemberInput | None = None
    serial: Short = ""


class HolderOut(Out):
    """A card that shares the account; `first` is the one whose account it is."""

    serial: str
    number: str
    name: str
    status: str
    first: bool
    created_at: datetime


class HoldersOut(Out):
    """All who share an account; `serial` is the card that was brought."""

    items: list[HolderOut]
    serial: str = ""


@call(
    "GET",
    "/cards/<serial>/holders",
    summary="Who shares the card's account",
    scope="cards:read",
    gives=HoldersOut,
)
@audience("api")
def listed(serial: str) -> Mapping[str, Any]:
    """The first card first."""
    reach(serial)
    return _holders(serial)


@call(
    "POST",
    "/cards/<serial>/holders",
    summary="Bring one more holder",
    scope="cards:write",
    takes=HolderIn,
    gives=HoldersOut,
    status=201,
    also=200,
    key="required",
)
@audience("api")
def create(serial: str, body: HolderIn, key: str) -> Response:
    """201, or 200 where they share the account already. What a card holds that joins goes over to the account
    with its ends.
    """
    known = deps()
    reach(serial)
    if (body.member is None) == (not body.serial):
        raise Invalid({"": "give either a member or the serial of a card"})
    if body.member is None:
        reach(body.serial)
        once = once_for("holder", serial, body, key)
        new = companies.join(known.db, serial, body.serial, once, by_caller(), now=known.now())
        return reply(_holders(serial, body.serial), 201 if new else 200)
    brought, new = companies.add(
        known.db,
        serial,
        body.member.given(),
        now=known.now(),
        actor=caller().name,
        default_pass_type=known.default_pass_type(),
    )
    return reply(_holders(serial, brought), 201 if new else 200)


@call(
    "DELETE",
    "/cards/<serial>/holders/<holder>",
    summary="Let a holder go",
    scope="cards:write",
    gives=HoldersOut,
)
@audience("api")
def remove(serial: str, holder: str) -> Mapping[str, Any]:
    """Their card stays theirs and is empty; the account stays with the others."""
    known = deps()
    reach(serial)
    companies.remove(known.db, serial, holder, now=known.now(), actor=caller().name)
    return _holders(serial)


def _holders(serial: str, brought: str = "") -> dict[str, Any]:
    with deps().read() as session:
        found = companies.holders(session, queries.card_by_serial(session, serial))
    return {"items": [asdict(each) for each in found], "serial": brought}
