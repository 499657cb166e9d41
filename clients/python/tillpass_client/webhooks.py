"""Webhooks that Tillpass sends, verified as Standard Webhooks says.

standardwebhooks.com, last checked 2026-08.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE_S = 300


class WebhookRefused(Exception):
    """The call is not from Tillpass, is too old, or was changed on the way: answer 401."""


def verify(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float | None = None,
    tolerance_s: int = TOLERANCE_S,
) -> dict[str, Any]:
    """The event that `body` (the raw bytes) holds; raises WebhookRefused.

    Keep `webhook-id` for a day: the same event may come again, and is to be done once.
    """
    given = {name.lower(): value for name, value in headers.items()}
    event, at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not event or not at.isascii() or not at.isdigit() or len(at) > 12:
        raise WebhookRefused("headers are missing")
    if abs((time.time() if now is None else now) - int(at)) > tolerance_s:
        raise WebhookRefused("the time is too far from now")
    wanted = hmac.new(_key(secret), f"{event}.{at}.".encode() + body, hashlib.sha256).digest()
    if not any(hmac.compare_digest(wanted, each) for each in _signatures(given.get("webhook-signature", ""))):
        raise WebhookRefused("no signature fits")
    try:
        told = json.loads(body)
    except ValueError:
        raise WebhookRefused("the body is not JSON") from None
    if not isinstance(told, dict):
        raise WebhookRefused("the body is no event")
    return told


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the secret must look like whsec_ and base64") from None


def _signatures(header: str) -> list[bytes]:
    found = []
    for part in header.split()[:10]:
        version, _, value = part.partition(",")
        if version == "v1":
            try:
                found.append(base64.b64decode(value, validate=True))
            except (binascii.Error, ValueError):
                continue
    return found
