"""Companies: several card holders share one account, to which all add and from which all, or one, may pay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from app.domain.errors import Invalid
from app.domain.ledger import Move, Spend, Unhold
from app.domain.mechanics.base import Face, Mechanic, State
from app.domain.text import LocalText, plain

if TYPE_CHECKING:
    from app.domain.programme import Programme

ONLY_THE_FIRST = "only the company's first card may pay from its account"
FLAG: LocalText = {
    "en": "Company account: only the first card may pay from it",
    "ru": "Счёт компании: платить с него можно только по первой карте",
}


class Company(Mechanic):
    """Cards of one company share the account of the first of them: `most_holders` in all, of whom all may
    pay from it, or the first alone.
    """

    looks_at: ClassVar[frozenset[str]] = frozenset({"person"})
    shares_accounts: ClassVar[bool] = True
    kind: Literal["company"] = "company"
    most_holders: Annotated[int, Field(ge=2, le=1000)] = 10
    who_may_pay: Literal["all", "first"] = "all"

    def face(self, state: State) -> Face:
        """The company's name (the card's value `company`, or the member's attribute), and who may pay."""
        name = state.values.get("company") or state.person.attributes.get("company", "")
        flags = (FLAG,) if self.who_may_pay == "first" and state.joined else ()
        return Face({"company": plain(name)}, flags=flags)

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """Two rules for one account."""
        if sum(isinstance(rule, Company) for rule in programme.rules) > 1:
            return {"/kind": "an account has one rule for its holders"}
        return {}


def check(rules: Iterable[Mechanic], moves: Sequence[Move], state: State) -> None:
    """Raise Invalid where this card may not pay from the shared account, and these moves do."""
    if not state.joined or not any(_pays(move) for move in moves):
        return
    if any(isinstance(rule, Company) and rule.who_may_pay == "first" for rule in rules):
        raise Invalid({"": ONLY_THE_FIRST})


def _pays(move: Move) -> bool:
    return isinstance(move, Spend | Unhold) and move.target in ("redeemed", "held")
