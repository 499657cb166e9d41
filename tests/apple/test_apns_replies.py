"""Apple's table of answers, row by row, and the fuse that keeps a wrong setting from wiping out
registrations.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wallets.apple.apns_breaker import CircuitBreaker
from app.wallets.apple.apns_replies import Push, PushResult, Reply, Verdict, judge, read_reply, wait_s

REGISTERED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REGISTERED_MS = int(REGISTERED.timestamp() * 1000)
REJECTED = Reply(400, "BadDeviceToken")

ROWS = [
    (200, "", Verdict.SENT),
    (400, "BadDeviceToken", Verdict.DROP),
    (400, "DeviceTokenNotForTopic", Verdict.DROP),
    (400, "BadCollapseId", Verdict.OURS),
    (400, "BadExpirationDate", Verdict.OURS),
    (400, "BadMessageId", Verdict.OURS),
    (400, "BadPriority", Verdict.OURS),
    (400, "BadTopic", Verdict.OURS),
    (400, "DuplicateHeaders", Verdict.OURS),
    (400, "IdleTimeout", Verdict.RETRY),
    (400, "InvalidPushType", Verdict.OURS),
    (400, "MissingDeviceToken", Verdict.OURS),
    (400, "MissingTopic", Verdict.OURS),
    (400, "PayloadEmpty", Verdict.OURS),
    (400, "TopicDisallowed", Verdict.OURS),
    (403, "BadCertificate", Verdict.OURS),
    (403, "BadCertificateEnvironment", Verdict.OURS),
    (403, "ExpiredProviderToken", Verdict.OURS),
    (403, "Forbidden", Verdict.OURS),
    (403, "InvalidProviderToken", Verdict.OURS),
    (403, "MissingProviderToken", Verdict.OURS),
    (403, "UnrelatedKeyIdInToken", Verdict.OURS),
    (403, "BadEnvironmentKeyIdInToken", Verdict.OURS),
    (404, "BadPath", Verdict.OURS),
    (405, "MethodNotAllowed", Verdict.OURS),
    (413, "PayloadTooLarge", Verdict.OURS),
    (429, "TooManyRequests", Verdict.THROTTLED),
    (429, "TooManyProviderTokenUpdates", Verdict.THROTTLED),
    (500, "InternalServerError", Verdict.RETRY),
    (503, "ServiceUnavailable", Verdict.RETRY),
    (503, "Shutdown", Verdict.RETRY),
]


@pytest.mark.parametrize(("status", "reason", "verdict"), ROWS)
def test_every_row_of_apples_table_has_its_verdict(status: int, reason: str, verdict: Verdict) -> None:
    assert verdict is judge(Reply(status, reason), REGISTERED)


@pytest.mark.parametrize("reason", ["Unregistered", "ExpiredToken"])
def test_a_phone_that_is_gone_loses_its_token(reason: str) -> None:
    reply = Reply(410, reason, invalid_at_ms=REGISTERED_MS + 1)

    assert Verdict.DROP is judge(reply, REGISTERED)
    assert Verdict.DROP is judge(reply, None)


@pytest.mark.parametrize("reason", ["Unregistered", "ExpiredToken"])
def test_a_phone_that_registered_again_after_it_was_gone_keeps_its_token(reason: str) -> None:
    assert Verdict.RETRY is judge(Reply(410, reason, invalid_at_ms=REGISTERED_MS - 1), REGISTERED)
    assert Verdict.RETRY is judge(Reply(410, reason, invalid_at_ms=REGISTERED_MS), REGISTERED)


def test_a_410_without_a_time_keeps_the_token() -> None:
    assert Verdict.RETRY is judge(read_reply(410, b'{"reason": "Unregistered"}'), REGISTERED)


@given(status=st.integers(0, 999), reason=st.text(max_size=40), at=st.none() | st.integers(1, 1 << 52))
def test_only_the_four_known_answers_ever_cost_a_token(status: int, reason: str, at: int | None) -> None:
    assert Verdict.DROP is not judge(Reply(status, f"~{reason}", invalid_at_ms=at), REGISTERED)


@given(status=st.integers(201, 599), body=st.binary(max_size=200))
def test_any_body_is_read_without_harm(status: int, body: bytes) -> None:
    assert status == read_reply(status, body).status


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"[" * 5000, b'{"reason": 5, "timestamp": "x"}', b"\xff", b'{"timestamp": true}'],
)
def test_a_nonsense_body_leaves_no_reason_and_no_time(body: bytes) -> None:
    assert Reply(410) == read_reply(410, body)


def test_waits_grow_and_the_servers_wish_wins() -> None:
    waits = [wait_s(Verdict.RETRY, attempt, chance=0.5) for attempt in range(30)]

    assert sorted(waits) == waits
    assert waits[0] < waits[3] < waits[6]
    assert 900 >= waits[-1]
    assert 1200 == wait_s(Verdict.RETRY, 0, chance=0.5, retry_after_s=1200)
    assert 0 == wait_s(Verdict.SENT, 9, chance=0.5) == wait_s(Verdict.DROP, 9, chance=0.5)


@given(attempt=st.integers(-5, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_endless(attempt: int, chance: float) -> None:
    assert all(
        0 < wait_s(verdict, attempt, chance=chance) <= 3600 for verdict in ("retry", "throttled", "ours")
    )


# -- the fuse ----------------------------------------------------------------------------------------------


def answered(breaker: CircuitBreaker, *replies: Reply) -> list[Verdict]:
    """What a batch with these answers comes to."""
    results = []
    for reply in replies:
        breaker.note(reply)
        results.append(PushResult(Push("00" * 32), judge(reply, REGISTERED), reply))
    return [result.verdict for result in breaker.sift(results)]


def test_a_few_bad_tokens_are_dropped_after_all_others_are_told() -> None:
    breaker = CircuitBreaker()

    assert [Verdict.SENT] * 20 + [Verdict.DROP] * 5 == answered(breaker, *[REJECTED] * 5, *[Reply(200)] * 20)
    assert breaker.finding is None


def test_a_batch_that_is_rejected_as_a_whole_drops_nothing() -> None:
    breaker = CircuitBreaker()

    assert [Verdict.OURS] * 30 == answered(breaker, *[REJECTED] * 30)
    assert breaker.finding is not None
    assert (30, 30, "BadDeviceToken") == (
        breaker.finding.answered,
        breaker.finding.rejected,
        breaker.finding.reason,
    )
    assert "no token was dropped" in str(breaker.finding)


def test_exactly_half_is_not_most() -> None:
    assert [Verdict.SENT] * 20 + [Verdict.DROP] * 20 == answered(
        CircuitBreaker(), *[REJECTED] * 20, *[Reply(200)] * 20
    )


def test_one_by_one_pushes_add_up_to_a_mass_rejection() -> None:
    breaker = CircuitBreaker()
    verdicts = [answered(breaker, REJECTED)[0] for _ in range(40)]

    assert [Verdict.DROP] * 19 + [Verdict.OURS] * 21 == verdicts


def test_an_outage_says_nothing_about_tokens() -> None:
    breaker = CircuitBreaker()
    answered(breaker, *[Reply(200)] * 15, *[REJECTED] * 10, *[Reply(503, "Shutdown")] * 500)

    assert breaker.finding is None


def test_the_fuse_closes_by_itself_once_pushes_succeed_again() -> None:
    breaker = CircuitBreaker()
    answered(breaker, *[REJECTED] * 100)
    assert breaker.finding is not None

    answered(breaker, *[Reply(200)] * 100)

    assert breaker.finding is None
    assert [Verdict.DROP] == answered(breaker, Reply(410, "Unregistered", REGISTERED_MS + 1))


def test_gone_phones_are_no_rejection_but_wait_for_the_verdict() -> None:
    gone = Reply(410, "Unregistered", int((REGISTERED + timedelta(days=1)).timestamp() * 1000))

    assert [Verdict.DROP] * 30 == answered(CircuitBreaker(), *[gone] * 30)
    assert [Verdict.OURS] * 31 == answered(CircuitBreaker(), *[REJECTED] * 30, gone)
