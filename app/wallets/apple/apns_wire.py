"""One kept HTTP/2 connection to the push service, driven by libcurl in a plain loop.

libcurl is the fastest client measured that reconnects by itself and loses nothing on GOAWAY. Two traps: a
request that was just added leaves only with another `perform()` before `select()`; and the trust anchors are
given as a file, for libcurl copies and compares them with every request. Nothing in here knows what an
answer means.
"""

import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

import pycurl

from app.wallets.apple.apns_replies import BODY_MAX_BYTES

_BLANK = ("Content-Type:", "Accept:", "User-Agent:", "Expect:")  # Apple needs none: fewer bytes for each push
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_SLEEP_S = 1.0
_KEEPALIVE_S = 30
_IDLE_MAX_S = 3600  # Apple wants connections kept; TCP probes find one that died meanwhile


@dataclass(frozen=True, slots=True)
class Dialling:
    """How to reach the push service: paths are of PEM files (none: log in by token), times in seconds."""

    url: str
    certificate_pem_path: Path | None
    key_pem_path: Path | None
    ca_path: Path | None = None
    key_password: str | None = None
    timeout_s: float = 15.0
    connect_timeout_s: float = 10.0
    in_flight: int = 1000


@dataclass(slots=True, eq=False)
class Line:
    """One reusable easy handle, and what it carries at present."""

    curl: pycurl.Curl
    body: bytearray = field(default_factory=bytearray)
    headers: tuple[str, ...] = ()
    cargo: object = None

    def take(self, chunk: bytes) -> None:
        if len(self.body) < BODY_MAX_BYTES:
            self.body += chunk


@dataclass(slots=True)
class Landed:
    """One finished transfer: libcurl's error code (0: answered) and text, the HTTP status and body."""

    cargo: object
    code: int
    text: str
    status: int
    body: bytes
    retry_after_s: int


def trust_anchors(ca_path: Path | None) -> bytes:
    """The system's certificate authorities (PEM), with our extra one: libcurl's own default file may not
    exist."""
    system = ssl.get_default_verify_paths().cafile or _certifi_file()
    found = [Path(system).read_bytes()] if system else []
    extra = [ca_path.read_bytes()] if ca_path else []
    return b"\n".join(found + extra)


def _certifi_file() -> str:
    """For systems without a bundle of their own; "" where that package is not there either."""
    with suppress(ImportError):
        return str(import_module("certifi").where())
    return ""


class Wire:
    """A libcurl multi handle with one connection. For one thread at a time; open it after any fork."""

    def __init__(self, dialling: Dialling) -> None:
        """Raises OSError where the extra authority cannot be read."""
        self._dialling = dialling
        self._anchors = NamedTemporaryFile(prefix="anchors-", suffix=".pem")  # noqa: SIM115
        self._anchors.write(trust_anchors(dialling.ca_path))
        self._anchors.flush()
        self._idle: list[Line] = []
        self._flying: dict[pycurl.Curl, Line] = {}
        self._multi = self._new_multi()

    def _new_multi(self) -> pycurl.CurlMulti:
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
        multi.setopt(
            pycurl.M_MAX_CONCURRENT_STREAMS, 1000
        )  # libcurl's default of 100 is too few for a real link
        return multi

    @property
    def in_flight(self) -> int:
        return len(self._flying)

    @property
    def has_room(self) -> bool:
        return len(self._flying) < self._dialling.in_flight

    def send(self, path: str, headers: tuple[str, ...], cargo: object) -> None:
        """Start one POST of `{}`; `path` must be safe to put into a URL."""
        line = self._idle.pop() if self._idle else self._new_line()
        line.cargo = cargo
        if line.body:
            line.body.clear()
        if line.headers is not headers:
            line.headers = headers
            line.curl.setopt(pycurl.HTTPHEADER, [*headers, *_BLANK])
        line.curl.setopt(pycurl.URL, self._dialling.url + path)
        self._flying[line.curl] = line
        self._multi.add_handle(line.curl)

    def _new_line(self) -> Line:
        line = Line(pycurl.Curl())
        for option, value in self._options().items():
            line.curl.setopt(option, value)
        line.curl.setopt(pycurl.WRITEFUNCTION, line.take)
        return line

    def _options(self) -> dict[int, object]:
        to = self._dialling
        options: dict[int, object] = {
            pycurl.POST: 1,
            pycurl.POSTFIELDS: "{}",  # Apple: the body of a pass update is an empty JSON dictionary
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
            pycurl.PIPEWAIT: 1,
            pycurl.PROTOCOLS: pycurl.PROTO_HTTPS,
            pycurl.CAINFO: self._anchors.name,
            pycurl.SSL_VERIFYPEER: 1,
            pycurl.SSL_VERIFYHOST: 2,
            pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
            pycurl.TIMEOUT_MS: int(to.timeout_s * 1000),
            pycurl.CONNECTTIMEOUT_MS: int(to.connect_timeout_s * 1000),
            pycurl.TCP_KEEPALIVE: 1,
            pycurl.TCP_KEEPIDLE: _KEEPALIVE_S,
            pycurl.TCP_KEEPINTVL: _KEEPALIVE_S,
            pycurl.MAXAGE_CONN: _IDLE_MAX_S,
            pycurl.NOSIGNAL: 1,
        }
        if to.certificate_pem_path and to.key_pem_path:
            options |= {
                pycurl.SSLCERT: str(to.certificate_pem_path),
                pycurl.SSLKEY: str(to.key_pem_path),
                # Without a password here, OpenSSL would ask at the terminal and wait.
                pycurl.KEYPASSWD: to.key_password or "",
            }
        if urlsplit(to.url).hostname in _LOOPBACK:
            options[pycurl.PROXY] = ""  # a proxy of the environment is for the world outside
        return options

    def step(self) -> tuple[list[object], list[Landed]]:
        """Move bytes, waiting for the network at most a second; the cargoes that were answered 200, and all
        others that have finished.
        """
        self._multi.perform()  # a request just added leaves now, not after the next packet that comes in
        due_ms = self._multi.timeout()
        self._multi.select(_LONGEST_SLEEP_S if due_ms < 0 else min(_LONGEST_SLEEP_S, due_ms / 1000))
        self._multi.perform()
        return self._finished()

    def _finished(self) -> tuple[list[object], list[Landed]]:
        taken: list[object] = []
        others: list[Landed] = []
        left, code_of = 1, pycurl.RESPONSE_CODE
        while left:
            left, answered, failed = self._multi.info_read(1000)
            for curl in answered:
                line = self._release(curl)
                status = curl.getinfo(code_of)
                if status == 200:
                    taken.append(line.cargo)
                else:
                    wait = int(curl.getinfo(pycurl.RETRY_AFTER))
                    others.append(Landed(line.cargo, 0, "", int(status), bytes(line.body), wait))
            for curl, code, text in failed:
                others.append(Landed(self._release(curl).cargo, code, text, 0, b"", 0))
        return taken, others

    def _release(self, curl: pycurl.Curl) -> Line:
        line = self._flying.pop(curl)
        self._multi.remove_handle(curl)
        self._idle.append(line)
        return line

    def recall(self) -> list[object]:
        """Take back everything in flight; gives the cargoes, whose fate is unknown."""
        cargoes = [line.cargo for line in self._flying.values()]
        for curl in list(self._flying):
            self._release(curl)
        return cargoes

    def close(self) -> None:
        """Take everything back and hang up."""
        self.recall()
        self._multi.close()
        for line in self._idle:
            line.curl.close()
        self._idle.clear()
        self._anchors.close()
