"""A file that came half is nobody's work, and what cannot be read is refused in words."""

import io
import threading
from typing import Any

import pytest

from app.services.jobs import importing
from app.services.jobs.importing import Asked
from tests.moving.conftest import Mover
from tests.moving.test_imports import crowd

ASKED = Asked("cafe", "csv", "key:crm", key="monday")


class Cut(io.BytesIO):
    """A file whose reader dies when it is read for the second time."""

    begins = 0

    def seek(self, *where: Any) -> int:
        self.begins += 1
        if self.begins > 3:
            raise ConnectionError
        return super().seek(*where)


def test_a_file_that_came_half_may_be_sent_again_under_its_key(mover: Mover) -> None:
    means = mover.shop.deps.means
    with pytest.raises(ConnectionError):
        importing.lay_down(means, Cut(crowd(3)), ASKED)
    mover.works()
    assert [] == mover.cards()

    name, known = importing.lay_down(means, io.BytesIO(crowd(3)), ASKED)
    mover.works()

    assert (False, "done", 3) == (known, mover.job(name).state, len(mover.cards()))
    assert (name, True) == importing.lay_down(means, io.BytesIO(crowd(3)), ASKED)


def test_the_same_file_twice_at_once_is_one_job(mover_on_each: Mover) -> None:
    means, gate, told = mover_on_each.shop.deps.means, threading.Barrier(2), list[tuple[str, bool]]()

    class Together(io.BytesIO):
        begins = 0

        def seek(self, *where: Any) -> int:
            self.begins += 1
            if self.begins == 4:
                gate.wait()
            return super().seek(*where)

    def send() -> None:
        told.append(importing.lay_down(means, Together(crowd(3)), ASKED))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    mover_on_each.works()

    assert (1, [False, True]) == (len({name for name, _ in told}), sorted(known for _, known in told))
    listed = mover_on_each.shop.owner.get("/jobs").get_json()["items"]
    assert (1, 3) == (len(listed), len(mover_on_each.cards()))


@pytest.mark.parametrize("data", [b"a" * 200_000 + b"\n1\n", b'"' + b"a" * 200_000 + b'"\n1\n'])
def test_a_first_line_without_end_is_refused_in_words(mover: Mover, data: bytes) -> None:
    answer = mover.shop.owner.post(
        "/programmes/cafe/imports", data=data, headers={"Content-Type": "text/csv"}
    )
    assert "/api/problems/file-refused" == answer.get_json()["type"]
