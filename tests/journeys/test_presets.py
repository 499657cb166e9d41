"""Every preset from its first card to the phone: what a customer does, and what the phone then shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.rendering.presets import presets
from app.sandbox.iphone import IPhone
from app.sandbox.phones import Phones
from tests.journeys.test_over_the_wire import Program, wait_until, woken, world
from tests.support.service import PASS_TYPE, Service

Card = dict[str, Any]
Story = Callable[[Program, Card], None]
BIRTHDAY = "1990-05-17"


def bought(amount_minor: int, **more: Any) -> Story:
    """The customer buys for so much."""

    def story(program: Program, card: Card) -> None:
        program.posts(
            f"/cards/{card['serial']}/purchases", {"amount_minor": amount_minor, "currency": "EUR", **more}
        )

    return story


def did(call: str, **body: Any) -> Story:
    """A program tells of something else."""

    def story(program: Program, card: Card) -> None:
        program.posts(f"/cards/{card['serial']}/{call}", body)

    return story


PIZZAS = [{"sku": "margherita", "category": "pizza", "quantity": 4, "amount_minor": 3600}]
CREAM = [{"sku": "cream", "category": "skincare", "quantity": 1, "amount_minor": 2000}]
STORIES: dict[str, tuple[tuple[Story, ...], dict[str, str]]] = {
    "pizza-stamps": ((bought(3600, items=PIZZAS),), {"stamps": "4 / 5"}),
    "coffee-two-rewards": ((did("stamps", stamps=2), did("stamps", stamps=1)), {"stamps": "4 / 10"}),
    "cosmetics-club": ((bought(31000),), {"tier": "Ruby"}),
    "clothing-growing": ((bought(60000), bought(1000)), {"discount": "5\u00a0%"}),
    "salon-vip": ((bought(5000),), {"points": "250"}),
    "restaurant-discount": ((did("gifts", amount_minor=5000, reason="a present"),), {"gift": "€50"}),
    "grocery-chips": ((bought(12000),), {"points": "120"}),
    "sky-alliance": ((bought(170000),), {"tier": "Silver", "points": "5100"}),
    "umbrella-services": (
        (did("memberships", membership="plus", payment="pay-1"), bought(10000)),
        {"cashback": "€5", "membership": "Orbit Plus"},
    ),
    "fitness-membership": (
        (did("memberships", membership="gym", payment="pay-2"), did("stamps", stamps=1)),
        {"stamps": "1 / 12", "membership": "Gym"},
    ),
    "packaging-return": ((did("events", event="packaging", times=2),), {"points": "100"}),
    "b2b-partners": ((bought(2_100_000),), {"tier": "Key partner", "points": "2100"}),
}


def test_every_preset_has_a_story() -> None:
    assert set(STORIES) == set(presets())


@pytest.mark.parametrize("key", STORIES)
def test_the_story_of_a_preset_ends_on_a_phone(sqlite_service: Service, key: str) -> None:
    service, program = sqlite_service, Program(sqlite_service)
    stories, expected = STORIES[key]
    body = presets()[key].programme
    program.posts("/programmes", {**body, "apple": {"pass_type_identifier": PASS_TYPE}})
    with world(service) as around:
        phones = Phones(around, service.google.state)
        anna = phones.create("iphone", name="Anna’s iPhone", locale="en")
        assert isinstance(anna, IPhone)
        card = program.posts("/cards", {"programme": body["slug"], "member": {"phone": "+37120000001"}})
        with woken(service, phones.pushed):
            anna.add(card["links"]["apple"])
            service.works()
            for story in stories:
                story(program, card)
            service.works()
            assert wait_until(lambda: expected.items() <= shown(anna).items(), most_s=10), shown(anna)
        assert [] == [line for line in anna.log if line["kind"] == "complaint"]


def shown(phone: IPhone) -> dict[str, str]:
    """What the customer reads, by field."""
    fields = [field for held in phone.cards.values() for field in held.bundle.fields()]
    return {field["key"]: str(field["value"]) for field in fields}
