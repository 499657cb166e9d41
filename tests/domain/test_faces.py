"""What changes a card's face, and what does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.faces import Holder, build_pass
from app.domain.ledger import Holdings, Lot
from app.domain.mechanics.base import State
from app.domain.passes import Pass, face_hash
from app.rendering.starters import starters

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def face(stamps: int = 4, **holder: object) -> Pass:
    kit = starters()["stamp-cafe"]
    state = State(Holdings.of([Lot(1, "stamps", stamps, stamps, NOW)]), NOW, zone=kit.programme.zone)
    return build_pass(kit.programme, kit.design, Holder("s1", "48000001", given_name="Anna", **holder), state)


def test_the_same_card_has_the_same_face() -> None:
    assert face_hash(face()) == face_hash(face())


@pytest.mark.parametrize(
    "other",
    [
        face(stamps=5),
        face(status="blocked"),
        face(locale="ru"),
        face(expires_at=NOW + timedelta(days=1)),
        replace(face(), programme_name={"*": "Another"}),
    ],
    ids=["a stamp", "blocked", "language", "expiry", "name"],
)
def test_what_anybody_can_see_makes_another_face(other: Pass) -> None:
    assert face_hash(face()) != face_hash(other)


def test_version_and_time_are_not_shown() -> None:
    assert face_hash(face()) == face_hash(face(version=7, changed_at=NOW))
