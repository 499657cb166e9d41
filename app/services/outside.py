"""The door to addresses that people typed: webhook endpoints, CRMs.

Private addresses are refused when the address is saved and again when it is used, by the address that is
really connected to (`requests-hardened`), because a name may lead elsewhere by then. Networks of the
operator's own are let through by a list. No redirects, no proxies of the environment, an answer of bounded
size and time.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress, get_ip_address
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from app.domain.errors import Invalid

MOST_ANSWER = 64 * 1024
CONNECT_S, READ_S, TOTAL_S = 5.0, 15.0, 20.0
AGENT = "Tillpass/1 (+webhooks)"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Unreachable(Exception):
    """Nothing usable came back; `forbidden`: the address is none that we may call, now or later."""

    def __init__(self, message: str, *, forbidden: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: its status, headers in lower case, the first bytes of its body, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_ms: int


class _Filter(IPFilterAdapter):  # type: ignore[misc]
    """The library's filter, which also lets the operator's own networks through. `opened` hears of each
    connection.
    """

    def __init__(self, is_https: bool, own: Sequence[Network], opened: Callable[[Any], None]) -> None:
        super().__init__(is_https_proto=is_https)
        self._own, self._opened = own, opened

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        make = pool.ConnectionCls

        def connection(*about: Any, **more: Any) -> Any:
            made = make(*about, **more)
            self._opened(made)
            return made

        pool.ConnectionCls = connection
        return pool

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host: Any
        pool: Any
        host, pool = HTTPAdapter.build_connection_pool_key_attributes(self, request, verify, cert)
        found = _own_address(str(host["host"]), self._own) if self._own else None
        if found is None:
            return super().build_connection_pool_key_attributes(request, verify, cert)
        name = f"[{host['host']}]" if ":" in str(host["host"]) else host["host"]
        request.headers["Host"] = f"{name}:{host['port']}" if host["port"] else str(name)
        if self._is_https_proto:
            pool |= {"assert_hostname": host["host"], "server_hostname": host["host"]}
        host["host"] = f"[{found}]" if found.version == 6 else str(found)
        return host, pool


def _own_address(name: str, own: Sequence[Network]) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The first address of `name`, if it lies in one of our own networks."""
    try:
        first = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)[0][4][0]
        address = ipaddress.ip_address(str(first).partition("%")[0])
    except (OSError, ValueError, IndexError, UnicodeError):
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address if any(address in net for net in own) else None


class _Deadline:
    """Ends a call when its time is up, whatever it waits for: the library's time-outs count from one byte to
    the next, and a server that sends one now and then would hold us for ever.
    """

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._connections: list[Any] = []
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *why: object) -> None:
        self._timer.cancel()

    def watch(self, connection: Any) -> None:
        """Cut this one too; its socket is remembered, because the library lets go of it with the headers."""
        connect = connection.connect

        def connected() -> None:
            connect()
            self._sockets.append(connection.sock)

        connection.connect = connected
        self._connections.append(connection)

    def _cut(self) -> None:
        self.over = True
        for each in [*self._sockets, *(made.sock for made in self._connections)]:
            with suppress(OSError, AttributeError):  # it is closed, or there is none yet
                each.shutdown(socket.SHUT_RDWR)


class Outside:
    """Calls to addresses that people typed. `own`: networks that are let through, and may be plain http;
    `total_s`: no call takes longer.
    """

    def __init__(self, own: Sequence[Network] = (), *, total_s: float = TOTAL_S) -> None:
        self._own, self._total_s = tuple(own), total_s

    def check(self, url: str, where: str = "/url") -> None:
        """Raise Invalid at `where` for an address that may not be called: another scheme, a password in it,
        a private network. A name that does not resolve now is let through; it is checked again when used.
        """
        fault = self._fault(url)
        if fault:
            raise Invalid({where: fault})

    def _fault(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return "is no address"
        if parts.scheme not in ("https", "http") or not host or parts.username or parts.password:
            return "should be https://… without a password"
        if any(letter <= " " or letter == "\\" for letter in url):
            return "is no address"
        if _own_address(host, self._own):
            return ""
        if parts.scheme == "http":
            return "should be https://…"
        if port not in (None, 443, 8443):
            return "should use port 443 or 8443"
        try:
            get_ip_address(host, port or 443, allow_loopback=False)
        except InvalidIPAddress:
            return "leads to a private network"
        except (OSError, ValueError, UnicodeError):
            return ""
        return ""

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = MOST_ANSWER,
    ) -> Heard:
        """Make the call; raises Unreachable. Any status is an answer, a redirect too: none is followed."""
        fault = self._fault(url)
        if fault:
            raise Unreachable(f"the address {fault}", forbidden=True)
        with _Deadline(self._total_s) as deadline:
            try:
                heard = self._heard(method, url, headers or {}, body, most, deadline)
            except InvalidIPAddress:
                raise Unreachable("the address leads to a private network", forbidden=True) from None
            except requests.Timeout:
                raise Unreachable("no answer in time") from None
            except requests.exceptions.SSLError:
                raise Unreachable("its certificate is not valid") from None
            except (requests.RequestException, OSError, ValueError) as error:
                said = "no answer in time" if deadline.over else f"no connection: {type(error).__name__}"
                raise Unreachable(said) from None
            if deadline.over:
                raise Unreachable("no answer in time")
            return heard

    def _heard(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        most: int,
        deadline: _Deadline,
    ) -> Heard:
        began = time.monotonic()
        said = {"User-Agent": AGENT, "Accept-Encoding": "identity", **headers}
        with (
            self._session(deadline) as session,
            session.request(
                method,
                url,
                headers=said,
                data=body,
                timeout=(CONNECT_S, READ_S),
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            read = _read(answer, most)
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Heard(answer.status_code, named, read, int((time.monotonic() - began) * 1000))

    def _session(self, deadline: _Deadline) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", _Filter(True, self._own, deadline.watch))
        session.mount("http://", _Filter(False, self._own, deadline.watch))
        return session


def _read(answer: requests.Response, most: int) -> bytes:
    """The begin of the body."""
    kept = b""
    for piece in answer.iter_content(8192):
        kept += piece
        if len(kept) >= most:
            break
    return kept[:most]
