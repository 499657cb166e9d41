"""Google Wallet for people without a Google account: REST, sign-in, save page and callbacks on this machine.

It behaves as Google's documents and recorded replies say, also where that is awkward: one fault at a time,
legacy spellings in replies, whole writes refused for one picture, links that never update a card. Used over
HTTP only, so that the code under test cannot tell it from the real thing.

Vendor page: developers.google.com/wallet/reference/rest (last checked 2026-08).
"""

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request

from app.sandbox.google_accounts import (
    Account,
    Accounts,
    read_service_account,
    write_service_account,
)
from app.sandbox.google_modes import Modes
from app.sandbox.google_pages import Phones, google_pages
from app.sandbox.google_rest import google_rest
from app.sandbox.google_state import GoogleState

__all__ = [
    "Account",
    "Accounts",
    "GoogleState",
    "Modes",
    "create_google",
    "read_service_account",
    "write_service_account",
]

LARGEST_BODY = 10 * 1024 * 1024
ONE_PHONE = (("android-1", "Android phone"),)


def create_google(
    state: GoogleState,
    *,
    save_url: str = "https://pay.google.com/gp/v/save",
    phones: Phones = lambda: ONE_PHONE,
    sleep: Callable[[float], None] = time.sleep,
) -> Flask:
    """The stand-in as a Flask app. `save_url` is the prefix that it writes into `saveUri`.

    `/stand-in/modes` (GET, PATCH) turns faults on and off, `/stand-in/log` shows what came and what was told.
    """
    app = Flask(__name__, static_folder=None, template_folder="google_templates")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.register_blueprint(google_rest(state, save_url, sleep))
    app.register_blueprint(google_pages(state, phones))
    _control(app, state)
    return app


def _control(app: Flask, state: GoogleState) -> None:
    @app.get("/stand-in/modes")
    def modes() -> Response:
        return jsonify(state.modes.as_json())

    @app.patch("/stand-in/modes")
    def change_modes() -> tuple[Response, int]:
        wanted: Any = request.get_json(silent=True)
        try:
            state.modes.change(wanted if isinstance(wanted, dict) else {"": wanted})
        except ValueError as error:
            return jsonify({"error": str(error)}), 400
        return jsonify(state.modes.as_json()), 200

    @app.put("/stand-in/testers")
    def set_testers() -> tuple[Response, int]:
        """The phones that may save cards in demo mode, as a list; null: all."""
        wanted: Any = request.get_json(silent=True)
        if wanted is not None and not (isinstance(wanted, list) and all(isinstance(i, str) for i in wanted)):
            return jsonify({"error": "a list of phone ids, or null"}), 400
        state.testers = None if wanted is None else frozenset(wanted)
        return jsonify({"testers": wanted}), 200

    @app.get("/stand-in/log")
    def log() -> Response:
        sent = list(state.callbacks.sent)
        return jsonify({"requests": list(state.requests), "callbacks": sent, "counts": state.counts()})
