"""One POST to the server of an Android app: short, without redirects, and never into our own network.

The address of some of these servers comes from whoever registers a pass. It is on a list of ours, but a name
is only a name: which machine it means is decided at the moment of connecting, so it is checked there.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from ipaddress import ip_address
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import pycurl

from app.wallets.apple.apns_wire import trust_anchors

CONNECT_S, TOTAL_S = 3.0, 5.0
"""Whoever is slower than this is treated as down: phones of others wait behind them."""
MOST_ANSWER_BYTES = 262_144
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `status` 0 means nothing did, and `said` then says why in words."""

    status: int
    body: bytes = b""
    retry_after_s: int = 0
    said: str = ""


Post = Callable[[str, Mapping[str, str], bytes], Answer]
"""Sends `body` with `headers` to an address, and never raises for the network's faults."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open Internet."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    return bool(inner.is_global and not inner.is_multicast and found.is_global)


def post(url: str, headers: Mapping[str, str], body: bytes, *, total_s: float = TOTAL_S) -> Answer:
    """POST JSON. An address on this very machine is called only where it is spelt out as such."""
    curl, answer = pycurl.Curl(), BytesIO()
    try:
        for option, value in _options(url, headers, body, answer).items():
            curl.setopt(option, value)
        curl.setopt(pycurl.TIMEOUT_MS, int(total_s * 1000))
        curl.perform()
        status = int(curl.getinfo(pycurl.RESPONSE_CODE))
        return Answer(status, answer.getvalue(), int(curl.getinfo(pycurl.RETRY_AFTER)))
    except pycurl.error as fault:
        return Answer(0, said=str(fault.args[1] if len(fault.args) > 1 else fault)[:150])
    finally:
        curl.close()


def _options(url: str, headers: Mapping[str, str], body: bytes, answer: BytesIO) -> dict[int, Any]:
    here = (urlsplit(url).netloc.rpartition(":")[0] or urlsplit(url).netloc) in _LOOPBACK
    options: dict[int, Any] = {
        pycurl.URL: url,
        pycurl.POSTFIELDS: body,
        pycurl.HTTPHEADER: [
            "Content-Type: application/json",
            "Accept: application/json",
            "Expect:",
            *(f"{name}: {value}" for name, value in headers.items()),
        ],
        pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS if here else pycurl.PROTO_HTTPS,
        pycurl.FOLLOWLOCATION: 0,
        pycurl.CONNECTTIMEOUT_MS: int(CONNECT_S * 1000),
        pycurl.CAINFO: _anchors(),
        pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
        pycurl.NOSIGNAL: 1,
        pycurl.WRITEFUNCTION: _bounded(answer),
    }
    if here:
        options[pycurl.PROXY] = ""
    elif not getproxies().get("https"):  # behind a proxy it is the proxy that knows addresses
        options[pycurl.OPENSOCKETFUNCTION] = open_public
    return options


def open_public(purpose: int, where: Any) -> Any:
    """A socket for libcurl, if the address is public; the name was resolved a moment ago, and once."""
    family, kind, protocol, address = where
    host = address[0]
    if not is_public(host.decode() if isinstance(host, bytes) else str(host)):
        return pycurl.SOCKET_BAD
    return socket.socket(family, kind, protocol)


def _bounded(answer: BytesIO) -> Callable[[bytes], int | None]:
    """Keeps so much of an answer; a longer one ends the transfer."""

    def take(chunk: bytes) -> int | None:
        if answer.tell() + len(chunk) > MOST_ANSWER_BYTES:
            return -1
        answer.write(chunk)
        return None

    return take


@cache
def _kept_anchors() -> Any:
    file = NamedTemporaryFile(prefix="anchors-", suffix=".pem")  # noqa: SIM115
    file.write(trust_anchors(None))
    file.flush()
    return file


def _anchors() -> str:
    return str(_kept_anchors().name)
