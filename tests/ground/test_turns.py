"""Writers of one process take turns, and nobody who waits is passed over."""

from threading import Thread

from app.storage.turns import Turns

LONG_S, SHORT_S = 10.0, 0.01


def test_a_free_turn_is_ours_at_once() -> None:
    assert Turns().take(SHORT_S)


def test_who_waits_too_long_goes_away_and_blocks_nobody() -> None:
    turns = Turns()
    turns.take(LONG_S)
    assert not turns.take(SHORT_S)
    turns.give_back()
    assert turns.take(SHORT_S)


def test_a_roll_out_cannot_pass_the_turn_to_itself_while_a_till_waits() -> None:
    turns, served = Turns(), []
    turns.take(LONG_S)

    def till() -> None:
        turns.take(LONG_S)
        served.append("till")
        turns.give_back()

    waiting = Thread(target=till)
    waiting.start()
    while not turns.waiting:
        pass
    turns.give_back()
    turns.take(LONG_S)
    served.append("roll-out")
    turns.give_back()
    waiting.join(LONG_S)
    assert ["till", "roll-out"] == served
