"""Tells Samsung that a card has changed; Samsung then comes to fetch it.

Vendor page: developer.samsung.com/wallet/ManageCardLifecycle/CardLifecycleAPIs.html (last checked 2026-08).
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

import orjson
import requests

from app.services.ports import DeliveryError
from app.wallets.samsung.cards import CARD_TYPE
from app.wallets.samsung.tokens import Partner, call_token

TIMEOUT_S = (3.0, 10.0)
OURS_RETRY_S = 900.0
MOST_WAIT_S = 86_400.0
DEFAULT_COUNTRY = "us"
"""Samsung's name for everywhere but Korea, and for a card whose country it has not told."""
State = Literal["UPDATED", "DELETED"]
_SAMSUNGS = re.compile(r"([a-z0-9-]{1,40}\.){0,3}walletsvc\.samsung\.com", re.ASCII)


class Unwell(DeliveryError):
    """Samsung does not answer at all: the rest of a batch need not try."""


@dataclass(frozen=True)
class SamsungClient:
    """Calls to one partner's cards; safe for many threads."""

    partner: Partner
    card_id: str
    api_url: str
    now: Callable[[], datetime]
    _local: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def tell(self, ref_id: str, state: State, callback_url: str, country: str) -> None:
        """Say that this card changed, or is over. Raises DeliveryError, Unwell."""
        root = callback_url if is_samsungs(callback_url, self.api_url) else self.api_url
        path = f"/{country or DEFAULT_COUNTRY}/wltex/cards/{self.card_id}/updates"
        body = {"card": {"type": CARD_TYPE, "data": [{"refId": ref_id, "state": state}]}}
        token = call_token("POST", urlsplit(root).path + path, ref_id, self.partner, self.now())
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "x-smcs-partner-id": self.partner.partner_id,
            "x-request-id": uuid.uuid4().hex,
        }
        try:
            reply = self._session().post(
                root + path,
                data=orjson.dumps(body),
                headers=headers,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError) as error:
            raise Unwell(f"Samsung does not answer ({type(error).__name__}).") from error
        _require_success(reply)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session


def is_samsungs(url: str, api_url: str) -> bool:
    """Whether a call may go to this address, which came with a call of Samsung's."""
    if url == api_url:
        return True
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = parts.scheme == "https" and not parts.query and not parts.fragment and parts.path in ("", "/")
    return plain and _SAMSUNGS.fullmatch(parts.netloc) is not None


def _require_success(reply: requests.Response) -> None:
    status = reply.status_code
    if 200 <= status < 300:
        return
    words = f"Samsung answered {status}{_reason(reply)}."
    if status == 429:
        raise DeliveryError(words, retry_after_s=_wait_s(reply) or 60.0)
    if status >= 500:
        raise Unwell(words, retry_after_s=_wait_s(reply))
    if status in (401, 403) or status < 400:
        raise DeliveryError(words, retry_after_s=OURS_RETRY_S)  # an owner mends it in the portal
    raise DeliveryError(words, permanent=True)


def _reason(reply: requests.Response) -> str:
    try:
        found = orjson.loads(reply.content[:4096])
    except orjson.JSONDecodeError:
        return ""
    fields = found if isinstance(found, dict) else {}
    told = next((str(fields[key]) for key in ("resultMessage", "message", "code") if fields.get(key)), "")
    return f" ({''.join(char for char in told if char.isprintable())[:120]})" if told else ""


def _wait_s(reply: requests.Response) -> float | None:
    text = reply.headers.get("Retry-After", "")
    return min(float(text), MOST_WAIT_S) if text.isascii() and text.isdigit() else None
