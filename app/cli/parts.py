"""What commands share: the parts of a service, built from the environment."""

from __future__ import annotations

from app.compose import Tillpass, compose
from app.observability import configure_logging
from app.settings import Settings
from app.wallets.apple.signing import CertificateError
from app.wallets.google.credentials import InvalidCredentials


def settings() -> Settings:
    """The environment's settings; raises SettingsError."""
    return Settings.load()


def parts() -> Tillpass:
    """All parts of the service; ends with one line if certificates or keys cannot be used."""
    found = settings()
    configure_logging(found.log_format)
    try:
        return compose(found)
    except (CertificateError, InvalidCredentials) as error:
        raise SystemExit(f"tillpass: {error}") from None
