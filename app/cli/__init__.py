"""The command `tillpass`: every task of an operator, each with `--help`, none with a stack trace for a
slip.
"""

from __future__ import annotations

import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from app.cli import admin, certs, dev, doctor, passes, serving
from app.cli.parts import spoken
from app.domain.errors import Refused
from app.settings import SettingsError
from app.wallets.apple.signing import CertificateError
from app.wallets.google.credentials import InvalidCredentials


class _Commands(click.Group):
    """Turns what the user got wrong into one line and exit code 1."""

    def main(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        try:
            return super().main(*args, **kwargs)
        except (SettingsError, Refused, CertificateError, InvalidCredentials) as error:
            said = str(error)
        except SQLAlchemyError as error:
            said = f"The database cannot be used: {spoken(error)} (see `tillpass migrate`, `tillpass doctor`)"
        except OSError as error:
            said = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
        click.echo(f"tillpass: {said}", err=True)
        sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tillpass")
def main() -> None:
    """Loyalty cards in Apple Wallet and Google Wallet, kept true."""


_ROOMS = (serving, dev, admin, doctor, certs, passes)
for command in (command for room in _ROOMS for command in room.COMMANDS):
    main.add_command(command)
