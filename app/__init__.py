"""Tillpass: loyalty cards in Apple Wallet and Google Wallet, kept true."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from flask import Flask

    from app.compose import Tillpass
    from app.settings import Settings

WITHOUT_SESSION = ("api", "osmi", "sandbox", "demo")
"""Blueprints that no cookie opens (keys; the sandbox looks where a call comes from), as those of the wallets
(tokens, signatures): no CSRF.
"""


def create_app(settings: Settings | None = None) -> Flask:
    """The web application from settings (by default those of the environment); raises SettingsError.

    With `embedded_worker` the delivery worker runs in this process too.
    """
    from app.compose import compose
    from app.observability import configure_logging
    from app.settings import Settings

    settings = settings or Settings.load()
    configure_logging(settings.log_format)
    parts = compose(settings)
    app = flask_app(parts)
    app.config["TILLPASS_GUIDE"] = _guide(settings)
    if settings.embedded_worker:
        _start_worker(parts)
    return app


def flask_app(parts: Tillpass) -> Flask:
    """The Flask application around parts that exist already; for tests and commands."""
    from flask import Flask

    from app import api, web
    from app.observability import install
    from app.resources import folder
    from app.wallets import blueprints
    from app.web.security import csrf

    app = Flask(__name__, template_folder=str(folder("templates")), static_folder="static")
    settings = parts.settings
    app.secret_key = settings.secret_key.get_secret_value()
    app.config["TILLPASS_TRUSTED_PROXIES"] = settings.trusted_proxies
    token = settings.metrics_token
    app.config["TILLPASS_METRICS_TOKEN"] = token.get_secret_value() if token else ""
    app.extensions["tillpass"] = parts.deps
    app.extensions["tillpass-google-callbacks"] = parts.callbacks
    app.extensions["tillpass-metrics"] = parts.metrics
    install(app, parts.metrics)
    vendors = blueprints()
    for blueprint in vendors:
        app.register_blueprint(blueprint)
    api.register(app, calls_per_minute=settings.api_calls_per_minute)
    web.register(app)
    for each in (*vendors, *(app.blueprints[name] for name in WITHOUT_SESSION)):
        csrf.exempt(each)
    return app


def _guide(settings: Settings) -> dict[str, Any]:
    """The demo's sign-ins for the pages of a sandbox on this very machine, and for nobody else."""
    from app.cli.demo import read_guide
    from app.settings import is_loopback

    here = settings.sandbox and is_loopback(urlsplit(settings.base_url).hostname or "")
    return read_guide(settings.instance_dir) if here else {}


def _start_worker(parts: Tillpass) -> None:
    from app.services.worker import Worker

    worker = Worker(parts.worker_parts(), parts.bell)
    worker.start()
    atexit.register(worker.stop)
