"""The wallets with their vendors, behind the verbs that the contract needs; a new wallet adds its class."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import select

from app.domain.passes import Pass
from app.services import cards
from app.services.ports import Job, Outcome, Wallet
from app.storage import queries
from app.storage.tables import Delivery, GoogleObject, ProgrammeRow
from tests.support.samsung_server import Partner, partner_of_samsung
from tests.support.service import Phone, Service, pass_json


class Pocketed(ABC):
    """One wallet of a running shop, and one person's phone."""

    name: str

    def __init__(self, service: Service) -> None:
        self.service = service

    @property
    def wallet(self) -> Wallet:
        return self.service.parts.deps.wallets[self.name]

    @abstractmethod
    def adds(self, serial: str) -> None:
        """The person puts the card on their phone."""

    @abstractmethod
    def is_usable(self, serial: str) -> bool:
        """Whether the phone shows a card that is good."""

    @abstractmethod
    def points(self, serial: str) -> int:
        """The balance on the phone."""

    @abstractmethod
    def fails(self, failing: bool = True) -> None:
        """The vendor is down from now on, or up again."""

    @abstractmethod
    def calls(self) -> int:
        """How often the vendor was asked for anything so far."""

    def holder(self, name: str = "Anna", **member: Any) -> str:
        """A customer whose card is on their phone and in step."""
        serial = self.service.customer(name, **member)
        self.adds(serial)
        self.service.works()
        return serial

    def face(self, serial: str) -> Pass:
        with self.service.parts.deps.read() as session:
            return cards.current_pass(session, self.service.card(serial), self.service.clock.now())

    def preview(self, serial: str) -> Mapping[str, Any]:
        """What the vendor would be given for this card."""
        with self.service.parts.deps.read() as session:
            row = session.scalars(select(ProgrammeRow)).one()
            programme, design = queries.programme_of(row), queries.design_of(queries.design_row(session, row))
        face = self.face(serial)
        with self.service.app.test_request_context():
            return self.wallet.preview(face, programme, design)

    def publishes(self) -> None:
        """The look is brought to the vendor."""
        with self.service.parts.deps.read() as session:
            row = session.scalars(select(ProgrammeRow)).one()
            look = queries.design_row(session, row)
            programme, design = queries.programme_of(row), queries.design_of(look)
        self.wallet.publish(programme, design, look.id)

    def delivers(self, *serials: str, version: int | None = None) -> list[Outcome]:
        """What becomes of these cards' jobs, past the queue."""
        jobs = [
            Job(number, card.id, version or card.version)
            for number, card in enumerate(map(self.service.card, serials))
        ]
        return list(self.wallet.deliver(jobs))

    def is_in_step(self, serial: str) -> bool:
        row = self.service.delivery(serial, self.name)
        return row.due_at is None and row.delivered_version == self.service.card(serial).version

    def rows(self) -> int:
        """Deliveries of this wallet."""
        with self.service.parts.deps.read() as session:
            return len(session.scalars(select(Delivery.id).where(Delivery.wallet == self.name)).all())


class ApplePocket(Pocketed):
    name = "apple"

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.phones: dict[str, Phone] = {}

    def adds(self, serial: str) -> None:
        self.phones[serial] = phone = self.service.phone()
        phone.adds(serial)

    def is_usable(self, serial: str) -> bool:
        return not self._pass(serial).get("voided", False)

    def points(self, serial: str) -> int:
        card = next(
            value
            for value in self._pass(serial).values()
            if isinstance(value, dict) and "headerFields" in value
        )
        fields = [field for group in card.values() if isinstance(group, list) for field in group]
        return int(next(field["value"] for field in fields if field["key"] == "points"))

    def fails(self, failing: bool = True) -> None:
        self.service.apns.faults.outage = failing

    def calls(self) -> int:
        return len(self.service.apns.log)

    def _pass(self, serial: str) -> dict[str, Any]:
        return pass_json(self.phones[serial].fetches(serial).data)


class GooglePocket(Pocketed):
    name = "google"

    def adds(self, serial: str) -> None:
        token = self.wallet.add_url(self.face(serial)).rpartition("/")[2]
        self.service.google.state.save_link(token, "anna")
        wait_until(lambda: self._row(serial).saved_at is not None)

    def is_usable(self, serial: str) -> bool:
        return str(self._shown(serial)["state"]).upper() == "ACTIVE"

    def points(self, serial: str) -> int:
        return int(self._shown(serial)["loyaltyPoints"]["balance"]["int"])

    def fails(self, failing: bool = True) -> None:
        self.service.google.state.modes.change({"error_rate": float(failing)})

    def calls(self) -> int:
        return len(self.service.google.state.requests)

    def _row(self, serial: str) -> GoogleObject:
        with self.service.parts.deps.read() as session:
            return session.get_one(GoogleObject, self.service.card(serial).id)

    def _shown(self, serial: str) -> dict[str, Any]:
        found: dict[str, Any] = self.service.google.state.view(self._row(serial).object_id)["object"]
        return found


class SamsungPocket(Pocketed):
    name = "samsung"

    def __init__(self, service: Service, partner: Partner) -> None:
        super().__init__(service)
        self.partner = partner
        self.refs: dict[str, str] = {}

    def adds(self, serial: str) -> None:
        self.refs[serial] = self.partner.samsung.add(self.partner.link(serial))

    def is_usable(self, serial: str) -> bool:
        ref_id = self.refs[serial]
        shown = self.partner.samsung
        return ref_id in shown.cards and not shown.shows(ref_id, "subtitle1").startswith("This card")

    def points(self, serial: str) -> int:
        words = self.partner.samsung.shows(self.refs[serial], "subtitle1")
        return int("".join(char for char in words if char.isdigit()))

    def fails(self, failing: bool = True) -> None:
        self.partner.samsung.failing = 503 if failing else 0

    def calls(self) -> int:
        return self.partner.samsung.asked


@contextmanager
def _apple(service: Service) -> Iterator[Pocketed]:
    yield ApplePocket(service)


@contextmanager
def _google(service: Service) -> Iterator[Pocketed]:
    yield GooglePocket(service)


@contextmanager
def _samsung(service: Service) -> Iterator[Pocketed]:
    with partner_of_samsung(service) as partner:
        yield SamsungPocket(service, partner)


POCKETS: Mapping[str, Callable[[Service], AbstractContextManager[Pocketed]]] = {
    "apple": _apple,
    "google": _google,
    "samsung": _samsung,
}


def wait_until(true: Callable[[], bool], *, most_s: float = 30.0) -> None:
    """Google's callbacks come from a thread of its own."""
    waiting = threading.Event()
    for _ in range(int(most_s / 0.02)):
        if true():
            return
        waiting.wait(0.02)
    raise AssertionError("it never came true")
