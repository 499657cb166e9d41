"""What commands share: the parts of a service, built from the environment."""

from __future__ import annotations

from app.compose import Tillpass, compose
from app.observability import configure_logging
from app.settings import Settings
from app.storage.schema import is_fresh, migrate


def settings() -> Settings:
    """The environment's settings; raises SettingsError."""
    return Settings.load()


def parts() -> Tillpass:
    """All parts of the service; raises SettingsError, CertificateError, InvalidCredentials."""
    found = settings()
    configure_logging(found.log_format)
    return compose(found)


def parts_at_work() -> Tillpass:
    """The same for commands that write: a fresh database is made, an older one is for `migrate`."""
    found = parts()
    if is_fresh(found.database):
        migrate(found.settings.database_url)
    return found
