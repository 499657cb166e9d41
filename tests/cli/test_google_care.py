"""The nightly round at once, changes of Google's interface, and Google's verdict on what we make."""

from __future__ import annotations

from tests.cli.conftest import Desk
from tests.support.google_server import Google


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
