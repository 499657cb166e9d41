"""What Google does with a body before it keeps it: the rules that need to know what is kept already."""

import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from app.sandbox import google_schema as schema
from app.sandbox.google_modes import invalid, invalid_id, malformed, not_found, permission_denied

Json = dict[str, Any]
Lookup = Callable[[str, str], Json | None]

_ID = re.compile(r"([0-9]{1,20})\.[A-Za-z0-9._-]{1,250}", re.ASCII)
_OUTPUT_ONLY = ("hasUsers", "hasLinkedDevice", "classReference", "kind", "version", "review")
_NEVER_STORED = ("notifyPreference",)
MOST_LINKED = 50
_NOTIFYING_POINTS = ("loyaltyPoints", "secondaryLoyaltyPoints")
_NOTIFYING_TIER = ("programName", "rewardsTier", "secondaryRewardsTier")


def require_parsed(name: str, body: object) -> Json:
    """The body, if the front end can read it; raises `Refusal`."""
    if not isinstance(body, dict):
        raise malformed([("", "Invalid JSON payload received. Expected an object.")])
    if found := list(schema.violations(name, body)):
        raise malformed(found)
    return body


def require_ours(resource_id: object, issuers: Collection[str]) -> str:
    """The issuer of an id; raises `Refusal` unless the id is well formed and the issuer known."""
    found = _ID.fullmatch(resource_id) if isinstance(resource_id, str) else None
    if found is None:
        raise invalid_id(str(resource_id))
    if found[1] not in issuers:
        raise permission_denied()
    return found[1]


def result(kind: str, old: Json | None, body: Json, *, whole: bool) -> Json:
    """What is to be kept: `whole` replaces (POST, PUT), else the body is merged into what is there."""
    said = {key: value for key, value in body.items() if key not in _OUTPUT_ONLY}
    new = schema.merged({} if whole else old or {}, said)
    return {key: value for key, value in _still_linked(old, new).items() if key not in _NEVER_STORED}


def _still_linked(old: Json | None, new: Json) -> Json:
    """Google lets go of no linked card, and silently leaves out what is beyond fifty."""
    before, after = (body.get("linkedObjectIds") or [] for body in (old or {}, new))
    linked = list(dict.fromkeys((*before, *after)))[:MOST_LINKED]
    return {**new, "linkedObjectIds": linked} if linked else new


def require_sound(kind: str, old: Json | None, body: Json, new: Json, find: Lookup) -> None:
    """Raise `Refusal` for the first thing that the back end does not take."""
    name = schema.KINDS[kind]
    if absent := schema.missing(name, new):
        raise invalid(f"Missing required field: {absent[0]}.")
    if words := schema.broken_rule(name, new):
        raise invalid(words)
    if schema.is_class(kind):
        _require_review(name, old, body)
    else:
        _require_class(kind, new, find)
        _require_linked(old, new, find)


def _require_review(name: str, old: Json | None, body: Json) -> None:
    """A class may only be sent for review or kept as a draft, on every write anew, and never go back."""
    if "reviewStatus" not in schema.properties(name):
        return
    status = body.get("reviewStatus")
    draft = schema.same_word(status, "DRAFT")
    if not draft and not schema.same_word(status, "UNDER_REVIEW"):
        raise invalid("Review status must be 'UNDER_REVIEW' or 'DRAFT'.")
    if draft and old is not None and not schema.same_word(old.get("reviewStatus"), "DRAFT"):
        raise invalid("A class cannot be returned to DRAFT.")


def _require_linked(old: Json | None, new: Json, find: Lookup) -> None:
    """A card is linked to what exists at the same issuer, and not to itself."""
    before = (old or {}).get("linkedObjectIds") or []
    for one in new.get("linkedObjectIds") or []:
        if one in before:
            continue
        if one == new["id"] or one.partition(".")[0] != new["id"].partition(".")[0]:
            raise invalid(f"Object {one} cannot be linked.")
        if not any(find(kind, one) for kind in schema.KINDS if not schema.is_class(kind)):
            raise not_found("loyaltyObject", one)


def _require_class(kind: str, new: Json, find: Lookup) -> None:
    of = schema.class_kind(kind)
    found = find(of, new["classId"])
    if found is None:
        raise not_found(of, new["classId"])
    if schema.same_word(found.get("reviewStatus"), "DRAFT"):
        raise invalid("Objects cannot be created for a class in DRAFT.")


def notifies(kind: str, old: Json | None, new: Json, body: Json) -> str | None:
    """`points` or `tier` when this update asks for a notice and changed a field that gives one."""
    if old is None or not schema.same_word(body.get("notifyPreference"), "NOTIFY_ON_UPDATE"):
        return None
    if schema.is_class(kind):
        return "tier" if any(old.get(key) != new.get(key) for key in _NOTIFYING_TIER) else None
    changed = any(_balance(old, key) != _balance(new, key) for key in _NOTIFYING_POINTS)
    return "points" if changed else None


def with_message(body: Json, message: Json) -> Json:
    """The body with one more message; raises `Refusal` at the eleventh."""
    messages = [*body.get("messages", []), message]
    if len(messages) > 10:
        raise invalid("Too many messages: at most 10 are allowed.")
    return {**body, "messages": messages}


def lapsed(body: Json, now: datetime) -> bool:
    """Whether `validTimeInterval` has ended."""
    date = ((body.get("validTimeInterval") or {}).get("end") or {}).get("date", "")
    try:
        end = datetime.fromisoformat(date.replace("Z", "+00:00"))
    except ValueError:
        return False
    return end <= (now if end.tzinfo else now.replace(tzinfo=None))


def _balance(body: Json, key: str) -> object:
    return (body.get(key) or {}).get("balance")
