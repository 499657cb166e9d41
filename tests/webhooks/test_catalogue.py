"""Every event has a public name or is ours on purpose, and the documents know all that are public."""

import re
from pathlib import Path

from app.services.webhooks.catalogue import EVENTS, EXAMPLE, INSIDE, PUBLIC, insides
from tests.support.webhook_receiver import Receiver, TellingShop

ROOT = Path(__file__).resolve().parents[2]
RECORDED = re.compile(r'record\((?:[^()]|\([^()]*\))*?f?"([a-z_]+\.[a-z_-]+)"')
ORDERED = re.compile(r'Order\(\s*"([a-z-]+)"')
CHOSEN = re.compile(r'"(tier\.\w+|card\.installed|card\.removed|ledger\.expiry|company\.\w+)"')


def test_every_event_that_is_written_has_a_name_or_stays_inside_on_purpose() -> None:
    sources = [
        path.read_text("utf-8") for path in (ROOT / "app").rglob("*.py") if "webhooks" not in path.parts
    ]
    kinds = {kind for text in sources for find in (RECORDED, CHOSEN) for kind in find.findall(text)}
    kinds |= {f"ledger.{kind}" for text in sources for kind in ORDERED.findall(text)}

    assert {"purchase", "points.burning"} <= {PUBLIC.get(kind) for kind in kinds}
    assert set() == kinds - set(PUBLIC) - INSIDE
    assert set() == set(PUBLIC) & INSIDE


def test_every_public_event_stands_in_the_documents_and_in_the_api(
    shop: TellingShop, receiver: Receiver
) -> None:
    told = (ROOT / "docs" / "events.md").read_text("utf-8").partition("## What other systems hear of")[2]
    assert [each.name for each in EVENTS] == re.findall(r"^\| `([a-z_.]+)` ", told, re.MULTILINE)

    answer = shop.owner.get("/webhook-events").get_json()
    assert [each.name for each in EVENTS] == [each["type"] for each in answer["items"]]
    assert [] == [each.name for each in EVENTS if not each.says.endswith(".")]


def test_no_choice_means_everything_but_a_ping() -> None:
    assert set(PUBLIC) - {"ping"} == set(insides([]))
    assert ["ledger.purchase"] == insides(["purchase"])


def test_the_example_has_the_keys_that_are_really_sent(shop: TellingShop, receiver: Receiver) -> None:
    shop.endpoint(receiver, kinds=["purchase"])
    serial = shop.card()
    bought = {"amount_minor": 100, "currency": "EUR"}
    shop.owner.post(f"/cards/{serial}/purchases", bought, key="k1")
    shop.sends()

    (came,) = receiver.came
    example = EXAMPLE["data"]
    assert set(example) == set(came.said["data"])
    assert set(example["card"]) == set(came.said["data"]["card"])
    assert set(example["channel"]) == set(came.said["data"]["channel"])
    assert set(example["changed"]) == set(came.said["data"]["changed"])
