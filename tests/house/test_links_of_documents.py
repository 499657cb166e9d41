"""What the documents point at is there: files, and headings inside them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_OUTSIDE = ("http://", "https://", "mailto:")


def links(page: Path) -> list[str]:
    """Where a page points to inside of this repository."""
    text = _CODE.sub("", page.read_text("utf-8"))
    return [each for each in _LINK.findall(text) if not each.startswith(_OUTSIDE)]


@cache
def anchors(page: Path) -> set[str]:
    """The headings of a page, as they are linked to."""
    text = _CODE.sub("", page.read_text("utf-8"))
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)

    assert [] == broken


def test_links_are_found_where_they_stand() -> None:
    assert "connecting.md" in links(ROOT / "docs" / "operations.md")
    assert "how-it-works" in anchors(ROOT / "docs" / "connecting.md")
