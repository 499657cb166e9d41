"""A simulated iPhone: holds store cards and keeps them current exactly as Apple documents it.

It registers, is woken by an empty push, asks what changed, fetches with If-Modified-Since, complains on the
server's log in the words real phones use, and tries again with growing waits. What Apple leaves open is done
the way that hides least from a developer: the update tag is remembered as soon as the list came, so a server
that relies on the tag alone loses cards here too.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.sandbox import complaints
from app.sandbox.bundle import PASS_MEDIA_TYPE, Bundle, PassRefused, read_bundle
from app.sandbox.notices import apple_notice
from app.sandbox.webservice import WebService
from app.sandbox.world import Reply, World

Line = tuple[str, str]  # (webServiceURL, passTypeIdentifier): the pair under which a server knows a device

_SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Mobile Safari"
)


@dataclass(slots=True)
class Held:
    """A card in the wallet. `last_modified` is the header's own text, sent back as it came."""

    bundle: Bundle
    raw: bytes
    last_modified: str | None
    added_at: str
    updated_at: str
    registered: bool = False

    @property
    def pass_type(self) -> str:
        return str(self.bundle.pass_["passTypeIdentifier"])

    @property
    def serial(self) -> str:
        return str(self.bundle.pass_["serialNumber"])

    @property
    def token(self) -> str:
        return str(self.bundle.pass_.get("authenticationToken", ""))

    @property
    def line(self) -> Line | None:
        url = self.bundle.pass_.get("webServiceURL")
        return (str(url).rstrip("/"), self.pass_type) if url else None


@dataclass(slots=True)
class Standing:
    """What the phone remembers of one line: its names there, and the tag of the last list."""

    dli: str
    push_token: str
    tag: str | None = None
    asking: bool = False
    missed: bool = False


@dataclass(slots=True)
class IPhone:
    """One phone. All its conversations happen one after another; views may be read at any time."""

    id: str
    name: str
    locale: str
    world: World
    keep_files: bool = True
    log_lines: int = 200
    cards: dict[tuple[str, str], Held] = field(default_factory=dict)
    lines: dict[Line, Standing] = field(default_factory=dict)
    notifications: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=50))
    log: deque[dict[str, Any]] = field(default_factory=deque)
    offline: bool = False
    sync: dict[str, str] = field(default_factory=dict)
    fetches: int = 0
    _busy: threading.RLock = field(default_factory=threading.RLock)

    @property
    def kind(self) -> str:
        return "iphone"

    # --- what a person does -------------------------------------------------------------------------------

    def add(self, source: str | bytes) -> Held:
        """Add a card from its address or its bytes, and register for its updates. Raises PassRefused."""
        with self._busy:
            raw, last_modified = self._download(source) if isinstance(source, str) else (source, None)
            bundle = self._read(raw)
            now = self._now()
            held = Held(bundle, raw if self.keep_files else b"", last_modified, now, now)
            self.cards[held.pass_type, held.serial] = held
            self._tell("wire", {"step": "added", "serial": held.serial, "status": 200})
            self._register(held, 0)
        self._changed()
        return held

    def remove(self, pass_type: str, serial: str) -> None:
        """Delete a card; the server is told. Raises KeyError for a card that is not held."""
        with self._busy:
            held = self.cards.pop((pass_type, serial))
            if held.line and held.line in self.lines:
                self._unregister(held, held.line, self.lines[held.line], 0)
        self._changed()

    def remove_all(self) -> None:
        """Delete every card, as a person who gives the phone away does."""
        for pass_type, serial in list(self.cards):
            self.remove(pass_type, serial)

    def refresh(self) -> None:
        """Pull to refresh on the back of every card: a fetch without a list."""
        with self._busy:
            for held in list(self.cards.values()):
                self._fetch(held, listed=False)
        self._changed()

    def refresh_card(self, held: Held) -> None:
        """Fetch one card without a list."""
        with self._busy:
            self._fetch(held, listed=False)
        self._changed()

    def service_of(self, held: Held) -> WebService:
        """The server of a card that has one."""
        assert held.line is not None
        return self._service(held.line)

    def complain(self, held: Held, text: str) -> None:
        """Tell the server's log, as a phone does."""
        assert held.line is not None
        self._complain(held.line, text)

    def take_new_token(self) -> None:
        """Apple gave this phone new push tokens: register everything again with them."""
        with self._busy:
            for (_, pass_type), standing in self.lines.items():
                self.world.apns.unregister(standing.push_token)
                standing.push_token = self.world.secret(32)
                self.world.apns.register(standing.push_token, pass_type)
            for held in list(self.cards.values()):
                self._register(held, 0)
        self._changed()

    def set_offline(self, offline: bool) -> None:
        """Lose or regain the network; APNs kept at most one push, and it arrives now."""
        self.offline = offline
        for line, standing in list(self.lines.items()):
            if not offline and standing.missed:
                standing.missed = False
                self._ask_soon(line, standing)
        self._changed()

    def set_locale(self, locale: str) -> None:
        """Another language of the phone: its cards and notices follow."""
        self.locale = locale
        self._changed()

    # --- what the world does ------------------------------------------------------------------------------

    def connect(self) -> None:
        """Tell APNs about all push tokens: after a restart of the sandbox."""
        for (_, pass_type), standing in self.lines.items():
            self.world.apns.register(standing.push_token, pass_type)

    def pushed(self, push_token: str) -> None:
        """An empty notification arrived for one of our tokens; several at once become one question."""
        for line, standing in list(self.lines.items()):
            if standing.push_token != push_token:
                continue
            self.sync["pushed_at"] = self._now()
            self._tell("wire", {"step": "pushed", "status": 200, "offline": self.offline})
            if self.offline:
                standing.missed = True
            else:
                self._ask_soon(line, standing)

    # --- adding and leaving -------------------------------------------------------------------------------

    def _download(self, url: str) -> tuple[bytes, str | None]:
        reply = self.world.send("GET", self.world.reach(url), headers={"User-Agent": _SAFARI})
        if reply.status != 200:
            why = f"status {reply.status}" if reply.status else reply.body.decode("utf-8", "replace")[:200]
            raise PassRefused(f"Safari could not download the pass: {why}")
        if reply.content_type != PASS_MEDIA_TYPE:
            kind = reply.content_type or "missing"
            raise PassRefused(f"Safari shows a file, not a pass: its Content-Type is {kind}")
        return reply.body, reply.headers.get("Last-Modified")

    def _read(self, raw: bytes) -> Bundle:
        bundle = read_bundle(raw, plain_http=self.world.plain_http, signed=self.world.check_signature)
        if self.keep_files:
            return bundle
        texts = {name: data for name, data in bundle.files.items() if name.endswith("pass.strings")}
        return Bundle(bundle.pass_, texts, bundle.digest)

    def _register(self, held: Held, attempt: int) -> None:
        if held.line is None or not self._holds(held):
            return
        standing, about = self._standing(held.line), {"pass_type": held.pass_type, "serial": held.serial}
        reply = self._service(held.line).register(
            standing.dli, held.pass_type, held.serial, held.token, standing.push_token
        )
        held.registered = reply.status in (200, 201)
        if not held.registered:
            self._complain(
                held.line, complaints.register_failed(reply, held.line[0], dli=standing.dli, **about)
            )
            self._again(reply, attempt, lambda: self._register(held, attempt + 1))

    def _unregister(self, held: Held, line: Line, standing: Standing, attempt: int) -> None:
        about = {"pass_type": held.pass_type, "serial": held.serial}
        reply = self._service(line).unregister(standing.dli, held.pass_type, held.serial, held.token)
        if not any(other.line == line for other in self.cards.values()):
            self.world.apns.unregister(standing.push_token)
            self.lines.pop(line, None)
        if reply.status != 200:
            self._complain(line, complaints.unregister_failed(reply, line[0], dli=standing.dli, **about))
            self._again(reply, attempt, lambda: self._unregister(held, line, standing, attempt + 1))

    def _standing(self, line: Line) -> Standing:
        """The phone's names on a line: one library identifier a server, one push token a pass type."""
        if line not in self.lines:
            known = next((other.dli for (url, _), other in self.lines.items() if url == line[0]), None)
            self.lines[line] = Standing(known or self.world.secret(16), self.world.secret(32))
            self.world.apns.register(self.lines[line].push_token, line[1])
        return self.lines[line]

    # --- updating -----------------------------------------------------------------------------------------

    def _ask_soon(self, line: Line, standing: Standing) -> None:
        if not standing.asking:
            standing.asking = True
            self.world.schedule.later(0, lambda: self._ask(line, standing, 0))

    def _ask(self, line: Line, standing: Standing, attempt: int) -> None:
        with self._busy:
            standing.asking = False  # before the question: a push from now on needs another one
            if self.lines.get(line) is not standing:
                return
            reply = self._service(line).changed(standing.dli, line[1], standing.tag)
            self.sync["asked_at"] = self._now()
            if reply.status == 200:
                self._take_list(line, standing, reply)
            elif reply.status != 204:
                about = {"dli": standing.dli, "pass_type": line[1]}
                self._complain(line, complaints.list_failed(reply, line[0], tag=standing.tag, **about))
                self._again(reply, attempt, lambda: self._ask(line, standing, attempt + 1))
        self._changed()

    def _take_list(self, line: Line, standing: Standing, reply: Reply) -> None:
        url, pass_type = line
        listed = _parse_list(reply.body)
        if listed is None:
            self._complain(line, complaints.list_unreadable(url, pass_type=pass_type))
            return
        tag, serials = listed
        if serials and tag == standing.tag:
            count = len(serials)
            self._complain(line, complaints.tag_unmoved(url, pass_type=pass_type, count=count, tag=tag))
        standing.tag = tag
        for serial in serials:
            if held := self.cards.get((pass_type, serial)):
                self._fetch(held, listed=True)
            else:
                self._complain(line, complaints.unregistered_serial(serial))

    def _fetch(self, held: Held, *, listed: bool, attempt: int = 0) -> None:
        line, since = held.line, held.last_modified
        if line is None or not self._holds(held):
            return
        self.fetches += 1
        service = self._service(line)
        if self.world.head_every and self.fetches % self.world.head_every == 0:
            service.fetch(held.pass_type, held.serial, held.token, since=since, head=True)
        reply = service.fetch(held.pass_type, held.serial, held.token, since=since)
        if reply.status in (200, 304):
            self._take_answer(held, line, reply, listed=listed)
            return
        about = {"pass_type": held.pass_type, "serial": held.serial}
        self._complain(line, complaints.fetch_failed(reply, line[0], since=since, **about))
        self._again(reply, attempt, lambda: self._fetch(held, listed=listed, attempt=attempt + 1))

    def _take_answer(self, held: Held, line: Line, reply: Reply, *, listed: bool) -> None:
        self.sync["fetched_at"] = self._now()
        changed = reply.status == 200 and self._replace(held, line, reply)
        if listed and not changed:
            self._complain(line, complaints.pass_unchanged(held.serial))

    def _replace(self, held: Held, line: Line, reply: Reply) -> bool:
        """Take the new card, if it is one; false when it says what the old one said."""
        since = held.last_modified
        about = {"pass_type": held.pass_type, "serial": held.serial}
        try:
            bundle = self._read(reply.body)
            _check_identity(held, bundle)
        except PassRefused as fault:
            text = complaints.fetched_invalid(str(fault), line[0], since=since, **about)
            self._complain(line, text)
            return True  # it was a change; the phone could not use it
        if bundle.digest == held.bundle.digest:
            if since and reply.headers.get("Last-Modified", since) == since:
                self._complain(line, complaints.header_ignored(line[0], since=since, **about))
            return False
        self._show(held, bundle, reply)
        return True

    def _show(self, held: Held, bundle: Bundle, reply: Reply) -> None:
        notice = apple_notice(held.bundle, bundle, self.locale)
        held.bundle, held.raw = bundle, reply.body if self.keep_files else b""
        held.last_modified = reply.headers.get("Last-Modified")
        held.updated_at = self._now()
        if notice:
            self._notify(held, notice)
        self._changed()

    # --- telling ------------------------------------------------------------------------------------------

    def _notify(self, held: Held, text: str) -> None:
        title, card = held.bundle.pass_["organizationName"], f"{held.pass_type}/{held.serial}"
        notice = {"at": self._now(), "title": title, "text": text, "card": card}
        self.notifications.append(notice)
        self._tell("notification", notice)

    def _complain(self, line: Line, text: str) -> None:
        self._tell("complaint", {"text": text})
        self._service(line).log([f"[{self.world.now():%Y-%m-%d %H:%M:%S +0000}] {text}"])

    def _again(self, reply: Reply, attempt: int, work: Callable[[], None]) -> None:
        """Try later what may still succeed, a few times with growing waits, then give up."""
        passing = reply.status in (0, 429) or reply.status >= 500
        if passing and attempt < len(self.world.retry_waits_s):
            self.world.schedule.later(self.world.retry_waits_s[attempt], lambda: self._locked(work))

    def _locked(self, work: Callable[[], None]) -> None:
        with self._busy:
            work()
        self._changed()

    def _holds(self, held: Held) -> bool:
        return self.cards.get((held.pass_type, held.serial)) is held

    def _service(self, line: Line) -> WebService:
        return WebService(line[0], self.world, self._tell)

    def _now(self) -> str:
        return self.world.now().isoformat()

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        self.log.append({"at": self._now(), "kind": kind, **data})
        while len(self.log) > self.log_lines:
            self.log.popleft()
        self.world.emit(kind, {"phone": self.id, "phone_name": self.name, "platform": "apple", **data})

    def _changed(self) -> None:
        self.world.emit("phone", {"phone": self.id})


def _check_identity(held: Held, bundle: Bundle) -> None:
    for name in ("passTypeIdentifier", "serialNumber", "authenticationToken"):
        if bundle.pass_.get(name) != held.bundle.pass_.get(name):
            raise PassRefused(f"{name} of an installed pass cannot change")


def _parse_list(body: bytes) -> tuple[str, list[str]] | None:
    """The tag and serials of a list; None where a phone would ignore it (an integer tag is such a case)."""
    try:
        answer = orjson.loads(body)
        tag, serials = answer["lastUpdated"], answer["serialNumbers"]
    except (ValueError, KeyError, TypeError):
        return None
    good = isinstance(tag, str) and isinstance(serials, list) and all(isinstance(one, str) for one in serials)
    return (tag, serials) if good else None
