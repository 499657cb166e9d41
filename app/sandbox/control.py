"""The control API of the sandbox: what the page draws, and what a person does to phones and to the world.

It listens on this machine alone and has no sign-in: the shop's own pages pass requests on, and only while the
sandbox is on.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from app.sandbox.android import Android
from app.sandbox.barcodes import barcode_svg
from app.sandbox.bundle import PassRefused
from app.sandbox.events import Events, server_sent
from app.sandbox.iphone import IPhone
from app.sandbox.mail import MailSink
from app.sandbox.phones import Phones, TooManyPhones, describe

STREAM_S = 55.0
LARGEST_BODY_BYTES = 1024 * 1024
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_NAMES = {
    "iphone": ("Anna’s iPhone", "iPhone Анны"),
    "android": ("Anna’s Android", "Android Анны"),
}


class Faults(Protocol):
    """The switches of the world outside, as `{group: {name: value}}`."""

    def as_json(self) -> dict[str, dict[str, Any]]: ...

    def change(self, wanted: dict[str, dict[str, Any]]) -> None:
        """Raises ValueError for an unknown switch; then nothing changed."""


@dataclass(frozen=True)
class Parts:
    """What the control API shows and moves."""

    phones: Phones
    events: Events
    mails: MailSink
    faults: Faults
    logs: Callable[[], dict[str, Any]]


def create_control(parts: Parts) -> Flask:
    """The Flask application; it holds no state of its own."""
    app = Flask("tillpass-sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    app.register_error_handler(Exception, _explain)
    _routes_for_phones(app, parts.phones)
    _routes_for_cards(app, parts.phones)
    _routes_for_watching(app, parts)
    _routes_for_faults(app, parts.faults)
    return app


def _routes_for_phones(app: Flask, phones: Phones) -> None:
    @app.get("/phones")
    def all_phones() -> Response:
        return jsonify(phones=phones.describe())

    @app.post("/phones")
    def create_phone() -> tuple[Response, int]:
        body = _body({"kind": str, "locale": str, "name": str})
        kind, locale = body.get("kind", "iphone"), body.get("locale", "en")[:20]
        count = sum(phone.kind == kind for phone in phones.all())
        english, russian = _NAMES.get(kind, ("", ""))
        name = body.get("name") or (russian if locale.startswith("ru") else english)
        numbered = name if body.get("name") or not count else f"{name} {count + 1}"
        return jsonify(describe(phones.create(kind, name=numbered[:60], locale=locale))), 201

    @app.get("/phones/<phone_id>")
    def one_phone(phone_id: str) -> Response:
        return jsonify(describe(phones.get(phone_id)))

    @app.delete("/phones/<phone_id>")
    def delete_phone(phone_id: str) -> tuple[str, int]:
        phones.delete(phone_id)
        return "", 204

    @app.post("/phones/<phone_id>/offline")
    def set_offline(phone_id: str) -> Response:
        phones.get(phone_id).set_offline(bool(_body({"on": bool}).get("on", True)))
        return jsonify(describe(phones.get(phone_id)))

    @app.post("/phones/<phone_id>/locale")
    def set_locale(phone_id: str) -> Response:
        locale = _body({"locale": str}).get("locale", "")
        if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", locale):
            raise BadRequest("Give a language tag: {“locale”: “ru”}.")
        phones.get(phone_id).set_locale(locale)
        return jsonify(describe(phones.get(phone_id)))

    @app.post("/phones/<phone_id>/new-token")
    def new_token(phone_id: str) -> Response:
        phone = phones.get(phone_id)
        if not isinstance(phone, IPhone):
            raise BadRequest("Google keeps the push tokens of Android phones to itself.")
        phone.take_new_token()
        return jsonify(describe(phone))


def _routes_for_cards(app: Flask, phones: Phones) -> None:
    @app.post("/phones/<phone_id>/add")
    def add_card(phone_id: str) -> tuple[Response, int]:
        url = _body({"url": str}).get("url", "")
        if not url.startswith(("http://", "https://")):
            raise BadRequest("Give the address of a card: {“url”: “https://…”}.")
        phones.get(phone_id).add(url)
        return jsonify(describe(phones.get(phone_id))), 201

    @app.post("/phones/<phone_id>/remove-card")
    def remove_card(phone_id: str) -> Response:
        phone, card = phones.get(phone_id), _body({"card": str}).get("card", "")
        if isinstance(phone, Android):
            phone.remove(card)
        else:
            pass_type, _, serial = card.partition("/")
            phone.remove(pass_type, serial)
        return jsonify(describe(phone))

    @app.post("/phones/<phone_id>/refresh")
    def refresh(phone_id: str) -> Response:
        phones.get(phone_id).refresh()
        return jsonify(describe(phones.get(phone_id)))

    @app.get("/phones/<phone_id>/pictures/<digest>/<slot>.png")
    def picture(phone_id: str, digest: str, slot: str) -> Response:
        return Response(phones.picture(phone_id, digest, slot), mimetype="image/png", headers=_FOREVER)

    @app.get("/barcode.svg")
    def barcode() -> Response:
        svg = barcode_svg(request.args.get("format", ""), request.args.get("message", ""))
        safe = {"Content-Security-Policy": "default-src 'none'"}
        return Response(svg, mimetype="image/svg+xml", headers=_FOREVER | safe)


def _routes_for_watching(app: Flask, parts: Parts) -> None:
    events = parts.events

    @app.get("/events")
    def stream() -> Response:
        last = request.headers.get("Last-Event-ID", "") or request.args.get("after", "0")
        body = server_sent(events.follow(_resume(events, last), for_s=STREAM_S))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(body, mimetype="text/event-stream", headers=headers)

    @app.get("/events/since")
    def since() -> Response:
        found = events.since(_resume(events, request.args.get("after", "0")))
        return jsonify(events=[event.as_json() for event in found], newest=events.last_number())

    @app.get("/mails")
    def mails() -> Response:
        return jsonify(mails=parts.mails.mails(to=request.args.get("to")))

    @app.get("/logs")
    def logs() -> Response:
        return jsonify(parts.logs())

    @app.get("/healthz")
    def healthy() -> Response:
        return jsonify(ok=True)


def _routes_for_faults(app: Flask, faults: Faults) -> None:
    @app.get("/faults")
    def show_faults() -> Response:
        return jsonify(faults.as_json())

    @app.post("/faults")
    def change_faults() -> Response:
        body = _body({"apns": dict, "google": dict})
        faults.change(body)
        return jsonify(faults.as_json())


def _resume(events: Events, text: str) -> int:
    """Where to go on; a number from before a restart of the sandbox means: from the beginning."""
    number = int(text) if text.isdecimal() and len(text) < 16 else 0
    return number if number <= events.last_number() else 0


def _body(kinds: dict[str, type]) -> dict[str, Any]:
    """The JSON body with the keys we know; raises BadRequest."""
    body = request.get_json(silent=True) if request.get_data(cache=True) else {}
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    for name, value in body.items():
        if name not in kinds or not isinstance(value, kinds[name]):
            raise BadRequest(f"“{name}” is unknown here or of another type.")
    return body


def _explain(fault: Exception) -> tuple[Response, int]:
    """Every refusal as JSON with a sentence, since a person reads it on the page."""
    if isinstance(fault, PassRefused):
        return jsonify(ok=False, text=f"The phone refused the card: {fault}"), 422
    if isinstance(fault, TooManyPhones):
        return jsonify(ok=False, text=str(fault)), 409
    if isinstance(fault, KeyError):
        return jsonify(ok=False, text="There is no such phone, card or picture."), 404
    if isinstance(fault, ValueError):
        return jsonify(ok=False, text=str(fault)), 422
    if isinstance(fault, HTTPException):
        return jsonify(ok=False, text=fault.description), fault.code or 500
    raise fault
