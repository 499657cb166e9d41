"""Two tills at once, a reader beside a writer, and a start of several processes: what the engines promise."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError, OperationalError

from app.storage.database import Database, connect
from app.storage.schema import is_current, migrate
from tests.support.postgres import PostgresServer


@pytest.fixture
def purse(database: Database) -> Iterator[Database]:
    """A hundred points that two tills may want to spend."""
    with database.write.begin() as session:
        session.execute(text("CREATE TABLE purse (id integer PRIMARY KEY, points integer NOT NULL)"))
        session.execute(text("CREATE TABLE note (purse_id integer REFERENCES purse (id))"))
        session.execute(text("INSERT INTO purse VALUES (1, 100)"))
    yield database
    with database.write.begin() as session:
        session.execute(text("DROP TABLE note"))
        session.execute(text("DROP TABLE purse"))


def points(database: Database) -> int:
    with database.read() as session:
        return int(session.scalar(text("SELECT points FROM purse")) or 0)


def test_two_tills_cannot_spend_the_same_points(purse: Database) -> None:
    together = Barrier(2)
    lock = "" if purse.dialect == "sqlite" else " FOR UPDATE"

    def redeem() -> bool:
        together.wait()
        with purse.write.begin() as session:
            have = session.scalar(text(f"SELECT points FROM purse WHERE id = 1{lock}"))
            if have < 100:
                return False
            session.execute(text("UPDATE purse SET points = points - 100"))
            return True

    with ThreadPoolExecutor(2) as tills:
        paid = [till.result() for till in [tills.submit(redeem) for _ in range(2)]]

    assert [False, True] == sorted(paid)
    assert 0 == points(purse)


def test_a_reader_neither_waits_for_a_writer_nor_sees_half_of_its_work(purse: Database) -> None:
    with purse.write.begin() as session:
        session.execute(text("UPDATE purse SET points = 1"))
        assert 100 == points(purse)

    assert 1 == points(purse)


def test_references_are_kept_on_both_engines(purse: Database) -> None:
    with pytest.raises(IntegrityError), purse.write.begin() as session:
        session.execute(text("INSERT INTO note VALUES (2)"))


def test_a_failed_savepoint_leaves_the_rest_of_the_transaction(purse: Database) -> None:
    with purse.write.begin() as session:
        session.execute(text("UPDATE purse SET points = 7"))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text("INSERT INTO purse VALUES (1, 5)"))

    assert 7 == points(purse)


def test_sqlite_loses_nothing_on_power_failure_and_makes_its_folder(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path}/new/folder/tillpass.db")
    with database.read() as session:
        told = [
            session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert ["wal", 2, 1] == told
    database.close()


def test_postgresql_ends_what_hangs(postgres_database: Database) -> None:
    wanted = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
    with postgres_database.read() as session:
        told = [session.scalar(text(f"SHOW {name}")) for name in wanted]
        isolation = session.scalar(text("SHOW transaction_isolation"))

    assert ["30s", "5s", "30s", "UTC"] == told
    assert "read committed" == isolation


@pytest.mark.parametrize("url", ["mysql://u@h/db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused_in_words(url: str) -> None:
    with pytest.raises(ValueError, match="SQLite"):
        connect(url)


_THREE_STARTS = """
import os, sys
from app.storage.schema import migrate

starts = []
for _ in range(3):  # loading the application takes a second, and need not be done three times
    if not (start := os.fork()):
        migrate(sys.argv[1])
        sys.exit()
    starts.append(start)
print([os.waitpid(start, 0)[1] for start in starts])
"""


def test_several_processes_may_migrate_at_once(tmp_path: Path, postgres_server: PostgresServer) -> None:
    for url in (f"sqlite:///{tmp_path}/fresh.db", postgres_server.url(postgres_server.create())):
        done = subprocess.run([sys.executable, "-c", _THREE_STARTS, url], capture_output=True, check=False)
        assert (b"[0, 0, 0]\n", b"") == (done.stdout, done.stderr)

        database = connect(url)
        assert is_current(database)
        database.close()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/twice.db"
    migrate(url)
    database = connect(url)
    before = inspect(database.engine).get_table_names()
    migrate(url)

    assert before == inspect(database.engine).get_table_names()
    assert "alembic_version" in before
    database.close()


def test_a_busy_sqlite_file_makes_a_writer_wait_its_turn(purse: Database) -> None:
    """Read, then write, from four threads: without BEGIN IMMEDIATE most of these fail at once."""

    def spend_one() -> None:
        with purse.write.begin() as session:
            lock = "" if purse.dialect == "sqlite" else " FOR UPDATE"
            have = session.scalar(text(f"SELECT points FROM purse WHERE id = 1{lock}"))
            session.execute(text("UPDATE purse SET points = :left"), {"left": have - 1})

    with ThreadPoolExecutor(4) as tills:
        for done in [tills.submit(spend_one) for _ in range(40)]:
            done.result()

    assert 60 == points(purse)


def test_a_killed_test_run_leaves_no_server_behind() -> None:
    program = (
        "from tests.support.postgres import running_postgres\n"
        "import os, signal\n"
        "with running_postgres() as server:\n"
        "    print(server.url('postgres'), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    socket = Path(done.stdout.strip().partition("host=")[2])
    assert socket.name == "s"

    try:
        with pytest.raises(OperationalError):
            _until_refused(done.stdout.strip())
    finally:
        shutil.rmtree(socket.parent)  # files outlive a killed run, the server does not


def _until_refused(url: str) -> None:
    for _ in range(500):
        database = connect(url)
        try:
            with database.read() as session:
                session.execute(text("SELECT pg_sleep(0.02)"))
        finally:
            database.close()
