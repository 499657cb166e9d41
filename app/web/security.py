"""What every answer carries and every request must pass: headers, limits, CSRF, the session cookie, the
proxy's word.

The content policy allows no inline script and no inline style attribute; colours that come from a programme
travel in one <style> with a nonce. A view that needs more says so with `page_needs`, next to its route.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

SESSION_LASTS = timedelta(hours=12)
MOST_BODY_BYTES = 10_000_000
MOST_FORM_BYTES = 200_000
View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()
PROGRAMS = ("/apple/", "/google/callback", "/api/v1/", "/hooks/")
"""Below these, programs call with keys and signatures: no cookie is read there, and none is set."""


class _ViewLimits(Limiter):
    """All our limits stand at their views, which check them: a search before each request finds nothing."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


class _PageSessions(SecureCookieSessionInterface):
    """Sessions for people's pages alone."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if request.path.startswith(PROGRAMS) else super().open_session(app, request)


limiter = _ViewLimits(get_remote_address, headers_enabled=True)
"""Counts in the memory of each process: enough against guessing, and no second store to keep."""


def install(app: Flask, *, base_url: str, trusted_proxies: int = 0) -> None:
    """Protect `app`, which is reached at `base_url` through exactly `trusted_proxies` proxies of our own.

    One hop too many and a visitor could name their own address; one too few and all share the proxy's limit.
    """
    https = base_url.startswith("https://")
    _limit_bodies(app)
    _set_cookie(app, https)
    app.session_interface = _PageSessions()
    csrf.init_app(app)
    limiter.init_app(app)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    plain = _plain_headers(https)

    @app.after_request
    def harden(response: Response) -> Response:
        is_page = response.mimetype == "text/html" and response.status_code not in _EMPTY
        if is_page or "page_needs" in g or "csp_nonce" in g:
            return _harden(response, plain)
        _set_missing(response, plain.items())
        return response

    if trusted_proxies:
        proxied = ProxyFix(
            app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies, x_host=trusted_proxies
        )
        app.wsgi_app = proxied  # type: ignore[method-assign]


def _limit_bodies(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = app.config.get("MAX_CONTENT_LENGTH") or MOST_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MOST_FORM_BYTES
    app.before_request(_limit_plain_form)
    app.config["MAX_FORM_PARTS"] = 200
    app.config.setdefault("RATELIMIT_STORAGE_URI", "memory://")


def _limit_plain_form() -> None:
    """The limit of form fields that the framework knows is for multipart bodies only."""
    if "CONTENT_TYPE" in request.environ and request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = MOST_FORM_BYTES


def _set_cookie(app: Flask, https: bool) -> None:
    app.config.update(
        SESSION_COOKIE_NAME="__Host-tillpass" if https else "tillpass",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=SESSION_LASTS,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form left open over lunch still works
        WTF_CSRF_SSL_STRICT=False,  # card pages send no Referer at all; the token and SameSite do the work
    )


def csp_nonce() -> str:
    """This answer's nonce for `<script nonce>` and `<style nonce>`."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def page_needs(
    *, wasm: bool = False, camera: bool = False, connect: tuple[str, ...] = (), img: tuple[str, ...] = ()
) -> Callable[[View], View]:
    """Let one page do more: run WebAssembly, use the camera, talk to or show pictures from these origins."""

    def mark(view: View) -> View:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            allow(wasm=wasm, camera=camera, connect=connect, img=img)
            return view(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    return mark


def allow(
    *, wasm: bool = False, camera: bool = False, connect: tuple[str, ...] = (), img: tuple[str, ...] = ()
) -> None:
    """The same as `page_needs`, for a view that knows its needs only once it runs."""
    g.page_needs = {"wasm": wasm, "camera": camera, "connect": connect, "img": img}


def content_policy(
    nonce: str = "", *, wasm: bool = False, connect: tuple[str, ...] = (), img: tuple[str, ...] = ()
) -> str:
    """The Content-Security-Policy of a page."""
    own = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {own}" + (" 'wasm-unsafe-eval'" if wasm else ""),
            f"style-src {own}",
            " ".join(("img-src 'self' data: blob:", *img)),
            " ".join(("connect-src 'self'", *connect)),
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


_EMPTY = (204, 304)
_HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def _permissions(*, camera: bool) -> str:
    return f"camera=({'self' if camera else ''}), microphone=(), geolocation=(), payment=()"


def _plain_headers(https: bool) -> Mapping[str, str]:
    """What every answer carries that is no page, made once."""
    made = {
        "Content-Security-Policy": content_policy(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": _permissions(camera=False),
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return made | (_HSTS if https else {})


def _set_missing(response: Response, wanted: Iterable[tuple[str, str]]) -> None:
    present = {name.lower() for name, _value in response.headers}
    for name, value in wanted:
        if name.lower() not in present:
            response.headers.add(name, value)


def _harden(response: Response, plain: Mapping[str, str]) -> Response:
    needs = g.get("page_needs", {})
    policy = content_policy(
        g.get("csp_nonce", ""),
        wasm=needs.get("wasm", False),
        connect=needs.get("connect", ()),
        img=needs.get("img", ()),
    )
    own = {
        "Content-Security-Policy": policy,
        "Permissions-Policy": _permissions(camera=bool(needs.get("camera"))),
    }
    _set_missing(response, {**plain, **own}.items())
    headers = response.headers
    if response.mimetype == "text/html" and "Cache-Control" not in headers:
        headers["Cache-Control"] = "private, no-store" if request.method == "POST" else "private, no-cache"
    return response
