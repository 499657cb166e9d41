"""What we import we declare: a fresh install must not depend on what somebody else happens to bring along."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PART_OF = {"pydantic_core": "pydantic"}  # released together, version for version
OURS = {"app", "tests", "benchmarks", "wsgi", "setup", "frontend", "tillpass_client"}


def plain(requirement: str) -> str:
    """`psycopg[binary]>=3.2; python_version > "3"` is `psycopg`."""
    return re.split(r"[\[<>=!~;\s]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def imported(*folders: str) -> set[str]:
    names = set()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.split(".")[0])
    return names - OURS - sys.stdlib_module_names


def undeclared(names: set[str], declared: set[str]) -> list[str]:
    """Imported packages none of whose distributions is declared."""
    provided = packages_distributions()
    packages = {PART_OF.get(name, name) for name in names}
    return sorted(
        name for name in packages if not {plain(dist) for dist in provided.get(name, [name])} & declared
    )


RUNTIME = {plain(one) for one in PROJECT["dependencies"]}
DEV = RUNTIME | {plain(one) for one in PROJECT["optional-dependencies"]["dev"]}


def test_the_product_declares_what_it_imports() -> None:
    assert [] == undeclared(imported("app", "migrations"), RUNTIME)


def test_tests_and_benchmarks_declare_what_they_import() -> None:
    assert [] == undeclared(imported("tests", "benchmarks"), DEV)


def test_everything_declared_is_pinned() -> None:
    pins = {plain(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] != "#"}

    assert set() == DEV - pins
