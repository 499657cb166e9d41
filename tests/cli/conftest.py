"""The command as an operator runs it: a process of its own, with nothing but an environment."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.forked import Forked
from tests.support.google_server import ISSUER, Google, running_google

SECRET = "a-secret-key-that-is-long-enough-for-a-test-0001"


@dataclass
class Desk:
    """An operator's folder: commands run in it, with its environment alone."""

    folder: Path
    forked: Forked
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "app.cli", *arguments]

    def everything(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TILLPASS_")}
        root = str(Path(__file__).resolve().parents[2])
        return {**kept, "PYTHONPATH": root, **self.environment, **more}

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The finished command; no mistake of a user may ever show a stack trace."""
        done = self.forked.run(arguments, folder=self.folder, environment=self.everything(**more))
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return done


@pytest.fixture(scope="session")
def forked() -> Iterator[Forked]:
    """The process whose children are the commands."""
    loaded = Forked()
    yield loaded
    loaded.close()


@pytest.fixture
def desk(tmp_path: Path, forked: Forked) -> Desk:
    """An operator who has set a secret key and nothing else."""
    return Desk(tmp_path, forked, {"TILLPASS_SECRET_KEY": SECRET})


@pytest.fixture
def shop_desk(desk: Desk, sqlite_template: Path) -> Iterator[Desk]:
    """The same with a migrated database."""
    (desk.folder / "instance").mkdir()
    (desk.folder / "instance" / "tillpass.db").write_bytes(sqlite_template.read_bytes())
    yield desk


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    folder = tmp_path / "google"
    folder.mkdir()
    with running_google(folder) as running:
        yield running


@pytest.fixture
def operator(shop_desk: Desk, google: Google) -> Desk:
    """An operator with a service account's key."""
    shop_desk.environment |= {
        "TILLPASS_GOOGLE_CREDENTIALS": json.dumps(dict(google.account.info)),
        "TILLPASS_GOOGLE_ISSUER_ID": ISSUER,
        "TILLPASS_GOOGLE_API_URL": google.url,
    }
    return shop_desk
