"""The sandbox's iPhone in somebody's hand: it talks to the service over the wire, and hears APNs' pushes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.iphone import Held, IPhone
from app.sandbox.world import PooledSend, World
from tests.support.service import Service
from tests.support.stepped import SteppedSchedule


@dataclass
class Street:
    """A service and the people outside with their phones; `works()` is a moment that passes."""

    service: Service
    world: World
    schedule: SteppedSchedule
    phones: list[IPhone] = field(default_factory=list)
    heard: int = 0

    def phone(self, name: str = "Anna", locale: str = "en") -> IPhone:
        made = IPhone(name.lower(), f"{name}’s iPhone", locale, self.world)
        self.phones.append(made)
        return made

    def page(self, serial: str) -> str:
        """The address of a card's pass, as the card page links to it."""
        return f"{self.service.url}/c/{self.service.card(serial).link}/card.pkpass"

    def adds(self, phone: IPhone, serial: str) -> Held:
        """Add the card from its page, and let what follows happen."""
        held = phone.add(self.page(serial))
        self.works()
        return held

    def works(self) -> None:
        """The worker works, what APNs took arrives, phones ask and fetch; until nothing happens any more."""
        while True:
            self.service.works()
            log = self.service.apns.answers
            news = [token for token, status in log[self.heard :] if status == 200]
            self.heard = len(log)
            for phone in self.phones:
                for token in news:
                    phone.pushed(token)
            if not self.schedule.run() and not news:
                return

    def complaints(self, phone: IPhone) -> list[str]:
        return [line["text"] for line in phone.log if line["kind"] == "complaint"]


@contextmanager
def street(service: Service) -> Iterator[Street]:
    """The world outside of a service, for the length of the block."""
    send, schedule = PooledSend(), SteppedSchedule(service.clock)
    world = World(send, schedule, service.apns, now=service.clock.now, head_every=0)
    try:
        yield Street(service, world, schedule)
    finally:
        send.close()


def back(held: Held) -> dict[str, Any]:
    """The fields on the back by key."""
    fields = held.bundle.pass_[held.bundle.style].get("backFields", [])
    return {field["key"]: field for field in fields}
