"""The command `tillpass`: every task of an operator, each with `--help`, none with a stack trace for a
slip.
"""

from __future__ import annotations

import sys

import click

from app.cli import admin, dev, passes, serving
from app.domain.errors import Refused
from app.settings import SettingsError


class _Commands(click.Group):
    """Turns what the user got wrong into one line and exit code 1."""

    def main(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        try:
            return super().main(*args, **kwargs)
        except (SettingsError, Refused) as error:
            click.echo(f"tillpass: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tillpass")
def main() -> None:
    """Loyalty cards in Apple Wallet and Google Wallet, kept true."""


for command in (*serving.COMMANDS, *admin.COMMANDS, *passes.COMMANDS, *dev.COMMANDS):
    main.add_command(command)
