"""A simulated Android phone: shows what Google Wallet holds for its person, and hears of updates from Google.

There is no protocol between the shop and this phone; Google stands between. So the phone asks the Google
stand-in for its objects and shows a notice only where Google would: on an update that asked for one.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from app.sandbox.bundle import PassRefused
from app.sandbox.notices import google_notice
from app.sandbox.world import World

_CHROME = "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"
_SAVE_PATH = re.compile(r"/gp/v/save/([^/?#]+)$")


class Google(Protocol):
    """The part of the Google stand-in that a phone's wallet talks to."""

    def save_link(self, jwt: str, phone_id: str) -> list[str]:
        """Save what a link names; returns object ids. Raises ValueError with Google's reason."""

    def remove(self, object_id: str, phone_id: str) -> None: ...

    def objects_on(self, phone_id: str) -> list[str]: ...

    def view(self, object_id: str) -> dict[str, Any]: ...


@dataclass(slots=True)
class Android:
    """One phone. `google` is its only connection to the card's issuer."""

    id: str
    name: str
    locale: str
    world: World
    google: Google
    notifications: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=50))
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))
    offline: bool = False
    sync: dict[str, str] = field(default_factory=dict)
    saved: list[str] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return "android"

    def add(self, source: str) -> list[str]:
        """Follow a card's Google link to the save page and save. Raises PassRefused with the reason."""
        jwt = self._save_jwt(source)
        try:
            objects = self.google.save_link(jwt, self.id)
        except ValueError as fault:
            raise PassRefused(f"Google Wallet says: {fault}") from fault
        self.note_saved(objects)
        return objects

    def note_saved(self, objects: list[str]) -> None:
        """Objects were saved to this phone, by the phone itself or on Google's save page."""
        fresh = [one for one in objects if one not in self.saved]
        self.saved.extend(fresh)
        for one in fresh:
            self._tell("wire", {"step": "saved", "serial": one, "status": 200})
        self._changed()

    def remove(self, object_id: str) -> None:
        """Delete a card; Google calls the issuer back. Raises KeyError for a card that is not there."""
        if object_id not in self.saved:
            raise KeyError(object_id)
        self.google.remove(object_id, self.id)
        self.note_removed(object_id)

    def note_removed(self, object_id: str) -> None:
        """The card is off this phone, by its person or by Google."""
        if object_id in self.saved:
            self.saved.remove(object_id)
            self._tell("wire", {"step": "removed", "serial": object_id, "status": 200})
        self._changed()

    def remove_all(self) -> None:
        for object_id in list(self.saved):
            self.remove(object_id)

    def refresh(self) -> None:
        """Opening the wallet shows what Google has now."""
        self._changed()

    def set_offline(self, offline: bool) -> None:
        """Lose or regain the network; the newest notice of each card waits."""
        self.offline = offline
        waiting, self.missed = self.missed, []
        for event in waiting if not offline else []:
            self.hear(event)
        self._changed()

    def set_locale(self, locale: str) -> None:
        """Another language of the phone: its cards and notices follow."""
        self.locale = locale
        self._changed()

    def hear(self, event: dict[str, Any]) -> None:
        """Google tells of a change: `object_id`, and `notify` as points, tier, message or None."""
        if event.get("object_id") not in self.saved:
            return
        if self.offline:
            self.missed = [one for one in self.missed if one.get("object_id") != event["object_id"]] + [event]
            return
        self.sync["fetched_at"] = self._now()
        self._tell("wire", {"step": "updated", "serial": event["object_id"], "status": 200})
        if event.get("notify"):
            self._notify(event["object_id"], str(event["notify"]))
        self._changed()

    def cards(self) -> list[dict[str, Any]]:
        """What the wallet shows: Google's object and class of each saved card."""
        shown = []
        for object_id in list(self.saved):
            try:
                shown.append({"id": object_id, **self.google.view(object_id)})
            except KeyError:
                continue  # the stand-in was emptied; the card is gone for Google too
        return shown

    def _save_jwt(self, source: str) -> str:
        """The signed part of a save link, after following the shop's redirect to it."""
        address = source
        for _ in range(4):
            if found := _SAVE_PATH.search(urlsplit(address).path):
                return found[1]
            reply = self.world.send("GET", self.world.reach(address), headers={"User-Agent": _CHROME})
            if reply.status not in (301, 302, 303, 307, 308) or not reply.headers.get("Location"):
                raise PassRefused(f"no Google Wallet link there: status {reply.status}")
            address = reply.headers["Location"]
        raise PassRefused("no Google Wallet link after four redirects")

    def _notify(self, object_id: str, kind: str) -> None:
        shown = self.google.view(object_id)
        title = str(shown["class"].get("issuerName") or shown["class"].get("programName") or "Google Wallet")
        text = google_notice(kind, self.locale)
        notice = {"at": self._now(), "title": title, "text": text, "card": object_id}
        self.notifications.append(notice)
        self._tell("notification", notice)

    def _now(self) -> str:
        return self.world.now().isoformat()

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        self.log.append({"at": self._now(), "kind": kind, **data})
        self.world.emit(kind, {"phone": self.id, "phone_name": self.name, "platform": "google", **data})

    def _changed(self) -> None:
        self.world.emit("phone", {"phone": self.id})
