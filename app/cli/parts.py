"""What commands share: the parts of a service, built from the environment."""

from __future__ import annotations

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
