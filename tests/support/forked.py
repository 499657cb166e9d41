"""Runs commands in children of one process that has loaded everything already: each is a process of its
own, as an operator starts it, without the second and a half that loading takes.

Run as a module it is that process: it reads requests as lines of JSON, and answers each with an exit code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Forked:
    """The client: one a test process, started when the first command is run."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """The finished command, with all that it wrote."""
        assert self._server.stdin is not None and self._server.stdout is not None
        with tempfile.TemporaryDirectory() as papers:
            asked = {"arguments": [*arguments], "folder": str(folder), "environment": dict(environment)}
            self._server.stdin.write(json.dumps({**asked, "papers": papers}) + "\n")
            self._server.stdin.flush()
            code = int(self._server.stdout.readline())
            out, err = (Path(papers, name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess([*arguments], code, out, err)

    def close(self) -> None:
        """End the loaded process."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(timeout=10)


def _serve() -> None:
    from app.cli import ROOMS

    for room in sorted(set(ROOMS.values())):
        import_module(f"app.cli.{room}")
    import_module("app.compose")
    import_module("app.web")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _be(json.loads(line))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


def _be(asked: Mapping[str, object]) -> None:
    """The command itself; never returns."""
    os.chdir(str(asked["folder"]))
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{asked['papers']}/{name}", os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["tillpass", *asked["arguments"]]  # type: ignore[misc]
    code = 1
    try:
        from app.cli import main

        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):  # as Python itself does in the end
            sys.stderr.write(ended.code + "\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
