"""Nothing half done, nothing of one person's machine, and no download address is ever committed."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = "tests/house/test_no_leftovers.py"
HALF_DONE = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
REGISTRIES = re.compile(
    r"registry\.npmjs|pypi\.org|pythonhosted|npmjs\.(?:org|com)|unpkg\.com|jsdelivr|yarnpkg\.com"
    r"|deb\.debian\.org|archive\.ubuntu|proxy\.golang|crates\.io|docker\.io|ghcr\.io"
)
MACHINES = re.compile(r"(?<![\w.\-/])/(?:work|root|home|Users|opt/wheels)/[\w.]")
SLEEPING = re.compile(r"\btime\.sleep\(|^from time import .*\bsleep\b", re.MULTILINE)
SKIPPING = re.compile(r"pytest\.skip\(|mark\.(?:skip|xfail)|pytest\.importorskip")
PATCHING = re.compile(r"(?:mock\.)?patch\(\s*['\"](?:app|benchmarks)\.")


def tracked(*patterns: str) -> dict[str, str]:
    """The text files under version control, by path."""
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True)
    texts = {}
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b"\0"
        if name != HERE and b"\0" not in content[:8000]:
            texts[name] = content.decode("utf-8", errors="replace")
    return texts


def found(pattern: re.Pattern[str], texts: dict[str, str]) -> list[str]:
    return [
        f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()}"
        for name, text in texts.items()
        for hit in pattern.finditer(text)
    ]


@pytest.mark.parametrize(
    "pattern", [HALF_DONE, REGISTRIES, MACHINES], ids=["half done", "registry", "machine"]
)
def test_nothing_is_left_over(pattern: re.Pattern[str]) -> None:
    assert [] == found(pattern, tracked())


def test_tests_never_sleep() -> None:
    assert [] == found(SLEEPING, tracked("tests/*.py"))


def test_tests_are_skipped_only_where_a_person_lacks_a_tool() -> None:
    texts = {name: text for name, text in tracked("tests/*.py").items() if Path(name).name != "conftest.py"}

    assert [] == found(SKIPPING, texts)


def test_our_own_code_is_never_patched() -> None:
    assert [] == found(PATCHING, tracked("tests/*.py"))


def test_what_is_installed_is_pinned_by_name_and_version_alone() -> None:
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]

    assert [] == [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", pin)]
    assert "http" not in (ROOT / "package-lock.json").read_text()


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (HALF_DONE, "# TODO later"),
        (MACHINES, "open('/home/anna/key')"),
        (REGISTRIES, "https://" + ".".join(("pypi", "org", "simple")).replace(".simple", "/simple")),
    ],
)
def test_the_search_finds_what_it_looks_for(pattern: re.Pattern[str], line: str) -> None:
    assert 1 == len(found(pattern, {"x": line}))
