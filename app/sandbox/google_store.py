"""Where the Google stand-in keeps its cards: one SQLite file, so that a restart loses nothing.

Google deletes nothing, and neither does this. Calls are serialised by the owner's lock.
"""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS resource (
    kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resource_parent ON resource (kind, parent, id);
CREATE TABLE IF NOT EXISTS saved (
    object_id TEXT NOT NULL, kind TEXT NOT NULL, phone_id TEXT NOT NULL, PRIMARY KEY (object_id, phone_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS saved_phone ON saved (phone_id);
CREATE TABLE IF NOT EXISTS notice (subject TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS notice_subject ON notice (subject, at);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class Store:
    """Resources, who saved them, notices that were shown, and the stand-in's own keys."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            str(path or ":memory:"), check_same_thread=False, isolation_level=None, timeout=10
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # a sandbox survives restarts, not power cuts
        self._db.executescript(_TABLES)

    def close(self) -> None:
        self._db.close()

    # --- resources ---

    def get(self, kind: str, resource_id: str) -> Json | None:
        row = self._one("SELECT body FROM resource WHERE kind = ? AND id = ?", kind, resource_id)
        return json.loads(row[0]) if row else None

    def put(self, kind: str, resource_id: str, parent: str, body: Json) -> None:
        text = json.dumps(body, ensure_ascii=False)
        self._db.execute(
            "INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?)", (kind, resource_id, parent, text)
        )

    def page(self, kind: str, parent: str, after: str, limit: int) -> list[Json]:
        """The next resources of that parent in the order of their ids; `limit` -1 is all."""
        words = "SELECT body FROM resource WHERE kind = ? AND parent = ? AND id > ? ORDER BY id LIMIT ?"
        return [json.loads(row[0]) for row in self._db.execute(words, (kind, parent, after, limit))]

    def counts(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT kind, count(*) FROM resource GROUP BY kind").fetchall())

    def kind_of(self, object_id: str) -> str | None:
        """The kind of the object with that id, whichever it is."""
        row = self._one("SELECT kind FROM resource WHERE id = ? AND kind LIKE '%Object'", object_id)
        return str(row[0]) if row else None

    # --- holders ---

    def save(self, kind: str, object_id: str, phone_id: str) -> bool:
        """Whether it was not there before."""
        words = "INSERT OR IGNORE INTO saved VALUES (?, ?, ?)"
        return self._db.execute(words, (object_id, kind, phone_id)).rowcount == 1

    def remove(self, object_id: str, phone_id: str) -> bool:
        """Whether it was there."""
        words = "DELETE FROM saved WHERE object_id = ? AND phone_id = ?"
        return self._db.execute(words, (object_id, phone_id)).rowcount == 1

    def holders(self, object_id: str) -> list[str]:
        return self._column("SELECT phone_id FROM saved WHERE object_id = ? ORDER BY 1", object_id)

    def objects_on(self, phone_id: str) -> list[str]:
        return self._column("SELECT object_id FROM saved WHERE phone_id = ? ORDER BY 1", phone_id)

    def saved_of_class(self, kind: str, class_id: str) -> list[str]:
        """Objects of that class which at least one phone holds."""
        words = (
            "SELECT DISTINCT r.id FROM resource r JOIN saved s ON s.object_id = r.id AND s.kind = r.kind"
            " WHERE r.kind = ? AND r.parent = ? ORDER BY 1"
        )
        return self._column(words, kind, class_id)

    # --- notices and keys ---

    def notice_fits(self, subject: str, at: float, *, limit: int, window_s: float) -> bool:
        """Count one more notice unless `limit` were shown within the window; says whether it fitted."""
        self._db.execute("DELETE FROM notice WHERE subject = ? AND at <= ?", (subject, at - window_s))
        row = self._one("SELECT count(*) FROM notice WHERE subject = ?", subject)
        if row is None or row[0] >= limit:
            return False
        self._db.execute("INSERT INTO notice VALUES (?, ?)", (subject, at))
        return True

    def kept(self, name: str) -> str | None:
        row = self._one("SELECT value FROM kept WHERE name = ?", name)
        return str(row[0]) if row else None

    def keep(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def clear(self) -> None:
        """Forget all cards; the keys stay, because others have them in their caches."""
        for table in ("resource", "saved", "notice"):
            self._db.execute(f"DELETE FROM {table}")

    def _one(self, words: str, *values: str) -> Any:
        return self._db.execute(words, values).fetchone()

    def _column(self, words: str, *values: str) -> list[str]:
        rows: Iterable[tuple[str]] = self._db.execute(words, values)
        return [row[0] for row in rows]
