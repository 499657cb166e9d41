"""Commands as an operator types them; every mistake gets one line and an exit code, never a stack trace."""

import json
import re
import sqlite3

import pytest

from app.rendering.starters import fit_starter
from app.services import programmes
from app.storage.database import connect
from app.wallets.apple.bundle import build, prepare
from tests.cli.conftest import Desk
from tests.support import apple_certs, apple_passes


def test_every_command_explains_itself(desk: Desk) -> None:
    listed = desk.run("--help")
    names = re.findall(r"^  ([a-z][a-z-]+)  ", listed.stdout.split("Commands:")[1], re.MULTILINE)

    assert {"serve", "worker", "migrate", "doctor", "certs", "verify", "api-key", "staff"} <= set(names)
    assert "Usage:" in desk.run("certs", "import", "--help").stdout


def test_all_faults_of_the_settings_are_told_at_once(desk: Desk) -> None:
    done = desk.run("serve", TILLPASS_SECRET_KEY="", TILLPASS_BASE_URL="cards", TILLPASS_LOG_FORMAT="loud")

    assert 1 == done.returncode
    for name in ("TILLPASS_SECRET_KEY", "TILLPASS_BASE_URL", "TILLPASS_LOG_FORMAT"):
        assert name in done.stderr


def test_keys_with_single_scopes_are_listed_replaced_and_revoked(shop_desk: Desk) -> None:
    secret = shop_desk.run("api-key", "create", "--scopes", "cards:read", "--days", "9", "--name", "Export")
    listed = json.loads(shop_desk.run("api-key", "list", "--json").stdout)
    key = next(each for each in listed if each["name"] == "Export")
    new = json.loads(shop_desk.run("api-key", "rotate", str(key["id"]), "--json").stdout)
    again = shop_desk.run("api-key", "rotate", str(key["id"]))
    shop_desk.run("api-key", "revoke", str(new["id"]))
    after = json.loads(shop_desk.run("api-key", "list", "--json").stdout)

    assert (["cards:read"], secret.stdout[:8]) == (key["scopes"], key["hint"])
    assert key["expires_at"] and "active" == key["state"]
    assert (1, "tillpass: This key was rotated before.\n") == (again.returncode, again.stderr)
    assert "revoked" == next(each["state"] for each in after if each["id"] == new["id"])
    assert "Export" in shop_desk.run("api-key", "list").stdout
    assert 1 == shop_desk.run("api-key", "create", "--scopes", "nonsense").returncode


def test_the_description_needs_no_settings(desk: Desk) -> None:
    spec = json.loads(desk.run("openapi", "--base-url", "https://cards.example.com").stdout)

    assert "https://cards.example.com/api/v1" == spec["servers"][0]["url"]


def test_an_api_key_is_printed_once_as_json(shop_desk: Desk) -> None:
    done = shop_desk.run("api-key", "create", "--role", "owner", "--json")

    assert 0 == done.returncode
    assert json.loads(done.stdout)["key"].startswith("tp_")


def test_a_colleague_is_added_once(shop_desk: Desk) -> None:
    first = shop_desk.run("staff", "add", "boris", "--role", "cashier", "--json")
    again = shop_desk.run("staff", "add", "boris", "--role", "cashier")

    assert "boris" == json.loads(first.stdout)["login"]
    assert json.loads(first.stdout)["password"]
    assert 1 == again.returncode
    assert 1 == len(again.stderr.strip().splitlines())


def test_the_first_command_of_all_may_be_a_key(desk: Desk) -> None:
    done = desk.run("api-key", "create", "--role", "owner", "--json")

    assert 0 == done.returncode, done.stderr
    assert json.loads(done.stdout)["key"].startswith("tp_")


def test_a_broken_database_is_told_in_one_line(shop_desk: Desk) -> None:
    with sqlite3.connect(shop_desk.folder / "instance" / "tillpass.db") as database:
        database.execute("DROP TABLE api_keys")
    done = shop_desk.run("api-key", "create")

    assert 1 == done.returncode
    assert "tillpass migrate" in done.stderr
    assert "INSERT" not in done.stderr


def test_migrating_twice_is_harmless(desk: Desk) -> None:
    assert [0, 0] == [desk.run("migrate").returncode for _ in range(2)]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "database cannot be used"),
        ("sqlite:///:memory:", "must name a file"),
        ("mysql://localhost/x", "must begin with"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told_in_one_line(desk: Desk, url: str, said: str) -> None:
    done = desk.run("migrate", TILLPASS_DATABASE_URL=url)

    assert 1 == done.returncode
    assert said in done.stderr


def test_a_file_that_is_no_pass_has_a_fault(desk: Desk) -> None:
    (desk.folder / "card.pkpass").write_bytes(b"not a pass at all")

    done = desk.run("verify", "card.pkpass", "--json")

    assert 1 == done.returncode
    assert ["archive-unreadable"] == [fault["code"] for fault in json.loads(done.stdout)]


def test_a_huge_file_is_refused_without_being_read(desk: Desk) -> None:
    with (desk.folder / "huge.pkpass").open("wb") as file:
        file.truncate(20 << 30)

    done = desk.run("verify", "huge.pkpass")

    assert 1 == done.returncode
    assert "archive-too-large" in done.stdout


def test_a_good_pass_is_told_apart_from_one_that_was_touched(desk: Desk) -> None:
    (desk.folder / "wwdr.pem").write_bytes(apple_certs.papers().wwdr)
    files = {"pass.json": apple_passes.dumps(apple_passes.card())}
    good = build(prepare(apple_passes.static_files()), files, apple_passes.signer(), apple_certs.NOW)
    (desk.folder / "good.pkpass").write_bytes(good)
    (desk.folder / "touched.pkpass").write_bytes(good.replace(b"formatVersion", b"formatVersioN", 1))

    taken = desk.run("verify", "good.pkpass", "--trust", "wwdr.pem")
    refused = desk.run("verify", "touched.pkpass", "--trust", "wwdr.pem")

    assert (0, 1) == (taken.returncode, refused.returncode), taken.stdout
    assert "A phone would take this pass." in taken.stdout


def test_a_pass_and_each_one_of_a_bundle_can_be_drawn(desk: Desk) -> None:
    files = {"pass.json": apple_passes.dumps(apple_passes.card())}
    good = build(prepare(apple_passes.static_files()), files, apple_passes.signer(), apple_certs.NOW)
    bundle = apple_passes.rezip({"a.pkpass": good, "b.pkpass": good, "c.pkpass": b"noise"})
    (desk.folder / "both.pkpasses").write_bytes(bundle)

    done = desk.run("verify", "both.pkpasses", "--picture", "front.png", "--lang", "ru")

    assert "nothing to draw" in done.stderr
    assert ["front-2.png", "front.png"] == sorted(path.name for path in desk.folder.glob("front*"))
    assert (desk.folder / "front.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("what", [".", "nowhere.pkpass"])
def test_a_folder_or_nothing_is_no_pass(desk: Desk, what: str) -> None:
    done = desk.run("verify", what)

    assert 2 == done.returncode
    assert "Invalid value for 'FILE'" in done.stderr


def test_a_template_is_imported_as_a_draft(shop_desk: Desk) -> None:
    template = shop_desk.folder / "Card.pkpasstemplate"
    template.mkdir()
    (template / "pass.json").write_bytes(apple_passes.dumps(apple_passes.card()))
    (template / "logo@2x.png").write_bytes(apple_passes.png(120, 40))
    (template / "link.png").symlink_to(template / "logo@2x.png")

    unknown = shop_desk.run("design", "import", template.name, "--programme", "cafe")
    (shop_desk.folder / "noise.pkpass").write_bytes(b"noise")
    noise = shop_desk.run("design", "import", "noise.pkpass", "--programme", "cafe")

    open_programme(shop_desk, "cafe")
    kept = shop_desk.run("design", "import", template.name, "--programme", "cafe", "--json")

    assert (1, 1, 0) == (unknown.returncode, noise.returncode, kept.returncode), kept.stderr
    assert any("own number" in note for note in json.loads(kept.stdout)["notes"])
    assert "There is no" in unknown.stderr
    assert "This is no pass" in noise.stderr


def open_programme(desk: Desk, slug: str) -> None:
    """A programme in the desk's own database."""
    database = connect(f"sqlite:///{desk.folder / 'instance' / 'tillpass.db'}")
    wanted = {"slug": slug, "name": "Cafe", "currency": "EUR", "locales": ["en"], "time_zone": "Europe/Riga"}
    programme = programmes.parse({**wanted, "rules": [{"kind": "points", "percent": 10}]})
    programmes.create(database.write, programme, now=apple_certs.NOW, fit_starter=fit_starter)
    database.engine.dispose()
