"""Each wallet behind one set of verbs: a card in somebody's pocket, a vendor that can be told to fail."""

from collections.abc import Iterator

import pytest

from tests.support.pockets import POCKETS, Pocketed
from tests.support.service import Service


@pytest.fixture(params=POCKETS)
def pocket(request: pytest.FixtureRequest, sqlite_service: Service) -> Iterator[Pocketed]:
    """Every wallet of the registry, each with its vendor across the wire."""
    before = sqlite_service.design
    with POCKETS[request.param](sqlite_service) as made:
        yield made
    sqlite_service.design = before
