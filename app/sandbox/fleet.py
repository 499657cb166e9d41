"""iPhones by the thousand: the same phone, kept small, for load and for lost updates.

All share one pool of connections and a few workers; a phone costs its pass and some names, no thread.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from app.sandbox.bundle import PassRefused
from app.sandbox.iphone import IPhone
from app.sandbox.routes import PushRoutes
from app.sandbox.world import World


class Fleet:
    """`counts` holds how often each step happened (`pushed`, `asked`, `fetched`, `complaint`, …)."""

    def __init__(self, world: World, size: int, *, locale: str = "en") -> None:
        self.counts: Counter[str] = Counter()
        self._routes = PushRoutes(world.apns)
        light = replace(world, emit=self._count, check_signature=False)
        self.phones = [self._phone(number, light, locale) for number in range(size)]
        self._by_id = {phone.id: phone for phone in self.phones}

    def add(self, addresses: Sequence[str], *, workers: int = 8) -> list[str]:
        """Give each phone one of `addresses`, in order and around again; returns the reasons of refusals."""
        with ThreadPoolExecutor(workers) as pool:
            pairs = ((phone, addresses[index % len(addresses)]) for index, phone in enumerate(self.phones))
            return [reason for reason in pool.map(_add, pairs) if reason]

    def pushed(self, token: str) -> None:
        """APNs delivers a push; wire this to `on_push`."""
        if phone := self._by_id.get(self._routes.owner(token) or ""):
            phone.pushed(token)

    def showing(self, key: str) -> Counter[Any]:
        """How many cards show which value in the field `key`."""
        cards = (held for phone in self.phones for held in phone.cards.values())
        return Counter(
            field["value"] for held in cards for field in held.bundle.fields() if field["key"] == key
        )

    def notices(self) -> Counter[str]:
        return Counter(notice["text"] for phone in self.phones for notice in phone.notifications)

    def _phone(self, number: int, world: World, locale: str) -> IPhone:
        phone_id = f"fleet-{number}"
        own = replace(world, apns=self._routes.of(phone_id))
        return IPhone(phone_id, phone_id, locale, own, keep_files=False, log_lines=5)

    def _count(self, kind: str, data: dict[str, Any]) -> None:
        self.counts[str(data.get("step", kind))] += 1


def _add(pair: tuple[IPhone, str]) -> str | None:
    phone, address = pair
    try:
        phone.add(address)
    except PassRefused as fault:
        return str(fault)
    return None
