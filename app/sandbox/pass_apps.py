"""The push servers of Android apps that read passes: WalletPasses, PassWallet, Pass2U and the others.

Each takes exactly the body that its vendor describes, and refuses what the vendor would refuse. `pushes`
keeps what came; `expired`, `unknown` and `failing` make trouble.

Vendor pages: walletpasses.io/developer, github.com/Kwiket/passwallet, pass2u.net/apiPushNotification,
walletunion.com/developer/en (last checked 2026-08).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request

KEY = "a key of the pass apps' stand-in"


@dataclass(frozen=True, slots=True)
class AppPush:
    """One call: which app's server, for which pass type, to whom."""

    app: str
    topic: str
    tokens: tuple[str, ...]


@dataclass
class PassApps:
    """What all these servers know. `failing` maps an app to the status that it answers everything with."""

    pushes: list[AppPush] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    failing: dict[str, int] = field(default_factory=dict)
    retry_after_s: int = 0

    def tokens(self, app: str) -> list[str]:
        """Everybody whom this app's server woke so far."""
        return [token for push in self.pushes if push.app == app for token in push.tokens]


def create_pass_apps(state: PassApps) -> Flask:
    """The servers, each below its own path."""
    server = Flask(__name__, static_folder=None)

    @server.post("/walletpasses/api/v1/push")
    def walletpasses() -> Response:
        return _taken(state, "walletpasses", {"passTypeIdentifier", "pushTokens"})

    @server.post("/passworks/v1/pushUpdate")
    def passworks() -> Response:
        if request.headers.get("Authorization") != KEY:
            return Response(status=401)
        return _taken(state, "passworks", {"passTypeIdentifier", "pushTokens"})

    @server.post("/passwallet/v1/pushUpdates")
    def passwallet() -> Response:
        return _taken(state, "attido", {"passTypeID", "pushTokens"}, refuse=_dead(state))

    @server.post("/pass2u/v2/registrations/<topic>/push")
    def pass2u(topic: str) -> Response:
        if request.headers.get("x-api-key") != KEY:
            return Response(status=403)
        return _taken(state, "pass2u", {"registrationIds"}, topic=topic, most=1000)

    @server.post("/walletunion/send")
    def walletunion() -> Response:
        if request.headers.get("Authorization") != KEY:
            return Response(status=401)
        huawei = bool((request.get_json(silent=True) or {}).get("hms"))
        app, most = ("walletunionhms", 1000) if huawei else ("walletunion", 50)
        taken = _taken(state, app, {"passTypeIdentifier", "pushTokens", "hms"}, most=most)
        return taken if taken.status_code != 200 else _told(state)

    return server


def _dead(state: PassApps) -> bool:
    """PassWallet's server refuses a whole batch for one token that is over, and does not say for which."""
    tokens = (request.get_json(silent=True) or {}).get("pushTokens")
    return isinstance(tokens, list) and bool(state.expired.intersection(map(str, tokens)))


def _taken(
    state: PassApps, app: str, keys: set[str], *, topic: str = "", most: int = 100_000, refuse: bool = False
) -> Response:
    state.calls.append(app)
    if status := state.failing.get(app):
        headers = {"Retry-After": str(state.retry_after_s)} if state.retry_after_s else {}
        return Response("out of order", status, headers=headers)
    body: Any = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) != keys or refuse:
        return Response('{"status":"ERROR"}', 400, content_type="application/json")
    tokens = next(body[key] for key in ("pushTokens", "registrationIds") if key in body)
    if not isinstance(tokens, list) or not tokens or not all(isinstance(one, str) for one in tokens):
        return Response('{"error":"the tokens must be a list"}', 400, content_type="application/json")
    if len(tokens) > most:
        return Response(status=413)
    named = topic or str(body.get("passTypeIdentifier") or body.get("passTypeID"))
    state.pushes.append(AppPush(app, named, tuple(tokens)))
    return jsonify(status="OK")


def _told(state: PassApps) -> Response:
    tokens = set(state.pushes[-1].tokens)
    expired, unknown = sorted(tokens & state.expired), sorted(tokens & state.unknown)
    status = "ERROR" if expired or unknown else "OK"
    return jsonify(status=status, expired_push_tokens=expired, unknown_push_tokens=unknown)
