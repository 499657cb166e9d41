"""The system behind a source, as its connector calls it back: at the vendor's pace, in no transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from sqlalchemy.orm import Session, sessionmaker

from app.domain.pacing import MAX_WAIT_S
from app.services.crm.reading import RemoteOf
from app.services.outside import Heard, Outside, Unreachable
from app.services.ports import Answer, Connector, DeliveryError, Reading, Remote
from app.services.turns import take_turn

MOST_ANSWER = 8 * 1024 * 1024
"""A page of a CRM's list; more is no answer to what we ask."""


@dataclass(frozen=True, slots=True)
class PacedRemote:
    """Implements `ports.Remote`. `name` is whose pace it is: all sources of one portal share it."""

    db: sessionmaker[Session]
    outside: Outside
    name: str
    settings: Mapping[str, Any]
    token: str
    calls_per_s: float = 2.0
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """See `ports.Remote.call`."""
        url = _joined(str(self.settings.get("url", "")), path, query)
        said, body = _body(json, form)
        self._take_turn()
        try:
            heard = self.outside.send(
                method, url, headers={**said, **(headers or {})}, body=body, most=MOST_ANSWER
            )
        except Unreachable as error:
            raise DeliveryError(str(error), permanent=error.forbidden) from None
        return _answer(heard)

    def _take_turn(self) -> None:
        wait_s = take_turn(self.db, f"remote:{self.name}"[:80], self.calls_per_s, self.clock())
        if wait_s > MAX_WAIT_S:
            raise DeliveryError("many calls wait for their turn", retry_after_s=wait_s)
        if wait_s > 0:
            self.wait(wait_s)


def _joined(base: str, path: str, query: Mapping[str, Any] | None) -> str:
    if not base:
        raise DeliveryError("the source has no address to call", permanent=True)
    url = f"{base.rstrip('/')}/{path.lstrip('/')}"
    return f"{url}?{urlencode(query, doseq=True)}" if query else url


def _body(json: Any, form: Mapping[str, Any] | None) -> tuple[dict[str, str], bytes | None]:
    if json is not None:
        return {"Content-Type": "application/json", "Accept": "application/json"}, orjson.dumps(json)
    if form is not None:
        encoded = urlencode(form, doseq=True).encode()
        return {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}, encoded
    return {"Accept": "application/json"}, None


def _answer(heard: Heard) -> Answer:
    """Raises DeliveryError for "later" and "broken"; what else it means, the connector knows."""
    if heard.status == 429 or heard.status >= 500:
        wait = heard.headers.get("retry-after", "")
        after = float(wait) if wait.isascii() and wait.isdigit() else None
        raise DeliveryError(f"the system answered {heard.status}", retry_after_s=after)
    try:
        parsed = orjson.loads(heard.body) if heard.body else None
    except orjson.JSONDecodeError:
        parsed = None
    return Answer(heard.status, parsed, heard.headers, heard.body[:2000].decode("utf-8", "replace"))


def caller_back(
    db: sessionmaker[Session],
    connectors: Mapping[str, Connector],
    outside: Outside,
    unseal: Callable[[str], str],
    *,
    wait: Callable[[float], None] = time.sleep,
) -> Callable[[RemoteOf], Remote]:
    """How a source's system is called; all sources of one address share its pace."""

    def remote(of: RemoteOf) -> Remote:
        connector = connectors.get(of.kind)
        pace = connector.calls_per_s if isinstance(connector, Reading) else 2.0
        host = urlsplit(str(of.settings.get("url", ""))).netloc or str(of.source_id)
        token = unseal(of.token) if of.token else ""
        return PacedRemote(db, outside, f"{of.kind}:{host}", of.settings, token, pace, wait)

    return remote
