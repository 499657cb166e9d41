"""All phones of the sandbox: made, found, woken by pushes, kept over a restart, described for the page."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.sandbox.android import Android, Google
from app.sandbox.iphone import Held, IPhone
from app.sandbox.routes import PushRoutes
from app.sandbox.shelf import Phone, Shelf
from app.sandbox.world import World

PICTURES = (
    "icon",
    "logo",
    "strip",
    "thumbnail",
    "footer",
    "background",
    "artwork",
    "primaryLogo",
    "secondaryLogo",
)
MOST_PHONES = 24
_SECRETS = ("authenticationToken", "webServiceURL")
_SAVE_DELAY_S = 0.3


class TooManyPhones(Exception):
    """The page would not show them all; a load test uses a `Fleet`."""


class Phones:
    """The phones on screen. Safe for any number of threads; `world.apns` is the APNs stand-in itself."""

    def __init__(self, world: World, google: Google, shelf: Shelf | None = None) -> None:
        self._world = replace(world, emit=self._emit)
        self._told = world.emit
        self._google = google
        self._routes = PushRoutes(world.apns)
        self._shelf = shelf
        self._phones: dict[str, Phone] = {}
        self._lock = threading.Lock()
        self._saving = False

    # --- keeping ------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Bring back the phones of the last run, and let them ask for what they missed meanwhile."""
        for row in self._shelf.rows() if self._shelf else []:
            phone = self._make(row["kind"], row["id"], name=row["name"], locale=row["locale"])
            assert self._shelf is not None
            self._shelf.fill(phone, row)
            if isinstance(phone, IPhone):
                phone.connect()
                if not phone.offline:
                    phone.set_offline(False)

    def save(self) -> None:
        """Write all phones to disk now."""
        self._saving = False
        if self._shelf:
            self._shelf.write(self.all())

    def create(self, kind: str, *, name: str, locale: str) -> Phone:
        """A new, empty phone; `kind` is iphone or android. Raises ValueError, TooManyPhones."""
        if kind not in ("iphone", "android"):
            raise ValueError("kind must be iphone or android")
        if len(self._phones) >= MOST_PHONES:
            raise TooManyPhones(f"{MOST_PHONES} phones are enough for one screen")
        phone = self._make(kind, self._world.secret(4), name=name, locale=locale)
        self._emit("phone", {"phone": phone.id})
        return phone

    def delete(self, phone_id: str) -> None:
        """Remove a phone and, as a person would, its cards first. Raises KeyError."""
        self.get(phone_id).remove_all()
        with self._lock:
            self._phones.pop(phone_id, None)
        self._emit("phone", {"phone": phone_id})

    def get(self, phone_id: str) -> Phone:
        """Raises KeyError for an unknown phone."""
        return self._phones[phone_id]

    def all(self) -> list[Phone]:
        """In the order in which they were made."""
        with self._lock:
            return list(self._phones.values())

    # --- hearing ------------------------------------------------------------------------------------------

    def pushed(self, token: str) -> None:
        """APNs delivers a push to whoever holds `token`."""
        phone = self._phones.get(self._routes.owner(token) or "")
        if isinstance(phone, IPhone):
            phone.pushed(token)

    def google_changed(self, event: dict[str, Any]) -> None:
        """Google tells of an update to all phones, and of a save or removal to the one phone concerned."""
        for phone in self.all():
            if not isinstance(phone, Android):
                continue
            if "phone_id" not in event:
                phone.hear(event)
            elif event["phone_id"] == phone.id and event.get("saved"):
                phone.note_saved([event["object_id"]])
            elif event["phone_id"] == phone.id:
                phone.note_removed(event["object_id"])

    # --- describing ---------------------------------------------------------------------------------------

    def describe(self) -> list[dict[str, Any]]:
        """Everything the page draws."""
        return [describe(phone) for phone in self.all()]

    def picture(self, phone_id: str, digest: str, slot: str) -> bytes:
        """A PNG of a card on a phone. Raises KeyError where there is none."""
        phone = self.get(phone_id)
        for held in list(phone.cards.values()) if isinstance(phone, IPhone) else []:
            image = held.bundle.image(slot, phone.locale) if held.bundle.digest == digest else None
            if image is not None:
                return image
        raise KeyError(slot)

    # --- inside -------------------------------------------------------------------------------------------

    def _make(self, kind: str, phone_id: str, *, name: str, locale: str) -> Phone:
        world = replace(self._world, apns=self._routes.of(phone_id))
        phone: Phone
        if kind == "iphone":
            phone = IPhone(phone_id, name, locale, world)
        else:
            phone = Android(phone_id, name, locale, world, self._google)
        with self._lock:
            self._phones[phone_id] = phone
        return phone

    def _emit(self, kind: str, data: dict[str, Any]) -> None:
        self._told(kind, data)
        if self._shelf and kind == "phone" and not self._saving:
            self._saving = True
            self._world.schedule.later(_SAVE_DELAY_S, self.save)


def describe(phone: Phone) -> dict[str, Any]:
    """One phone as JSON: its cards ready to draw, its notices (newest first) and its last lines."""
    cards = phone.cards() if isinstance(phone, Android) else list(_apple_cards(phone))
    about = {"id": phone.id, "kind": phone.kind, "name": phone.name, "locale": phone.locale}
    state = {"offline": phone.offline, "sync": dict(phone.sync), "cards": cards}
    told = {"notifications": list(phone.notifications)[::-1][:10], "log": list(phone.log)[::-1][:40]}
    return about | state | told


def _apple_cards(phone: IPhone) -> Iterator[dict[str, Any]]:
    for held in list(phone.cards.values()):
        yield {
            "id": f"{held.pass_type}/{held.serial}",
            "pass": {name: value for name, value in held.bundle.pass_.items() if name not in _SECRETS},
            "strings": held.bundle.strings(phone.locale),
            "images": _pictures(phone, held),
            "registered": held.registered,
            "added_at": held.added_at,
            "updated_at": held.updated_at,
        }


def _pictures(phone: IPhone, held: Held) -> dict[str, str]:
    """Addresses relative to the control API; the digest in them lets a browser keep each for ever."""
    folder = f"phones/{phone.id}/pictures/{held.bundle.digest}"
    return {slot: f"{folder}/{slot}.png" for slot in PICTURES if held.bundle.image(slot, phone.locale)}
