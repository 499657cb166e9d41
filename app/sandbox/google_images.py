"""Google fetches every picture while it answers a write, and refuses the whole write if one cannot be had."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import requests

LARGEST_IMAGE = 8 * 1024 * 1024
TIMEOUT_S = (3.0, 5.0)
KEPT = 2000
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")

Fetch = Callable[[str], bytes]
"""The bytes at an address; raises OSError where there are none."""


def fetch_image(address: str) -> bytes:
    """Over HTTP, as Google's fetcher: no proxies of this machine, nothing larger than 8 MB."""
    with requests.Session() as session:
        session.trust_env = False
        with session.get(address, timeout=TIMEOUT_S, stream=True) as reply:
            if reply.status_code != 200:
                raise OSError(f"HTTP {reply.status_code}")
            if not reply.headers.get("Content-Type", "").startswith("image/"):
                raise OSError("not an image")
            return next(reply.iter_content(LARGEST_IMAGE), b"")


class ImageCheck:
    """Whether an address answers an image; what was found good is believed for `fresh_s` seconds."""

    def __init__(self, fetch: Fetch = fetch_image, *, fresh_s: float = 60.0) -> None:
        self._fetch = fetch
        self._fresh_s = fresh_s
        self._good: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def fault(self, address: str) -> str | None:
        """Why there is no image at this address, or None. Never raises."""
        with self._lock:
            if self._good.get(address, float("-inf")) > time.monotonic() - self._fresh_s:
                return None
        try:
            content = self._fetch(address)
        except (OSError, ValueError) as error:
            return str(error) or type(error).__name__
        if not content.startswith(_STARTS):
            return "not an image"
        with self._lock:
            self._good[address] = time.monotonic()
            while len(self._good) > KEPT:
                self._good.popitem(last=False)
        return None
