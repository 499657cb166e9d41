"""The arrows of the floor plan: imports go down, neighbours do not know each other, the domain knows nobody.

web, api, wallets, connectors -> services -> rendering, storage -> domain. The sandbox knows the settings.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GROUND = {"resources", "i18n", "metrics"}  # small rooms that stand on nothing and may be used from above
EDGE = {"domain", "services", "rendering", "storage", "audience", "deps", *GROUND}
FLOORS = {
    "domain": set[str](),
    "storage": {"domain", "resources"},
    "rendering": {"domain", "resources"},
    "services": {"domain", "storage", "rendering", *GROUND},
    "wallets": EDGE,
    "connectors": {"domain", "services", "resources"},
    "web": EDGE,
    "api": EDGE,
    "sandbox": {"settings"},
    "deps": {"domain", "services", "rendering", "storage", *GROUND},
    "observability": {"metrics"},
    "i18n": {"domain", "resources"},
    "metrics": set[str](),
    "resources": set[str](),
    "audience": set[str](),
    "frontend": set[str](),
    "settings": set[str](),
    "clock": set[str](),
}
COMPOSITION_ROOT = {"app", "compose", "cli"}  # sees everything and decides nothing
SHARED_BY_CONNECTORS = {"mapping", "signatures", "forms", "values", "crm_fields", "paging", "shopping"}
"""What any system needs, and is no system itself."""
GIVEN_AS_VALUES = {"settings", "clock"}
DOMAIN_MAY_USE = sys.stdlib_module_names | {
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
}
DOMAIN_MUST_NOT = {
    "time",
    "socket",
    "sqlite3",
    "subprocess",
    "random",
    "secrets",
    "logging",
    "urllib.request",
}

Import = tuple[str, int]


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the product by its dotted name."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(name: str, tree: ast.Module, is_package: bool) -> Iterator[Import]:
    """What a module imports, at the top or inside a function, with relative names made whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = name.split(".")[
                    : None if is_package and node.level == 1 else -(node.level - is_package)
                ]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno


def every_import() -> Iterator[tuple[str, str, int]]:
    for name, tree in modules():
        is_package = (ROOT / name.replace(".", "/") / "__init__.py").exists()
        for target, line in imports(name, tree, is_package):
            yield name, target, line


def room(name: str) -> str:
    """`app.wallets.apple.apns` stands in `wallets`; `app.settings` is a room by itself."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def is_inside(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}.")


@cache
def everything() -> list[tuple[str, str, int]]:
    """Read when the first test asks: each process that collects tests would read all files for nothing."""
    return list(every_import())


def ours() -> list[tuple[str, str, int]]:
    """What is imported from the product itself."""
    return [(name, target, line) for name, target, line in everything() if is_inside(target, "app")]


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_only_go_down(floor: str) -> None:
    allowed = FLOORS[floor] | {floor}
    crossings = [
        f"{name}:{line} imports {target}"
        for name, target, line in ours()
        if is_inside(name, f"app.{floor}") and room(target) not in allowed
    ]

    assert [] == crossings


def test_every_room_is_on_the_plan() -> None:
    """A new folder or file at the top gets its arrows above or joins the composition root."""
    rooms = {room(name) for name, _tree in modules()}

    assert set() == rooms - set(FLOORS) - COMPOSITION_ROOT


def test_the_domain_knows_only_the_standard_library_and_pydantic() -> None:
    foreign = [
        f"{name}:{line} imports {target}"
        for name, target, line in everything()
        if is_inside(name, "app.domain") and not is_inside(target, "app.domain")
        if target.split(".")[0] not in DOMAIN_MAY_USE or target.split(".")[0] in DOMAIN_MUST_NOT
    ]

    assert [] == foreign


def test_the_domain_never_asks_what_time_it_is() -> None:
    clocks = {"now", "utcnow", "today"}
    asked = [
        f"{name}:{node.lineno}"
        for name, tree in modules()
        if is_inside(name, "app.domain")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in clocks and isinstance(node.func.value, ast.Name)
        if node.func.value.id in {"datetime", "date"}
    ]

    assert [] == asked


def test_one_wallet_never_imports_another() -> None:
    def wallet(name: str) -> str | None:
        parts = name.split(".")
        folder = ROOT / "app" / "wallets" / parts[2] if len(parts) > 2 else None
        return parts[2] if parts[1:2] == ["wallets"] and folder and folder.is_dir() else None

    crossings = [
        f"{name}:{line} imports {target}"
        for name, target, line in ours()
        if wallet(name) and wallet(target) and wallet(name) != wallet(target)
    ]

    assert [] == crossings


def test_one_connector_never_imports_another() -> None:
    """What several need is named in `SHARED_BY_CONNECTORS`, or stands in services."""
    crossings = [
        f"{name}:{line} imports {target}"
        for name, target, line in ours()
        if is_inside(name, "app.connectors") and is_inside(target, "app.connectors")
        if name != "app.connectors" and name.split(".")[2] != target.split(".")[2:3][0]
        if (ROOT / "app" / "connectors" / f"{target.split('.')[2]}.py").exists()
        if target.split(".")[2] not in SHARED_BY_CONNECTORS
        if not target.split(".")[2].startswith(f"{name.rpartition('.')[2]}_")  # a piece of its own
    ]

    assert [] == crossings


def test_settings_and_the_clock_are_read_by_the_composition_root_alone() -> None:
    readers = [
        f"{name}:{line} imports {target}"
        for name, target, line in ours()
        if room(target) in GIVEN_AS_VALUES and room(name) in FLOORS and room(name) != "sandbox"
    ]

    assert [] == readers


def test_the_arrows_see_relative_and_hidden_imports() -> None:
    """The checks above are only as good as this reading of the sources."""
    source = "from ..storage import queries\ndef f():\n    import app.web.till\nfrom . import ports\n"

    found = [target for target, _line in imports("app.services.loyalty", ast.parse(source), is_package=False)]

    assert {"app.storage.queries", "app.web.till", "app.services.ports"} == set(found)
