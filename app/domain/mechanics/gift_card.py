"""Gift cards: money on a card, loaded once or often, spent in parts, and back on it when goods come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from app.domain.errors import Invalid
from app.domain.ledger import Earn, Move, Spend
from app.domain.mechanics.base import Award, Face, Mechanic, Sale, State
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.coming import day_words, last_day
from app.domain.money import money_text
from app.domain.text import LocalText, in_locale, plain

if TYPE_CHECKING:
    from app.domain.programme import Programme

UNIT = "gift_minor"
NO_GIFT_CARDS = "this programme has no gift cards"
MORE_THAN_DUE = "is more than is due"


class GiftCard(Mechanic):
    """A balance of money in the programme's currency: `least_minor` at least is loaded at once, and no card
    ever holds more than `most_minor`. Loading earns nothing; what is bought with it does.
    """

    kind: Literal["gift_card"] = "gift_card"
    least_minor: Annotated[int, Field(ge=1, le=10**12)] = 1
    most_minor: Annotated[int, Field(ge=1, le=10**12)] = 10**12
    expires_after_days: Annotated[int, Field(ge=1, le=3660)] | None = None

    def units(self) -> tuple[str, ...]:
        """Money on the card."""
        return (UNIT,)

    def load(self, amount_minor: int, state: State) -> Earn:
        """The move that loads so much. Raises Invalid where the card must not hold it."""
        if amount_minor < self.least_minor:
            raise Invalid({"/amount_minor": f"must be {self.least_minor} at least"})
        if state.holdings.balance(UNIT) + amount_minor > self.most_minor:
            raise Invalid({"/amount_minor": f"a card may hold {self.most_minor} at most"})
        days = self.expires_after_days
        ends = None if days is None else state.end_of_day(days)
        return Earn(UNIT, amount_minor, expires_at=ends, rule=self.rule)

    def pay(self, bill: Bill, sale: Sale, state: State) -> tuple[Bill, tuple[Move, ...]]:
        """Take what is paid with the card off what is still due."""
        if not sale.gift_minor:
            return bill, ()
        if not 0 < sale.gift_minor <= bill.due_minor:
            raise Invalid({"/gift_minor": MORE_THAN_DUE})
        paid = bill.paid(sale.gift_minor, [line.due_minor for line in bill.lines], gift=True)
        return paid, (Spend(UNIT, sale.gift_minor, rule=self.rule),)

    def sample(self, filled: float) -> Award:
        """So much of a gift of 50."""
        return Award((Earn(UNIT, round(filled * 5000)),))

    def face(self, state: State) -> Face:
        """The balance in words, and until when the first part of it can be spent."""
        balance = state.holdings.usable(UNIT, state.now)
        return Face({"gift": money_text(balance, state.currency), "gift_until": self._until(state)})

    def _until(self, state: State) -> LocalText:
        lots = [lot for lot in state.holdings.lots.values() if lot.unit == UNIT and lot.usable(state.now)]
        ends = min((lot.expires_at for lot in lots if lot.expires_at), default=None)
        if ends is None:
            return plain("")
        amount = sum(lot.remaining for lot in lots if lot.expires_at == ends)
        return _ending(money_text(amount, state.currency), ends, state)

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """Two gift cards on one card, or limits that leave nothing to load."""
        found = {}
        if sum(isinstance(rule, GiftCard) for rule in programme.rules) > 1:
            found["/kind"] = "a card has one gift balance"
        if self.least_minor > self.most_minor:
            found["/least_minor"] = "is more than most_minor"
        return found


def _ending(amount: LocalText, ends_at: datetime, state: State) -> LocalText:
    day = day_words(last_day(ends_at, state.zone))
    return {
        "en": f"{amount['en']} until {in_locale(day, 'en')}",
        "ru": f"{amount['ru']} до {in_locale(day, 'ru')}",
    }
