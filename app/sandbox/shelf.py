"""Phones on disk: a restart of the sandbox must look to a shop like a phone that was switched off and on.

One JSON file holds the phones; each pass lies beside it under its own hash. Both appear whole or not at all.
"""

import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import structlog

from app.sandbox.android import Android
from app.sandbox.bundle import PassRefused, read_bundle
from app.sandbox.iphone import Held, IPhone, Standing

log = structlog.get_logger(__name__)

Phone = IPhone | Android


class Shelf:
    """The folder of the phones; made on first use. One process writes it, from any of its threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def write(self, phones: Iterable[Phone]) -> None:
        """Replace what is kept by `phones`, and drop passes that nobody holds any more."""
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            rows = [self._row(phone) for phone in phones]
            _replace(self._folder / "phones.json", orjson.dumps(rows, option=orjson.OPT_INDENT_2))
            held = {card["file"] for row in rows for card in row.get("cards", [])}
            for stale in self._folder.glob("*.pkpass"):
                if stale.name not in held:
                    stale.unlink(missing_ok=True)

    def rows(self) -> list[dict[str, Any]]:
        """What was kept; empty where nothing was or the file cannot be read."""
        try:
            rows = orjson.loads((self._folder / "phones.json").read_bytes())
            return [row for row in rows if isinstance(row, dict)]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError):
            log.warning("phones_unreadable", folder=str(self._folder))
            return []

    def fill(self, phone: Phone, row: dict[str, Any]) -> None:
        """Give a new phone everything its row remembers; a pass that cannot be read is left out."""
        phone.offline = bool(row.get("offline"))
        phone.sync.update(row.get("sync", {}))
        phone.notifications.extend(row.get("notifications", []))
        phone.log.extend(row.get("log", []))
        if isinstance(phone, Android):
            phone.saved.extend(row.get("saved", []))
            return
        for line in row.get("lines", []):
            standing = Standing(line["dli"], line["push_token"], line["tag"], missed=line["missed"])
            phone.lines[line["url"], line["pass_type"]] = standing
        for card in row.get("cards", []):
            if held := self._held(card, phone):
                phone.cards[held.pass_type, held.serial] = held

    def _held(self, card: dict[str, Any], phone: IPhone) -> Held | None:
        try:
            raw = (self._folder / card["file"]).read_bytes()
            bundle = read_bundle(raw, plain_http=phone.world.plain_http, signed=False)
        except (OSError, PassRefused):
            log.warning("pass_unreadable", phone=phone.id, file=card["file"])
            return None
        times = card["last_modified"], card["added_at"], card["updated_at"]
        return Held(bundle, raw, *times, registered=card["registered"])

    def _row(self, phone: Phone) -> dict[str, Any]:
        row: dict[str, Any] = {"kind": phone.kind, "id": phone.id, "name": phone.name, "locale": phone.locale}
        row |= {"offline": phone.offline, "sync": phone.sync, "notifications": list(phone.notifications)}
        row["log"] = list(phone.log)[-50:]
        if isinstance(phone, Android):
            return row | {"saved": list(phone.saved)}
        cards = [self._card(held) for held in list(phone.cards.values())]
        return row | {"cards": cards, "lines": [_line(*item) for item in list(phone.lines.items())]}

    def _card(self, held: Held) -> dict[str, Any]:
        name = f"{hashlib.sha256(held.raw).hexdigest()}.pkpass"
        if not (self._folder / name).exists():
            _replace(self._folder / name, held.raw)
        times = {name: getattr(held, name) for name in ("last_modified", "added_at", "updated_at")}
        return {"file": name, "registered": held.registered, **times}


def _line(key: tuple[str, str], standing: Standing) -> dict[str, Any]:
    names = {"dli": standing.dli, "push_token": standing.push_token, "tag": standing.tag}
    return {"url": key[0], "pass_type": key[1], **names, "missed": standing.missed or standing.asking}


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_bytes(content)
    os.replace(draft, path)
