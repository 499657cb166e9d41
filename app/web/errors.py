"""Friendly pages for everything that goes wrong, in the visitor's language, and never a stack trace.

Programs are answered as programs: below the prefixes of the API and the vendors a fault is a small JSON
problem.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.domain.errors import CardNotActive, Conflict, Invalid, NotFound, Refused
from app.i18n import gettext as _

_PROGRAMS = ("/api/", "/apple/", "/hooks/", "/google/", "/healthz", "/readyz", "/metrics")
_STATUS_OF = {NotFound: 404, Invalid: 422, Conflict: 409, CardNotActive: 409}


def install(app: Flask) -> None:
    """Answer faults of any view that does not answer them itself."""
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Exception, _unexpected)


def _form_too_old(_error: CSRFError) -> Any:
    title = _("This page was open for too long")
    text = _("For your safety nothing was sent. Go back, reload the page and try again.")
    return _answer(400, title, text)


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    answer = _answer(error.code, *_words(error.code))
    for name, value in error.get_headers():
        if name in ("Allow", "WWW-Authenticate", "Retry-After"):
            answer.headers[name] = value
    return answer


def _refused(error: Refused) -> Any:
    status = next((code for kind, code in _STATUS_OF.items() if isinstance(error, kind)), 409)
    return _answer(status, *_words(status))


def _unexpected(error: Exception) -> Any:
    structlog.get_logger("tillpass.web").error("unexpected", route=str(request.url_rule), exc_info=error)
    return _answer(500, *_words(500))


def _answer(status: int, title: str, text: str) -> Response:
    if request.path.startswith(_PROGRAMS):
        problem = jsonify(type="about:blank", title=_phrase(status), status=status)
        problem.status_code, problem.mimetype = status, "application/problem+json"
        return problem
    body = render_template(
        "error.html", status=status, title=title, text=text, request_id=g.get("request_id", "")
    )
    answer = Response(body, status, mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return InternalServerError.__name__


def _words(status: int) -> tuple[str, str]:
    known = {
        400: (
            _("This did not reach us whole"),
            _("Something was missing in the request. Go back and try again."),
        ),
        401: (_("Please sign in"), _("You have been signed out, or were not signed in yet.")),
        403: (
            _("This room is not yours"),
            _("Your account may not open this page. Ask the owner if it should."),
        ),
        404: (_("There is nothing here"), _("The address may be mistyped, or what was here is gone.")),
        405: (_("That does not work here"), _("This address answers another kind of request.")),
        413: (_("That is too big"), _("Send a smaller file; pictures may have 8 MB.")),
        422: (_("That could not be understood"), _("Check what you entered and try again.")),
        429: (
            _("A little too fast"),
            _("There were too many tries in a short time. Wait a minute and try again."),
        ),
    }
    fallback = (_("Something broke on our side"), _("Nothing was lost. Try again in a minute."))
    return known.get(status, fallback if status >= 500 else known[400])
