"""What concerns the same card stays in order, and nothing else waits."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.services.crm.lanes import EVERYTHING, Blocker, lanes, put_off

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEYS = st.dictionaries(st.integers(1, 30), st.sets(st.sampled_from("abcdefgh"), max_size=3), max_size=12)


def test_events_that_share_a_name_are_one_lane_in_order() -> None:
    named = {
        1: {"phone:1"},
        2: {"phone:2"},
        3: {"card:7", "phone:1"},
        4: {"external_id:a", "card:7"},
        5: set[str](),
    }

    assert [[1, 3, 4], [2], [5]] == lanes(named)


def test_an_event_that_cannot_be_read_concerns_all() -> None:
    assert [[1, 2, 3]] == lanes({1: {"a"}, 2: {EVERYTHING}, 3: {"b"}})


@given(KEYS)
def test_every_event_is_in_one_lane_and_no_name_is_in_two(keys: dict[int, set[str]]) -> None:
    made = lanes(keys)

    assert sorted(keys) == sorted(event for lane in made for event in lane)
    assert all(lane == sorted(lane) for lane in made)
    names = [{name for event in lane for name in keys[event]} for lane in made]
    assert sum(len(each) for each in names) == len(set().union(*names))


def test_a_lane_waits_for_what_shares_a_name_with_it_alone() -> None:
    blockers = [
        Blocker(3, ["a"], NOW),
        Blocker(2, ["a", "b"], NOW + timedelta(seconds=9)),
        Blocker(1, ["z"], NOW),
    ]

    assert (2, NOW + timedelta(seconds=9)) == put_off([5], {5: {"a"}}, blockers)
    assert None is put_off([5], {5: {"c"}}, blockers)
    assert (4, NOW) == put_off([5], {5: set()}, [Blocker(4, [EVERYTHING], NOW)])
