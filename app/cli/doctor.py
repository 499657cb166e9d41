"""`tillpass doctor`: what is wrong, found before a customer finds it, each with the mend."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
from sqlalchemy.exc import SQLAlchemyError

from app.cli.one_card import about
from app.cli.slips import database_says
from app.compose import Tillpass, compose
from app.services.causes import SYMPTOMS, by_symptom, fine, found, same, symptoms_of
from app.services.ports import Finding
from app.settings import Settings, SettingsError, unknown_names
from app.storage.schema import is_current
from app.wallets.apple.signing import CertificateError
from app.wallets.google.credentials import InvalidCredentials
from app.wallets.samsung.keys import InvalidKeys


@click.command()
@click.argument("card", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--offline", is_flag=True, help="Ask neither the public address nor the vendors.")
@click.option("--symptom", type=click.Choice(list(SYMPTOMS)), help="Only what can cause this.")
@click.option("--accept", is_flag=True, help="Take key, address and team as they are now for the right ones.")
def doctor(card: str | None, as_json: bool, offline: bool, symptom: str | None, accept: bool) -> None:
    """Check settings, database, certificates, keys, queues, the way phones reach us and the vendors; one line
    a finding with its mend, below what people see of it. Exit 1 when something is broken.

    With CARD (a serial or number): everything about that one card.
    """
    if card:
        sys.exit(about(card, as_json=as_json))
    if accept:
        _accept()
    findings = [each for each in same(examine(offline=offline)) if _concerns(each, symptom)]
    if as_json:
        click.echo(json.dumps([_row(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _print(findings)
    sys.exit(1 if any(finding.level == "broken" for finding in findings) else 0)


def _concerns(finding: Finding, symptom: str | None) -> bool:
    return symptom is None or (finding.level != "ok" and symptom in symptoms_of(finding))


def _row(finding: Finding) -> dict[str, object]:
    said = {name: getattr(finding, name) for name in ("level", "code", "message", "mend")}
    return {**said, "symptoms": list(symptoms_of(finding)) if finding.level != "ok" else []}


def _print(findings: Iterable[Finding]) -> None:
    """What is wrong by what people see of it, then what is well."""
    findings = list(findings)
    for symptom, group in by_symptom(findings).items():
        click.echo(f"{SYMPTOMS[symptom]}:")
        for each in group:
            click.echo(f"  {each.level:8} {each.message}{f' {each.mend}' if each.mend else ''} [{each.code}]")
    if well := [each for each in findings if each.level == "ok"]:
        click.echo("In order:")
        for each in well:
            click.echo(f"  {each.level:8} {each.message}")


def _accept() -> None:
    parts = compose(Settings.load())
    if parts.deps.health:
        for name in parts.deps.health.accept():
            click.echo(f"Accepted as it is now: {name}", err=True)
    parts.database.close()


def examine(*, offline: bool = True) -> Iterator[Finding]:
    """All findings of this environment, gravest causes first; raises nothing that an operator can cause."""
    for name in unknown_names(os.environ):
        yield found("setting-unknown", name=name)
    try:
        settings = Settings.load()
    except SettingsError as error:
        yield from (_setting(fault) for fault in error.faults)
        return
    yield from _settings(settings)
    try:
        parts = compose(settings)
    except InvalidCredentials as error:
        yield found("google-credentials-unusable", said=str(error))
    except InvalidKeys as error:
        yield found("samsung-keys", said=str(error))
    except CertificateError as error:
        yield found(error.code, pass_type=str(settings.certs_dir), said=str(error))
    except (SQLAlchemyError, OSError, ValueError) as error:
        yield _database_broken(error)
    else:
        yield from _service(parts, offline)
        parts.database.close()


def _setting(fault: str) -> Finding:
    """A path in the public address is so frequent a slip that it has words of its own."""
    url = os.environ.get("TILLPASS_BASE_URL", "")
    parts = urlsplit(url)
    if fault.startswith("TILLPASS_BASE_URL ") and parts.netloc and parts.path.strip("/"):
        return found("base-url-path", url=url, better=f"{parts.scheme}://{parts.netloc}")
    return found("settings", fault=fault)


def _settings(settings: Settings) -> Iterator[Finding]:
    if settings.sandbox:
        yield found("sandbox")
    if settings.smtp_url is None:
        yield found("mail-off")
    for path in sorted(settings.certs_dir.glob("*/key.pem")):
        yield from _key_is_ours_alone(path)


def _key_is_ours_alone(path: Path) -> Iterator[Finding]:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        yield found("key-readable", path=path)


def _service(parts: Tillpass, offline: bool) -> Iterator[Finding]:
    """The database first: where it does not answer, only papers and the world outside can be looked at."""
    health = parts.deps.health
    assert health is not None
    database = _database(parts)
    yield database
    if database.level == "broken":
        yield from health.papers()
    else:
        yield from (each for each in health.closely() if each.code != "database")
    if not offline:
        yield from health.outside()


def _database(parts: Tillpass) -> Finding:
    try:
        current = is_current(parts.database)
    except (SQLAlchemyError, OSError) as error:
        return _database_broken(error)
    return fine("database", dialect=parts.database.dialect) if current else found("database-migrations")


def _database_broken(error: Exception) -> Finding:
    return found("database", said=database_says(error) if isinstance(error, SQLAlchemyError) else f"{error}.")


COMMANDS = (doctor,)
