"""Commands about programmes: begun from a preset."""

from __future__ import annotations

import click

from app.cli.parts import parts_at_work
from app.domain.errors import NotFound
from app.domain.text import in_locale
from app.rendering.presets import presets
from app.services import programmes


@click.group()
def preset() -> None:
    """Programmes to start from."""


@preset.command("list")
def list_() -> None:
    """One line each."""
    for key, found in presets().items():
        click.echo(f"{key:22} {in_locale(found.title, 'en')}: {in_locale(found.about, 'en')}")


@preset.command("use")
@click.argument("key")
@click.option("--slug", required=True, help="Short name for addresses; it never changes.")
@click.option("--name", required=True, help="What customers read.")
@click.option("--currency", default="", help="ISO 4217 code; amounts in the rules follow it.")
@click.option("--time-zone", default="", help="IANA name of the zone in which your days end.")
def use(key: str, slug: str, name: str, currency: str, time_zone: str) -> None:
    """Start a programme from the preset KEY, with its look."""
    if key not in presets():
        raise NotFound(f"There is no preset '{key}'; `tillpass preset list` names them.")
    found, deps = presets()[key], parts_at_work().deps
    programme = found.programme_for(slug=slug, name=name, currency=currency, time_zone=time_zone)
    programmes.create(
        deps.db,
        programme,
        now=deps.now(),
        fit_starter=deps.fit_starter,
        design=found.design_for(programme),
        author="tillpass preset use",
    )
    click.echo(f"{name} is open: {deps.base_url}/join/{slug}")


COMMANDS = (preset,)
