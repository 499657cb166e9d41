"""What a call would do, shown before it does it: a pasted sample goes through the connector and the mapping,
and every action is held against the use case that it names. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Invalid, NotFound, Refused
from app.services import quoting
from app.services.crm.bodies import MODELS, parsed, purchase_of
from app.services.crm.targets import TARGET_KEYS, Target, find, named
from app.services.ports import Action, Ask, Connector, Stored
from app.storage import queries
from app.storage.tables import HookSource, ProgrammeRow


@dataclass(frozen=True, slots=True)
class Tried:
    """An action that a call asks for: its faults by JSON pointer, the serial of the card that it means, and
    what it would do, in a sentence; `earned` is what a purchase would bring, by unit.
    """

    action: Action
    faults: Mapping[str, str]
    card: str
    says: str
    earned: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a call would do: actions, things that would be read from the system, or why it cannot be read."""

    actions: Sequence[Tried] = ()
    asks: Sequence[str] = ()
    faults: Mapping[str, str] | None = None


def attempt(
    read: sessionmaker[Session],
    source: HookSource,
    connector: Connector,
    stored: Stored,
    *,
    now: datetime,
    mapping: Mapping[str, Any] | None = None,
) -> Trial:
    """Show it; `mapping` instead of the source's own. Raises nothing that the call brings about."""
    try:
        wanted = connector.actions(stored, source.mapping if mapping is None else mapping)
    except Invalid as error:
        return Trial(faults=error.faults)
    made = [_tried(read, source, each, now) for each in wanted if isinstance(each, Action)]
    return Trial(made, [each.ref for each in wanted if isinstance(each, Ask)])


def _tried(read: sessionmaker[Session], source: HookSource, action: Action, now: datetime) -> Tried:
    body = {key: value for key, value in action.body.items() if key not in TARGET_KEYS}
    if action.kind == "member":
        body = dict(action.body)
    try:
        parsed(MODELS[action.kind], body if "reason" in body else _with_reason(action, body, source.slug))
        target = parsed(Target, named(action.body))
        _require_a_name(action, target)
        card = _card(read, source, target)
    except Invalid as error:
        return Tried(action, error.faults, "", "would be refused")
    except NotFound as error:
        return Tried(action, {}, "", error.message)
    if not card:
        return Tried(action, {}, "", _of_stranger(action, source))
    if action.kind == "purchase":
        return _bought(read, action, card, body, now)
    return Tried(action, {}, card, f"would do '{action.kind}' on this card")


def _require_a_name(action: Action, target: Target) -> None:
    """Of the person, by whom members are known; or of the card. A return names its receipt instead."""
    wanted = ("phone", "email", "external_id") if action.kind == "member" else TARGET_KEYS
    if action.kind != "refund" and not any(getattr(target, key) for key in wanted):
        raise Invalid({"": f"needs one of {', '.join(wanted)}"})


def _with_reason(action: Action, body: Mapping[str, Any], slug: str) -> dict[str, Any]:
    return {"reason": slug, **body} if action.kind in ("adjust", "balance") else dict(body)


def _card(read: sessionmaker[Session], source: HookSource, target: Target) -> str:
    if not any(getattr(target, key) for key in TARGET_KEYS):
        return ""
    with read() as session:
        programme = queries.programme_of(session.get_one(ProgrammeRow, source.programme_id))
        try:
            found = find(session, source.programme_id, programme, target)
        except NotFound:
            return ""
        if len(found) > 1:
            raise Invalid({"": "these name different cards"})
        return found[0].serial if found else ""


def _of_stranger(action: Action, source: HookSource) -> str:
    if action.kind == "member":
        return "would issue a new card"
    if action.kind == "erase":
        return "would do nothing: nobody is known by that"
    if action.kind == "refund":
        return "would take the receipt back, or wait for it"
    known = {
        "ignore": "would be left alone: nobody is known by that",
        "wait": "would wait for the person: nobody is known by that",
        "enrol": "would issue a new card, and then do it",
    }
    words = "would be put aside: nobody is known by that"
    return known.get(str(source.settings.get("strangers", "refuse")), words)


def _bought(
    read: sessionmaker[Session], action: Action, serial: str, body: Mapping[str, Any], now: datetime
) -> Tried:
    try:
        quote = quoting.quote(read, purchase_of(serial, body), now=now)
    except Refused as error:
        return Tried(action, {}, serial, f"would be refused: {error.message}")
    earned = ", ".join(f"{amount} {unit}" for unit, amount in quote["earned"].items()) or "nothing"
    return Tried(action, {}, serial, f"would earn {earned}", quote["earned"])
