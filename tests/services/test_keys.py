"""Two who rotate one key at once make one successor, on each engine."""

import threading
from datetime import timedelta

from app.domain.errors import Conflict
from app.services import keys
from app.storage.database import Database
from tests.support.clock import Clock


def test_two_rotations_at_once_make_one_successor(database: Database, clock: Clock) -> None:
    made = keys.make(database.write, keys.Wanted(name="till", role="till"), now=clock.now())
    told: list[str] = []
    begin = threading.Barrier(2)

    def rotate() -> None:
        begin.wait()
        try:
            keys.rotate(database.write, made.key_id, overlap=timedelta(hours=1), now=clock.now())
            told.append("made")
        except Conflict:
            told.append("refused")

    both = [threading.Thread(target=rotate) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()

    with database.read() as session:
        rows = keys.page(session, None, limit=10)
    assert ["made", "refused"] == sorted(told)
    assert 2 == len(rows)
