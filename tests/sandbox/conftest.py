"""A shop with a web service, an iPhone of Anna's, and a push service that a test holds in its hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.sandbox.certificates import DevelopmentAuthority
from app.sandbox.iphone import IPhone
from app.sandbox.world import PooledSend, World, utc_now
from tests.support.clock import Clock
from tests.support.pass_server import PassServer
from tests.support.passes import PASS_TYPE, Signer
from tests.support.stepped import SteppedSchedule


class HandApns:
    """APNs that only remembers which tokens are alive."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}

    def register(self, token: str, topic: str) -> None:
        self.tokens[token] = topic

    def unregister(self, token: str) -> None:
        self.tokens.pop(token, None)


class Told(list[tuple[str, dict[str, Any]]]):
    """What phones told of, in order."""

    def __call__(self, kind: str, data: dict[str, Any]) -> None:
        self.append((kind, data))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data for one, data in self if one == kind]


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    folder = tmp_path_factory.mktemp("authority")
    return Signer(DevelopmentAuthority(folder, now=utc_now).issue(PASS_TYPE, folder / "certs"))


@pytest.fixture
def shop(signer: Signer) -> Iterator[PassServer]:
    server = PassServer(signer)
    yield server
    server.close()
    assert [] == server.faults


@pytest.fixture
def apns() -> HandApns:
    return HandApns()


@pytest.fixture
def schedule(clock: Clock) -> SteppedSchedule:
    return SteppedSchedule(clock)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def world(apns: HandApns, schedule: SteppedSchedule, clock: Clock, told: Told) -> Iterator[World]:
    send = PooledSend()
    yield World(send, schedule, apns, told, now=clock.now, head_every=0)
    send.close()


@pytest.fixture
def anna(world: World) -> IPhone:
    return IPhone("anna", "Anna’s iPhone", "en", world)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "phones"
