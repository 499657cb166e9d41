"""Whether the service would take an action: the same models, parsed as strictly."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from pydantic import BaseModel

from app.domain.errors import Invalid
from app.services.crm import bodies
from app.services.crm.targets import TARGET_KEYS, Target, named
from app.services.happenings import EventInput
from app.services.inputs import AdjustmentInput, MembershipInput, PurchaseInput, StampsInput, parse_json
from app.services.ports import Action, Ask

MODELS: dict[str, type[BaseModel]] = {
    "member": bodies.MemberAction,
    "purchase": PurchaseInput,
    "refund": bodies.RefundAction,
    "stamps": StampsInput,
    "adjust": AdjustmentInput,
    "balance": bodies.BalanceAction,
    "erase": bodies.NothingMore,
    "event": EventInput,
    "membership": MembershipInput,
    "status": bodies.StatusAction,
    "values": bodies.ValuesAction,
}
HAS_A_REASON = ("adjust", "balance")


def faults_of_action(wanted: Action | Ask) -> Mapping[str, str]:
    """Why the service would refuse it; empty where it takes it."""
    if isinstance(wanted, Ask):
        return {} if wanted.ref else {"/ref": "is empty"}
    try:
        return _faults(wanted)
    except Invalid as error:
        return error.faults


def _faults(wanted: Action) -> Mapping[str, str]:
    body = dict(wanted.body)
    if wanted.kind == "member":
        parse_json(MODELS["member"], orjson.dumps(body))
        known = any(body.get(name) for name in ("phone", "email", "external_id"))
        return {} if known else {"": "is nobody: no phone, no e-mail address, no external id"}
    target = parse_json(Target, orjson.dumps(named(body)))
    rest = {key: value for key, value in body.items() if key not in TARGET_KEYS}
    given = {"reason": "the source", **rest} if wanted.kind in HAS_A_REASON else rest
    parse_json(MODELS[wanted.kind], orjson.dumps(given))
    is_named = any(getattr(target, key) for key in TARGET_KEYS) or wanted.kind == "refund"
    return {} if is_named else {"": "names no card"}
