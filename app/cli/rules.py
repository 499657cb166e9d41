"""`tillpass rules`: the rules of a programme from a terminal, as files that can be reviewed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli import parts as composed
from app.domain.errors import Invalid
from app.domain.money import money_text
from app.domain.programme import Programme
from app.domain.rule_words import described
from app.domain.rulecheck import advice
from app.domain.text import in_locale
from app.services import rule_preview, rulebook
from app.services.rule_preview import Preview, Step
from app.storage import queries

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PROGRAMME = click.option("--programme", "slug", required=True, help="Which programme, by its slug.")
_LANGUAGE = click.option("--lang", type=click.Choice(["en", "ru"]), default="en", help="Language of words.")


@click.group()
def rules() -> None:
    """Rules of a programme: show, check, try over the real cards, publish."""


@rules.command()
@_PROGRAMME
@_LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="Print the rules alone, for a file.")
def show(slug: str, lang: str, as_json: bool) -> None:
    """The rules in force, those to come, and who changed them when."""
    parts = composed.parts()
    with parts.deps.read() as session:
        row = queries.programme_row(session, slug)
        book = rulebook.read(session, row, parts.deps.now())
        told = {each.number: rulebook.programme_of(row, each) for each in book.versions}
    parts.database.close()
    if as_json:
        click.echo(json.dumps(_dumped(told[book.current.number]), ensure_ascii=False, indent=2))
        return
    for version in book.versions:
        click.echo(_about(version))
        if version.state in ("current", "waiting"):
            for sentence in _words(told[version.number], lang):
                click.echo(f"  {sentence}")


@rules.command()
@_PROGRAMME
@click.argument("file", type=_FILE)
def check(slug: str, file: Path) -> None:
    """Whether rules in a file (a JSON list) make sense; exit 1 and one line a fault if not."""
    parts = composed.parts()
    try:
        with parts.deps.read() as session:
            programme = rulebook.proposed(queries.programme_row(session, slug), _rules_in(file))
    finally:
        parts.database.close()
    for pointer, sentence in advice(programme):
        click.echo(f"{pointer}: {sentence}")
    click.echo("These rules make sense.")


@rules.command()
@_PROGRAMME
@_LANGUAGE
@click.option("--keep-old", is_flag=True, help="Cards that are out keep the rules they have.")
@click.argument("file", type=_FILE)
def preview(slug: str, lang: str, keep_old: bool, file: Path) -> None:
    """What rules in a file would do over the real cards; changes nothing."""
    parts = composed.parts()
    now = parts.deps.now()
    steps = rule_preview.preview(parts.deps.read, slug, _rules_in(file), now=now, keep_old=keep_old)
    found = _walked(steps)
    with parts.deps.read() as session:
        currency = queries.programme_row(session, slug).body["currency"]
    parts.database.close()
    for line in _previewed(found, currency, lang):
        click.echo(line)


@rules.command()
@_PROGRAMME
@click.option("--at", "starts_at", type=click.DateTime(), help="From when on, UTC; now by default.")
@click.option("--keep-old", is_flag=True, help="Cards that are out keep the rules they have.")
@click.option("--note", default="", help="Why, for colleagues.")
@click.option("--seen", type=int, help="The newest version that you know; refused if there is a newer one.")
@click.argument("file", type=_FILE)
def publish(
    slug: str, starts_at: datetime | None, keep_old: bool, note: str, seen: int | None, file: Path
) -> None:
    """Let rules in a file count, now or from a date on."""
    parts = composed.parts()
    number = rulebook.schedule(
        parts.deps.db,
        slug,
        _rules_in(file),
        now=parts.deps.now(),
        starts_at=starts_at.replace(tzinfo=UTC) if starts_at else None,
        keep_old=keep_old,
        note=note,
        author="command line",
        seen=seen,
    )
    parts.database.close()
    click.echo(
        f"Version {number} " + (f"starts on {starts_at:%F %R} UTC." if starts_at else "counts from now on.")
    )


def _rules_in(file: Path) -> list[Any]:
    """A JSON list, or an object with `rules`; raises Invalid."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Invalid({"": f"{file.name} is not JSON: {error}"}) from None
    found = raw.get("rules") if isinstance(raw, dict) else raw
    if not isinstance(found, list):
        raise Invalid({"": f"{file.name} holds no list of rules"})
    return found


def _dumped(programme: Programme) -> list[Any]:
    return [
        rule.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"kind": rule.kind}
        for rule in programme.rules
    ]


def _about(version: rulebook.Version) -> str:
    said = [f"Version {version.number}, {version.state}, from {version.starts_at:%F %R} UTC"]
    said += [f"by {version.author}"] if version.author else []
    said += ["older cards keep theirs"] if version.keep_old else []
    return ", ".join(said) + (f": {version.note}" if version.note else "")


def _words(programme: Programme, lang: str) -> Iterator[str]:
    for rule in programme.rules:
        head, *rest = (in_locale(each, lang) for each in described(rule, programme))
        yield " ".join([f"{head}.", *rest]) if rest else f"{head}."


def _walked(steps: Iterator[Step | Preview]) -> Preview:
    """With a progress bar where somebody watches."""
    err = sys.stderr
    with click.progressbar(range(1), length=1, label="Trying", file=err) as bar:
        for step in steps:
            if isinstance(step, Preview):
                return step
            bar.length = max(1, step.total)
            bar.update(step.done - bar.pos)
    raise AssertionError("a preview ends with what it found")


def _previewed(found: Preview, currency: str, lang: str) -> Iterator[str]:
    cards, month = found.cards, found.costs[0]
    how = "every card" if cards.exact else f"a sample of {cards.looked_at}, give or take {cards.margin} cards"
    yield f"{cards.total} cards ({how})"
    for side, count in cards.sides.items():
        yield f"  {side}: {count}"
    yield f"  complete at once: {cards.complete} cards, {cards.rewards} rewards"
    for (before, after), count in sorted(cards.tiers.items()):
        yield f"  from tier '{before}' to '{after}': {count}"
    money = in_locale(money_text(abs(month.monthly_minor), currency), lang)
    more = "more" if month.monthly_minor >= 0 else "less"
    counted = "exact" if month.exact else f"an estimate from {month.looked_at} receipts"
    yield f"Costs {money} {more} a month ({counted}, receipts of {month.days} days: {month.receipts})"


COMMANDS = (rules,)
