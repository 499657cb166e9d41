"""Whether Google can fetch our pictures, seen the way it sees them: over HTTP, from our public address.

Google fetches every picture while it answers a write, and for one that it cannot have it refuses the whole
card. So an address is fetched once before Google hears of it for the first time. Our pictures are named after
their content and never change, so once is enough. Other people's addresses are not fetched: nobody shall use
us to look around in a network.

Vendor page: developers.google.com/wallet/generic/resources/brand-guidelines (last checked 2026-08).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import requests

LARGEST_IMAGE = 8 * 1024 * 1024
TIMEOUT_S = (3.0, 10.0)
KEPT = 4096
BELIEVED_BAD = timedelta(seconds=30)
REPORTED = timedelta(hours=1)
AGENT = "Googlebot-Image"
_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")


class Unreachable(Exception):
    """A picture of ours that Google could not fetch; the message has the mend."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came from an address: only the beginning of the body is kept."""

    status: int
    content_type: str
    size: int
    start: bytes


Fetch = Callable[[str], Reply]
"""GET without following redirects; raises OSError."""


class Preflight:
    """Remembers what was found good, for the life of the process; shared by all threads."""

    def __init__(self, base_url: str, fetch: Fetch | None = None) -> None:
        self._origin = urlsplit(base_url)[:2]
        self._base_url = base_url.rstrip("/")
        self._fetch = fetch or fetch_over_http
        self._good: OrderedDict[str, None] = OrderedDict()
        self._bad: OrderedDict[str, tuple[str, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def require(self, body: Any, now: datetime) -> None:
        """Look at every picture of ours in this body; raises Unreachable. Call outside of a transaction."""
        for url in dict.fromkeys(addresses(body)):
            if urlsplit(url)[:2] != self._origin or self._is_good(url):
                continue
            said = self._recently_bad(url, now) or self._look(url)
            self._note(url, said, now)
            if said:
                raise Unreachable(
                    f"Google cannot fetch the picture {url}: {said}. Make {self._base_url}/media/ reachable"
                    " from the internet without sign-in, and allow it in robots.txt."
                )

    def faults(self, now: datetime) -> list[tuple[str, str]]:
        """(address, what was wrong) of pictures that failed within the last hour and not come right since."""
        with self._lock:
            return [(url, said) for url, (said, at) in self._bad.items() if now - at < REPORTED]

    def _is_good(self, url: str) -> bool:
        with self._lock:
            return url in self._good

    def _recently_bad(self, url: str, now: datetime) -> str:
        """So that a thousand cards with one lost banner are one request, not a thousand."""
        with self._lock:
            said, at = self._bad.get(url, ("", now))
            return said if now - at < BELIEVED_BAD else ""

    def _note(self, url: str, said: str, now: datetime) -> None:
        with self._lock:
            self._good.pop(url, None)
            before = self._bad.pop(url, None)
            if said:
                fresh = before is None or now - before[1] >= BELIEVED_BAD
                self._bad[url] = (said, now if fresh or before is None else before[1])
            else:
                self._good[url] = None
            for kept in (self._good, self._bad):
                while len(kept) > KEPT:
                    kept.popitem(last=False)

    def _look(self, url: str) -> str:
        """What is wrong with this address, in words; empty where all is well."""
        try:
            return self._robots_fault(url) or fault_of(self._fetch(url))
        except (OSError, ValueError) as error:
            return f"it does not answer ({type(error).__name__})"

    def _robots_fault(self, url: str) -> str:
        reply = self._fetch(f"{self._base_url}/robots.txt")
        if reply.status != 200:
            return ""
        rules = RobotFileParser()
        rules.parse(reply.start.decode("utf-8", "replace").splitlines())
        return "" if rules.can_fetch(AGENT, url) else "robots.txt forbids it"


def fault_of(reply: Reply) -> str:
    """Why a reply is no picture that Google would take; empty where it is one."""
    if 300 <= reply.status < 400:
        return f"it redirects (HTTP {reply.status}), perhaps to a sign-in"
    if reply.status != 200:
        return f"HTTP {reply.status}"
    if reply.content_type not in _TYPES:
        return f"it is {reply.content_type or 'of no type'}, not a picture"
    if reply.size > LARGEST_IMAGE:
        return "it is larger than 8 MB"
    return "" if reply.start.startswith(_STARTS) else "its bytes are no picture"


def addresses(body: Any) -> Iterator[str]:
    """The addresses of all pictures in a body (`sourceUri.uri`, wherever it stands)."""
    if isinstance(body, dict):
        source = body.get("sourceUri")
        if isinstance(source, dict) and isinstance(source.get("uri"), str):
            yield source["uri"]
        for item in body.values():
            yield from addresses(item)
    elif isinstance(body, list | tuple):
        for item in body:
            yield from addresses(item)


def fetch_over_http(url: str) -> Reply:
    """Without this machine's proxies and cookies, and no more than 8 MB."""
    with requests.Session() as session:
        session.trust_env = False
        headers = {"User-Agent": "Tillpass (looking whether Google could fetch this)"}
        with session.get(
            url, timeout=TIMEOUT_S, allow_redirects=False, stream=True, headers=headers
        ) as reply:
            said = int(reply.headers.get("Content-Length") or 0)
            start, size = b"", 0
            for chunk in reply.iter_content(65_536):
                start, size = start or chunk, size + len(chunk)
                if size > LARGEST_IMAGE or said > LARGEST_IMAGE:
                    break
            kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Reply(reply.status_code, kind, max(size, said), start)
