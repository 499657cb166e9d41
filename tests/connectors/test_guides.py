"""What docs/connect shows is what the connectors take: every body in it, and every mapping."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.connectors import CONNECTORS
from app.services.crm.sources import check
from app.services.ports import Stored

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "connect"
KINDS = {"1c": "onec", "1c-bitrix": "bitrix-site", "mindbox": "mindbox", "osmi": "osmi"}
ANSWERS = ('{"customer"',)
"""Bodies that we send."""


def bodies(guide: str) -> list[str]:
    """The JSON of a page that goes to a source's address."""
    found = re.findall(r"^```json\n(.*?)^```", (GUIDES / f"{guide}.md").read_text(), re.MULTILINE | re.DOTALL)
    return [each for each in found if not each.startswith(ANSWERS)]


def sources(guide: str) -> list[dict[str, Any]]:
    """What `POST /sources` is shown to be given."""
    text = (GUIDES / f"{guide}.md").read_text()
    return [json.loads(each) for each in re.findall(r"/sources .*?--json '(.*?)'", text, re.DOTALL)]


def filled(body: str) -> str:
    """The template as Mindbox fills it."""
    known = {"BirthDate": "1990-05-17T00:00:00", "Email": "anna@example.com", "MobilePhone": "79161234567"}
    return re.sub(r"\$\{Recipient\.([A-Za-z.]+)\}", lambda found: known.get(found[1], "48213"), body)


@pytest.mark.parametrize("guide", KINDS)
def test_the_source_of_a_guide_can_be_made(guide: str) -> None:
    [source] = sources(guide)

    assert KINDS[guide] == source["kind"]
    check(CONNECTORS[source["kind"]], source.get("mapping", {}), source.get("settings", {}))


@pytest.mark.parametrize(("guide", "asks"), [("1c", 6), ("1c-bitrix", 1), ("mindbox", 1)])
def test_the_bodies_of_a_guide_ask_for_something(guide: str, asks: int) -> None:
    [source] = sources(guide)
    connector = CONNECTORS[KINDS[guide]]

    made = [
        each
        for body in bodies(guide)
        for each in connector.actions(Stored(filled(body).encode()), source.get("mapping", {}))
    ]

    assert asks == len(made)


def test_every_connector_has_a_guide_and_the_list_of_systems_leads_there() -> None:
    listed = (GUIDES.parent / "connecting.md").read_text("utf-8")
    named = {"onec": "1c", "bitrix-site": "1c-bitrix"}

    for kind in CONNECTORS:
        assert (GUIDES / f"{named.get(kind, kind)}.md").is_file(), kind
        assert f"(connect/{named.get(kind, kind)}.md)" in listed, kind
