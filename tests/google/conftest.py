"""A stand-in for Google with a shop beside it, over real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.wallets.google.client import GoogleClient
from tests.support.google_server import Google, running_google
from tests.support.service import Service


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    with running_google(tmp_path) as running:
        yield running


@pytest.fixture
def client(google: Google) -> GoogleClient:
    return google.client()


@pytest.fixture
def cafe(google: Google, client: GoogleClient) -> Google:
    """Google with the café's class already there."""
    client.upsert_class(google.class_body())
    return google


@pytest.fixture
def one_time(request: pytest.FixtureRequest) -> Iterator[None]:
    """Google's day is the test's day."""
    name = next((one for one in ("service", "sqlite_service") if one in request.fixturenames), None)
    if name is None:
        yield
        return
    running: Service = request.getfixturevalue(name)
    before, running.google.state.now = running.google.state.now, running.clock.now
    yield
    running.google.state.now = before
