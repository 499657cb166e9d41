"""The command `tillpass`: every task of an operator, each with `--help`, none with a stack trace for a
slip.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

ROOMS = {
    "serve": "serving",
    "worker": "serving",
    "migrate": "serving",
    "demo": "dev",
    "sandbox": "dev",
    "dev": "dev",
    "openapi": "description",
    "api-key": "admin",
    "staff": "admin",
    "doctor": "doctor",
    "certs": "certs",
    "google": "google",
    "verify": "passes",
    "design": "looks",
    "rules": "rules",
    "tick": "tick",
    "ledger": "ledger",
    "preset": "presets",
    "members": "members",
}
"""Which module has a command (in its `COMMANDS`): only what is asked for is loaded."""


class _Commands(click.Group):
    """Turns what the user got wrong into one line and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(ROOMS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ROOMS:
            return None
        commands: tuple[click.Command, ...] = import_module(f"app.cli.{ROOMS[cmd_name]}").COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def main(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        try:
            return super().main(*args, **kwargs)
        except Exception as error:
            from app.cli.slips import in_one_line

            said = in_one_line(error)
            if said is None:
                raise
        click.echo(f"tillpass: {said}", err=True)
        sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tillpass")
def main() -> None:
    """Loyalty cards in Apple Wallet and Google Wallet, kept true."""
