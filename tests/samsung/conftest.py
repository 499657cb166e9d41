"""A shop that is Samsung's partner, on either engine, over real sockets."""

from collections.abc import Iterator

import pytest

from tests.support.samsung_server import Partner, partner_of_samsung
from tests.support.service import Service


@pytest.fixture
def partner(service: Service) -> Iterator[Partner]:
    """On both engines."""
    with partner_of_samsung(service) as made:
        yield made


@pytest.fixture
def shop(sqlite_service: Service) -> Iterator[Partner]:
    """Where the engine makes no difference."""
    with partner_of_samsung(sqlite_service) as made:
        yield made
