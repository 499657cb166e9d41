"""Rooms that can be seen at a glance: files up to 400 lines, functions up to 70, lines up to 110 columns."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 110
SOURCES = [
    path
    for folder in ("app", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in path.parts
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    long_functions = [
        f"{node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    wide = [number for number, line in enumerate(lines, start=1) if len(line) > COLUMNS_MAX]

    assert len(lines) <= FILE_LINES_MAX
    assert [] == long_functions
    assert [] == wide
