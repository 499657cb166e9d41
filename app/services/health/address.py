"""The public address as it is written, before anybody asks it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.services.causes import fine, found
from app.services.ports import Finding

_PRIVATE_ENDINGS = (".local", ".internal", ".lan", ".home.arpa", ".localdomain", ".test", ".invalid")


def as_written(base_url: str) -> Iterable[Finding]:
    """What can be said of the address by looking at it."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.path.strip("/") or parts.query:
        yield found("base-url-path", url=base_url, better=f"{parts.scheme}://{parts.netloc}")
    elif is_this_machine(host):
        yield found("base-url-localhost", url=base_url)
    elif is_private(host):
        yield found("base-url-private", url=base_url)
    elif parts.scheme != "https":
        yield found("base-url-http", url=base_url)
    else:
        yield fine("base-url", url=base_url)


def is_this_machine(host: str) -> bool:
    """Whether nobody but this machine is behind the name."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def is_private(host: str) -> bool:
    """Whether the name or number belongs to a network that the world cannot reach."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_ENDINGS)
