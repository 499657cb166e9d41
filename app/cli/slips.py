"""What an operator got wrong, in one line; anything else is a mistake of ours and keeps its stack trace."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from app.domain.errors import Refused
from app.settings import SettingsError
from app.wallets.apple.signing import CertificateError
from app.wallets.google.credentials import InvalidCredentials
from app.wallets.samsung.keys import InvalidKeys


def in_one_line(error: Exception) -> str | None:
    """The sentence for the terminal, or None for an error that no operator can cause."""
    match error:
        case SettingsError() | Refused() | CertificateError() | InvalidCredentials() | InvalidKeys():
            return str(error)
        case SQLAlchemyError():
            said = database_says(error)
            return f"The database cannot be used: {said} (see `tillpass migrate`, `tillpass doctor`)"
        case OSError():
            return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    return None


def database_says(error: SQLAlchemyError) -> str:
    """Neither the statement nor its values, which may name people."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return lines[0].strip().rstrip(".") + "."
