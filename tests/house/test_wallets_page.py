"""docs/wallets.md promises features row by row, each with the test that proves it: those tests must exist."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "wallets.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [line for line in PAGE.splitlines() if line.startswith("|") and not re.match(r"\|[-| :]+\|$", line)]


@lru_cache(maxsize=200)
def functions(path: str) -> frozenset[str]:
    """The names of all functions in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_the_proof_of_a_feature_exists(path: str, name: str) -> None:
    assert name in functions(path)


def test_every_row_names_its_proof_or_says_why_there_is_none() -> None:
    heads = {"| Feature | What Tillpass does | Proved by |"}
    bare = [row for row in ROWS if row not in heads and "`tests/" not in row and "| Not built: " not in row]

    assert [] == bare
