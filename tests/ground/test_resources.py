"""Templates, translations and migrations are found in a checkout, and shipped with an installed package."""

import ast
from pathlib import Path

import pytest

from app.resources import SHIPPED, folder

ROOT = Path(__file__).resolve().parents[2]


def test_a_checkout_reads_its_folders_where_they_stand() -> None:
    assert ROOT / "migrations" == folder("migrations")
    assert (folder("migrations") / "env.py").exists()


def test_only_shipped_folders_can_be_asked_for() -> None:
    with pytest.raises(KeyError):
        folder("tests")


def test_the_build_ships_what_the_package_asks_for() -> None:
    [shipped] = [
        ast.literal_eval(node.value)
        for node in ast.parse((ROOT / "setup.py").read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if node.targets[0].id == "BESIDE_THE_PACKAGE"
    ]

    assert SHIPPED == shipped
