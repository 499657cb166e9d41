"""The address that a phone asks for news, and the token it shows there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from app.wallets.apple.validate.faults import Faults

_WHERE = "pass.json#"
_SHORTEST_TOKEN = 16


def check_web_service(card: Mapping[str, Any], faults: Faults) -> None:
    """Check `webServiceURL` and `authenticationToken`."""
    url, token = card.get("webServiceURL"), card.get("authenticationToken")
    if (url is None) != (token is None):
        message = "webServiceURL and authenticationToken come together or not at all."
        faults.add(
            "web-service-pair", f"{_WHERE}/webServiceURL", message, "Add the other one, or leave both out."
        )
    if isinstance(token, str):
        _check_token(token, faults)
    if isinstance(url, str):
        _check_url(url, faults)


def _check_token(token: str, faults: Faults) -> None:
    where = f"{_WHERE}/authenticationToken"
    if len(token) < _SHORTEST_TOKEN:
        message = f"The token has fewer than {_SHORTEST_TOKEN} characters."
        faults.add("token-short", where, message, "Make a longer random one.")
    if not (token.isascii() and token.isprintable()) or " " in token:
        message = "The token travels in a header, where only ASCII without spaces arrives unchanged."
        faults.add("token-form", where, message, "Use letters and digits alone.")


def _check_url(url: str, faults: Faults) -> None:
    where = f"{_WHERE}/webServiceURL"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = None, None
    if parts is None or parts.scheme not in ("http", "https") or not host:
        faults.add("web-service-url", where, "This is no web address.", "Write https:// and the public host.")
        return
    if parts.scheme == "http" and _is_here(host):
        message = "The address is this machine's own, and not https: no customer's phone can ask it."
        faults.warn(
            "web-service-local",
            where,
            message,
            "Fine in the sandbox; set the public https address elsewhere.",
        )
    elif parts.scheme == "http":
        faults.add("web-service-not-https", where, "The address is not https.", "Serve it over https.")
    if re.search(r"/v1/?$", parts.path):
        message = "The address ends in /v1, which the phone adds by itself."
        faults.add("web-service-v1", where, message, "Leave /v1 away.")
    if parts.query or parts.fragment:
        message = "The phone appends its paths to the address, so nothing may follow a ? or #."
        faults.add("web-service-url", where, message, "Leave the part behind ? or # away.")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
