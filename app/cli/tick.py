"""`tillpass tick`: what the clock asks for, done at once; for cron where no worker runs."""

from __future__ import annotations

import json

import click

from app.cli.bar import Bar
from app.cli.parts import parts_at_work
from app.services import tick as rounds


@click.command()
@click.option("--only", type=click.Choice(rounds.NAMES), help="This round alone.")
@click.option(
    "--until-done", is_flag=True, help="Go on until nothing is due; one batch a round, if left out."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tick(only: str | None, until_done: bool, as_json: bool) -> None:
    """Do what is due by the clock: points and cards that end or begin, tiers, birthdays, warnings, the daily
    seal.

    A running worker does the same by itself; both at once do nothing twice.
    """
    deps = parts_at_work().deps
    done: dict[str, int] = {}
    waits: dict[str, bool] = {}
    with Bar() as bar:
        for each in rounds.run(deps.db, deps.read, deps.now, only=only or "", until_done=until_done):
            done[each.round.name], waits[each.round.name] = each.done, each.done < each.total
            bar.show(each.round.says, each.done, each.total)
    if as_json:
        click.echo(json.dumps({"done": done, "more": any(waits.values())}))
    else:
        _print(done, any(waits.values()))


def _print(done: dict[str, int], more: bool) -> None:
    says = {each.name: each.says for each in rounds.ROUNDS}
    for name, count in done.items():
        if count:
            click.echo(f"{count:>9,}  {says[name]}")
    if not any(done.values()):
        click.echo("Nothing was due.")
    if more:
        click.echo("There is more: run it again, or with --until-done.")


COMMANDS = (tick,)
