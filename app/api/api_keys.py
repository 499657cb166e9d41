"""Keys of programs: made, listed, rotated with an overlap, revoked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from app.api.calls import call
from app.api.keys import caller
from app.api.replies import Out, PageOut
from app.api.requests import Page, Slug
from app.audience import audience
from app.deps import deps
from app.services import access, keys
from app.services.inputs import Input, Moment
from app.storage.tables import ApiKey

Role = Literal["owner", "marketer", "till", "crm"]


class KeyIn(Input):
    """A new key: give a `role`, or `scopes` of its own. Without `programme` it may use all that your own may;
    without `expires_at` it lasts until somebody revokes it.
    """

    name: Annotated[str, Field(min_length=1, max_length=120, examples=["Till 7"])]
    role: Role | None = None
    scopes: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=40)] = ()
    programme: Slug | None = None
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def _role_or_scopes(self) -> Self:
        if bool(self.role) == bool(self.scopes):
            raise ValueError("give either a role or scopes")
        return self


class KeyRotateIn(Input):
    """How many hours the old key still opens beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=keys.MOST_OVERLAP_HOURS, examples=[24])] = 24


class KeyOut(Out):
    """A key without its secret. `hint` is how it begins; `state`: active, expired or revoked; one that was
    rotated names its `successor_id` and ends at `expires_at`.
    """

    id: int
    name: str
    hint: str
    state: str
    role: str
    scopes: list[str]
    programme: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    successor_id: int | None


class NewKeyOut(KeyOut):
    """The secret is shown this once."""

    key: str


_KEY = {
    "id": 12,
    "name": "Till 7",
    "hint": "tp_8QmZr",
    "state": "active",
    "role": "till",
    "scopes": ["programmes:read", "cards:read", "cards:write", "ledger:write"],
    "programme": "cafe",
    "created_at": "2026-03-02T09:00:00Z",
    "last_used_at": None,
    "expires_at": None,
    "revoked_at": None,
    "successor_id": None,
}
_NEW = {**_KEY, "key": "tp_8QmZr4cX1vJ0yTq6LhNw2sBd9KfEuGiPa7oRtYxM3Vk"}
_ENDED = {**_KEY, "state": "revoked", "revoked_at": "2026-03-09T18:00:00Z"}


@call(
    "POST",
    "/keys",
    summary="Make a key",
    scope="keys:write",
    takes=KeyIn,
    gives=NewKeyOut,
    status=201,
    example={"name": "Till 7", "role": "till", "programme": "cafe"},
    answer=_NEW,
)
@audience("api")
def create(body: KeyIn) -> Mapping[str, Any]:
    """It gets no scope, no programme and no longer life than your own key has. Was the answer lost? Revoke
    the key that `GET /keys` lists, and make another.
    """
    known = deps()
    wanted = keys.Wanted(
        body.name, body.role or "", body.scopes, body.programme or _own_programme(), body.expires_at
    )
    return _new(keys.make(known.db, wanted, now=known.now(), giver=caller()))


@call(
    "GET",
    "/keys",
    summary="Keys, newest first",
    scope="keys:write",
    query=Page,
    gives=PageOut[KeyOut],
    answer={"items": [_KEY], "next_cursor": None},
)
@audience("api")
def listed(query: Page) -> Mapping[str, Any]:
    """When each was used last, and when it ends; the secrets are not kept."""
    with deps().read() as session:
        rows = keys.page(session, caller().programme_ids(), limit=query.limit + 1, before_id=query.after)
        page = rows[: query.limit]
        more = str(page[-1].id) if len(rows) > len(page) else None
        return {"items": [_told(session, row) for row in page], "next_cursor": more}


@call("GET", "/keys/<key_id>", summary="A key", scope="keys:write", gives=KeyOut, answer=_KEY)
@audience("api")
def read(key_id: int) -> Mapping[str, Any]:
    """Without its secret."""
    return _key(key_id)


@call(
    "POST",
    "/keys/<key_id>/rotate",
    summary="A new key in the place of another",
    scope="keys:write",
    takes=KeyRotateIn,
    optional_body=True,
    gives=NewKeyOut,
    status=201,
    example={"overlap_hours": 24},
    answer={**_NEW, "id": 13},
)
@audience("api")
def rotate(key_id: int, body: KeyRotateIn) -> Mapping[str, Any]:
    """The same rights and the same end; the old one opens for `overlap_hours` more, so that no till stands
    still. Again is 409 with `state.successor_id`: was that answer lost, rotate the successor.
    """
    known = deps()
    made = keys.rotate(
        known.db,
        key_id,
        overlap=timedelta(hours=body.overlap_hours),
        now=known.now(),
        giver=caller(),
        programme_ids=caller().programme_ids(),
    )
    return _new(made)


@call(
    "DELETE", "/keys/<key_id>", summary="End a key for good", scope="keys:write", gives=KeyOut, answer=_ENDED
)
@audience("api")
def revoke(key_id: int) -> Mapping[str, Any]:
    """From now on it opens nothing; again changes nothing."""
    known = deps()
    access.revoke_key(known.db, key_id, now=known.now(), programme_ids=caller().programme_ids())
    return _key(key_id)


def _own_programme() -> str:
    own = caller().programme_id
    if own is None:
        return ""
    with deps().read() as session:
        return keys.slug_called(session, own)


def _new(made: keys.Made) -> Mapping[str, Any]:
    return {**_key(made.key_id), "key": made.secret}


def _key(key_id: int) -> dict[str, Any]:
    with deps().read() as session:
        return _told(session, keys.one(session, key_id, caller().programme_ids()))


def _told(session: Session, row: ApiKey) -> dict[str, Any]:
    names = ("id", "name", "hint", "role", "created_at", "last_used_at", "expires_at", "revoked_at")
    told = {name: getattr(row, name) for name in (*names, "successor_id")}
    slug = None if row.programme_id is None else keys.slug_called(session, row.programme_id)
    said = {"scopes": row.scopes.split(), "programme": slug, "state": keys.state(row, deps().now())}
    return {**told, **said}
