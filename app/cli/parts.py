"""What commands share: the parts of a service, built from the environment."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from app.compose import Tillpass, compose
from app.observability import configure_logging
from app.settings import Settings


def settings() -> Settings:
    """The environment's settings; raises SettingsError."""
    return Settings.load()


def parts() -> Tillpass:
    """All parts of the service; raises SettingsError, CertificateError, InvalidCredentials."""
    found = settings()
    configure_logging(found.log_format)
    return compose(found)


def spoken(error: SQLAlchemyError) -> str:
    """What a database says, in one line: neither the statement nor its values, which may name people."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return lines[0].strip().rstrip(".") + "."
