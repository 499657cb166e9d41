"""Nothing that was answered is lost, nothing happens twice, and every phone hears the last word: whatever is
killed, whenever.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.storage.database import Database
from tests.support.crash import Scene, Verdict, judge
from tests.support.engines import address, sqlite_copy

ROOT = Path(__file__).parents[2]


def survives(database: Database, notes: Path, *, seconds: float, mutant: str = "none") -> Verdict:
    """Tills and workers on this database, killed for so long; then one worker drains and all is counted."""
    database.close()
    arguments = (address(database), str(notes), str(seconds), "7", mutant)
    command = [sys.executable, "-m", "tests.support.crash", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert 0 == done.returncode, done.stderr
    assert seconds * 3 < int(done.stdout)
    scene = Scene(database, notes)
    scene.drains()
    return judge(scene)


def test_kill_9_loses_nothing_and_doubles_nothing(database: Database, tmp_path: Path) -> None:
    verdict = survives(database, tmp_path, seconds=4)  # the mistakes below are found within three
    assert {} == verdict.faults
    assert 20 <= verdict.acked


@pytest.mark.parametrize(
    ("mutant", "symptom"), [("dual-write", "stale"), ("done-is-wanted", "stale"), ("no-unique-key", "twice")]
)
def test_the_classic_mistakes_would_be_found(
    sqlite_template: Path, tmp_path: Path, mutant: str, symptom: str
) -> None:
    """Kills fall by chance: a mistake that hid once is looked for again, each time in a new shop."""

    def faults(attempt: int) -> dict[str, list[str]]:
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with sqlite_copy(sqlite_template, folder) as database:
            return survives(database, folder, seconds=3, mutant=mutant).faults

    assert any(symptom in faults(attempt) for attempt in range(6))
