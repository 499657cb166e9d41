"""Anybody who talks to the push service by hand: any method, path, header and body, with a certificate or
without.
"""

import io
import json
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pycurl

from tests.support.apns_stand import TOPIC, ApnsStand, token


def call(
    stand: ApnsStand,
    *,
    method: str = "POST",
    path: str | None = None,
    headers: Sequence[str] = (f"apns-topic: {TOPIC}",),
    body: str = "{}",
    papers: tuple[Path, Path] | None = None,
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """One request over a new connection; gives status, JSON body and headers. Raises pycurl.error without an
    answer.
    """
    curl, answer, seen = pycurl.Curl(), io.BytesIO(), io.BytesIO()
    options: dict[int, Any] = {
        pycurl.URL: stand.server.url + (path if path is not None else f"/3/device/{token(1)}"),
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
        pycurl.CAINFO: str(stand.authority.root),
        pycurl.PROXY: "",
        pycurl.TIMEOUT_MS: 5000,
        pycurl.CUSTOMREQUEST: method,
        pycurl.POSTFIELDS: body,
        pycurl.HTTPHEADER: [*headers, "Content-Type:"],
        pycurl.WRITEDATA: answer,
        pycurl.WRITEHEADER: seen,
    }
    if papers:
        options |= {pycurl.SSLCERT: str(papers[0]), pycurl.SSLKEY: str(papers[1])}
    for option, value in options.items():
        curl.setopt(option, value)
    curl.perform()
    status = curl.getinfo(pycurl.RESPONSE_CODE)
    curl.close()
    lines = [line.partition(":") for line in seen.getvalue().decode().splitlines()]
    return (
        status,
        json.loads(answer.getvalue() or b"{}"),
        {name.lower(): value.strip() for name, _, value in lines},
    )


def say(stand: ApnsStand, rubbish: bytes) -> bytes:
    """Send bytes that are no HTTP/2 over a proper TLS connection, and hear what comes until the end."""
    context = ssl.create_default_context(cafile=str(stand.authority.root))
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(*stand.papers_of(TOPIC))
    port = int(stand.server.url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        heard = b""
        try:
            secure.sendall(rubbish)
            while chunk := secure.recv(65536):
                heard += chunk
        except (ConnectionError, ssl.SSLError):
            pass
        return heard
