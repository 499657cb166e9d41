"""Commands for whoever looks after the service: keys and staff."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

import click
from sqlalchemy.orm import Session

from app.cli.parts import parts_at_work
from app.services import access, keys
from app.storage.tables import ApiKey


@click.group("api-key")
def api_key() -> None:
    """Keys for programs."""


@api_key.command("create")
@click.option("--role", default="owner", show_default=True, type=click.Choice(sorted(access.ROLES)))
@click.option("--scopes", default="", help="Instead of a role: scopes, with commas between them.")
@click.option("--programme", default="", help="Slug of the only programme it may use; all, if left out.")
@click.option("--name", default="", help="What it is for.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it lasts; for ever, if left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def create_key(role: str, scopes: str, programme: str, name: str, days: int | None, as_json: bool) -> None:
    """Print a new key, this once."""
    found = parts_at_work().deps
    now = found.now()
    key = access.create_key(
        found.db,
        role=role,
        scopes=[each.strip() for each in scopes.split(",") if each.strip()],
        name=name,
        programme=programme,
        expires_at=now + timedelta(days=days) if days else None,
        now=now,
    )
    click.echo(json.dumps({"key": key, "role": access.NO_ROLE if scopes else role}) if as_json else key)


@api_key.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_keys(as_json: bool) -> None:
    """Keys, the newest first: when each was used last and when it ends. Secrets are not kept."""
    found = parts_at_work().deps
    with found.read() as session:
        rows = keys.page(session, None, limit=10_000)
        told = [_told(session, row, found.now()) for row in rows]
    if as_json:
        click.echo(json.dumps(told))
        return
    for each in told:
        words = [f"{each['id']:>4}", f"{each['hint']:8}", each["state"], each["name"], each["role"]]
        words += [f"programme {each['programme']}"] if each["programme"] else []
        words += [f"last used {each['last_used_at']}" if each["last_used_at"] else "never used"]
        words += [f"ends {each['expires_at']}"] if each["expires_at"] else []
        click.echo("  ".join(words))


def _told(session: Session, row: ApiKey, now: datetime) -> dict[str, Any]:
    times = ("created_at", "last_used_at", "expires_at", "revoked_at")
    said = {name: at.isoformat(timespec="seconds") if (at := getattr(row, name)) else None for name in times}
    plain = {name: getattr(row, name) for name in ("id", "hint", "name", "role", "successor_id")}
    programme = keys.slug_called(session, row.programme_id) if row.programme_id else None
    known = {"state": keys.state(row, now), "scopes": row.scopes.split(), "programme": programme}
    return {**plain, **known, **said}


@api_key.command("rotate")
@click.argument("key_id", metavar="ID", type=click.IntRange(1, 2**62))
@click.option(
    "--overlap-hours",
    default=24,
    show_default=True,
    type=click.IntRange(0, keys.MOST_OVERLAP_HOURS),
    help="How long the old key still opens.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rotate_key(key_id: int, overlap_hours: int, as_json: bool) -> None:
    """Print a new key with the rights of key ID (see `api-key list`), this once."""
    found = parts_at_work().deps
    made = keys.rotate(found.db, key_id, overlap=timedelta(hours=overlap_hours), now=found.now())
    click.echo(json.dumps({"key": made.secret, "id": made.key_id}) if as_json else made.secret)


@api_key.command("revoke")
@click.argument("key_id", metavar="ID", type=click.IntRange(1, 2**62))
def revoke_key(key_id: int) -> None:
    """End key ID for good: from now on it opens nothing."""
    found = parts_at_work().deps
    access.revoke_key(found.db, key_id, now=found.now())
    click.echo(f"Key {key_id} is revoked.")


@click.group()
def staff() -> None:
    """People who sign in."""


@staff.command("add")
@click.argument("login")
@click.option("--role", required=True, type=click.Choice(access.STAFF_ROLES))
@click.option("--name", default="", help="As colleagues see it.")
@click.option("--programme", default="", help="Slug of the only programme they see; all, if left out.")
@click.option("--store", default="", help="Where they work; noted on what they do.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add_staff(login: str, role: str, name: str, programme: str, store: str, as_json: bool) -> None:
    """Let LOGIN sign in; prints the password, this once."""
    found = parts_at_work().deps
    password = secrets.token_urlsafe(12)
    access.add_staff(
        found.db,
        login=login,
        password=password,
        role=role,
        name=name,
        programme=programme,
        store=store,
        now=found.now(),
    )
    click.echo(json.dumps({"login": login, "password": password}) if as_json else password)


COMMANDS = (api_key, staff)
