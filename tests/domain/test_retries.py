"""When a webhook that failed is sent again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.retries import DELAYS_S, MOST_ATTEMPTS, next_delay_s


def test_it_is_tried_over_24_hours_and_then_given_up() -> None:
    delays = [next_delay_s(attempts, 0.0) for attempts in range(1, MOST_ATTEMPTS)]

    assert [5, 30, 300, 1800, 3600, 7200, 14_400, 28_800, 30_600] == delays
    assert 24 <= sum(DELAYS_S) / 3600 < 25
    assert None is next_delay_s(MOST_ATTEMPTS, 0.0)


@settings(max_examples=40)
@given(
    attempts=st.integers(1, MOST_ATTEMPTS - 1),
    jitter=st.floats(0, 1),
    asked=st.none() | st.floats(0, 10**9),
)
def test_never_sooner_than_planned_or_asked_and_never_a_tenth_later_than_both(
    attempts: int, jitter: float, asked: float | None
) -> None:
    wait_s = next_delay_s(attempts, jitter, asked)

    longest = max(DELAYS_S[attempts - 1], min(asked or 0, 86_400))
    assert wait_s is not None
    assert longest <= wait_s <= longest * 1.1 + 1e-6
