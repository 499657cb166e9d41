"""The API's description for other programs: `tillpass openapi`."""

from __future__ import annotations

import json

import click


@click.command("openapi")
@click.option("--base-url", default="http://127.0.0.1:8000", show_default=True, help="The server it names.")
def openapi(base_url: str) -> None:
    """Print the OpenAPI description of /api/v1; needs no settings and no database."""
    import app.api  # noqa: F401  it fills the list of calls
    from app.api.openapi import document

    click.echo(json.dumps(document(base_url.rstrip("/")), ensure_ascii=False, indent=1))


COMMANDS = (openapi,)
