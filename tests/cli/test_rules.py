"""Rules as files: shown, checked, tried and published from a terminal."""

import json

from app.domain.programme import Programme
from app.rendering.starters import fit_starter
from app.services import programmes
from app.storage.database import connect
from tests.cli.conftest import Desk
from tests.support.clock import START

TEN = {"kind": "points", "percent": 10}


def opened(desk: Desk) -> None:
    raw = {"slug": "cafe", "name": "Café", "rules": [TEN]}
    database = connect(f"sqlite:///{desk.folder}/instance/tillpass.db")
    programme = Programme.model_validate(raw)
    programmes.create(database.write, programme, now=START, fit_starter=fit_starter)
    database.close()


def written(desk: Desk, rules: object) -> str:
    (desk.folder / "rules.json").write_text(json.dumps(rules))
    return "rules.json"


def test_rules_are_shown_changed_and_shown_again(shop_desk: Desk) -> None:
    opened(shop_desk)
    shown = shop_desk.run("rules", "show", "--programme", "cafe", "--json")
    rules = json.loads(shown.stdout)
    assert [{"kind": "points", "percent": "10"}] == rules
    file = written(shop_desk, [{**rules[0], "percent": 5}])

    checked = shop_desk.run("rules", "check", "--programme", "cafe", file)
    assert (0, True) == (checked.returncode, "These rules make sense." in checked.stdout)
    assert "Points never end." in checked.stdout
    tried = shop_desk.run("rules", "preview", "--programme", "cafe", file)
    assert "0 cards (every card)" in tried.stdout
    assert "Costs €0 more a month (exact" in tried.stdout
    made = shop_desk.run("rules", "publish", "--programme", "cafe", "--note", "Less", "--seen", "1", file)
    assert "Version 2 counts from now on.\n" == made.stdout
    again = shop_desk.run("rules", "show", "--programme", "cafe", "--lang", "ru")
    assert "5\u00a0% от каждой покупки баллами" in again.stdout
    assert "by command line: Less" in again.stdout


def test_mistakes_are_one_line_each(shop_desk: Desk) -> None:
    opened(shop_desk)
    wrong = [
        (written(shop_desk, [{"kind": "points", "percent": 101}]), "/rules/0/percent"),
        (written(shop_desk, {"no": "rules"}), "holds no list of rules"),
    ]
    for file, words in reversed(wrong):
        refused = shop_desk.run("rules", "check", "--programme", "cafe", file)
        assert 1 == refused.returncode
        assert words in refused.stderr
        written(shop_desk, [{"kind": "points", "percent": 101}])
    assert 1 == shop_desk.run("rules", "show", "--programme", "nowhere").returncode
