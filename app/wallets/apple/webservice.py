"""Apple's pass web service, with its edge cases (PassKit Web Service Reference, and what phones really do).

`webServiceURL` is `<base>/apple`, so phones call `/apple/v1/…`. Wrong and unknown get the same 401 in the
same time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson
from flask import Blueprint, Response, request
from sqlalchemy import Engine
from werkzeug.http import http_date, parse_date

from app.audience import audience
from app.deps import deps
from app.services.personalising import sign_up
from app.wallets.apple import registrations
from app.wallets.apple.apps import ATTIDO, app_of, is_push_token, push_service
from app.wallets.apple.bundle import BrokenPass
from app.wallets.apple.complaints import keep_complaints
from app.wallets.apple.personalisation import MOST_BYTES as MOST_SIGN_UP_BYTES
from app.wallets.apple.personalisation import SignUp, Unreadable, read_sign_up
from app.wallets.apple.registrations import HELD, KNOWN, Registering
from app.wallets.apple.signing import CertificateError
from app.wallets.apple.vector import after, decode, encode
from app.wallets.apple.wallet import AppleWallet

MEDIA_TYPE = "application/vnd.apple.pkpass"
MOST_REGISTER_BYTES, MOST_LOG_BYTES = 4_096, 65_536
MOST_LIBRARY_ID, MOST_NAME = 128, 100
_NOBODY = {"serial": "nobody", "salt": b"nobody has this salt"}

blueprint = Blueprint("apple", __name__, url_prefix="/apple/v1")


def _wallet() -> AppleWallet:
    return cast(AppleWallet, deps().wallets["apple"])


def _engine() -> Engine:
    return cast(Engine, deps().read.kw["bind"])


def _known(pass_type: str, serial: str) -> Any | None:
    """The card's row, if the caller shows its token; the same work is done for an unknown card."""
    asked = {"serial": serial, "pass_type_identifier": pass_type}
    if not all(_is_name(name, MOST_NAME) for name in asked.values()):
        asked = {"serial": "", "pass_type_identifier": ""}  # known to nobody
    with _engine().connect() as connection:
        row = connection.execute(KNOWN, asked).one_or_none()
    salt = row.salt if row else _NOBODY["salt"]
    kept, shown = row.kept if row else None, request.headers.get("Authorization")
    genuine = _wallet().tokens.matches(shown, serial, cast(bytes, salt), kept)
    return row if genuine and row is not None else None


def _refused() -> Response:
    return Response(status=401)


@blueprint.post("/devices/<library_id>/registrations/<pass_type>/<serial>")
@audience("vendor")
def register(library_id: str, pass_type: str, serial: str) -> Response:
    """201 for a new registration, 200 for a known one (whose push token is kept up to date)."""
    app = app_of(request.headers.get("Authorization"), request.headers.get("X-Pass-Client"))
    return _register(library_id, pass_type, serial, app)


@blueprint.post("/devices/<library_id>/registrations_attido/<pass_type>/<serial>")
@audience("vendor")
def register_attido(library_id: str, pass_type: str, serial: str) -> Response:
    """The same for PassWallet, which also says which server wakes its phone."""
    return _register(library_id, pass_type, serial, ATTIDO)


def _register(library_id: str, pass_type: str, serial: str, app: str) -> Response:
    if _known(pass_type, serial) is None:
        return _refused()
    body = _body(MOST_REGISTER_BYTES)
    token: Any = body.get("pushToken")
    push_url = _push_url(app, body)
    if push_url is None or not is_push_token(app, token) or not _is_name(library_id, MOST_LIBRARY_ID):
        return Response(status=400)
    cmd = Registering(library_id, pass_type, serial, token, app, push_url)
    new = registrations.register(deps().db, cmd, now=deps().now())
    return Response(status=201 if new else 200)


def _push_url(app: str, body: dict[str, Any]) -> str | None:
    """The server that PassWallet names, if it is one of those we call; the others name none."""
    return push_service(body.get("pushServiceUrl"), _wallet().apps.origins) if app == ATTIDO else ""


def _is_name(text: str, most: int) -> bool:
    """Whether a database can be asked for it: PostgreSQL takes no NUL in a text."""
    return len(text) <= most and "\0" not in text


def _body(most_bytes: int) -> dict[str, Any]:
    """The request's JSON object, empty for anything else: thousands of brackets too."""
    request.max_content_length = most_bytes
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


@blueprint.delete("/devices/<library_id>/registrations/<pass_type>/<serial>")
@audience("vendor")
def unregister(library_id: str, pass_type: str, serial: str) -> Response:
    """200, however often: phones repeat themselves."""
    if _known(pass_type, serial) is None:
        return _refused()
    if _is_name(library_id, MOST_LIBRARY_ID):
        registrations.unregister(deps().db, library_id, pass_type, serial, now=deps().now())
    return Response(status=200)


@blueprint.get("/devices/<library_id>/registrations/<pass_type>")
@audience("vendor")
def updatable(library_id: str, pass_type: str) -> Response:
    """What changed since the tag; 204 for nothing, and for a device that nobody knows."""
    if not (_is_name(library_id, MOST_LIBRARY_ID) and _is_name(pass_type, MOST_NAME)):
        return Response(status=204)
    found = {"library_id": library_id, "pass_type_identifier": pass_type}
    with _engine().connect() as connection:
        held = connection.execute(HELD, found).all()
    tag = request.args.get("passesUpdatedSince")
    told = decode(tag)
    changed = [row for row in held if told.get(row.id) != row.version or row.served_version != row.version]
    if not changed:
        return Response(status=204)
    current = {row.id: row.version for row in held}
    _wallet().observed.asked({row.registration: row.version for row in changed})
    moved = encode(current, after(tag, current))
    return _json({"serialNumbers": [row.serial for row in changed], "lastUpdated": moved})


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), content_type="application/json")


@blueprint.get("/passes/<pass_type>/<serial>")
@audience("vendor")
def current(pass_type: str, serial: str) -> Response:
    """The signed pass, or 304 if the phone has exactly this one. Void and expired cards are served too, as
    such.
    """
    row = _known(pass_type, serial)
    if row is None:
        return _refused()
    changed_at = row.changed_at.replace(tzinfo=UTC) if row.changed_at.tzinfo is None else row.changed_at
    changed_at += timedelta(seconds=row.steps or 0)
    former = "" if row.steps is None else pass_type
    if _same(request.headers.get("If-Modified-Since"), changed_at):
        if row.served_version != row.version and request.method == "GET":
            _wallet().observed.fetched(row.id, row.version, former)
        return Response(status=304)
    if request.method == "HEAD":
        return Response(headers={"Last-Modified": http_date(changed_at)}, content_type=MEDIA_TYPE)
    return serve(row.id, former)


def _same(header: str | None, changed_at: datetime) -> bool:
    """Equal, not earlier: HTTP dates have a grain of a second, and `changed_at` never repeats within one."""
    since = parse_date(header) if header else None
    return since is not None and since == changed_at.replace(microsecond=0)


def serve(card_id: int, former: str = "") -> Response:
    """The signed pass as a response, noted as fetched; 503 while it cannot be signed. `former`: the earlier
    pass type that the phone holds the card under.
    """
    wallet = _wallet()
    try:
        package = wallet.signed(card_id, former)
    except (CertificateError, BrokenPass):
        return Response(status=503, headers={"Retry-After": "300"})
    wallet.observed.served(card_id, package.version, former)
    headers = {
        "Last-Modified": http_date(package.changed_at),
        "Content-Disposition": 'attachment; filename="card.pkpass"',
        "Cache-Control": "private, no-cache",
    }
    return Response(package.body, content_type=MEDIA_TYPE, headers=headers)


@blueprint.post("/passes/<pass_type>/<serial>/personalize")
@audience("vendor")
def personalize(pass_type: str, serial: str) -> Response:
    """The token's signature, after the holder's answers were taken; a token of a pass is honoured, not
    demanded. The pass has no personalization.json any more.
    """
    shown = request.headers.get("Authorization")
    if shown and _known(pass_type, serial) is None:
        return _refused()
    if not _wallet().turnstile.lets(request.remote_addr or "", deps().now()):
        return Response(status=429, headers={"Retry-After": "60"})
    try:
        told = read_sign_up(_body(MOST_SIGN_UP_BYTES))
    except Unreadable:
        return Response(status=400)
    if not all(_is_name(name, MOST_NAME) for name in (pass_type, serial)):
        return Response(status=404)
    return _signed_up(pass_type, serial, told)


def _signed_up(pass_type: str, serial: str, told: SignUp) -> Response:
    try:
        signature = _wallet().sign_token(pass_type, serial, told.token)
    except CertificateError:
        return Response(status=503, headers={"Retry-After": "300"})
    if signature is None:
        return Response(status=404)
    said = sign_up(deps().db, serial, told.member, told.digest, now=deps().now())
    if said in ("over", "not asked"):
        return Response(status=409 if said == "over" else 404)
    return Response(signature, content_type="application/octet-stream")


@blueprint.post("/log")
@audience("vendor")
def log() -> Response:
    """Complaints of phones: bounded in size, count and time, without control characters."""
    lines = _body(MOST_LOG_BYTES).get("logs")
    if not isinstance(lines, list):
        return Response(status=400)
    keep_complaints(deps().db, [line for line in lines if isinstance(line, str)], now=deps().now())
    return Response(status=200)
