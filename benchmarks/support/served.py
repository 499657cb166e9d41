"""What granian serves for the benchmark of serving: the limit, and a server around any such factory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from flask import Flask, Response
from sqlalchemy import bindparam, select

from app.storage.database import connect
from app.storage.tables import Card
from benchmarks.pushing import free_port

ROW = select(Card.id, Card.version).where(Card.serial == bindparam("serial"))


def bare() -> Flask:
    """The limit: one route that reads one row by SQLAlchemy Core, and nothing else."""
    engine = connect(os.environ["TILLPASS_DATABASE_URL"]).read_engine
    app = Flask("bare")

    @app.get("/row/<serial>")
    def row(serial: str) -> Response:
        with engine.connect() as connection:
            connection.execute(ROW, {"serial": serial}).one()
        return Response(status=204)

    return app


class Server:
    """A running granian with one worker of eight threads."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url, self._process = url, process

    def cpu_s(self) -> float:
        """CPU seconds that the server and its worker have used."""
        family = [psutil.Process(self._process.pid)]
        family += family[0].children(recursive=True)
        return sum(sum(each.cpu_times()[:2]) for each in family)


@contextmanager
def granian(factory: str, environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Serve what `module:function` makes, while the context lasts."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--workers", "1"]
    command += ["--blocking-threads", "8", "--port", str(port), "--log-level", "warning", factory]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process, log)
        yield Server(url, process)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(400):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"granian did not start:\n{log.read_text()[-2000:]}")
