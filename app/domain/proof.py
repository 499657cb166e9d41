"""Proving what a card holds: sums that agree, nothing negative, everything spent in its turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.ledger import Bucket, Holdings, Lot, Transfer


def check(
    lots: Iterable[Lot],
    transfers: Iterable[Transfer],
    balances: Mapping[str, int],
    held: Mapping[str, int] | None = None,
    debts: Mapping[str, int] | None = None,
) -> list[str]:
    """What does not add up: balances, what is set aside and what is owed equal the sums of their transfers,
    balances those of their lots too; nothing is negative, and who owes holds nothing.
    """
    lines = tuple(transfers)
    faults: list[str] = []
    remaining: dict[str, int] = {}
    for lot in lots:
        remaining[lot.unit] = remaining.get(lot.unit, 0) + lot.remaining
        if not 0 <= lot.remaining <= lot.initial:
            faults.append(f"lot {lot.key} holds {lot.remaining} of {lot.initial}")
    sums = {bucket: _sums(lines, bucket) for bucket in OWN}
    owed = {unit: -amount for unit, amount in sums["debt"].items()}
    said = {
        "balance": (balances, sums["available"], remaining),
        "held": (sums["held"] if held is None else held, sums["held"]),
        "debt": (owed if debts is None else debts, owed),
    }
    for name, all_of in said.items():
        for unit in sorted({unit for each in all_of for unit in each}):
            found = [each.get(unit, 0) for each in all_of]
            if len(set(found)) > 1 or min(found) < 0:
                faults.append(f"{unit}: {name}, journal and lots are {found}")
    faults += [f"{unit} is owed and there" for unit in owed if owed[unit] > 0 and balances.get(unit, 0) > 0]
    return faults


OWN: tuple[Bucket, ...] = ("available", "held", "debt")
"""The accounts that a card has itself."""


def _sums(lines: Iterable[Transfer], bucket: Bucket) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.unit] = sums.get(line.unit, 0) + line.moved(bucket)
    return sums


def check_order(before: Holdings, transfers: Sequence[Transfer], now: datetime) -> list[str]:
    """What was spent out of turn by an operation: before its day, after its end, or while something that
    ends sooner was there. Says nothing of lots that are new with it.
    """
    lots, faults = dict(before.lots), []
    for line in transfers:
        lot = None if line.lot is None else lots.get(line.lot)
        if lot is None:
            continue
        if line.debit == "available" and line.credit in ("redeemed", "held", "converted"):
            if not _within(lot, now):
                faults.append(f"lot {lot.key} is not usable at {now}")
            faults += [
                f"lot {lot.key} was spent before lot {other.key}"
                for other in lots.values()
                if other.unit == lot.unit
                and other.remaining
                and _within(other, now)
                and _ends_sooner(other, lot)
            ]
        lots[lot.key] = replace(lot, remaining=lot.remaining + line.signed)
    return faults


def _within(lot: Lot, now: datetime) -> bool:
    """Said again, and not asked of the lot: a proof must not share the mistake that it looks for."""
    return lot.active_from <= now and (lot.expires_at is None or now < lot.expires_at)


def _ends_sooner(one: Lot, other: Lot) -> bool:
    return one.expires_at is not None and (other.expires_at is None or one.expires_at < other.expires_at)
