"""One question to a server, with a short time-out and without following redirects."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import certifi
import requests

TIMEOUT_S = (3.0, 5.0)
MOST_BYTES = 6_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `fault` says why nothing did."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: str = ""

    @property
    def said(self) -> str:
        """The answer in few words, without its content."""
        server = self.headers.get("Server", "")
        return self.fault or f"HTTP {self.status}{f', {server[:60]}' if server else ''}"


@dataclass(frozen=True, slots=True)
class Handshake:
    """How TLS went: `verify_code` is OpenSSL's (0: fine, -1: no verdict), `protocol` what both agreed on
    after it. `connected` is whether anybody was there at all.
    """

    verify_code: int = 0
    fault: str = ""
    not_after: datetime | None = None
    protocol: str = ""
    connected: bool = True


def ask(
    method: str, url: str, headers: Mapping[str, str] | None = None, *, anchors: Path | None = None
) -> Answer:
    """Ask once; never raises. The environment's proxy is ignored: phones do not use it either."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            reply = session.request(
                method,
                url,
                headers={"User-Agent": "Tillpass doctor", **(headers or {})},
                timeout=TIMEOUT_S,
                allow_redirects=False,
                verify=str(anchors or certifi.where()),
                stream=True,
            )
            body = reply.raw.read(MOST_BYTES, decode_content=True)
        except (requests.RequestException, OSError, ValueError) as error:
            return Answer(fault=_cause(error))
        except Exception as error:  # urllib3 has a family of its own while a body is read
            return Answer(fault=type(error).__name__)
        return Answer(reply.status_code, reply.headers, body)


def _cause(error: BaseException) -> str:
    """The innermost reason: the outer ones name classes of libraries."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, TimeoutError | requests.Timeout):
            return "no answer in time"
        if isinstance(inner, OSError) and inner.strerror and not isinstance(inner, requests.RequestException):
            return inner.strerror
        inner = inner.__cause__ or inner.__context__ or next(_inside(inner), None)
    return type(error).__name__


def _inside(error: BaseException):  # type: ignore[no-untyped-def]
    reason = getattr(error, "reason", None)
    yield from (each for each in (reason, *error.args) if isinstance(each, BaseException))


def resolves(host: str, port: int) -> bool:
    """Whether the name has an address."""
    try:
        return bool(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False


def handshake(host: str, port: int, *, anchors: Path | None = None, alpn: tuple[str, ...] = ()) -> Handshake:
    """Greet a TLS server as a phone does, and look at its certificate; never raises."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if anchors:
        context.load_verify_locations(cafile=anchors)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    try:
        plain = socket.create_connection((host, port), timeout=TIMEOUT_S[0])
    except OSError as error:
        return Handshake(-1, _cause(error), connected=False)
    try:
        with (
            plain,
            context.wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            ends = dict(wrapped.getpeercert() or {}).get("notAfter", "")
            until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(ends)), UTC) if ends else None
            return Handshake(not_after=until, protocol=wrapped.selected_alpn_protocol() or "")
    except ssl.SSLCertVerificationError as error:
        return Handshake(error.verify_code, error.verify_message)
    except (OSError, ValueError) as error:
        return Handshake(-1, _cause(error))
