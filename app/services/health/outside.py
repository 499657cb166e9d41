"""How we look from outside: the public address asked as a phone and as Google ask it.

A service that answers well on its own machine may still be out of reach: another server has the name, the
chain lacks its intermediate, a proxy redirects, caches or takes headers away. Phones tell nobody. So we call
ourselves through the public address, and know our own answer by a proof that only this service can make.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from app.services.causes import fine, found
from app.services.causes.cause import Level
from app.services.health import ground
from app.services.health.address import is_this_machine
from app.services.health.wire import Answer, ask, handshake, resolves
from app.services.ports import Finding

PROBE = "/apple/v1/probe"
SINCE = "Thu, 01 Jan 2026 00:00:00 GMT"
MOST_IMAGE_BYTES = 2_000_000
SOON_DAYS = 10
_INCOMPLETE, _SELF_SIGNED, _EXPIRED, _WRONG_NAME = {2, 20, 21}, {18, 19}, {10}, {62, 64}
_LOGINS = frozenset({401, 403, 407})


@dataclass(frozen=True)
class Outside:
    """`prove` makes our proof of a nonce; `pictures` are addresses that Google is given; `anchors` (PEM)
    replaces the public authorities.
    """

    base_url: str
    prove: Callable[[str], str]
    now: Callable[[], datetime]
    pictures: Callable[[], Sequence[str]] = field(default=tuple)
    trusted_proxies: int = 0
    anchors: Path | None = None

    def findings(self) -> list[Finding]:
        """Everything that a phone or Google would stumble over; several seconds at worst."""
        found_here = [*self._reach()]
        if not any(finding.level == "broken" for finding in found_here) and not _is_silent(found_here):
            found_here += [*self._as_a_phone(), *self._as_google()]
        return found_here or [fine("address", url=self.base_url)]

    def _ask(self, method: str, path: str, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(method, self.base_url + path, named, anchors=self.anchors)

    def _is_ours(self, answer: Answer, nonce: str) -> bool:
        return _read(answer).get("proof") == self.prove(nonce)

    # -- is it us? ---------------------------------------------------------------------------------

    def _reach(self) -> Iterator[Finding]:
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not resolves(host, port):
            yield found("address-unresolved", host=host)
            return
        if parts.scheme == "https" and (faults := [*self._certificate(host, port)]):
            yield from faults
            if any(fault.level == "broken" for fault in faults):
                return
        yield from self._greeting()

    def _certificate(self, host: str, port: int) -> Iterator[Finding]:
        met = handshake(host, port, anchors=self.anchors)
        codes = {
            "web-certificate-expired": _EXPIRED,
            "web-certificate-incomplete": _INCOMPLETE,
            "web-certificate-self-signed": _SELF_SIGNED,
            "web-certificate-wrong-name": _WRONG_NAME,
        }
        for code, numbers in codes.items():
            if met.verify_code in numbers:
                yield found(code, host=host)
                return
        if met.verify_code > 0 or "SSL" in met.fault.upper() or "TLS" in met.fault.upper():
            yield found("web-certificate-invalid", host=host, said=met.fault)
        elif met.not_after and met.not_after - self.now() < timedelta(days=SOON_DAYS):
            yield found("web-certificate-ends-soon", host=host, days=(met.not_after - self.now()).days)

    def _greeting(self) -> Iterator[Finding]:
        nonce = secrets.token_hex(12)
        answer = self._ask("GET", f"/healthz?nonce={nonce}")
        if answer.fault:
            here = is_this_machine(urlsplit(self.base_url).hostname or "")
            level: Level = "warning" if here else "broken"
            yield found("address-silent", level=level, url=self.base_url, said=answer.fault)
        elif 300 <= answer.status < 400:
            yield found("proxy-redirects", path="/healthz", target=_target(answer))
        elif not self._is_ours(answer, nonce):
            yield found("address-other-service", url=self.base_url, said=answer.said)
        else:
            yield from ground.clock_of(answer.headers.get("Date", ""), self.now(), "the proxy in front")

    # -- as a phone --------------------------------------------------------------------------------

    def _as_a_phone(self) -> Iterator[Finding]:
        nonce = secrets.token_hex(12)
        path = f"{PROBE}/{nonce}"
        sent = {"Authorization": f"ApplePass {nonce}", "If_Modified_Since": SINCE}
        first = self._ask("GET", path, **sent)
        if refused := [*self._not_us(first, nonce, path)]:
            yield from refused
            return
        told = _read(first)
        if not told.get("authorization"):
            yield found("proxy-strips-authorization")
        if not told.get("since"):
            yield found("proxy-strips-since")
        if told.get("forwarded") and not self.trusted_proxies:
            yield found("proxy-not-trusted")
        if _read(self._ask("GET", path, **sent)).get("tick") == told.get("tick"):
            yield found("proxy-caches")
        yield from self._methods(path, nonce, sent)

    def _not_us(self, answer: Answer, nonce: str, path: str) -> Iterator[Finding]:
        if 300 <= answer.status < 400:
            yield found("proxy-redirects", path=path, target=_target(answer))
        elif not self._is_ours(answer, nonce):
            yield found("proxy-answers", said=answer.said)

    def _methods(self, path: str, nonce: str, sent: dict[str, str]) -> Iterator[Finding]:
        head = self._ask("HEAD", path, **sent)
        if head.status != 200:
            yield found("proxy-refuses-head", status=head.status or head.fault)
        for method in ("POST", "DELETE"):
            answer = self._ask(method, path, **sent)
            if not self._is_ours(answer, nonce):
                yield found("proxy-blocks-methods", method=method, status=answer.status or answer.fault)

    # -- as Google ---------------------------------------------------------------------------------

    def _as_google(self) -> Iterator[Finding]:
        yield from self._robots()
        for url in self.pictures():
            yield from self._picture(url)

    def _robots(self) -> Iterable[Finding]:
        """No robots.txt allows everything; one that is behind a login forbids it."""
        answer = self._ask("GET", "/robots.txt")
        rules = RobotFileParser()
        if answer.status == 200:
            rules.parse(answer.body[:500_000].decode("utf-8", "replace").splitlines())
        for path in ("/media/", "/google/callback"):
            blocked = answer.status == 200 and not rules.can_fetch("Googlebot", f"{self.base_url}{path}x")
            if blocked or answer.status in _LOGINS:
                yield found("robots-block", path=path)

    def _picture(self, url: str) -> Iterable[Finding]:
        answer = ask("GET", url, {"User-Agent": "Googlebot-Image/1.0"}, anchors=self.anchors)
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if answer.status != 200:
            yield found("image-unreachable", url=url, said=answer.said)
        elif not kind.startswith("image/"):
            yield found("image-wrong-type", url=url, said=kind or "nothing")
        elif len(answer.body) > MOST_IMAGE_BYTES:
            yield found("image-too-large", url=url, size_kb=len(answer.body) // 1000)
        if url.startswith("http://") and not is_this_machine(urlsplit(url).hostname or ""):
            yield found("image-http", url=url)


def _is_silent(findings: Iterable[Finding]) -> bool:
    return any(finding.code == "address-silent" for finding in findings)


def _target(answer: Answer) -> str:
    return answer.headers.get("Location", "")[:200] or f"HTTP {answer.status}"


def _read(answer: Answer) -> dict[str, Any]:
    if answer.status != 200:
        return {}
    try:
        told = json.loads(answer.body[:10_000])
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
