"""Commands for a newcomer: demo data, the stand-ins, and everything at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import click

from app.cli.demo import load_demo
from app.cli.parts import parts, settings
from app.cli.serving import serve_app
from app.sandbox.places import PASS_TYPES, environment_for_app
from app.settings import Settings
from app.storage.schema import migrate as migrate_database


@click.command()
def demo() -> None:
    """Load the demo programmes, staff and sources; safe to repeat."""
    found = settings()
    migrate_database(found.database_url)
    guide = load_demo(parts().deps, found.instance_dir)
    click.echo(f"The demo is loaded: {', '.join(guide.programmes)}.")


@click.command()
def sandbox() -> None:
    """Run the stand-ins alone: Apple's push service, Google, mail and phones."""
    from app.observability import configure_logging
    from app.sandbox.server import run_sandbox

    os.environ.setdefault("TILLPASS_SANDBOX", "1")
    found = settings()
    configure_logging(found.log_format)
    try:
        run_sandbox(found)
    except OSError as error:
        raise SystemExit(f"tillpass sandbox: {error}") from None


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=click.IntRange(1, 65000))
def dev(host: str, port: int) -> None:
    """Everything at once on this machine: database, stand-ins, demo data, server. Ctrl-C ends all of it."""
    found = _environment(port)
    migrate_database(found.database_url)
    stand_ins = subprocess.Popen([sys.executable, "-m", "app.cli", "sandbox"])
    try:
        _wait_for(f"{found.sandbox_url}/phones", stand_ins)
        guide = load_demo(parts().deps, found.instance_dir)
        click.echo(guide.text(found.base_url))
        os.environ.setdefault("TILLPASS_EMBEDDED_WORKER", "1")
        serve_app(host, port)
    finally:
        stand_ins.send_signal(signal.SIGTERM)
        try:
            stand_ins.wait(10)
        except subprocess.TimeoutExpired:
            stand_ins.kill()


def _environment(port: int) -> Settings:
    """The sandbox's settings for this process and its children; what the user set stays."""
    os.environ["TILLPASS_SANDBOX"] = "1"
    os.environ.setdefault("TILLPASS_BASE_URL", f"http://127.0.0.1:{port}")
    os.environ.setdefault("TILLPASS_SANDBOX_URL", f"http://127.0.0.1:{port + 1}")
    os.environ.setdefault("TILLPASS_CERTS_DIR", str(settings().instance_dir / "sandbox" / "certs"))
    for name, value in environment_for_app(settings(), pass_types=PASS_TYPES).items():
        os.environ.setdefault(name, value)
    return settings()


def _wait_for(address: str, process: subprocess.Popen[bytes], *, most_s: float = 20.0) -> None:
    deadline = time.monotonic() + most_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(
                "tillpass: the stand-ins could not start; is the next port taken? (PORT=9000 make run)"
            )
        try:
            with urlopen(address, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("tillpass: the stand-ins did not answer in time")


COMMANDS = (demo, sandbox, dev)
