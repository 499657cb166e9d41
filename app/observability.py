"""What the operator sees of a running service: log lines, a request's id and numbers for Prometheus.

Logs travel further than databases do (files, collectors, tickets), so people's data and secrets are taken out
here, in one place, whatever the caller wrote. A path is never logged, only its route: `/c/<link>` is a
customer's key.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from time import perf_counter
from typing import Any, Literal, TextIO
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

from app.metrics import Metrics

REDACTED = "[redacted]"
_SECRET_PARTS = (
    "authorization",
    "token",
    "secret",
    "password",
    "passwd",
    "cookie",
    "signature",
    "credential",
)
_SECRET_WORDS = frozenset(
    {"key", "keys", "apikey", "phone", "phones", "email", "emails", "mail", "birthday", "pan", "pin", "otp"}
)
_IN_TEXT = (
    (re.compile(r"\b(ApplePass|Bearer|Basic)\s+[^\s'\",;]+", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{REDACTED}@"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), REDACTED),
    (re.compile(r"(?<![\w.])\+\d[\d\s()-]{7,18}\d"), REDACTED),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END|\Z)", re.DOTALL), REDACTED),
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_NO_NEWS = (200, 204, 304)
_DEEPEST = 6


def configure_logging(
    style: Literal["json", "text"], *, stream: TextIO | None = None, level: int = logging.INFO
) -> None:
    """Send our lines and those of the libraries to `stream` (stderr), as JSON objects or as text."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        redact,
    ]
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(style, out)],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("werkzeug", "urllib3", "alembic", "_granian", "granian.access"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take secrets and people's data out of a log event: by the key's name, and in texts by their shape."""
    for key, value in event.items():
        event[key] = REDACTED if _is_secret(key, value) else _cleaned(value, _DEEPEST)
    return event


def install(
    app: Flask,
    metrics: Metrics,
    *,
    new_id: Callable[[], str] = lambda: uuid4().hex,
    tick: Callable[[], float] = perf_counter,
) -> None:
    """Give every request of `app` an id (taken from X-Request-Id when it is harmless), a log line and a
    latency.

    Call it before any other `before_request` is registered, so that refusals are counted too.
    """

    lines, told = structlog.get_logger("tillpass.requests"), logging.getLogger("tillpass.requests")

    @app.before_request
    def begin() -> None:
        mine = g._get_current_object()
        mine.began_at = tick()
        mine.request_id = accepted_request_id(request.headers.get("X-Request-Id")) or new_id()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=mine.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        asked = request._get_current_object()  # type: ignore[attr-defined]
        took_s = tick() - g.get("began_at", tick())
        route = asked.url_rule.rule if asked.url_rule else "unmatched"
        method = asked.method if asked.method in _METHODS else "OTHER"
        response.headers["X-Request-Id"] = g.get("request_id", "")
        metrics.request_seconds.labels(method, route, str(response.status_code)).observe(took_s)
        level = _level(route, response.status_code)
        if told.isEnabledFor(level):
            status, ms = response.status_code, round(took_s * 1000, 1)
            lines.log(level, "request", method=method, route=route, status=status, ms=ms)
        return response


def _level(route: str, status: int) -> int:
    """Probes, files and phones that ask whether something is new would drown all other lines."""
    quiet = route in _PROBES or route.startswith("/static/")
    quiet = quiet or (route.startswith("/apple/") and status in _NO_NEWS)
    return logging.DEBUG if quiet else logging.INFO


def accepted_request_id(given: str | None) -> str | None:
    """The caller's id when it is safe to write into logs and headers, else None."""
    return given if given and _REQUEST_ID.fullmatch(given) else None


def _renderer(style: str, out: TextIO) -> Any:
    if style == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    colours = out.isatty() and "NO_COLOR" not in os.environ
    return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)


def _is_secret(key: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return False
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(key)).lower()
    return any(part in words for part in _SECRET_PARTS) or not _SECRET_WORDS.isdisjoint(
        re.split(r"\W|_", words)
    )


def _cleaned(value: Any, depth: int) -> Any:
    """`value` with secrets taken out at any depth; what lies deeper than `_DEEPEST` is left out whole."""
    if depth == 0:
        return REDACTED
    match value:
        case str():
            return _cleaned_text(value)
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
        case Mapping():
            return {
                k: REDACTED if _is_secret(str(k), v) else _cleaned(v, depth - 1) for k, v in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_cleaned(item, depth - 1) for item in value]
        case None | bool() | int() | float():
            return value
        case _:
            return _cleaned_text(str(value))


def _cleaned_text(text: str) -> str:
    for pattern, instead in _IN_TEXT:
        text = pattern.sub(instead, text)
    return text
