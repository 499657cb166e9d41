"""What every answer carries and every request must pass: headers, limits, CSRF, the session cookie, the
proxy's word.

The content policy allows no inline script and no inline style attribute; colours that come from a programme
travel in one <style> with a nonce. A view that needs more says so with `page_needs`, next to its route.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

SESSION_LASTS = timedelta(hours=12)
MOST_BODY_BYTES = 10_000_000
MOST_FORM_BYTES = 200_000
View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, headers_enabled=True)
"""Counts in the memory of each process: enough against guessing, and no second store to keep."""


def install(app: Flask, *, base_url: str, trusted_proxies: int = 0) -> None:
    """Protect `app`, which is reached at `base_url` through exactly `trusted_proxies` proxies of our own.

    One hop too many and a visitor could name their own address; one too few and all share the proxy's limit.
    """
    https = base_url.startswith("https://")
    _limit_bodies(app)
    _set_cookie(app, https)
    csrf.init_app(app)
    limiter.init_app(app)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.after_request(lambda response: _harden(response, https))
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
    if request.mimetype == "application/x-www-form-urlencoded":
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


def _harden(response: Response, https: bool) -> Response:
    needs = g.get("page_needs", {})
    camera = "self" if needs.get("camera") else ""
    policy = content_policy(
        g.get("csp_nonce", ""),
        wasm=needs.get("wasm", False),
        connect=needs.get("connect", ()),
        img=needs.get("img", ()),
    )
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", f"camera=({camera}), microphone=(), geolocation=(), payment=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if response.mimetype == "text/html" and "Cache-Control" not in headers:
        headers["Cache-Control"] = "private, no-store" if request.method == "POST" else "private, no-cache"
    return response
