"""Knocks at phones whose passes live in Android apps: each app's server, in batches, and what it answers.

The verdicts are those of Apple's push service, so one round of deliveries counts both alike. A server that is
down is left alone for a while: behind these requests wait the pushes of other people's iPhones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from app.wallets.apple.apns_replies import Push, PushResult, Reply, Verdict
from app.wallets.apple.app_wire import Answer, Post, post
from app.wallets.apple.apps import ATTIDO, NAMES

FIRST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(minutes=15)
BATCHES: Mapping[str, int] = {"walletunion": 50, "walletunionhms": 1000, "pass2u": 1000}
"""How many tokens a server takes at once; WalletUnion and Pass2U name these limits, the others none."""
BATCH = 100
NEEDS_KEY = ("pass2u", "passworks", "walletunion", "walletunionhms")
_SUSPICIOUS = 20  # so many unknown tokens at once, and most of them: then it is us who are wrong


@dataclass(frozen=True, slots=True)
class AppServer:
    """Where an app is told of changes, and our key there (WalletPasses takes less without one)."""

    url: str
    key: str = ""


@dataclass(slots=True)
class _Rest:
    """A server that failed: not before `until`, and longer the next time."""

    until: datetime
    length: timedelta


@dataclass
class AppPushers:
    """Pushes for all apps; safe for many threads. `origins` are the servers that PassWallet may name."""

    servers: Mapping[str, AppServer]
    origins: Sequence[str]
    now: Callable[[], datetime]
    send: Post = post
    _resting: dict[str, _Rest] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def can_push(self, app: str) -> bool:
        """Whether there is a way to wake its phones; without one they ask by themselves, once a day or so."""
        if app == ATTIDO:
            return bool(self.origins)
        server = self.servers.get(app)
        return server is not None and bool(server.url) and (bool(server.key) or app not in NEEDS_KEY)

    def push(self, app: str, push_url: str, topic: str, pushes: Sequence[Push]) -> Iterator[PushResult]:
        """A result for each of these tokens of one app and pass type; never raises for the network."""
        size = BATCHES.get(app, BATCH)
        for start in range(0, len(pushes), size):
            yield from self._push(app, push_url, topic, pushes[start : start + size])

    def _push(self, app: str, push_url: str, topic: str, batch: Sequence[Push]) -> Iterator[PushResult]:
        url, headers = self._where(app, push_url, topic)
        if (left_s := self._rest_left_s(url)) > 0:
            tired = Reply(0, "Resting", retry_after_s=left_s, detail=f"{NAMES[app]}'s server does not answer")
            yield from (PushResult(push, Verdict.RETRY, tired) for push in batch)
            return
        tokens = [push.token for push in batch]
        answer = self.send(url, headers, orjson.dumps(body_for(app, topic, tokens)))
        self._note(url, answer)
        if answer.status in (400, 413) and len(batch) > 1:  # one bad token must not hold up the others
            half = len(batch) // 2
            yield from self._push(app, push_url, topic, batch[:half])
            yield from self._push(app, push_url, topic, batch[half:])
            return
        yield from read_answer(app, answer, batch)

    def _where(self, app: str, push_url: str, topic: str) -> tuple[str, dict[str, str]]:
        if app == ATTIDO:
            return f"{push_url}/v1/pushUpdates", {}
        server = self.servers[app]
        if app == "pass2u":
            return f"{server.url}/v2/registrations/{topic}/push", {"x-api-key": server.key}
        return server.url, {"Authorization": server.key} if server.key else {}

    def _rest_left_s(self, url: str) -> int:
        with self._lock:
            rest = self._resting.get(url)
        return int((rest.until - self.now()).total_seconds()) + 1 if rest and rest.until > self.now() else 0

    def _note(self, url: str, answer: Answer) -> None:
        """A server that fails rests, twice as long each time; one that answers is well again."""
        unwell = answer.status == 0 or answer.status >= 500 or answer.status == 429
        with self._lock:
            if not unwell:
                self._resting.pop(url, None)
                return
            before = self._resting.get(url)
            length = min(LONGEST_REST, before.length * 2) if before else FIRST_REST
            wished = timedelta(seconds=min(answer.retry_after_s, 3600))
            self._resting[url] = _Rest(self.now() + max(length, wished), length)


def body_for(app: str, topic: str, tokens: Sequence[str]) -> dict[str, Any]:
    """What the app's server is sent. The tokens are a list even where there is one."""
    if app == ATTIDO:
        return {"passTypeID": topic, "pushTokens": list(tokens)}
    if app == "pass2u":
        return {"registrationIds": list(tokens)}
    body = {"passTypeIdentifier": topic, "pushTokens": list(tokens)}
    return {**body, "hms": app == "walletunionhms"} if app.startswith("walletunion") else body


def read_answer(app: str, answer: Answer, batch: Sequence[Push]) -> Iterator[PushResult]:
    """What an answer means for each token of the batch that it is about."""
    fields = _fields(answer.body)
    reply = Reply(
        answer.status, retry_after_s=answer.retry_after_s or None, detail=_words(app, answer, fields)
    )
    verdict = _verdict(app, answer.status)
    if verdict is Verdict.SENT and app.startswith("walletunion"):
        yield from _walletunion(reply, fields, batch)
        return
    yield from (PushResult(push, verdict, reply) for push in batch)


def _verdict(app: str, status: int) -> Verdict:
    """An answer that we do not know keeps the token. 410 is about a phone only where it chose the server."""
    if 200 <= status < 300:
        return Verdict.SENT
    if status == 410 and app == ATTIDO:
        return Verdict.DROP
    if status == 429:
        return Verdict.THROTTLED
    ours = status in (401, 403) or (300 <= status < 500 and app != ATTIDO)
    return Verdict.OURS if ours else Verdict.RETRY


def _walletunion(reply: Reply, fields: Mapping[str, Any], batch: Sequence[Push]) -> Iterator[PushResult]:
    """Its answer lists the tokens that are over. Most of many unknown is our fault, and forgets nobody."""
    expired, unknown = (_tokens(fields.get(f"{name}_push_tokens")) for name in ("expired", "unknown"))
    strange = sum(push.token in unknown and push.token not in expired for push in batch)
    wrong = strange >= _SUSPICIOUS and strange > len(batch) // 2
    failed = fields.get("status") == "FCM_FAILED"
    for push in batch:
        if push.token in expired:
            yield PushResult(push, Verdict.DROP, reply)
        elif push.token in unknown:
            yield PushResult(push, Verdict.OURS if wrong else Verdict.DROP, reply)
        else:
            yield PushResult(push, Verdict.RETRY if failed else Verdict.SENT, reply)


def _tokens(found: Any) -> frozenset[str]:
    return frozenset(one for one in found if isinstance(one, str)) if isinstance(found, list) else frozenset()


def _fields(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _words(app: str, answer: Answer, fields: Mapping[str, Any]) -> str:
    """For a person: the server's name, and what it said about itself."""
    told = next((str(fields[key]) for key in ("message", "error", "status") if fields.get(key)), "")
    clean = "".join(char if char.isprintable() else " " for char in told)[:80]
    what = answer.said or f"status {answer.status}"
    return f"{NAMES[app]}'s server: {what}" + (f" ({clean})" if clean else "")
