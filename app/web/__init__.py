"""Pages for people. `register` is all that the composition root calls."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from flask import Flask, current_app, url_for
from jinja2 import FileSystemLoader

from app import i18n
from app.audience import audience
from app.deps import Deps
from app.resources import folder
from app.web import errors, security
from app.web.languages import other_languages

ROOMS = ("home", "join", "rules_page", "card", "links", "media", "auth")
MORE_ROOMS = (
    "till",
    "till_events",
    "till_gifts",
    "studio",
    "staff",
    "hooks",
    "sandbox",
    "demo",
    "ops",
    "verify",
    "card_bundle",
    "card_qr",
)
"""Rooms with a module of their own, which opens its pages through `bp` or `register(app)`."""


def register(app: Flask) -> None:
    """Open all pages on `app`, which has its parts in `app.extensions["tillpass"]` and a secret key.

    `TILLPASS_TRUSTED_PROXIES` of its config says how many proxies of our own stand in front (none).
    """
    parts: Deps = app.extensions["tillpass"]
    app.jinja_loader = FileSystemLoader([folder("templates") / "pages", folder("templates")])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    i18n.install(app, folder("translations"))
    hops = int(app.config.get("TILLPASS_TRUSTED_PROXIES", 0))
    security.install(app, base_url=parts.base_url, trusted_proxies=hops)
    errors.install(app)
    app.jinja_env.globals.update(sandbox=parts.sandbox, base_url=parts.base_url)
    app.context_processor(_page_values)
    app.add_url_rule("/favicon.ico", "favicon", audience("public")(_favicon))
    for name in (*ROOMS, *(each for each in MORE_ROOMS if find_spec(f"app.web.{each}"))):
        _open(app, import_module(f"app.web.{name}"))


def _open(app: Flask, room: Any) -> None:
    if hasattr(room, "register"):
        room.register(app)
    else:
        app.register_blueprint(room.bp)


def _favicon() -> Any:
    return current_app.send_static_file("icon.svg")


def _page_values() -> dict[str, Any]:
    return {"static": _static, "other_languages": other_languages, "languages": i18n.LANGUAGES}


def _static(name: str) -> str:
    return url_for("static", filename=name)
