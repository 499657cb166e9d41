"""`tillpass ledger settlement`: what partners and the house owe each other."""

from __future__ import annotations

import json
from datetime import date, datetime

import click

from app.cli.parts import parts_at_work
from app.domain.text import in_locale
from app.services import settlement as reports
from app.storage import queries

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("programme")
@click.option("--from", "first", type=_DAY, help="First day, such as 2026-03-01; this month's, if left out.")
@click.option("--to", "last", type=_DAY, help="Last day; today, if left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def settlement(programme: str, first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """What each partner of PROGRAMME gave and took by month, and who owes whom, as CSV."""
    deps = parts_at_work().deps
    with deps.read() as session:
        row = queries.programme_row(session, programme)
        found = queries.programme_of(row)
        today = deps.now().astimezone(found.zone).date()
        days = _day(first, today.replace(day=1)), _day(last, today)
        lines = reports.report(session, row, *days)
    if as_json:
        click.echo(json.dumps(reports.as_json(lines), ensure_ascii=False))
    else:
        click.echo(reports.as_csv(lines, lambda name: in_locale(name, found.default_locale)), nl=False)


def _day(given: datetime | None, otherwise: date) -> date:
    return given.date() if given else otherwise
