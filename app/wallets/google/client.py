"""Talks to Google's REST interface: writes that may be repeated, and failures that say what to do.

There are no deletes and no ETags: everything is an upsert. An update is far more frequent than a first
insert, so it is PATCH first; a 404 leads to POST, and a 409 there (another worker was faster) back to PATCH.

Vendor page: developers.google.com/wallet/reference/rest (last checked 2026-08).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

import requests
from google.auth.exceptions import GoogleAuthError, RefreshError

from app.domain.pacing import MAX_WAIT_S

from .errors import MISCONFIGURED_RETRY_S, GoogleError, Reason, error_from_reply
from .schema import require_valid, vendor_schema

Json = dict[str, Any]
TIMEOUT_S = (5.0, 20.0)
PAGE = 100


class Reply(Protocol):
    """The part of `requests.Response` that is used."""

    status_code: int

    @property
    def content(self) -> bytes: ...
    @property
    def headers(self) -> Any: ...


class Session(Protocol):
    """google-auth's `AuthorizedSession`, or anything that sends like it."""

    def request(self, method: str, url: str, **options: Any) -> Reply: ...


class GoogleClient:
    """Google Wallet for one service account; one per thread, as its session is.

    `api_url` is the root (`https://walletobjects.googleapis.com`). `reserve(n)` takes the next n turns of the
    rate that all workers share and returns the seconds to wait; above `max_wait_s` nothing was reserved and
    the call fails as `rateLimitExceeded`. Every method raises `GoogleError`.
    """

    def __init__(
        self,
        session: Session,
        api_url: str,
        reserve: Callable[[int], float],
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timeout_s: tuple[float, float] = TIMEOUT_S,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        self._session = session
        self._root = f"{api_url.rstrip('/')}/walletobjects/v1"
        self._reserve = reserve
        self._sleep = sleep
        self._now = now
        self._timeout_s = timeout_s
        self._max_wait_s = max_wait_s

    def upsert_object(self, body: Json, *, resource: str = "loyalty", managed: Iterable[str] = ()) -> Json:
        """Make the object so, whether it exists or not; returns Google's copy. `resource`: Google's word for
        its kind (`loyalty`, `giftCard`, ...).

        `managed` are the top-level fields that we own: those absent from `body` are cleared. Fields outside
        it (messages, links to other cards) stay as they are. A missing class is `notFound`.
        """
        return self._upsert(f"{resource}Object", body, managed)

    def upsert_class(self, body: Json, *, resource: str = "loyalty", managed: Iterable[str] = ()) -> Json:
        """Make the class so. Google takes a change of an approved class only as a new review."""
        review = {} if resource == "generic" else {"reviewStatus": "UNDER_REVIEW"}
        return self._upsert(f"{resource}Class", {**body, **review}, managed)

    def patch(self, kind: str, resource_id: str, changes: Json) -> Json:
        """Change some fields of what exists; `None` deletes, lists are replaced whole."""
        require_valid(kind, changes, partial=True)
        return self._call("PATCH", _path(kind, resource_id), body=changes)

    def put(self, kind: str, resource_id: str, body: Json) -> Json:
        """Replace what exists by `body`: whatever it leaves out is cleared."""
        require_valid(kind, body)
        return self._call("PUT", _path(kind, resource_id), body=body)

    def get(self, kind: str, resource_id: str) -> Json | None:
        """Google's copy (enumerations in Google's legacy spelling), or None where there is none."""
        try:
            return self._call("GET", _path(kind, resource_id))
        except GoogleError as error:
            if error.reason is Reason.NOT_FOUND:
                return None
            raise

    def list_objects(
        self, class_id: str, *, resource: str = "loyalty", fields: str = "id,hasUsers,state"
    ) -> Iterator[Json]:
        """All objects of a class with these fields, page after page: the nightly reconciliation's source."""
        mask = f"pagination,resources({fields})"
        return self._pages(f"{resource}Object", {"classId": class_id, "fields": mask})

    def list_classes(self, issuer_id: str, *, resource: str = "loyalty") -> Iterator[Json]:
        """All classes of an issuer, of one kind."""
        return self._pages(f"{resource}Class", {"issuerId": issuer_id})

    def issuers(self) -> list[Json]:
        """Every issuer that this account may see."""
        return _listed(self._call("GET", "/issuer"), "resources")

    def patch_issuer(self, issuer_id: str, changes: Json) -> Json:
        """Change an issuer's own account; returns Google's copy."""
        require_valid("issuer", changes, partial=True)
        return self._call("PATCH", _path("issuer", issuer_id), body=changes)

    def permissions(self, issuer_id: str) -> list[Json]:
        """Who may do what with this issuer: `{emailAddress, role}`."""
        return _listed(self._call("GET", _path("permissions", issuer_id)), "permissions")

    def set_permissions(self, issuer_id: str, permissions: Iterable[Json]) -> Json:
        """Replace the complete list: whoever is not on it loses access."""
        body = {"issuerId": issuer_id, "permissions": list(permissions)}
        require_valid("permissions", body)
        return self._call("PUT", _path("permissions", issuer_id), body=body)

    def page(
        self, kind: str, query: Mapping[str, str], *, token: str = "", size: int = PAGE
    ) -> tuple[list[Json], str]:
        """One page of a list and the token of the next (empty at the end): for rounds that may be resumed.

        `query` is `classId` for objects or `issuerId` for classes, and `fields` to thin the answer out.
        """
        asked = {**query, "maxResults": str(size), "token": token}
        return _page(self._call("GET", f"/{kind}", query=asked))

    def add_message(self, kind: str, resource_id: str, message: Json) -> Json:
        """Put a message on one card (`loyaltyObject`) or on every card of a class; returns Google's copy.

        Over the quota of three notifications a day Google refuses it (`quotaExceeded`), silent ones never.
        """
        require_valid("addMessageRequest", {"message": message})
        reply = self._call("POST", f"{_path(kind, resource_id)}/addMessage", body={"message": message})
        if not isinstance(reply.get("resource"), dict):
            raise _nonsense("no resource in the reply")
        return dict(reply["resource"])

    def validate_jwt(self, token: str) -> None:
        """Let Google judge a save link without side effects; raises `GoogleError` with its words."""
        self._call("POST", "/jwt/validate", body={"jwtResource": {"jwt": token}})

    def validate_json(self, claims: Json) -> None:
        """The same for the claims of a link before it is signed."""
        words = json.dumps(claims, ensure_ascii=False)
        self._call("POST", "/jwt/validate", body={"jsonResource": {"json": words}})

    def _upsert(self, kind: str, body: Json, managed: Iterable[str]) -> Json:
        require_valid(kind, body)
        one = _path(kind, body["id"])
        patch = {**dict.fromkeys(name for name in managed if name not in body), **_clearing(kind, body)}
        require_valid(kind, patch, partial=True)
        attempts = (
            ("PATCH", one, patch, Reason.NOT_FOUND),
            ("POST", f"/{kind}", body, Reason.EXISTS),
        )
        for method, path, what, expected in attempts:
            try:
                return self._call(method, path, body=what)
            except GoogleError as error:
                if error.reason is not expected:
                    raise
        return self._call("PATCH", one, body=patch)

    def _pages(self, kind: str, query: Mapping[str, str]) -> Iterator[Json]:
        seen: set[str] = set()
        token = ""
        while True:
            resources, token = self.page(kind, query, token=token)
            yield from resources
            if not token:
                return
            if token in seen:
                raise _nonsense("the same page again")
            seen.add(token)

    def _call(
        self, method: str, path: str, *, body: Json | None = None, query: Mapping[str, str] | None = None
    ) -> Json:
        self._take_turn()
        reply = self._send(method, path, body, query)
        if 200 <= reply.status_code < 300:
            return _parsed(reply.content)
        raise error_from_reply(reply.status_code, reply.headers, reply.content, now=self._now())

    def _take_turn(self) -> None:
        wait_s = self._reserve(1)
        if wait_s > self._max_wait_s:
            raise GoogleError(Reason.RATE, "our own turn is far off", permanent=False, retry_after_s=wait_s)
        if wait_s > 0:
            self._sleep(wait_s)

    def _send(self, method: str, path: str, body: Json | None, query: Mapping[str, str] | None) -> Reply:
        """`requests.RequestException` covers the network; google-auth has its own family for signing in."""
        try:
            return self._session.request(
                method,
                self._root + path,
                params={key: value for key, value in (query or {}).items() if value},
                data=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json"},
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except RefreshError as error:
            wait_s = None if error.retryable else MISCONFIGURED_RETRY_S
            words = f"Google did not sign us in: {error.args[0] if error.args else error}"
            raise GoogleError(Reason.CREDENTIALS, words, permanent=False, retry_after_s=wait_s) from error
        except (requests.RequestException, GoogleAuthError, OSError) as error:
            raise GoogleError(Reason.NETWORK, type(error).__name__, permanent=False) from error


def _path(kind: str, resource_id: str) -> str:
    return f"/{kind}/{quote(resource_id, safe='')}"


def _clearing(kind: str, body: Json) -> Json:
    """`body` for PATCH, which merges: what a nested object does not say is deleted explicitly.

    Else a balance that turns from points into text would keep both, and Google refuses both.
    """
    schemas = vendor_schema()["schemas"]
    properties = schemas[kind[:1].upper() + kind[1:]]["properties"]
    return {key: _cleared(properties[key], value, schemas) for key, value in body.items()}


def _cleared(spec: Json, value: Any, schemas: Mapping[str, Json]) -> Any:
    if "$ref" not in spec or not isinstance(value, dict):
        return value
    properties = schemas[spec["$ref"]]["properties"]
    current = {key: one for key, one in properties.items() if not one.get("deprecated")}
    said = {key: _cleared(properties[key], item, schemas) for key, item in value.items()}
    return {**dict.fromkeys(current), **said}


def _page(page: Json) -> tuple[list[Json], str]:
    resources = page.get("resources", [])
    pagination = page.get("pagination") or {}
    token = pagination.get("nextPageToken", "") if isinstance(pagination, dict) else None
    if not isinstance(resources, list) or not isinstance(token, str):
        raise _nonsense("not a page")
    if not all(isinstance(resource, dict) for resource in resources):
        raise _nonsense("not a page of resources")
    return resources, token


def _listed(reply: Json, name: str) -> list[Json]:
    found = reply.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _nonsense(f"no list of {name}")
    return found


def _parsed(content: bytes) -> Json:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _nonsense("not JSON") from error
    if not isinstance(found, dict):
        raise _nonsense("not an object")
    return found


def _nonsense(what: str) -> GoogleError:
    return GoogleError(Reason.BAD_REPLY, f"Google's reply makes no sense: {what}", permanent=False)
