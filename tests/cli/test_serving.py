"""A shop on settings alone: it starts, answers, and ends when it is told to."""

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from tests.cli.conftest import Desk
from tests.sandbox.test_phones import wait_until
from tests.support import apple_certs
from tests.support.ports import free_ports


@contextmanager
def serving(desk: Desk, port: int) -> Iterator[subprocess.Popen[bytes]]:
    log = (desk.folder / "log").open("wb")
    command = desk.command("serve", "--port", str(port))
    process = subprocess.Popen(
        command, cwd=desk.folder, env=desk.everything(), stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # it and what it started
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        log.close()


def status(port: int, path: str) -> int:
    """The answer's status, or 0 where nobody answers yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


def test_a_shop_starts_on_settings_alone_and_ends_when_told(desk: Desk) -> None:
    apple_certs.papers(issued=datetime.now(UTC)).write(desk.folder / "certs" / apple_certs.PASS_TYPE)
    port = free_ports(1)

    with serving(desk, port) as process:
        wait_until(lambda: status(port, "/healthz") == 200 or process.poll() is not None, within_s=30)
        assert 200 == status(port, "/readyz")
        assert 404 == status(port, "/sandbox")
        process.send_signal(signal.SIGTERM)

        assert 0 == process.wait(20)


def test_a_taken_port_is_told_before_anything_is_shared(shop_desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        done = shop_desk.run("serve", "--port", str(taken.getsockname()[1]))

    assert 1 == done.returncode
    assert "cannot listen on 127.0.0.1" in done.stderr


def test_a_google_key_that_cannot_be_used_is_told_before_the_server_starts(shop_desk: Desk) -> None:
    broken = '{"client_email": "a@example.com", "private_key": "x", "token_uri": "https://example.com/t"}'

    done = shop_desk.run(
        "serve", "--port", "1", TILLPASS_GOOGLE_ISSUER_ID="33", TILLPASS_GOOGLE_CREDENTIALS=broken
    )

    assert 1 == done.returncode
    assert "service-account" in done.stderr
