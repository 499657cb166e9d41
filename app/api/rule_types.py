"""What the calls about rules take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from app.api.replies import Out
from app.domain.mechanics import Rule
from app.services.inputs import Input, Moment

RuleList = Annotated[tuple[Rule, ...], Field(max_length=40, examples=[[{"kind": "points", "percent": 5}]])]


class RulesIn(Input):
    """New rules, all of them. `seen` is the newest version that you knew: if there is a newer one, nothing is
    changed and you get 409. With `keep_old`, cards that are out keep the rules that they have.
    """

    rules: RuleList
    starts_at: Moment | None = None
    keep_old: bool = False
    note: Annotated[str, Field(max_length=200)] = ""
    seen: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class PreviewIn(Input):
    """Rules to be tried over the real cards."""

    rules: RuleList
    keep_old: bool = False


class AdviceOut(Out):
    """Something to think over: where, and what."""

    pointer: str
    advice: str


class VersionOut(Out):
    """The rules of a time. `state`: waiting, current, past, withdrawn; `words` tell each rule by language."""

    number: int
    state: str
    starts_at: datetime
    keep_old: bool
    note: str
    author: str
    created_at: datetime
    withdrawn_at: datetime | None
    rules: list[dict[str, Any]]
    words: list[list[dict[str, str]]]


class RulebookOut(Out):
    """All versions, newest first; `newest` is what `seen` says when you change the rules."""

    newest: int
    current: int
    waiting: list[int]
    versions: list[VersionOut]
    advice: list[AdviceOut]


class GivenOut(Out):
    """What was or would be given: points and cashback in money, discounts, and by unit."""

    worth_minor: int
    discount_minor: int
    units: dict[str, int]


class CostOut(Out):
    """Receipts of the last `days` days counted again; `exact` or an estimate from `looked_at` of them."""

    days: int
    receipts: int
    looked_at: int
    exact: bool
    spent_minor: int
    before: GivenOut
    after: GivenOut
    monthly_minor: int
    margin_minor: int


class TierMoveOut(Out):
    before: str
    after: str
    cards: int


class CardsOut(Out):
    """Cards that are better off, worse off, both, or as before; an estimate may be off by `margin` cards."""

    total: int
    looked_at: int
    exact: bool
    margin: int
    usual_minor: int
    gains: int
    loses: int
    mixed: int
    same: int
    complete: int
    rewards: int
    tiers: list[TierMoveOut]
    discount_more: int
    discount_less: int


class SideOut(Out):
    """A card under some rules: rewards at once, tier, its next usual purchase, per mille of the way to go."""

    rewards: int
    tier: str
    discount_minor: int
    worth_minor: int
    units: dict[str, int]
    progress: int


class ExampleOut(Out):
    """One of `cards` in the same state."""

    number: str
    side: str
    cards: int
    before: SideOut
    after: SideOut


class PreviewOut(Out):
    """What the rules would do; nothing was changed."""

    keeps_old: bool
    cards: CardsOut
    costs: list[CostOut]
    examples: list[ExampleOut]
    advice: list[AdviceOut]
