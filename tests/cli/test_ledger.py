"""What an operator types to prove the ledger, to seal it, to see what is owed, and to run what is due."""

from __future__ import annotations

import json
import sqlite3

from tests.cli.conftest import Desk


def test_an_empty_ledger_adds_up(shop_desk: Desk) -> None:
    done = shop_desk.run("ledger", "check")
    assert (0, "Everything adds up.") == (done.returncode, done.stdout.splitlines()[-1])
    assert json.loads(shop_desk.run("ledger", "check", "--json").stdout)["sound"]


def test_damage_ends_with_one_and_names_the_card(shop_desk: Desk) -> None:
    file = shop_desk.folder / "instance" / "tillpass.db"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("INSERT INTO accounts VALUES (1, 'points', 7, 0, 0, 0)")
    done = shop_desk.run("ledger", "check")
    assert 1 == done.returncode
    assert "card (no card 1), points: a balance of a card that does not exist" in done.stdout
    told = json.loads(shop_desk.run("ledger", "check", "--json").stdout)
    assert (False, "(no card 1)") == (told["sound"], told["broken"][0]["card"])


def test_an_unknown_programme_is_said_in_a_line(shop_desk: Desk) -> None:
    done = shop_desk.run("ledger", "check", "--programme", "nowhere")
    assert 1 == done.returncode
    assert "There is no programme 'nowhere'." in done.stderr


def test_sealing_and_liability_of_an_empty_shop(shop_desk: Desk) -> None:
    assert "No day waits for its seal." in shop_desk.run("ledger", "seal").stdout
    assert {"sealed": [], "newest": None} == json.loads(shop_desk.run("ledger", "seal", "--json").stdout)
    lines = shop_desk.run("ledger", "liability", "--csv").stdout.splitlines()
    assert ["programme,unit,month,usable,pending,worth_minor,currency"] == lines
    assert [] == json.loads(shop_desk.run("ledger", "liability", "--json").stdout)


def test_what_is_due_is_run_and_said(shop_desk: Desk) -> None:
    done = shop_desk.run("tick", "--until-done")
    assert (0, "Nothing was due.\n") == (done.returncode, done.stdout)
    told = json.loads(shop_desk.run("tick", "--only", "lots", "--json").stdout)
    assert {"done": {"lots": 0}, "more": False} == told
    assert 2 == shop_desk.run("tick", "--only", "nonsense").returncode
