"""The nightly round at once, changes of Google's interface, and Google's verdict on what we make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Desk
from tests.support.google_server import ISSUER, Google, running_google


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


def test_the_round_is_made_at_once_and_again(operator: Desk) -> None:
    for _ in range(2):
        done = operator.run("google", "reconcile")
        assert (0, True) == (done.returncode, "0 cards checked, mended: nothing" in done.stdout), done.stderr


def test_a_round_that_google_refuses_says_why(operator: Desk, google: Google) -> None:
    google.client().upsert_class(google.class_body())
    google.state.modes.change({"permission_denied": True})
    done = operator.run("google", "contract")
    assert (1, True) == (done.returncode, "Permission denied" in done.stderr)


def test_a_changed_interface_is_named(operator: Desk, google: Google) -> None:
    same = operator.run("google", "drift")
    google.state.modes.change({"schema_moved": True})
    moved = operator.run("google", "drift")
    off = operator.run("google", "drift", TILLPASS_GOOGLE_DISCOVERY_URL="off")
    assert (0, 1, 1) == (same.returncode, moved.returncode, off.returncode), same.stderr
    assert "changed  LoyaltyObject.accountName: is gone" in moved.stdout.splitlines()
    assert "is off" in off.stderr


def test_google_judges_every_kind_and_keeps_nothing(operator: Desk, google: Google) -> None:
    google.state.modes.change({"check_images": False})
    done = operator.run("google", "contract")
    assert 0 == done.returncode, done.stdout + done.stderr
    assert [["loyalty", "offer", "gift_card", "generic"], 8] == [
        list(dict.fromkeys(line.split()[0] for line in done.stdout.splitlines())),
        len([line for line in done.stdout.splitlines() if line.endswith("ok")]),
    ]
    assert {} == google.state.counts()


def test_without_google_the_commands_say_what_to_set(shop_desk: Desk) -> None:
    for command in ("reconcile", "drift", "contract"):
        done = shop_desk.run("google", command)
        assert (1, True) == (done.returncode, "TILLPASS_GOOGLE_CREDENTIALS" in done.stderr)
