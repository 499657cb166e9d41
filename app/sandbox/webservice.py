"""Apple's web service from the phone's side: the six calls of a pass's server, each seen on the wire log.

Follows Apple's PassKit Web Service Reference (archive) and the Wallet Passes pages, last checked in 2026-07.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from app.sandbox.world import Reply, World

Told = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class WebService:
    """The server of one `webServiceURL`, as one phone talks to it; `told` hears of every exchange."""

    url: str
    world: World
    told: Told

    def register(self, dli: str, pass_type: str, serial: str, token: str, push_token: str) -> Reply:
        """POST a registration: 201 new, 200 known, 401 wrong token."""
        path = ("devices", dli, "registrations", pass_type, serial)
        body = orjson.dumps({"pushToken": push_token})
        return self._exchange("register", "POST", path, headers=_with(token, json=True), body=body)

    def unregister(self, dli: str, pass_type: str, serial: str, token: str) -> Reply:
        path = ("devices", dli, "registrations", pass_type, serial)
        return self._exchange("unregister", "DELETE", path, headers=_with(token))

    def changed(self, dli: str, pass_type: str, tag: str | None) -> Reply:
        """GET the serials that changed since `tag`: 200 with a list, 204 none. No authorization by design."""
        query = {"passesUpdatedSince": tag} if tag else {}
        return self._exchange("asked", "GET", ("devices", dli, "registrations", pass_type), query=query)

    def fetch(
        self, pass_type: str, serial: str, token: str, *, since: str | None, head: bool = False
    ) -> Reply:
        """GET the pass, or its headers alone: 200, or 304 where nothing changed since `since`."""
        headers = _with(token) | ({"If-Modified-Since": since} if since else {})
        method, step = ("HEAD", "peeked") if head else ("GET", "fetched")
        return self._exchange(step, method, ("passes", pass_type, serial), headers=headers)

    def personalize(self, pass_type: str, serial: str, token: str, info: Mapping[str, str]) -> Reply:
        """POST the holder's answers with a token to sign; as Apple describes it, without authorization."""
        body = orjson.dumps({"personalizationToken": token, "requiredPersonalizationInfo": info})
        path = ("passes", pass_type, serial, "personalize")
        headers = {"Content-Type": "application/json"}
        return self._exchange("signed up", "POST", path, headers=headers, body=body)

    def log(self, lines: list[str]) -> Reply:
        body = orjson.dumps({"logs": lines})
        headers = {"Content-Type": "application/json"}
        return self._exchange("logged", "POST", ("log",), headers=headers, body=body)

    def _exchange(
        self,
        step: str,
        method: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        target = "/v1/" + "/".join(quote(part, safe="") for part in path)
        target += f"?{urlencode(query)}" if query else ""
        start = time.perf_counter()
        address = self.world.reach(self.url.rstrip("/") + target)
        reply = self.world.send(method, address, headers=_as_iphone(headers), body=body)
        took_ms = round((time.perf_counter() - start) * 1000, 1)
        size = len(reply.body) if reply.status else 0
        line = {"step": step, "method": method, "path": target, "status": reply.status}
        self.told("wire", line | {"took_ms": took_ms, "bytes": size})
        return reply


def _with(token: str, *, json: bool = False) -> dict[str, str]:
    headers = {"Authorization": f"ApplePass {token}"}
    return headers | {"Content-Type": "application/json"} if json else headers


def _as_iphone(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {"User-Agent": "passd/1.0 CFNetwork Darwin", "Accept": "*/*", **(headers or {})}
