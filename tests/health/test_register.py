"""No cause without words in both languages, a test that provokes it, and a line in the manual."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from app.services.causes import CAUSES, SYMPTOMS, by_symptom, fine, found, same, words
from app.services.causes.cause import Cause
from app.services.ports import Finding
from tests.support.provoked import PROVOKED, russian_words

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs" / "troubleshooting.md"
TROUBLES = sorted(code for code, cause in CAUSES.items() if cause.level != "ok")
SPEAKERS = re.compile(r"\b(?:found|fine)\(\s*f?\"([a-z0-9-]+)\"")

for _path in Path(__file__).parent.glob("test_*.py"):
    if _path.stem != "test_register":
        import_module(f"tests.health.{_path.stem}")


def texts(cause: Cause) -> list[str]:
    return [text for text in (cause.message, cause.mend, cause.fine) if text]


@pytest.mark.parametrize("code", sorted(CAUSES))
def test_a_cause_is_said_in_both_languages_with_the_same_facts(code: str) -> None:
    def facts(text: str) -> list[str]:
        return sorted(re.findall(r"%\(\w+\)s", text))

    wrong = [text for text in texts(CAUSES[code]) if facts(text) != facts(russian_words().get(text, ""))]
    silent = [text for text in texts(CAUSES[code]) if not russian_words().get(text)]

    assert ([], []) == (wrong, silent)


@pytest.mark.parametrize("code", TROUBLES)
def test_a_trouble_has_a_symptom_a_message_and_a_mend(code: str) -> None:
    cause = CAUSES[code]

    assert cause.symptoms
    assert set(cause.symptoms) <= set(SYMPTOMS)
    assert cause.message
    assert cause.mend


def named_in_tests() -> str:
    """All tests but this folder's own bookkeeping: other rooms provoke their causes where they live."""
    return "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


def test_every_trouble_is_provoked_by_a_test() -> None:
    elsewhere = named_in_tests()
    missing = [code for code in TROUBLES if code not in PROVOKED and f'"{code}"' not in elsewhere]

    assert [] == missing


def test_every_trouble_stands_in_the_manual() -> None:
    manual = MANUAL.read_text("utf-8")

    assert [] == [code for code in TROUBLES if f"`{code}`" not in manual]


def test_the_manual_names_no_cause_that_there_is_not() -> None:
    """First columns of the tables below the symptoms."""
    part = MANUAL.read_text("utf-8").partition("## By what people see")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([a-z0-9-]+)`", part, re.MULTILINE)

    assert [] == sorted(set(named) - set(CAUSES))


def test_whoever_names_a_cause_names_one_of_the_register() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "app").rglob("*.py")]
    spoken = {code for source in sources for code in SPEAKERS.findall(source)}

    assert set() == {code for code in spoken if code not in CAUSES}


def test_findings_are_made_from_the_register_alone() -> None:
    """`Finding(…)` is called in one place: else its words would be English on Russian pages."""
    callers = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "app").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"
    ]

    assert {"app/services/causes/__init__.py"} == set(callers)


def test_a_fact_that_is_missing_is_our_own_mistake() -> None:
    with pytest.raises(KeyError):
        found("disk-full", path="somewhere")
    with pytest.raises(KeyError):
        found("no-such-cause")


def test_lengths_of_time_are_said_in_the_readers_language() -> None:
    finding = found("queue-late", count=3, wallet="apple", late_s=300.0)

    assert "5\u00a0min" in finding.message
    assert "5\u00a0мин" in words(finding, lambda text: russian_words()[text], "ru")[0]


def test_a_finding_from_elsewhere_keeps_its_own_words() -> None:
    stranger = Finding("warning", "no-such-cause", "Hello", "Do it")
    factless = Finding("broken", "disk-full", "Full", "Clean")

    assert ("Hello", "Do it") == words(stranger, str.upper, "ru")
    assert ("Full", "Clean") == words(factless, lambda text: text, "en")


def test_findings_stand_below_what_people_see_gravest_first() -> None:
    findings = [
        fine("queues"),
        found("mail-off"),
        found("google-off"),
        found("google-class-rejected", class_id="1"),
    ]

    groups = by_symptom(findings)

    assert ["not-on-android", "good-to-know"] == list(groups)
    assert ["google-class-rejected", "google-off"] == [each.code for each in groups["not-on-android"]]


def test_the_same_finding_is_told_once() -> None:
    assert 2 == len(same([found("mail-off"), found("sandbox"), found("mail-off")]))
