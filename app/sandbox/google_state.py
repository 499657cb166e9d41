"""Everything the Google stand-in knows, with Google's rules for changing it.

The REST pages, the save page and the phones on screen all come through here. A write fetches its pictures
first, then changes the store under one lock, then tells its listeners outside of the lock.
"""

import base64
import binascii
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from app.sandbox import google_schema as schema
from app.sandbox import google_writes as writes
from app.sandbox.google_accounts import Accounts
from app.sandbox.google_callbacks import CallbackSender
from app.sandbox.google_images import ImageCheck
from app.sandbox.google_issuers import Issuers
from app.sandbox.google_modes import Modes, Refusal, exists, invalid, not_found, quota_exceeded
from app.sandbox.google_savejwt import is_reference, read_save_claims, read_save_jwt, signer_of
from app.sandbox.google_store import Store

log = structlog.get_logger(__name__)
Json = dict[str, Any]
Listener = Callable[[Json], None]

DAY_S = 86_400.0
NOTICES_A_DAY = 3
KEPT_REQUESTS = 500


def utc_now() -> datetime:
    return datetime.now(UTC)


class GoogleState:
    """Google Wallet of the sandbox. Safe for any number of threads; `path` survives restarts.

    `issuers` are the issuer ids that the sandbox's account may write.
    """

    def __init__(
        self,
        issuers: Collection[str],
        *,
        path: Path | None = None,
        accounts: Accounts | None = None,
        now: Callable[[], datetime] = utc_now,
        images: ImageCheck | None = None,
        modes: Modes | None = None,
        callback_waits_s: tuple[float, ...] = (0, 1, 5, 30, 120),
    ) -> None:
        self.issuers = frozenset(issuers)
        self.testers: frozenset[str] | None = None
        """The phones that may save cards in demo mode; None: all."""
        self.accounts = accounts or Accounts()
        self.modes = modes or Modes()
        self.requests: deque[Json] = deque(maxlen=KEPT_REQUESTS)
        self.now = now
        self._store = Store(path)
        self.offices = Issuers(self.issuers, self._store.kept, self._store.keep)
        self._images = images or ImageCheck()
        self._lock = threading.RLock()
        self._listeners: list[Listener] = []
        self._before: dict[str, bool] = {}
        self.callbacks = CallbackSender(
            self._store.kept, self._store.keep, self.modes, now=now, waits_s=callback_waits_s, lock=self._lock
        )

    def close(self) -> None:
        self.callbacks.close()
        with self._lock:
            self._store.close()

    # --- listening ---

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear of every change at once; returns how to stop.

        An event has `object_id` or `class_id` (a class change also gives one event for every saved object),
        `notify` (`points`, `tier`, `message` or None), and for a save or removal `saved` or `removed` and
        `phone_id`.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # --- reading ---

    def get(self, kind: str, resource_id: str) -> Json:
        """The resource as Google answers it; raises `Refusal` (404)."""
        with self._lock:
            return self._reply(kind, self._existing(kind, resource_id))

    def page(self, kind: str, parent: str, limit: int | None, token: str) -> Json:
        """One page of an issuer's classes or a class's objects."""
        after = _read_token(token)
        with self._lock:
            found = self._store.page(kind, parent, after, -1 if limit is None else limit + 1)
            more = limit is not None and len(found) > limit
            shown = found[:limit] if more else found
            replies = [self._reply(kind, body) for body in shown]
        pagination: Json = {"kind": "walletobjects#pagination", "resultsPerPage": len(shown)}
        if more:
            pagination["nextPageToken"] = base64.urlsafe_b64encode(shown[-1]["id"].encode()).decode()
        return {"pagination": pagination, **({"resources": replies} if replies else {})}

    def view(self, object_id: str) -> Json:
        """`{"object": …, "class": …}` as the phone shows them; raises KeyError."""
        with self._lock:
            kind = self._store.kind_of(object_id)
            body = self._store.get(kind, object_id) if kind else None
            if kind is None or body is None:
                raise KeyError(object_id)
            of = self._store.get(schema.class_kind(kind), body["classId"]) or {}
        if writes.lapsed(body, self.now()):
            body = {**body, "state": "EXPIRED"}
        return {"object": body, "class": self._labelled(of)}

    def view_class(self, class_id: str) -> Json:
        """A loyalty class as it is kept; raises KeyError."""
        with self._lock:
            found = self._store.get("loyaltyClass", class_id)
        if found is None:
            raise KeyError(class_id)
        return self._labelled(found)

    def objects_on(self, phone_id: str) -> list[str]:
        with self._lock:
            return self._store.objects_on(phone_id)

    def holders(self, object_id: str) -> list[str]:
        """The phones that hold this card."""
        with self._lock:
            return self._store.holders(object_id)

    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        with self._lock:
            return self._store.counts()

    # --- writing ---

    def insert(self, kind: str, body: Json) -> Json:
        """POST; raises `Refusal` (409 where it exists)."""
        return self._write(kind, body.get("id"), body, whole=True, new=True)

    def update(self, kind: str, resource_id: str, body: Json, *, whole: bool) -> Json:
        """PUT (`whole`) or PATCH; raises `Refusal`."""
        if not whole and body.get("messages") == []:
            if self.modes.empty_messages_refused:
                raise invalid("Invalid value for messages.")
            if self.modes.empty_messages_unheard:
                body = {key: value for key, value in body.items() if key != "messages"}
        return self._write(kind, resource_id, {**body, "id": resource_id}, whole=whole, new=False)

    def add_message(self, kind: str, resource_id: str, message: Json) -> Json:
        """A message on one card or all of a class; raises `Refusal` (403 over the notification quota)."""
        issuer = writes.require_ours(resource_id, self.issuers)
        loud = schema.same_word(message.get("messageType"), "TEXT_AND_NOTIFY")
        with self._lock:
            body = writes.with_message(self._existing(kind, resource_id), message)
            if loud and not self._message_fits(kind, resource_id):
                what = "class" if schema.is_class(kind) else "object"
                raise quota_exceeded(issuer, what, resource_id)
            self._keep(kind, body)
            reply = self._reply(kind, body)
            events = list(self._events(kind, body, "message" if loud else None))
        self._tell(events)
        return {"resource": reply}

    def insert_jwt(self, token: str) -> Json:
        """Insert what a save link carries; what exists already stays as it is. Raises `Refusal`."""
        found = self._signed(token)
        resources: Json = {}
        for kind, body in found:
            resources.setdefault(schema.plural(kind), []).append(self._from_link(kind, body))
        return resources

    def validate_jwt(self, token: str) -> None:
        """Raise `Refusal` where a save link would fail; changes nothing."""
        self._judge(self._signed(token))

    def validate_json(self, text: str) -> None:
        """The same for the claims of a link that nobody signed yet."""
        self._judge(read_save_claims(text))

    # --- phones ---

    def save_link(self, token: str, phone_id: str) -> list[str]:
        """What "Add" on the save page does; returns object ids. Raises ValueError with Google's reason."""
        if self.modes.demo and self.testers is not None and phone_id not in self.testers:
            raise ValueError("Only test accounts may save cards of an issuer in demo mode.")
        try:
            resources = self.insert_jwt(token)
        except Refusal as refusal:
            raise ValueError(refusal.message) from refusal
        ids = [one["id"] for name, found in resources.items() if name.endswith("Objects") for one in found]
        for object_id in ids:
            self.save(object_id, phone_id)
        return ids

    def save(self, object_id: str, phone_id: str) -> None:
        """Put a card on a phone; Google calls the issuer back. Again is no change; raises KeyError."""
        self._hold(object_id, phone_id, saved=True)

    def remove(self, object_id: str, phone_id: str) -> None:
        """Take a card from a phone; raises KeyError for an unknown card."""
        self._hold(object_id, phone_id, saved=False)

    def clear(self) -> None:
        """Forget all cards and requests."""
        with self._lock:
            self._store.clear()
            self.requests.clear()
            self._before.clear()
        self.callbacks.forget()

    # --- inside ---

    def _signed(self, token: str) -> list[tuple[str, Json]]:
        """What a link names, if its signer may write for the issuers of all of it."""
        found = read_save_jwt(token, self.accounts.key)
        signer = signer_of(token)
        for _, body in found:
            self.offices.require_may(signer, str(body.get("id", "")).partition(".")[0], write=True)
        return found

    def _write(self, kind: str, resource_id: object, body: Json, *, whole: bool, new: bool) -> Json:
        issuer = writes.require_ours(resource_id, self.issuers)
        key = str(resource_id)
        with self._lock:  # before the pictures: whether it exists is Google's first question
            self._require_presence(kind, key, wanted=not new)
        self._require_images(kind, body)
        with self._lock:
            old = self._require_presence(kind, key, wanted=not new)
            kept = writes.result(kind, old, body, whole=whole)
            writes.require_sound(kind, old, body, kept, self._store.get)
            self._keep(kind, self._reviewed(kind, kept), issuer)
            reply = self._reply(kind, kept)
            events = list(self._events(kind, kept, writes.notifies(kind, old, kept, body)))
        self._tell(events)
        return reply

    def _require_presence(self, kind: str, resource_id: str, *, wanted: bool) -> Json | None:
        old = self._store.get(kind, resource_id)
        if old is None and wanted:
            raise not_found(kind, resource_id)
        if old is not None and not wanted:
            raise exists(kind, resource_id)
        return old

    def _existing(self, kind: str, resource_id: str) -> Json:
        writes.require_ours(resource_id, self.issuers)
        found = self._require_presence(kind, resource_id, wanted=True)
        return found or {}

    def _require_images(self, kind: str, body: Json) -> None:
        """Outside the lock: the picture's server may be slow, or be the one that is calling us."""
        addresses = schema.picture_addresses(schema.KINDS[kind], body) if self.modes.check_images else []
        for address in addresses:
            if fault := self._images.fault(address):
                raise invalid(f"Image cannot be loaded: {address} ({fault})")

    def _reviewed(self, kind: str, body: Json) -> Json:
        waiting = schema.same_word(body.get("reviewStatus"), "UNDER_REVIEW")
        if waiting and self.modes.reject_classes:
            body["reviewStatus"] = "REJECTED"
        elif waiting and self.modes.approve_at_once:
            body["reviewStatus"] = "APPROVED"
        return body

    def _keep(self, kind: str, body: Json, issuer: str = "") -> None:
        parent = body.get("classId") or issuer or body["id"].split(".")[0]
        self._store.put(kind, body["id"], parent, body)

    def _reply(self, kind: str, body: Json) -> Json:
        if not schema.is_class(kind):
            of = schema.class_kind(kind)
            reference = self._store.get(of, body["classId"]) or {}
            body = {**body, "classReference": reference, "hasUsers": self._has_users(body["id"])}
            if writes.lapsed(body, self.now()):
                body["state"] = "EXPIRED"
        return schema.reply_body(schema.KINDS[kind], body)

    def _has_users(self, object_id: str) -> bool:
        held = bool(self._store.holders(object_id))
        return self._before.get(object_id, held) if self.modes.holders_lag else held

    def _labelled(self, of: Json) -> Json:
        if not self.modes.demo or "programName" not in of:
            return of
        return {**of, "programName": f"[TEST ONLY] {of['programName']}"}

    def _message_fits(self, kind: str, resource_id: str) -> bool:
        if self.modes.quota_exhausted:
            return False
        return self._fits(f"message {kind} {resource_id}")

    def _fits(self, subject: str) -> bool:
        return self._store.notice_fits(subject, self.now().timestamp(), limit=NOTICES_A_DAY, window_s=DAY_S)

    def _events(self, kind: str, body: Json, notify: str | None) -> Iterator[Json]:
        """Updates beyond three a day arrive silently; a message's quota was asked before."""
        if not schema.is_class(kind):
            yield self._event(body["id"], notify)
            return
        yield {"class_id": body["id"], "notify": notify}
        objects = kind.removesuffix("Class") + "Object"
        for object_id in self._store.saved_of_class(objects, body["id"]):
            yield self._event(object_id, notify)

    def _event(self, object_id: str, notify: str | None) -> Json:
        held = bool(notify) and bool(self._store.holders(object_id))
        shown = held and (notify == "message" or self._fits(f"update {object_id}"))
        return {"object_id": object_id, "notify": notify if shown else None}

    def _hold(self, object_id: str, phone_id: str, *, saved: bool) -> None:
        with self._lock:
            kind = self._store.kind_of(object_id)
            if kind is None:
                raise KeyError(object_id)
            self._before[object_id] = bool(self._store.holders(object_id))
            change = self._store.save(kind, object_id, phone_id) if saved else None
            changed = change if saved else self._store.remove(object_id, phone_id)
            body = self._store.get(kind, object_id) or {}
            of = self._store.get(schema.class_kind(kind), body.get("classId", "")) or {}
        if not changed:
            return
        self._tell([{"object_id": object_id, "phone_id": phone_id, "saved" if saved else "removed": True}])
        if url := (of.get("callbackOptions") or {}).get("url"):
            self.callbacks.send(url, of["id"], object_id, "save" if saved else "del")

    def _from_link(self, kind: str, body: Json) -> Json:
        """A link never changes what exists: a customer who opens it again keeps the newest card."""
        key = str(body.get("id"))
        self._judge_link(kind, body)
        with self._lock:
            old = self._store.get(kind, key)
        if old is None:
            try:
                return self.insert(kind, body)
            except Refusal as refusal:
                if refusal.status != 409:
                    raise
        return self.get(kind, key)

    def _judge(self, found: list[tuple[str, Json]]) -> None:
        """A link's classes may be in the link itself; what it carries whole must be sound."""
        carried = {(kind, body.get("id")): body for kind, body in found if not is_reference(kind, body)}

        def find(kind: str, resource_id: str) -> Json | None:
            return carried.get((kind, resource_id)) or self._store.get(kind, resource_id)

        for kind, body in found:
            self._judge_link(kind, body)
            with self._lock:
                old = self._store.get(kind, str(body.get("id")))
                if (kind, body.get("id")) in carried:
                    writes.require_sound(kind, old, body, writes.result(kind, None, body, whole=True), find)

    def _judge_link(self, kind: str, body: Json) -> None:
        key = str(body.get("id"))
        writes.require_ours(key, self.issuers)
        with self._lock:
            known = self._store.get(kind, key) is not None
        if not known and is_reference(kind, body):
            raise not_found(kind, key)

    def _tell(self, events: list[Json]) -> None:
        for event in events:
            for listener in tuple(self._listeners):
                try:
                    listener(event)
                except Exception:
                    log.exception("google_listener_failed")


def _read_token(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid("Invalid page token.") from error
