"""`tillpass ledger`: proof that no point was lost, the daily seal, and what is owed to customers."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from app.cli.bar import Bar
from app.cli.parts import parts_at_work
from app.cli.settlement import settlement
from app.domain.money import money_text
from app.domain.text import in_locale
from app.services import ledger_check, programmes, seals
from app.services import liability as liabilities
from app.services.liability import write_csv
from app.storage import queries


@click.group()
def ledger() -> None:
    """The ledger: its proof, its seals, and what customers hold."""


@ledger.command()
@click.option("--programme", default="", help="Slug of one programme; all, with seals and keys, if left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(programme: str, as_json: bool) -> None:
    """Prove that everything adds up: balances, lots, holds, debts, returns, counts, keys and seals. Exit 1
    with the first card that breaks something, and how many do.

    It only reads; tills may go on.
    """
    deps = parts_at_work().deps
    only = None
    if programme:
        with deps.read() as session:
            only = queries.programme_row(session, programme).id
    found = ledger_check.Checked()
    with Bar() as bar:
        for found in ledger_check.check(deps.read, programme_id=only):
            bar.show("cards", found.cards, found.total)
    if as_json:
        click.echo(json.dumps(_as_json(found), ensure_ascii=False))
    else:
        _print(found)
    sys.exit(1 if found.broken else 0)


def _as_json(found: ledger_check.Checked) -> dict[str, object]:
    looked = {name: getattr(found, name) for name in ("cards", "operations", "transfers", "days")}
    return {"sound": not found.broken, **looked, "broken": [asdict(each) for each in found.broken.values()]}


def _print(found: ledger_check.Checked) -> None:
    click.echo(
        f"{found.cards:,} cards, {found.operations:,} operations, {found.transfers:,} lines,"
        f" {found.days:,} sealed days."
    )
    for each in found.broken.values():
        where = (
            f"card {each.card}, {each.unit}" if each.card and each.unit else each.card and f"card {each.card}"
        )
        more = f" ({each.cards:,} cards)" if each.cards > 1 else ""
        click.echo(f"broken  {each.name:<18} {f'{where}: ' if where else ''}{each.says}{more}")
    if not found.broken:
        click.echo("Everything adds up.")


@ledger.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def seal(as_json: bool) -> None:
    """Seal the days (of UTC) that are over; prints the newest seal, to be kept somewhere else."""
    deps = parts_at_work().deps
    made = []
    with Bar() as bar, deps.read() as session:
        total = seals.days_waiting(session, deps.now())
        while row := seals.seal(deps.db, deps.read, deps.now()):
            made.append(row)
            bar.show("days", len(made), total)
    with deps.read() as session:
        last = seals.latest(session)
    newest = {"day": last.day.isoformat(), "hash": last.hash} if last else None
    if as_json:
        click.echo(json.dumps({"sealed": [row.day.isoformat() for row in made], "newest": newest}))
        return
    click.echo(f"{len(made)} days sealed." if made else "No day waits for its seal.")
    if newest:
        click.echo(f"{newest['day']}  {newest['hash']}")


@ledger.command()
@click.option("--programme", default="", help="Slug of one programme; all, if left out.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def liability(programme: str, as_csv: bool, as_json: bool) -> None:
    """Say what is owed to customers: outstanding points and rewards by the month in which they end, and what
    they are worth.
    """
    deps = parts_at_work().deps
    with deps.read() as session:
        wanted = (
            [queries.programme_row(session, programme)] if programme else programmes.listed(session, None)
        )
        found = [liabilities.liability(session, row, deps.now()) for row in wanted]
    if as_csv:
        write_csv(sys.stdout, found)
    elif as_json:
        click.echo(json.dumps([liabilities.as_json(each) for each in found], ensure_ascii=False))
    else:
        for each in found:
            _print_liability(each)


def _print_liability(found: liabilities.Liability) -> None:
    worth = in_locale(money_text(found.worth_minor, found.currency), "en")
    click.echo(f"{found.programme}: worth {worth}")
    for owed in found.units:
        click.echo(
            f"  {owed.unit}: {owed.outstanding:,} outstanding ({owed.pending:,} pending, {owed.held:,} held),"
            f" {owed.debt:,} owed back"
        )
        for month in owed.months:
            click.echo(f"    {month.month or 'no end':<8} {month.amount:>14,}")


ledger.add_command(settlement)
COMMANDS = (ledger,)
