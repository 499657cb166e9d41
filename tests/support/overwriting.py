"""An SQLite database becomes another one, also while threads that come late still have it open."""

import sqlite3
from contextlib import closing
from pathlib import Path


def overwrite(file: Path, blank: bytes) -> None:
    """Make `file` the database of `blank`, in one transaction of SQLite's own."""
    source = file.with_name("blank.db")
    if not source.exists():
        source.write_bytes(blank)
    with closing(sqlite3.connect(source)) as new, closing(sqlite3.connect(file, timeout=10)) as old:
        old.execute("PRAGMA synchronous = OFF")  # a test database need not survive a power cut
        new.backup(old)
