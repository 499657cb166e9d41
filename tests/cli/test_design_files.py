"""Programmes and looks as files: what is exported plans to nothing, and a change is planned, then made."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Conflict
from app.domain.programme import Programme
from app.rendering.starters import fit_starter
from app.services import designs, enrolment, images, programmes, rulebook
from app.services.as_files.applying import apply
from app.services.as_files.folders import Faulty, read, written
from app.services.as_files.planning import Plan, plan
from app.services.enrolment import Enrol
from app.storage import queries
from app.storage.database import Database, connect
from app.storage.tables import DesignRow, ProgrammeRow, Rollout
from tests.cli.conftest import Desk
from tests.support.clock import START
from tests.support.passes import picture

CAFE = {
    "slug": "cafe",
    "name": "Кофе и мята ☕🍃",
    "locales": ["ru", "en"],
    "rules": [
        {"kind": "points", "percent": 10},
        {"kind": "tiers", "levels": [{"key": "gold", "name": {"ru": "Золото", "en": "Gold"}, "from": 5000}]},
    ],
    "apple": {"pass_type_identifier": "pass.example.cafe"},
}
BAKERY = {
    "slug": "bakery",
    "name": "Bakery",
    "rules": [{"kind": "stamps", "goal": 6, "reward": "A roll"}],
}


def opened(database: Database, *, with_picture: bool = True) -> None:
    """A café with a picture of its own (a JPEG, as uploads become), and a bakery."""
    for raw in (CAFE, BAKERY):
        programmes.create(database.write, Programme.model_validate(raw), now=START, fit_starter=fit_starter)
    if with_picture:
        sha256 = images.upload(database.write, picture(600, 200, "#aa3322"), now=START)
        designs.set_image(database.write, "cafe", "banner", sha256, now=START)


def exported(database: Database) -> dict[str, bytes]:
    with database.read() as session:
        rows = programmes.listed(session)
        return {path: data for row in rows for path, data in written(session, row, START).items()}


def planned(database: Database, files: dict[str, bytes]) -> Plan:
    with database.read() as session:
        return plan(session, read(files), START)


def applied(database: Database, found: Plan, note: str = "") -> list[str]:
    return [*apply(database.write, found, now=START, fit_starter=fit_starter, note=note)]


def at(desk: Desk, name: str = "tillpass") -> Database:
    return connect(f"sqlite:///{desk.folder}/instance/{name}.db")


@pytest.fixture
def files(shop_desk: Desk) -> Path:
    """The folder that an export of the shop wrote."""
    database = at(shop_desk)
    opened(database)
    database.close()
    done = shop_desk.run("design", "export", "files")
    assert "bakery: written.\ncafe: written.\n" == done.stdout
    return shop_desk.folder / "files"


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    change(raw)
    path.write_text(json.dumps(raw, ensure_ascii=False), encoding="utf-8")


def test_what_was_exported_plans_to_nothing_and_makes_an_empty_database_the_same(
    shop_desk: Desk, files: Path, sqlite_template: Path
) -> None:
    text = (files / "cafe" / "programme.json").read_text(encoding="utf-8")
    assert "Кофе и мята ☕🍃" in text
    assert not {"revision", "id", "created_at", "links"} & set(json.loads(text))
    unchanged = shop_desk.run("design", "plan", "files", "--exit-code")
    assert (0, "No changes.\n") == (unchanged.returncode, unchanged.stdout)

    (shop_desk.folder / "instance" / "other.db").write_bytes(sqlite_template.read_bytes())
    other = {"TILLPASS_DATABASE_URL": f"sqlite:///{shop_desk.folder}/instance/other.db"}
    new = shop_desk.run("design", "plan", "files", "--exit-code", **other)
    assert (2, True) == (new.returncode, "To create: 2. To change: 0." in new.stdout)
    made = shop_desk.run("design", "apply", "files", "--yes", **other)
    assert "cafe: created with its look." in made.stdout, made.stderr
    assert 0 == shop_desk.run("design", "export", "again", **other).returncode
    assert contents(files) == contents(shop_desk.folder / "again")
    assert "No changes.\n" == shop_desk.run("design", "apply", "files", "--yes", **other).stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_colour_text_rule_and_picture_are_planned_then_made_and_cards_follow(
    shop_desk: Desk, files: Path
) -> None:
    database = at(shop_desk)
    enrolment.enrol(database.write, Enrol("cafe", {"phone": "+37120000001"}), now=START)
    (files / "cafe" / "images" / "новый баннер.png").write_bytes(picture(640, 200, "#00aa44"))
    edited(files / "cafe" / "programme.json", lambda raw: raw["rules"][0].update(percent="5"))
    edited(files / "cafe" / "programme.json", lambda raw: raw.update(name="Кофе 🫖"))
    edited(files / "cafe" / "design.json", lambda raw: raw["palette"].update(background="#123456"))
    edited(files / "cafe" / "design.json", lambda raw: raw["images"].update(banner="новый баннер.png"))

    said = shop_desk.run("design", "plan", "files").stdout
    assert '/name: "Кофе и мята ☕🍃" → "Кофе 🫖"' in said
    assert '/rules/0/percent: "10" → "5"' in said
    assert '→ "#123456"' in said
    assert "picture to add: " in said and "(640 × 200)" in said
    assert "bakery" not in said
    told = json.loads(shop_desk.run("design", "plan", "files", "--json").stdout)
    bakery, cafe = told["programmes"]
    assert (True, "none", "change") == (told["changes"], bakery["action"], cafe["action"])
    assert [{"pointer": "/rules/0/percent", "old": "10", "new": "5"}] == cafe["rules"]

    assert 1 == shop_desk.run("design", "apply", "files").returncode  # nobody there who says yes
    done = shop_desk.run("design", "apply", "files", "--yes", "--note", "Весна")
    assert [
        f"cafe: added the picture {cafe['pictures'][0][:12]}.",
        "cafe: changed name.",
        "cafe: version 2 of the rules counts from now on.",
        "cafe: the look is published; its cards follow.",
    ] == done.stdout.splitlines()[-4:], done.stderr
    assert "No changes.\n" == shop_desk.run("design", "apply", "files", "--yes").stdout
    with database.read() as session:
        row = queries.programme_row(session, "cafe")
        look = queries.design_row(session, row)
        rules = rulebook.read(session, row, look.created_at).current
        under_way = select(Rollout).where(Rollout.due_at.is_not(None), Rollout.programme_id == row.id)
        walks = {walk.task: (walk.why, walk.total) for walk in session.scalars(under_way)}
        assert ("Кофе 🫖", "Весна", "Весна") == (row.body["name"], look.note, rules.note)
        assert cafe["pictures"] == [look.body["images"]["banner"]]
        assert ("design", 1) == walks["cards"]
    database.close()


def test_every_fault_names_its_file_and_place_and_nothing_is_changed(shop_desk: Desk, files: Path) -> None:
    database = at(shop_desk)
    before = exported(database)
    edited(files / "cafe" / "programme.json", lambda raw: raw["rules"][0].update(percent=101))
    edited(files / "cafe" / "programme.json", lambda raw: raw.update(colour="red"))
    edited(files / "cafe" / "design.json", lambda raw: raw["palette"].update(background="red"))
    edited(files / "cafe" / "design.json", lambda raw: raw["images"].update(icon="../../secret.png"))
    edited(files / "cafe" / "design.json", lambda raw: raw["images"].update(logo="link.png"))
    (shop_desk.folder / "outside.png").write_bytes(picture())
    os.symlink(shop_desk.folder / "outside.png", files / "cafe" / "images" / "link.png")
    edited(files / "bakery" / "programme.json", lambda raw: raw.update(name="Changed"))
    (files / "bakery" / "design.json").write_text('{"palette": ')
    for command in (["plan"], ["apply", "--yes"]):
        refused = shop_desk.run("design", *command, "files")
        assert 1 == refused.returncode
        starts = [
            "bakery/design.json: is not JSON",
            "cafe/programme.json /rules/0/percent: ",
            "cafe/programme.json /colour: is not known here",
            "cafe/design.json /images/icon: must be a SHA-256 or the plain name",
            "cafe/design.json /images/logo: there is no images/link.png",
            "cafe/design.json /palette/background: ",
        ]
        assert [] == [each for each in starts if f"tillpass: {each}" not in refused.stderr], refused.stderr
    told = json.loads(shop_desk.run("design", "plan", "files", "--json").stdout)
    assert {"file": "cafe/programme.json", "pointer": "/colour", "words": "is not known here"} in told[
        "faults"
    ]
    assert before == exported(database)
    database.close()


def test_an_export_of_a_programme_that_is_not_there_says_so(shop_desk: Desk) -> None:
    refused = shop_desk.run("design", "export", "--programme", "nowhere", "files")
    assert (1, "tillpass: There is no programme 'nowhere'.\n") == (refused.returncode, refused.stderr)
    (shop_desk.folder / "empty").mkdir()
    empty = shop_desk.run("design", "plan", "empty")
    assert (1, True) == (empty.returncode, "holds no programme" in empty.stderr)


def test_an_export_takes_away_pictures_that_the_look_no_longer_has(shop_desk: Desk, files: Path) -> None:
    database = at(shop_desk)
    (old,) = (files / "cafe" / "images").iterdir()
    (old.parent / "notes.txt").write_text("ours")
    designs.set_image(database.write, "cafe", "banner", None, now=START)
    database.close()
    shop_desk.run("design", "export", "files", "--programme", "cafe")
    assert ["notes.txt"] == [path.name for path in old.parent.iterdir()]


@pytest.mark.parametrize("what", ["name", "rules", "look"])
def test_who_was_faster_is_not_overwritten(sqlite_database: Database, what: str) -> None:
    database = sqlite_database
    opened(database, with_picture=False)
    files = exported(database)
    raw = json.loads(files["bakery/design.json"])
    raw["palette"]["accent"] = "#123456"
    files["bakery/design.json"] = json.dumps(raw).encode()
    found = planned(database, files)
    match what:
        case "name":
            programmes.change(database.write, "bakery", {"name": "Other"}, now=START)
        case "rules":
            rules = [{"kind": "stamps", "goal": 7, "reward": "A roll"}]
            rulebook.schedule(database.write, "bakery", rules, now=START)
        case "look":
            designs.set_image(database.write, "bakery", "icon", None, now=START)
    before = exported(database)
    with pytest.raises(Conflict, match="Somebody has changed 'bakery' since the plan was made; plan again"):
        applied(database, found)
    assert before == exported(database)


def test_a_look_published_between_the_first_check_and_the_last_write_stays(sqlite_database: Database) -> None:
    database = sqlite_database
    opened(database, with_picture=False)
    files = exported(database)
    for name, key in (("programme", "name"), ("design", "description")):
        raw = json.loads(files[f"bakery/{name}.json"])
        files[f"bakery/{name}.json"] = json.dumps({**raw, key: "Changed"}).encode()
    lines = apply(database.write, planned(database, files), now=START, fit_starter=fit_starter)
    assert "bakery: changed name." == next(lines)
    designs.set_image(database.write, "bakery", "icon", None, now=START)
    with pytest.raises(Conflict, match="plan again"):
        next(lines)
    with database.read() as session:
        row = queries.programme_row(session, "bakery")
        assert 2 == queries.design_row(session, row).version
    assert ["bakery: the look is published; its cards follow."] == applied(database, planned(database, files))


def test_a_programme_made_meanwhile_is_not_made_again(sqlite_database: Database) -> None:
    made = json.dumps(BAKERY).encode()
    found = planned(sqlite_database, {"bakery/programme.json": made})
    opened(sqlite_database, with_picture=False)
    with pytest.raises(Conflict, match="plan again"):
        applied(sqlite_database, found)


def test_without_a_file_for_it_the_look_is_a_starter_and_then_stays(sqlite_database: Database) -> None:
    files = {"bakery/programme.json": json.dumps(BAKERY).encode()}
    assert ["bakery: created with a starter look."] == applied(
        sqlite_database, planned(sqlite_database, files)
    )
    assert () == planned(sqlite_database, files).to_do
    with sqlite_database.read() as session:
        assert 1 == len(session.scalars(select(DesignRow)).all())
        assert 1 == session.scalars(select(ProgrammeRow)).one().revision


def faults(database: Database, files: dict[str, bytes]) -> list[str]:
    with pytest.raises(Faulty) as refused:
        planned(database, files)
    return [str(each) for each in refused.value.faults]


def test_a_picture_that_is_not_what_its_name_says_is_refused(sqlite_database: Database) -> None:
    opened(sqlite_database)
    files = exported(sqlite_database)
    (path,) = (path for path in files if "/images/" in path)
    files[path] = picture()
    assert f"{path}: holds another picture than its name says" in faults(sqlite_database, files)[0]
    files[path] = b"<svg/>"
    sha256 = hashlib.sha256(b"<svg/>").hexdigest()
    raw = json.loads(files["cafe/design.json"])
    files["cafe/design.json"] = json.dumps({**raw, "images": {"banner": sha256}}).encode()
    assert ["there is no such picture"] == [
        each.partition(": ")[2].partition(":")[0] for each in faults(sqlite_database, files)
    ]
    files[f"cafe/images/{sha256}.png"] = b"<svg/>"
    assert [f"cafe/images/{sha256}.png: This is not a PNG, JPEG or WebP picture."] == faults(
        sqlite_database, files
    )


def test_a_folder_is_called_by_the_slug_and_rules_must_make_sense(sqlite_database: Database) -> None:
    twice = {**BAKERY, "rules": [*BAKERY["rules"], *BAKERY["rules"]]}
    (other,) = faults(sqlite_database, {"cafe/programme.json": json.dumps(BAKERY).encode()})
    assert other.startswith("cafe/programme.json /slug: must be the folder's name")
    senseless = faults(sqlite_database, {"bakery/programme.json": json.dumps(twice).encode()})
    assert senseless[0].startswith("bakery/programme.json /rules"), senseless
