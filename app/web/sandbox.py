"""The sandbox page, and the way through us to the sandbox process: often only our own port can be reached.

Nothing here exists outside the sandbox: every address answers 404 then.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from urllib3.exceptions import HTTPError

from app.audience import audience
from app.deps import deps
from app.i18n import LANGUAGES, chosen, use
from app.web.security import csrf

CONNECT_S = 3.0
ANSWER_S = 65.0  # longer than a stream of the sandbox lasts
STREAMS_AT_ONCE = 3  # each holds a thread of ours; further pages ask every second instead
CHUNK_BYTES = 64 * 1024
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_PASSED_ON = ("Accept", "Accept-Language", "Authorization", "Content-Type", "Last-Event-ID", "User-Agent")
_PASSED_BACK = (
    "Cache-Control",
    "Content-Security-Policy",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "Location",
    "X-Content-Type-Options",
)
_streams = threading.BoundedSemaphore(STREAMS_AT_ONCE)

bp = Blueprint("sandbox", __name__)
csrf.exempt(bp)  # Google's save page knows nothing of our tokens; `_only_in_the_sandbox` looks at the origin


@bp.before_request
def _only_in_the_sandbox() -> None:
    if not deps().sandbox:
        abort(404)
    if _from_elsewhere():
        abort(403)


@bp.get("/sandbox")
@audience("sandbox")
def page() -> str:
    """The phones on screen."""
    use(chosen(LANGUAGES))
    return render_template("sandbox.html", languages=LANGUAGES)


@bp.route("/sandbox/api/<path:path>", methods=METHODS)
@audience("sandbox")
def control(path: str) -> ResponseReturnValue:
    """The control API of the sandbox process."""
    return _pass_on(path)


@bp.route("/sandbox/google/<path:path>", methods=METHODS)
@audience("sandbox")
def google(path: str) -> ResponseReturnValue:
    """Google's pages as a person sees them: the save link leads here."""
    return _pass_on(f"google/{path}")


def _pass_on(path: str) -> ResponseReturnValue:
    streaming = path == "events"
    if streaming and not _streams.acquire(blocking=False):
        return jsonify(ok=False, text="Too many live pages; this one asks every second instead."), 503
    done = _streams.release if streaming else _nothing
    try:
        answer = _ask(path)
    except requests.RequestException:
        done()
        return jsonify(
            ok=False, text="The sandbox process does not answer. Start it with: tillpass sandbox"
        ), 502
    headers = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
    sent = Response(_body(answer, at_once=streaming), status=answer.status_code, headers=headers)
    sent.call_on_close(answer.close)
    sent.call_on_close(done)  # here and not in the generator: it may never be started
    return sent


def _ask(path: str) -> requests.Response:
    parts: dict[str, Any] = {"params": list(request.args.items(multi=True)), "data": request.get_data()}
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    return requests.request(
        request.method,
        f"{deps().sandbox_url.rstrip('/')}/{path}",
        headers=headers | {"Accept-Encoding": "identity", "X-Forwarded-Prefix": "/sandbox"},
        timeout=(CONNECT_S, ANSWER_S),
        allow_redirects=False,
        stream=True,
        **parts,
    )


def _body(answer: requests.Response, *, at_once: bool) -> Iterator[bytes]:
    """The answer as it comes: whatever a stream has now, anything else in large pieces."""
    read: Callable[[int], bytes] = answer.raw.read1 if at_once else answer.raw.read
    try:
        while piece := read(CHUNK_BYTES):
            yield piece
    except (OSError, HTTPError):
        return  # the sandbox was stopped, or was silent for too long; a browser asks again


def _from_elsewhere() -> bool:
    """A page of another site must not move a developer's phones; ours sends its own origin or none."""
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    return request.method != "GET" and foreign


def _nothing() -> None:
    """For answers that hold no stream."""
