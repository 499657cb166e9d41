"""The proofs of the ledger, each one statement over a range of cards: what it answers is what breaks it.

One statement sees one moment, so that tills may go on meanwhile. `{cards}` is the range, by card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """`sql` answers rows of card_id, unit and facts; `says` tells a person, with the facts in it."""

    name: str
    says: str
    sql: str


_SIGNED = (
    "case when t.credit = 'available' then t.amount else 0 end"
    " - case when t.debit = 'available' then t.amount else 0 end"
)
_SYSTEM = "('issued', 'redeemed', 'expired', 'reversed', 'adjusted', 'converted', 'extended')"
_SUMS = f"""
    select card_id, unit, sum(balance) as balance, sum(held) as held, sum(debt) as debt,
        sum(version) as version,
        sum(moved) as moved, sum(set_aside) as set_aside, sum(owed) as owed, sum(lines) as lines,
        max(latest) as latest, sum(remaining) as remaining, sum(open_holds) as open_holds
    from (
        select a.card_id, a.unit, a.balance, a.held, a.debt, a.version, 0 as moved, 0 as set_aside, 0 as owed,
            0 as lines, 0 as latest, 0 as remaining, 0 as open_holds
        from accounts a where {{a}}
        union all
        select t.card_id, t.unit, 0, 0, 0, 0, {_SIGNED},
            case when t.credit = 'held' then t.amount else 0 end
                - case when t.debit = 'held' then t.amount else 0 end,
            case when t.debit = 'debt' then t.amount else 0 end
                - case when t.credit = 'debt' then t.amount else 0 end,
            1, t.account_version, 0, 0
        from transfers t where {{t}}
        union all
        select l.card_id, l.unit, 0, 0, 0, 0, 0, 0, 0, 0, 0, l.remaining, 0 from lots l where {{l}}
        union all
        select h.card_id, h.unit, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, h.amount
        from holds h where h.state = 'open' and {{h}}
    ) every_part group by card_id, unit"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What must hold between sums of a card's unit: `facts` are the same, or (`negative`) none is below 0."""

    name: str
    says: str
    facts: tuple[str, ...]

    @property
    def sql(self) -> str:
        """Where it is broken."""
        if self.name == "negative":
            return "balance < 0 or held < 0 or debt < 0 or (debt > 0 and balance > 0)"
        return " or ".join(f"{self.facts[0]} <> {other}" for other in self.facts[1:])

    def broken(self, sums: Mapping[str, int]) -> bool:
        """The same for sums that were read."""
        values = [sums[fact] for fact in self.facts]
        if self.name == "negative":
            return min(values) < 0 or (sums["debt"] > 0 and sums["balance"] > 0)
        return len(set(values)) > 1


AGREEMENTS = (
    Agreement("balance-lines", "the balance is {0}, its lines make {1}", ("balance", "moved")),
    Agreement("balance-lots", "the balance is {0}, its lots hold {1}", ("balance", "remaining")),
    Agreement("held-lines", "{0} is set aside, its lines make {1}", ("held", "set_aside")),
    Agreement("held-holds", "{0} is set aside, its open holds make {1}", ("held", "open_holds")),
    Agreement("debt", "{0} is owed, its lines make {1}", ("debt", "owed")),
    Agreement(
        "negative",
        "balance {0}, set aside {1}, owed {2}: none may be negative, and who owes has nothing",
        ("balance", "held", "debt"),
    ),
    Agreement(
        "versions",
        "{0} lines were counted, {1} are there, the last is number {2}",
        ("version", "lines", "latest"),
    ),
)
SUMS = f"select * from ({_SUMS}) sums where {' or '.join(f'({each.sql})' for each in AGREEMENTS)}"
"""The sums of every card and unit for which some agreement is broken."""

PROOFS = (
    Proof(
        "chain",
        "line {0} says {1} is left after it, the lines before it make {2}",
        f"""select card_id, unit, id, balance_after, running from (
            select t.card_id, t.unit, t.id, t.balance_after, sum({_SIGNED}) over (
                partition by t.card_id, t.unit order by t.account_version) as running
            from transfers t where {{t}}) chain where balance_after <> running""",
    ),
    Proof(
        "lots",
        "lot {0} holds {1} of {2}; its lines leave {3}, and brought {4}",
        f"""select l.card_id, l.unit, l.id, l.remaining, l.initial, coalesce(sum({_SIGNED}), 0),
            coalesce(sum(case when t.credit = 'available' and t.debit <> 'held' then t.amount else 0 end), 0)
        from lots l left join transfers t on t.lot_id = l.id and {{t}} where {{l}}
        group by l.card_id, l.unit, l.id, l.remaining, l.initial
        having l.remaining <> coalesce(sum({_SIGNED}), 0)
            or l.remaining < 0 or l.remaining > l.initial
            or l.initial > coalesce(sum(case when t.credit = 'available' and t.debit <> 'held'
                then t.amount else 0 end), 0)
            or l.initial < coalesce(sum(case when t.credit = 'available' and t.debit in
                ('issued', 'adjusted', 'converted', 'extended') then t.amount else 0 end), 0)""",
    ),
    Proof(
        "lines",
        "line {0} moves {1} from {2} to {3}",
        f"""select t.card_id, t.unit, t.id, t.amount, t.debit, t.credit from transfers t
        where {{t}} and (t.amount <= 0 or t.debit = t.credit
            or (t.debit in {_SYSTEM}) and (t.credit in {_SYSTEM})
            or t.debit not in {_SYSTEM} and t.debit not in ('available', 'held', 'debt')
            or t.credit not in {_SYSTEM} and t.credit not in ('available', 'held', 'debt'))""",
    ),
    Proof(
        "operations",
        "line {0} belongs to operation {1}, which is another card's or does not exist",
        """select t.card_id, t.unit, t.id, t.operation_id from transfers t
        left join operations o on o.id = t.operation_id
        where {t} and (o.id is null or o.card_id <> t.card_id)""",
    ),
    Proof(
        "lots-of-lines",
        "line {0} names lot {1}, which is another card's or unit's, or does not exist",
        """select t.card_id, t.unit, t.id, t.lot_id from transfers t left join lots l on l.id = t.lot_id
        where {t} and t.lot_id is not null
            and (l.id is null or l.card_id <> t.card_id or l.unit <> t.unit)""",
    ),
    Proof(
        "order",
        "operation {0} has {1} lines, the last is number {2}",
        """select t.card_id, '', t.operation_id, count(*), max(t.seq) from transfers t where {t}
        group by t.card_id, t.operation_id having count(*) <> max(t.seq) + 1 or min(t.seq) <> 0""",
    ),
    Proof(
        "receipts",
        "receipt {0} was taken back for {1}, its returns make {2}",
        """select r.card_id, '', r.public_id, r.refunded_minor, coalesce(sum(f.amount_minor), 0)
        from receipts r left join refunds f on f.receipt_id = r.id where {r}
        group by r.card_id, r.id, r.public_id, r.refunded_minor, r.amount_minor
        having r.refunded_minor <> coalesce(sum(f.amount_minor), 0) or r.refunded_minor > r.amount_minor""",
    ),
    Proof(
        "days",
        "{0} were counted in all, the days make {1}",
        """select y.card_id, y.what,
            coalesce(sum(case when y.day = :ever then y.amount end), 0),
            coalesce(sum(case when y.day <> :ever then y.amount end), 0)
        from tallies y where {y} group by y.card_id, y.what
        having coalesce(sum(case when y.day = :ever then y.amount end), 0)
            <> coalesce(sum(case when y.day <> :ever then y.amount end), 0)""",
    ),
    Proof(
        "counted",
        "{0} were counted, the journal has {1}",
        f"""select card_id, unit, sum(counted), sum(moved) from (
            select y.card_id, y.what as unit, y.amount as counted, 0 as moved from tallies y
            where y.day = :ever and y.what = 'spend_minor' and {{y}}
            union all
            select t.card_id, t.unit, 0, {_SIGNED} from transfers t where t.unit = 'spend_minor' and {{t}}
        ) spent group by card_id, unit having sum(counted) <> sum(moved)""",
    ),
)
"""Each for a stretch of cards."""

ONCE = (
    Proof(
        "cards",
        "{0} of a card that does not exist",
        """select a.card_id, a.unit, 'a balance' from accounts a
        where not exists (select 1 from cards c where c.id = a.card_id)
        union all
        select t.card_id, t.unit, 'a line' from transfers t
        where not exists (select 1 from cards c where c.id = t.card_id)
        union all
        select l.card_id, l.unit, 'a lot' from lots l
        where not exists (select 1 from cards c where c.id = l.card_id)""",
    ),
    Proof(
        "keys",
        "the key {0} of {1} was carried out {2} times",
        """select max(card_id), '', max(key), source, count(*) from operations
        group by programme_id, source, key having count(*) > 1""",
    ),
    Proof(
        "receipts-once",
        "the receipt {0} was entered {1} times",
        """select max(card_id), '', external_id, count(*) from receipts where external_id is not null
        group by programme_id, external_id having count(*) > 1""",
    ),
    Proof(
        "taken-back-once",
        "operation {0} was taken back {1} times",
        """select max(o.card_id), '', o.reverses_id, count(*) from operations o
        where o.reverses_id is not null and not exists (select 1 from refunds f where f.operation_id = o.id)
        group by o.reverses_id having count(*) > 1""",
    ),
)
"""Over all cards at once."""
