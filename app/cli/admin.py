"""Commands for whoever looks after the service: keys and staff."""

from __future__ import annotations

import json
import secrets

import click

from app.cli.parts import parts_at_work
from app.services import access


@click.group("api-key")
def api_key() -> None:
    """Keys for programs."""


@api_key.command("create")
@click.option("--role", default="owner", show_default=True, type=click.Choice(sorted(access.ROLES)))
@click.option("--programme", default="", help="Slug of the only programme it may use; all, if left out.")
@click.option("--name", default="", help="What it is for.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def create_key(role: str, programme: str, name: str, as_json: bool) -> None:
    """Print a new key, this once."""
    found = parts_at_work().deps
    key = access.create_key(found.db, role=role, name=name, programme=programme, now=found.now())
    click.echo(json.dumps({"key": key, "role": role}) if as_json else key)


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
