"""Returns of a receipt, in any number of parts: what is due of each unit, computed over all parts together.

Rounding each part for itself gives points away (twenty-one returns of 1.00 take nothing of 21 points), so
what is due is always counted from the beginning: what the receipt earned, less what the kept goods earn
(ledger-and-delivery, 1.4). `app.domain.returns` carries it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from app.domain import returns
from app.domain.errors import AlreadyReversed, Conflict, Invalid
from app.domain.ledger import SPEND, VISITS, Earn, Move, Spend, Transfer, Unhold
from app.domain.mechanics import Decision
from app.domain.mechanics.base import Mechanic, Sale
from app.domain.mechanics.bill import shares
from app.domain.returns import TakenBack
from app.domain.values import Frozen


class Bought(Frozen):
    """A line of the receipt: what it cost, what was taken off, what was paid with points or a gift card."""

    amount: int
    sku: str = ""
    quantity: int = 1
    discount: int = 0
    points: int = 0
    gift: int = 0

    @property
    def money(self) -> int:
        """What was paid for it in money."""
        return self.amount - self.discount - self.points - self.gift

    @property
    def net(self) -> int:
        """What it cost in money and by gift card."""
        return self.amount - self.discount - self.points


class Share(Frozen):
    """So much of a unit came of the receipt, or paid it; each line counted by its weight (empty: by what it
    cost).
    """

    unit: str
    amount: int
    weights: tuple[int, ...] = ()


class Working(Frozen):
    """What each line of a receipt cost and earned, as the receipt keeps it."""

    lines: tuple[Bought, ...]
    earned: tuple[Share, ...] = ()
    paid: tuple[Share, ...] = ()
    counts: tuple[Share, ...] = ()

    @property
    def total(self) -> int:
        """The receipt before anything was taken off, in minor units."""
        return sum(line.amount for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """As a receipt keeps it; `Working.model_validate` reads it."""
        return self.model_dump(mode="json", exclude_defaults=True)


def working_of(decision: Decision, sale: Sale, rules: Sequence[Mechanic]) -> Working:
    """What a purchase came to, line by line."""
    bill = decision.bill
    whole = sum(line.item.amount_minor for line in bill.lines)
    amounts = [line.item.amount_minor for line in bill.lines]
    if any(amount < 0 for amount in amounts):  # a till's own discount as a line of its own
        amounts = shares(whole, [max(0, amount) for amount in amounts])
    lines = tuple(
        Bought(
            amount=amount,
            sku=line.item.sku,
            quantity=max(1, line.item.quantity),
            discount=line.discount_minor,
            points=line.points_minor,
            gift=line.gift_minor,
        )
        for amount, line in zip(amounts, bill.lines, strict=True)
    )
    weights = {rule.rule: rule.weights(sale, bill) for rule in rules}
    usual = tuple(max(0, line.net_minor) for line in bill.lines)
    given = [(each.unit, weights.get(each.rule, ()), each.amount) for each in _given(decision.moves)]
    return Working(
        lines=lines,
        earned=_shares((unit, () if mine == usual else mine, amount) for unit, mine, amount in given),
        paid=_shares((unit, _paying(unit, lines), amount) for unit, amount in _paid(decision.moves)),
        counts=_shares((what, (), amount) for what, amount in decision.counts.items()),
    )


def working_of_lines(amount_minor: int, transfers: Sequence[Transfer]) -> Working:
    """The same of a receipt that kept no working: one line that earned and paid all."""
    spent: dict[str, int] = {}
    for line in returns.spent_by(transfers):
        spent[line.unit] = spent.get(line.unit, 0) + line.amount
    given = returns.given_by(transfers)
    counted = {what: given[what] for what in (SPEND,) if what in given} | {VISITS: 1}
    earned, paid, counts = (
        tuple(Share(unit=unit, amount=amount) for unit, amount in each.items())
        for each in (given, spent, counted)
    )
    return Working(lines=(Bought(amount=amount_minor),), earned=earned, paid=paid, counts=counts)


def _given(moves: Iterable[Move]) -> list[Earn]:
    """What was given, but not what was made of something else."""
    given: list[Earn] = []
    made_of = False
    for move in moves:
        if isinstance(move, Spend) and move.target == "converted":
            made_of = True
        elif isinstance(move, Earn) and move.source == "converted" and made_of:
            made_of = False
        elif isinstance(move, Earn) and move.source in ("issued", "converted"):
            given.append(move)
    return given


def _paid(moves: Iterable[Move]) -> list[tuple[str, int]]:
    return [
        (move.unit, move.amount)
        for move in moves
        if isinstance(move, Spend | Unhold) and move.target == "redeemed"
    ]


def _paying(unit: str, lines: Sequence[Bought]) -> tuple[int, ...]:
    by = [line.gift if unit.startswith("gift") else line.points for line in lines]
    return tuple(by) if any(by) else ()


def _shares(parts: Iterable[tuple[str, tuple[int, ...], int]]) -> tuple[Share, ...]:
    sums: dict[tuple[str, tuple[int, ...]], int] = {}
    for unit, weights, amount in parts:
        sums[unit, weights] = sums.get((unit, weights), 0) + amount
    return tuple(Share(unit=unit, amount=n, weights=weights) for (unit, weights), n in sums.items() if n)


@dataclass(frozen=True, slots=True)
class Piece:
    """What of a line (counted from 0) comes back: so much of its amount, and so many of its pieces."""

    line: int
    amount: int
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the till asks for: an amount, items as (line number from 1 or SKU, quantity), `up_to` (so much is
    back in all by now, whoever told of it), or (nothing) the rest.
    """

    amount: int | None = None
    items: Sequence[tuple[int | str, int]] = ()
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """What goes back now: minor units of the receipt and of money, and per unit what is due and restored.

    `before` is the same of all parts before, `left` what may still come back.
    """

    pieces: tuple[Piece, ...]
    amount: int
    money: int
    gift: int
    left: int
    whole: bool
    due: Mapping[str, int]
    restored: Mapping[str, int]
    counts: Mapping[str, int]
    due_before: Mapping[str, int]
    restored_before: Mapping[str, int]


def plan(working: Working, before: Sequence[Piece], wanted: Wanted) -> Back:
    """What goes back now, after the parts before. Raises AlreadyReversed, Conflict (too much), Invalid."""
    past = sum(piece.amount for piece in before)
    left = working.total - past
    if (before and not left) or (wanted.up_to is not None and wanted.up_to <= past):
        raise AlreadyReversed("This was taken back before.", left_minor=left)
    if wanted.up_to is not None:
        wanted = Wanted(wanted.up_to - past)
    now = _pieces(working, before, wanted, left)
    amount = sum(piece.amount for piece in now)
    then = _returned(working, before)
    after = _returned(working, (*before, *now)) if amount < left else _all(working)
    return Back(
        pieces=now,
        amount=amount,
        money=_money(working, after) - _money(working, then),
        gift=_gift(working, after) - _gift(working, then),
        left=left - amount,
        whole=amount == left,
        due=_less(due(working, after), due(working, then)),
        restored=_less(restored(working, after), restored(working, then)),
        counts=_less(counts(working, after), counts(working, then)),
        due_before=due(working, then),
        restored_before=restored(working, then),
    )


def _less(after: Mapping[str, int], then: Mapping[str, int]) -> dict[str, int]:
    return {unit: amount - then[unit] for unit, amount in after.items() if amount > then[unit]}


def _pieces(working: Working, before: Sequence[Piece], wanted: Wanted, left: int) -> tuple[Piece, ...]:
    open_ = _left(working, before)
    if wanted.items:
        return _by_items(working, before, wanted.items, open_)
    amount = left if wanted.amount is None else wanted.amount
    if amount > left:
        raise Conflict("No more than what is left of this receipt can come back.", left_minor=left)
    if amount < 1 and wanted.amount is not None:
        raise Invalid({"/amount_minor": "must be above zero"})
    parts = shares(amount, open_)
    return tuple(Piece(place, part) for place, part in enumerate(parts) if part) or (Piece(0, 0),)


def _left(working: Working, before: Sequence[Piece]) -> list[int]:
    left = [line.amount for line in working.lines]
    for piece in before:
        left[piece.line] -= piece.amount
    return left


def _by_items(
    working: Working, before: Sequence[Piece], items: Sequence[tuple[int | str, int]], open_: list[int]
) -> tuple[Piece, ...]:
    gone = [0] * len(working.lines)
    for piece in before:
        gone[piece.line] += piece.quantity
    found: list[Piece] = []
    for place, (which, quantity) in enumerate(items):
        wanted = quantity
        for number in _lines_of(working, which, f"/items/{place}"):
            line = working.lines[number]
            many = min(wanted, line.quantity - gone[number])
            if many <= 0:
                continue
            amount = _worth(line, gone[number] + many) - _worth(line, gone[number])
            if amount > open_[number]:
                break
            found.append(Piece(number, amount, many))
            gone[number] += many
            open_[number] -= amount
            wanted -= many
        if wanted:
            raise Conflict(
                f"Of item {which} there is less left of this receipt.", item=which, left=quantity - wanted
            )
    return tuple(found)


def _worth(line: Bought, quantity: int) -> int:
    """What the first `quantity` pieces of a line cost."""
    return line.amount * quantity // line.quantity


def _lines_of(working: Working, which: int | str, pointer: str) -> list[int]:
    if isinstance(which, int):
        found = [which - 1] if 1 <= which <= len(working.lines) else []
    else:
        found = [place for place, line in enumerate(working.lines) if line.sku == which]
    if not found:
        raise Invalid({pointer: "is not on this receipt"})
    return found


def _all(working: Working) -> list[Fraction]:
    return [Fraction(1)] * len(working.lines)


def _returned(working: Working, pieces: Sequence[Piece]) -> list[Fraction]:
    """How much of each line came back: 0 to 1."""
    gone = [Piece(place, 0) for place in range(len(working.lines))]
    for piece in pieces:
        sum_ = gone[piece.line]
        gone[piece.line] = Piece(piece.line, sum_.amount + piece.amount, sum_.quantity + piece.quantity)
    return [
        Fraction(back.amount, line.amount) if line.amount else Fraction(back.quantity, max(1, line.quantity))
        for back, line in zip(gone, working.lines, strict=True)
    ]


def _part(working: Working, share: Share, returned: Sequence[Fraction]) -> Fraction:
    """How much of this share belongs to what came back, exactly."""
    for weights in (share.weights, [line.net for line in working.lines], [x.amount for x in working.lines]):
        if whole := sum(weights):
            back = sum(weight * part for weight, part in zip(weights, returned, strict=True))
            return Fraction(share.amount) * back / whole
    return Fraction(share.amount) * min(returned, default=Fraction(1))


def _sums(working: Working, every: Sequence[Share], returned: Sequence[Fraction]) -> dict[str, Fraction]:
    sums: dict[str, Fraction] = {}
    for share in every:
        sums[share.unit] = sums.get(share.unit, Fraction(0)) + _part(working, share, returned)
    return sums


def due(working: Working, returned: Sequence[Fraction]) -> dict[str, int]:
    """What has to go back in all, per unit: what was earned less what the kept goods earn, rounded down.

    Of what is only there whole (a stamp, a visit, a reward), what was earned by goods that came back, rounded
    down.
    """
    exact = _sums(working, working.earned, returned)
    return {unit: floor(part) if only_whole(unit) else ceil(part) for unit, part in exact.items()}


def only_whole(unit: str) -> bool:
    """Whether a part of one is nothing."""
    return unit in ("stamps", "chips", VISITS) or unit.startswith("reward.")


def restored(working: Working, returned: Sequence[Fraction]) -> dict[str, int]:
    """What the customer gets back in all, per unit, of what the receipt was paid with."""
    return {unit: floor(part) for unit, part in _sums(working, working.paid, returned).items()}


def lowered(counted: Mapping[str, int], gone: Mapping[str, int], done: TakenBack) -> dict[str, int]:
    """By how much the counts of the card change: `gone` of what the operation `counted` is over.

    Who keeps a gift does not get the same gift again: a count of rewards (`reward.coffee@stamps`) goes down
    by those that were really taken, that of an event only where nothing was written off.
    """
    kept = any(done.written_off.values())
    down = {what: -amount for what, amount in gone.items() if not (kept and _counts_gifts(what))}
    for what, amount in counted.items():
        unit = what.partition("@")[0]
        if unit != what:
            down[what] = -min(amount, done.taken(unit))
    return {what: amount for what, amount in down.items() if amount}


def _counts_gifts(what: str) -> bool:
    return ":" in what and not what.startswith("coupon:")


def counts(working: Working, returned: Sequence[Fraction]) -> dict[str, int]:
    """What the card's counts go down by in all: money and points as they are due, the rest in whole
    numbers.
    """
    taken, earned = due(working, returned), _sums(working, working.earned, _all(working))
    exact = _sums(working, working.counts, returned)
    full = {share.unit: share.amount for share in working.counts}
    return {
        what: full[what] * taken[what] // int(earned[what])
        if earned.get(what)
        else (ceil(part) if what == SPEND else floor(part))
        for what, part in exact.items()
    }


def _money(working: Working, returned: Sequence[Fraction]) -> int:
    return floor(sum(line.money * part for line, part in zip(working.lines, returned, strict=True)))


def _gift(working: Working, returned: Sequence[Fraction]) -> int:
    return floor(sum(line.gift * part for line, part in zip(working.lines, returned, strict=True)))
