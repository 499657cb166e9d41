"""Messages on Google's cards and looks: told once, at most ten, gone when they ended.

Google keeps messages in a list of the object or class. One is added by a call of its own, which may let the
phone buzz; the list is only ever replaced whole, which never does. Each message has the same id for ever, so
whatever crashed in between, Google's own list says what it has. What others put there stays.

Vendor page: developers.google.com/wallet/retail/loyalty-cards/use-cases/trigger-push-notifications
(last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.passes import Message, Pass
from app.storage.tables import GoogleMessage
from app.wallets.google import notices
from app.wallets.google.errors import GoogleError, Reason
from app.wallets.google.localized import localized
from app.wallets.google.respell import requestable
from app.wallets.google.shelf import digest

Json = dict[str, Any]
MOST = 10
CLAIM = timedelta(seconds=60)
"""So long a message that somebody began to send is theirs."""
_KEPT_TYPES = {"expirationnotification": "EXPIRATION_NOTIFICATION"}


class Client(Protocol):
    """The part of the client that messages need."""

    def get(self, kind: str, resource_id: str) -> Json | None: ...
    def patch(self, kind: str, resource_id: str, changes: Json) -> Json: ...
    def put(self, kind: str, resource_id: str, body: Json) -> Json: ...
    def add_message(self, kind: str, resource_id: str, message: Json) -> Json: ...


@dataclass(frozen=True, slots=True)
class Target:
    """What messages stand on: `resource` as in Google's addresses (`loyaltyObject`), `id`, and whether
    somebody has it as far as we know.
    """

    resource: str
    id: str
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done: message ids to take away, to note as there, to forget, and messages to add."""

    drop: frozenset[str] = frozenset()
    confirm: frozenset[str] = frozenset()
    forget: frozenset[str] = frozenset()
    add: tuple[tuple[Message, bool], ...] = ()
    """Each with whether it may buzz, the oldest first."""


def own_messages(face: Pass) -> tuple[Message, ...]:
    """What stands on this card alone: service messages to everyone stand on its look, once for all cards.

    News to everyone stand here too, because the look would show them to those who did not agree.
    """
    return tuple(one for one in face.messages if not (one.everyone and one.purpose == "service"))


def carried(messages: Iterable[Message], locales: Sequence[str]) -> Json:
    """Messages inside the body of something new: nobody has it yet, so nobody is to buzz."""
    made = [google_message(one, locales, loud=False) for one in messages]
    return {"messages": made} if made else {}


def note_carried(session: Session, target: str, messages: Iterable[Message], now: datetime) -> None:
    """Google has taken them with the body."""
    for one in messages:
        row = GoogleMessage(target=target, message_id=one.key, body_hash=digest(one.key), sent_at=now)
        session.merge(row)


def google_message(message: Message, locales: Sequence[str], *, loud: bool) -> Json:
    """The message in Google's words, in every language."""
    return {
        "id": message.key,
        **localized("header", message.header, locales),
        **localized("body", message.body, locales),
        "displayInterval": {
            "start": {"date": message.at.isoformat(timespec="seconds")},
            "end": {"date": message.ends_at.isoformat(timespec="seconds")},
        },
        "messageType": "TEXT_AND_NOTIFY" if loud else "TEXT",
    }


def plan(
    wanted: Sequence[Message], known: Mapping[str, bool], current: Collection[str], *, heard: bool
) -> Plan:
    """What leads from Google's list (`current`, ids) to ours; `known` maps ids that we told to whether Google
    confirmed them. A confirmed one that somebody took away comes back silently.
    """
    asked = _keys(wanted)
    foreign = [each for each in current if each not in known and each not in asked]
    fitting = wanted[: max(0, MOST - len(foreign))]
    keys = _keys(fitting)
    return Plan(
        drop=frozenset(each for each in current if each not in foreign and each not in keys),
        confirm=frozenset(key for key in keys if key in current and not known.get(key, False)),
        forget=frozenset(key for key in known if key not in keys),
        add=tuple(
            (one, one.loud and heard and not known.get(one.key, False))
            for one in reversed(fitting)
            if one.key not in current
        ),
    )


def _keys(found: Iterable[Message]) -> frozenset[str]:
    return frozenset(one.key for one in found)


@dataclass(frozen=True)
class Messenger:
    """Brings messages to Google; raises GoogleError, and goes on where it stopped when called again."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]

    def sync(
        self,
        client: Client,
        target: Target,
        wanted: Sequence[Message],
        locales: Sequence[str],
        *,
        copy: Json | None = None,
    ) -> None:
        """Make this card's or look's messages those `wanted` (newest first); `copy` is Google's, if known."""
        known = self._known(target)
        newest = wanted[:MOST]
        if {one.key for one in newest} == set(known) and all(known.values()) and copy is None:
            return
        if not newest and not known:
            return
        copy = client.get(target.resource, target.id) if copy is None else copy
        if copy is None:
            raise GoogleError(Reason.NOT_FOUND, f"{target.id} is not at Google", permanent=False)
        current = [each for each in copy.get("messages", []) if isinstance(each, dict)]
        ids = [str(each.get("id", "")) for each in current]
        steps = plan(newest, known, ids, heard=target.heard or bool(copy.get("hasUsers")))
        if steps.drop:
            _take_away(client, target, current, steps.drop)
        self._note(target, steps, copy)
        for message, loud in steps.add:
            self._tell(client, target, message, locales, loud)

    def _known(self, target: Target) -> dict[str, bool]:
        asked = select(GoogleMessage.message_id, GoogleMessage.body_hash)
        with self.read() as session:
            rows = session.execute(asked.where(GoogleMessage.target == target.id))
            return {key: bool(told) for key, told in rows}

    def _note(self, target: Target, steps: Plan, copy: Json) -> None:
        if not steps.forget and not steps.confirm:
            return
        reached, now = bool(copy.get("hasUsers")), self.now()
        with self.db.begin() as session:
            session.execute(
                delete(GoogleMessage).where(
                    GoogleMessage.target == target.id, GoogleMessage.message_id.in_(steps.forget)
                )
            )
            for key in sorted(steps.confirm):
                row = session.get(GoogleMessage, (target.id, key))
                if row is None:  # a database that was restored from before it was told
                    row = GoogleMessage(target=target.id, message_id=key, sent_at=now)
                    session.add(row)
                row.body_hash, row.reached = digest(key), reached

    def _tell(
        self, client: Client, target: Target, message: Message, locales: Sequence[str], loud: bool
    ) -> None:
        loud = self._claim(target, message, loud)
        try:
            reply = self._say(client, target, message, locales, loud)
        except GoogleError:
            self._release(target, message)
            raise
        with self.db.begin() as session:
            row = session.get_one(GoogleMessage, (target.id, message.key))
            row.body_hash, row.reached = digest(message.key), bool(reply.get("hasUsers"))

    def _say(
        self, client: Client, target: Target, message: Message, locales: Sequence[str], loud: bool
    ) -> Json:
        """Over Google's quota the message is told silently, and nothing else buzzes that day."""
        try:
            body = google_message(message, locales, loud=loud)
            return client.add_message(target.resource, target.id, body)
        except GoogleError as error:
            if error.reason is not Reason.QUOTA or not loud:
                raise
        with self.db.begin() as session:
            notices.exhaust(session, target.id, "message", self.now())
            session.get_one(GoogleMessage, (target.id, message.key)).loud = False
        silent = google_message(message, locales, loud=False)
        return client.add_message(target.resource, target.id, silent)

    def _claim(self, target: Target, message: Message, loud: bool) -> bool:
        """Write down that it is being told, and take a turn to buzz; returns whether it buzzes.

        One whose teller died keeps the turn that was taken. Raises GoogleError while another is telling it.
        """
        now = self.now()
        try:
            with self.db.begin() as session:
                key = (target.id, message.key)
                row = session.get(GoogleMessage, key, with_for_update=True)
                if row is not None and row.sent_at > now - CLAIM and not row.body_hash:
                    raise _busy()
                if row is None:
                    row = GoogleMessage(target=target.id, message_id=message.key)
                    row.loud = loud and self._turn(session, target, message, now)
                    session.add(row)
                elif row.body_hash:
                    row.loud = False
                row.body_hash, row.sent_at = "", now
                return row.loud
        except IntegrityError:
            raise _busy() from None

    def _turn(self, session: Session, target: Target, message: Message, now: datetime) -> bool:
        service = message.purpose == "service"
        return notices.take(session, target.id, "message", service=service, now=now) is not None

    def _release(self, target: Target, message: Message) -> None:
        """It was not told, or we do not know: whoever comes next compares with Google's list."""
        with self.db.begin() as session:
            row = session.get(GoogleMessage, (target.id, message.key))
            if row is not None:
                row.sent_at = self.now() - CLAIM


def _busy() -> GoogleError:
    return GoogleError(
        Reason.BACKEND, "another worker is telling this", permanent=False, retry_after_s=CLAIM.total_seconds()
    )


def _take_away(client: Client, target: Target, current: Sequence[Json], gone: Collection[str]) -> None:
    """Replace the list by what is left. Some say that an empty one is not heard; then the whole is put."""
    left = [_silent(each) for each in current if str(each.get("id", "")) not in gone]
    changes: Json = {"messages": left}
    if target.resource.endswith("Class") and target.resource != "genericClass":
        changes["reviewStatus"] = "UNDER_REVIEW"
    try:
        reply = client.patch(target.resource, target.id, changes)
        if not _holds(reply, gone):
            return
    except GoogleError as error:
        if left or error.reason is not Reason.INVALID:
            raise
    whole = client.get(target.resource, target.id)
    if whole is not None:
        client.put(target.resource, target.id, {**requestable(target.resource, whole), **changes})


def _holds(reply: Json, gone: Collection[str]) -> bool:
    left = [each for each in reply.get("messages") or () if isinstance(each, dict)]
    return any(str(each.get("id", "")) in gone for each in left)


def _silent(message: Json) -> Json:
    """A message that is there already, so that it may be sent again: nobody is to buzz for it."""
    word = str(message.get("messageType", "")).replace("_", "").lower()
    rest = {key: value for key, value in message.items() if key not in ("kind", "messageType")}
    return {**rest, "messageType": _KEPT_TYPES.get(word, "TEXT")}
