"""Random programmes for property tests: rules of every kind that go together, and purchases for them.

A new kind of rule is a new line in `_KINDS`. Programmes are small on purpose (few lots, low goals, short
lives), so that few steps meet many of the corners.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from app.domain.programme import Programme
from app.domain.rulecheck import check_rules

SKUS = ("tea", "cup", "book")
ZONES = ("Europe/Riga", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
"""Summer time in spring, in autumn, never, and by half an hour."""


def _some(**parts: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Each part is there or not."""
    return st.fixed_dictionaries({}, optional=parts)


def _with(fixed: dict[str, Any], **parts: Any) -> st.SearchStrategy[dict[str, Any]]:
    return _some(**parts).map(lambda some: {**fixed, **some})


_LIVES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    (
        {},
        {"expires_after_days": 3},
        {"expires_after_days": 20},
        {"expires_after_idle_days": 5},
        {"expires_on": "03-31"},
        {"active_after_days": 2},
        {"active_after_days": 2, "expires_after_days": 4},
    )
)
_PAYING: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    ({}, {"paying": {"most_percent": 50}}, {"paying": {"step_points": 10, "minimum_points": 10}})
)
_EARNING: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    (
        {"percent": 10},
        {"percent": 5, "rounding": "half_up"},
        {"step_minor": 100, "points_per_step": 3},
        {"percent": 10, "excluded": {"skus": ["book"]}, "boosted": [{"sku": "tea", "factor": 3}]},
    )
)


def _points() -> st.SearchStrategy[dict[str, Any]]:
    parts = st.tuples(st.sampled_from(("points", "cashback")), _EARNING, _LIVES, _PAYING)
    return parts.map(lambda drawn: {"kind": drawn[0], **drawn[1], **drawn[2], **drawn[3]})


def _stamps() -> st.SearchStrategy[dict[str, Any]]:
    return _with(
        {"kind": "stamps", "goal": 4, "reward": "A cake", "reward_key": "cake"},
        per=st.sampled_from(("purchase", "amount")),
        step_minor=st.just(700),
        rewards=st.just([{"at": 2, "reward": "A tea", "reward_key": "tea"}]),
        daily_cap=st.just(6),
        expires_after_days=st.sampled_from((3, 30)),
        reward_expires_after_days=st.just(5),
    )


def _chips() -> st.SearchStrategy[dict[str, Any]]:
    prize = {"at": 3, "reward": "A pan", "reward_key": "pan"}
    fixed = {"kind": "chips", "step_minor": 500, "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    return _with({**fixed, "prizes": [prize]}, taken=st.sampled_from(("choice", "itself")))


_LEVELS = [
    {"key": "silver", "name": "Silver", "from": 3000},
    {"key": "gold", "name": "Gold", "from": 9000},
]
_STEPS = [{"from_minor": 0, "percent": 1}, {"from_minor": 4000, "percent": 5}]
_KINDS: tuple[st.SearchStrategy[dict[str, Any]], ...] = (
    _points(),
    _stamps(),
    _chips(),
    _with({"kind": "discount", "percent": 5}, minimum_minor=st.just(500)),
    _with(
        {"kind": "growing_discount", "steps": _STEPS},
        window=st.sampled_from(("rolling", "year")),
        days=st.just(30),
    ),
    _with(
        {"kind": "tiers", "levels": _LEVELS},
        window=st.sampled_from(("rolling", "year", "lifetime")),
        refund_undoes=st.booleans(),
    ),
    _with(
        {"kind": "multiplier", "key": "weekend", "factor": 2, "weekdays": ["sat", "sun"]},
        stacks=st.just("product"),
    ),
    st.just({"kind": "gift_card"}),
    st.just({"kind": "partner", "key": "baker", "name": "Baker", "earn_percent": 3}),
    _with(
        {"kind": "coupon", "key": "spring", "name": "Spring", "code": "SPRING", "uses_in_all": 3},
        adds_up=st.booleans(),
    ).flatmap(
        lambda rule: st.sampled_from(({"percent": 10}, {"points": 7})).map(lambda gift: {**rule, **gift})
    ),
    _with(
        {"kind": "event", "key": "first-purchase", "gives": [{"unit": "points", "amount": 30}]},
        minimum_minor=st.just(200),
    ),
    st.just(
        {
            "kind": "surprise",
            "key": "lucky",
            "chance": 9_000,
            "gives": [{"reward": "sweet", "name": "A sweet", "amount": 1}],
            "budget": 3,
        }
    ),
    st.just({"kind": "referral", "gives_friend": [{"unit": "points", "amount": 20}]}),
)


def _together(rules: list[dict[str, Any]], zone: str, taken: str, grace: int) -> Programme | None:
    raw = {"slug": "cafe", "name": "Café", "time_zone": zone, "rules": rules}
    returns = {"taken": taken, "grace_days": grace}
    try:
        programme = Programme.model_validate({**raw, "returns": returns})
    except ValueError:
        return None
    return None if check_rules(programme) else programme


def programmes() -> st.SearchStrategy[Programme]:
    """Any programme that a shop could save, with points more often than not."""
    kinds = st.lists(st.sampled_from(range(1, len(_KINDS))), unique=True, max_size=4)
    rules = st.tuples(st.sampled_from((True, True, True, False)), kinds).flatmap(
        lambda drawn: st.tuples(*(_KINDS[kind] for kind in ((0, *drawn[1]) if drawn[0] else drawn[1])))
    )
    taken = st.sampled_from(("only_pending", "within_balance", "allow_debt"))
    built = st.tuples(rules.map(list), st.sampled_from(ZONES), taken, st.sampled_from((0, 14)))
    made: st.SearchStrategy[Any] = built.map(lambda drawn: _together(*drawn))
    return made.filter(lambda programme: programme is not None)


def items() -> st.SearchStrategy[list[dict[str, Any]]]:
    """The lines of a receipt; they need not make up its amount."""
    line = st.fixed_dictionaries(
        {
            "sku": st.sampled_from(SKUS),
            "quantity": st.integers(1, 3),
            "amount_minor": st.sampled_from((0, 1, 99, 300, 1250)),
        }
    )
    return st.lists(line, max_size=3)
