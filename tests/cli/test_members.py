"""Members in and out at the command line: exit codes, refused rows, the same file twice."""

from __future__ import annotations

import json

from app.storage.database import connect
from tests.cli.conftest import Desk
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

FILE = "phone;given_name;serial;balances.points\n+37120000001;Аня;OLD-1;120\n12;Борис;;5\n"


def with_programme(desk: Desk) -> None:
    """A café that gives points."""
    database = connect(f"sqlite:///{desk.folder / 'instance' / 'tillpass.db'}")
    Shop(database, Clock(), ({"kind": "points", "percent": 10},), design=PLAIN)
    database.close()


def test_a_file_comes_in_once_and_what_was_refused_is_a_file(shop_desk: Desk) -> None:
    with_programme(shop_desk)
    (shop_desk.folder / "people.csv").write_text(FILE, "cp1251")

    done = shop_desk.run("members", "import", "people.csv", "--programme", "cafe", "--json")

    assert (3, {"rows": 2, "created": 1, "rejected": 1}) == (
        done.returncode,
        {name: json.loads(done.stdout)[name] for name in ("rows", "created", "rejected")},
    ), done.stderr
    errors = shop_desk.folder / "people.errors.csv"
    assert "12,Борис,,5,phone: " in errors.read_text("utf-8-sig") and 0o600 == errors.stat().st_mode & 0o777
    out = shop_desk.run("members", "export", "--programme", "cafe", "-")
    assert "OLD-1" == json.loads(out.stdout)["card"]["serial"]
    (shop_desk.folder / "people.csv").write_text("\n".join(FILE.splitlines()[:2]), "utf-8")
    first, again = (shop_desk.run("members", "import", "people.csv", "--programme", "cafe") for _ in range(2))
    assert (0, 0) == (first.returncode, again.returncode)
    assert "1  as they were" in first.stdout and "nothing was done" in again.stdout


def test_what_cannot_be_read_is_said_in_one_line(shop_desk: Desk) -> None:
    with_programme(shop_desk)
    (shop_desk.folder / "people.csv").write_text("Anna,120\n")

    done = shop_desk.run("members", "import", "people.csv", "--programme", "cafe")

    assert (1, 1) == (done.returncode, len(done.stderr.strip().splitlines()))
    assert "must name the columns" in done.stderr
