"""Commands that run: the web server, workers, migrations."""

from __future__ import annotations

import os
import signal
import socket
import threading

import click

from app.cli.parts import parts, settings
from app.services.worker import Worker
from app.storage.schema import migrate as migrate_database


def serve_app(host: str, port: int, *, workers: int = 1, threads: int = 16) -> None:
    """Serve until stopped; raises SystemExit when the port is taken."""
    from granian import Granian
    from granian.constants import Interfaces

    _require_free(host, port)
    server = Granian(
        "app:create_app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        log_access=False,
        websockets=False,
        backpressure=256,
    )
    server.serve()


def _require_free(host: str, port: int) -> None:
    """The server shares a port with whoever has it, and requests would go to either: so ask before."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # a port whose last connections are still closing is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SystemExit(
                f"tillpass: cannot listen on {host}:{port}: {error.strerror}. Is another one running there? "
                "--port (or PORT=) takes another."
            ) from None


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--threads", default=16, show_default=True, type=click.IntRange(1, 256), help="Requests at once."
)
def serve(host: str, port: int, threads: int) -> None:
    """Web pages, API and an embedded delivery worker in one process (the small shop).

    The database is migrated first, so settings are all that it needs.
    """
    parts().database.close()  # settings, keys and certificates are judged here, in one line if they must be
    migrate_database(settings().database_url)
    os.environ.setdefault("TILLPASS_EMBEDDED_WORKER", "1")
    serve_app(host, port, threads=threads)


@click.command()
def worker() -> None:
    """Deliver what is due until stopped; run as many as you want on one PostgreSQL."""
    found = parts()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    running = Worker(found.worker_parts(), found.bell)
    running.start()
    click.echo("Delivering. Ctrl-C stops after the batch under way.")
    stopping.wait()
    running.stop()


@click.command()
def migrate() -> None:
    """Bring the database to the newest revision; safe to repeat."""
    migrate_database(settings().database_url)
    click.echo("The database is up to date.")


COMMANDS = (serve, worker, migrate)
