"""Calls over HTTP: the key, retries that never do a thing twice, and answers that remember their headers."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote

import requests

from tillpass_client.problems import Problem, problem_of

LONGEST_WAIT_S = 60.0


class Answer(dict[str, Any]):
    """An answer as a dictionary; `etag_of` and `was_replayed` read what its headers said."""

    etag: str = ""
    replayed: bool = False
    status: int = 200


def etag_of(answer: Mapping[str, Any]) -> str:
    """The ETag of an answer, for `if_match`; empty where it has none."""
    return answer.etag if isinstance(answer, Answer) else ""


def was_replayed(answer: Mapping[str, Any]) -> bool:
    """Whether this is the first answer to the same Idempotency-Key again."""
    return isinstance(answer, Answer) and answer.replayed


class Lost(Exception):
    """No answer came, however often it was tried; with the same Idempotency-Key it can be tried again."""

    def __init__(self, words: str, key: str | None) -> None:
        super().__init__(words)
        self.key = key


class Transport:
    """One server and one key. `tries` counts the first one; `wait` sleeps for so many seconds."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 15.0,
        tries: int = 4,
        session: requests.Session | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = base_url.rstrip("/") + "/api/v1"
        self._timeout, self._tries, self._wait = timeout_s, max(1, tries), wait
        self._session = session or requests.Session()
        self._session.headers["Authorization"] = f"Bearer {api_key}"

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        file: tuple[str, bytes] | None = None,
        form: Mapping[str, str | None] | None = None,
        raw: tuple[bytes, str] | None = None,
        key: str | None = None,
        keyed: bool = False,
        if_match: str | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """One call, tried again where that is safe: after 429 always; after 503, a lost connection or a
        timeout only if doing it twice does it once: it reads, deletes, is `repeatable`, or has an
        Idempotency-Key (a new one unless you give yours).

        Raises Problem (of the sort that its type says), and Lost.
        """
        key = key or (uuid.uuid4().hex if keyed else None)
        headers = {"Idempotency-Key": key} if key else {}
        headers |= {"If-Match": if_match} if if_match else {}
        asked: dict[str, Any] = {"headers": headers, "timeout": self._timeout, "allow_redirects": False}
        asked["params"] = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        if raw is not None:
            asked["data"] = raw[0]
            headers["Content-Type"] = raw[1]
        elif file is not None:
            asked["files"] = {file[0]: (file[0], file[1])}
            asked["data"] = {name: text for name, text in (form or {}).items() if text is not None}
        elif body is not None:
            asked["json"] = body
        safe = repeatable or key is not None or method in ("GET", "DELETE")
        return _read(self._patiently(method, self._base + path, asked, safe, key))

    def pieces(self, method: str, path: str, *, query: Mapping[str, Any] | None = None) -> Iterator[bytes]:
        """A file, piece by piece, so that it may be of any size. Raises Problem and Lost at once."""
        params = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        asked: dict[str, Any] = {"params": params, "timeout": self._timeout, "stream": True}
        response = self._patiently(method, self._base + path, asked, True, None)
        if response.status_code >= 300:
            _read(response)
        return cast(Iterator[bytes], response.iter_content(65_536))

    def _patiently(
        self, method: str, url: str, asked: dict[str, Any], safe: bool, key: str | None
    ) -> requests.Response:
        for tried in range(1, self._tries + 1):
            pause = _pause(tried)
            try:
                response = self._session.request(method, url, **asked)
            except (requests.ConnectionError, requests.Timeout) as error:
                if not safe or tried == self._tries:
                    raise Lost(str(error), key) from error
            else:
                again = response.status_code == 429 or (safe and response.status_code == 503)
                if not again or tried == self._tries:
                    return response
                pause = max(pause, _asked_pause(response))
            self._wait(pause)
        raise AssertionError("the last try answers or raises")


def _pause(tried: int) -> float:
    """Seconds: about 0.5, 1, 2, …, spread so that many tills do not come back together."""
    doubled: float = 0.5 * 2.0 ** (tried - 1)
    return min(LONGEST_WAIT_S, doubled) * random.uniform(0.7, 1.3)


def _asked_pause(response: requests.Response) -> float:
    told = response.headers.get("Retry-After", "")
    return min(LONGEST_WAIT_S, float(told)) if told.isdigit() else 0.0


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(response: requests.Response) -> Answer:
    try:
        told = response.json()
    except ValueError:
        told = None
    if response.status_code >= 300 or not isinstance(told, dict):
        raise problem_of(response.status_code, told if isinstance(told, dict) else {}, response.headers)
    answer = Answer(told)
    answer.etag, answer.status = response.headers.get("ETag", ""), response.status_code
    answer.replayed = response.headers.get("Idempotency-Replayed") == "true"
    return answer


class Room:
    """Calls about one sort of thing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def call(self, method: str, path: str, **more: Any) -> Answer:
        """See Transport.call."""
        return self._transport.call(method, path, **more)

    def pieces(self, method: str, path: str, **more: Any) -> Iterator[bytes]:
        """See Transport.pieces."""
        return self._transport.pieces(method, path, **more)

    @staticmethod
    def part(value: str | int) -> str:
        """A part of an address."""
        return quote(str(value), safe="")

    @staticmethod
    def walk(ask: Callable[[str | None], Mapping[str, Any]]) -> Iterator[Any]:
        """The items of all parts of a list."""
        cursor: str | None = None
        while True:
            page = ask(cursor)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return


__all__ = ["Answer", "Lost", "Problem", "Room", "Transport", "etag_of", "was_replayed"]
