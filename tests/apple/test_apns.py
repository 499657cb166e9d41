"""Pushes over the real wire: the client that goes to production, against the stand-in for Apple's
service.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.sandbox.certificates import DevelopmentAuthority
from app.wallets.apple.apns import ApnsClient
from app.wallets.apple.apns_breaker import CircuitBreaker
from app.wallets.apple.apns_replies import Push, PushResult, Verdict
from tests.apple.test_apns_replies import ROWS
from tests.support.apns_door import strict_door
from tests.support.apns_stand import (
    OTHER_TOPIC,
    TOPIC,
    ApnsStand,
    new_authority,
    only,
    open_stand,
    token,
    tokens,
)
from tests.support.apple_certs import key_pem


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentAuthority:
    return new_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("papers")


@pytest.fixture
def street(authority: DevelopmentAuthority, home: Path) -> Iterator[ApnsStand]:
    stand = open_stand(home, authority)
    yield stand
    stand.close()


def count(results: Iterable[PushResult]) -> dict[Verdict, int]:
    return dict(Counter(result.verdict for result in results))


def test_every_push_of_a_batch_is_sent_once(street: ApnsStand) -> None:
    batch = tokens(500)
    street.register(batch)

    results = list(street.client().push(batch))

    assert {Verdict.SENT: 500} == count(results)
    assert {push.token for push in batch} == {result.push.token for result in results}
    assert 500 == street.server.accepted


def test_a_batch_uses_one_connection_and_the_next_batch_uses_it_again(street: ApnsStand) -> None:
    batch = tokens(300)
    street.register(batch)
    client = street.client()
    list(client.push(batch))
    list(client.push(batch))

    assert 1 == street.server.connections


@pytest.mark.parametrize(("status", "reason", "verdict"), ROWS)
def test_every_answer_of_apple_over_the_wire(
    street: ApnsStand, status: int, reason: str, verdict: Verdict
) -> None:
    street.server.register(token(1), TOPIC)
    street.server.faults.fail_next(1, status, reason)

    assert (verdict, status, reason) == only(street.client().push(tokens(1)))


def test_a_retry_after_is_handed_on(street: ApnsStand) -> None:
    street.server.faults.fail_next(1, 429, "TooManyRequests", retry_after_s=77)

    (result,) = street.client().push(tokens(1))

    assert (Verdict.THROTTLED, 77) == (result.verdict, result.reply.retry_after_s)


def test_a_gone_phone_is_dropped_unless_it_registered_again_since(street: ApnsStand) -> None:
    before, after = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    gone_ms = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
    street.register(tokens(1))
    street.server.unregister(token(1), at_ms=gone_ms)
    client = street.client()

    assert (Verdict.DROP, 410, "Unregistered") == only(client.push([Push(token(1), registered_at=before)]))
    assert (Verdict.RETRY, 410, "Unregistered") == only(client.push([Push(token(1), registered_at=after)]))


@pytest.mark.parametrize("bad", ["", "zz", "../../1", "a" * 63, "ab" * 101, "00\r\nx: y", "00?a=b", "٠" * 64])
def test_a_token_that_is_none_never_gets_into_an_address(street: ApnsStand, bad: str) -> None:
    assert (Verdict.DROP, 0, "MalformedToken") == only(street.client().push([Push(bad)]))
    assert not street.server.log


# -- our own faults ----------------------------------------------------------------------------------------


def test_a_wrong_topic_stops_the_batch_and_drops_nothing(street: ApnsStand) -> None:
    batch = tokens(2000)
    street.register(batch)

    verdicts = count(street.client(topic=OTHER_TOPIC, in_flight=50).push(batch))

    assert {Verdict.OURS: 2000} == verdicts
    assert 100 >= len(street.server.log)


def test_a_certificate_that_apple_does_not_trust_is_our_fault(street: ApnsStand, tmp_path: Path) -> None:
    folder = new_authority(tmp_path).issue(TOPIC, tmp_path / "certs")
    with strict_door(street.authority) as url:
        client = street.client_with(folder / "certificate.pem", folder / "key.pem", url=url)

        assert (Verdict.OURS, 0, "CertificateRefused") == only(client.push(tokens(1)))


def test_a_missing_certificate_file_is_our_fault(street: ApnsStand, tmp_path: Path) -> None:
    client = street.client_with(tmp_path / "nothing.pem", tmp_path / "nothing.pem")

    assert {(Verdict.OURS, "CertificateUnusable")} == {
        (result.verdict, result.reply.reason) for result in client.push(tokens(50))
    }


def test_a_key_that_does_not_fit_its_certificate_is_our_fault(street: ApnsStand) -> None:
    client = street.client_with(street.papers_of(TOPIC)[0], street.papers_of(OTHER_TOPIC)[1])

    assert (Verdict.OURS, 0, "CertificateUnusable") == only(client.push(tokens(1)))


def test_a_locked_key_needs_its_password(street: ApnsStand, tmp_path: Path) -> None:
    street.register(tokens(1))
    certificate, key_file = street.papers_of(TOPIC)
    private = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    locked = tmp_path / "key.pem"
    locked.write_bytes(key_pem(private, passphrase=b"secret"))

    without = only(street.client_with(certificate, locked).push(tokens(1)))
    with_it = only(street.client_with(certificate, locked, key_password="secret").push(tokens(1)))

    assert (Verdict.OURS, 0, "CertificateUnusable") == without
    assert (Verdict.SENT, 200, "") == with_it


def test_a_server_that_nobody_vouches_for_gets_no_push(street: ApnsStand) -> None:
    assert (Verdict.OURS, 0, "ServerNotTrusted") == only(street.client(ca_path=None).push(tokens(1)))
    assert not street.server.log


def test_a_missing_trust_anchor_is_our_fault(street: ApnsStand, tmp_path: Path) -> None:
    assert Verdict.OURS is only(street.client(ca_path=tmp_path / "nothing.pem").push(tokens(1)))[0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "ftp://x", "127.0.0.1", "https://"])
def test_an_address_without_tls_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        ApnsClient(url, Path("c.pem"), Path("k.pem"), topic=TOPIC)


def test_a_topic_that_would_break_the_header_is_refused() -> None:
    with pytest.raises(ValueError, match="pass type"):
        ApnsClient("https://x", Path("c.pem"), Path("k.pem"), topic="a\r\nb: c")


def test_the_wrong_host_calls_all_tokens_bad_and_none_is_dropped(street: ApnsStand) -> None:
    breaker = CircuitBreaker()
    verdicts = count(street.client(breaker=breaker, in_flight=50).push(tokens(2000)))

    assert {Verdict.OURS: 2000} == verdicts
    assert breaker.finding is not None
    assert "BadDeviceToken" == breaker.finding.reason
    assert 400 >= len(street.server.log), "the rest of the batch is not shown to Apple"


def test_after_a_mass_rejection_the_next_batch_is_tried_again(street: ApnsStand) -> None:
    client = street.client()
    list(client.push(tokens(300)))
    street.register(tokens(300))

    assert {Verdict.SENT: 300} == count(client.push(tokens(300)))
    assert client.breaker.finding is None


def test_a_few_dead_tokens_among_many_are_dropped_last(street: ApnsStand) -> None:
    street.register(tokens(95, first=6))

    verdicts = [result.verdict for result in street.client().push(tokens(100))]

    assert [Verdict.SENT] * 95 + [Verdict.DROP] * 5 == verdicts


# -- Apple's troubles --------------------------------------------------------------------------------------


def test_goaway_every_500_requests_loses_none_of_3000(street: ApnsStand) -> None:
    batch = tokens(3000)
    street.register(batch)
    street.server.faults.goaway_every = 500

    assert {Verdict.SENT: 3000} == count(street.client().push(batch))
    assert {push.token for push in batch} <= {line.token for line in street.server.log if line.status == 200}


def test_a_connection_that_is_cut_in_the_middle_loses_nothing(street: ApnsStand) -> None:
    batch = tokens(1000)
    street.register(batch)
    street.server.faults.cut_every = 300
    street.server.faults.cut_next(2)

    assert {Verdict.SENT: 1000} == count(street.client(in_flight=100).push(batch))


def test_a_server_that_cuts_every_connection_at_once_ends_in_retries(street: ApnsStand) -> None:
    street.server.faults.cut_every = 1

    assert {Verdict.RETRY: 40} == count(street.client(in_flight=10).push(tokens(40)))


def test_a_kept_connection_that_died_between_batches_is_replaced(street: ApnsStand) -> None:
    street.register(tokens(1))
    client = street.client()
    list(client.push(tokens(1)))
    street.server.drop_connections()

    assert (Verdict.SENT, 200, "") == only(client.push(tokens(1)))


def test_a_server_that_is_down_gives_retries_at_once(street: ApnsStand) -> None:
    client = street.client(connect_timeout_s=60, timeout_s=60)
    street.server.stop()
    results = list(client.push(tokens(5000)))

    assert {Verdict.RETRY: 5000} == count(results)
    assert {"NotConnected"} == {result.reply.reason for result in results}


def test_the_client_comes_back_when_the_server_does(authority: DevelopmentAuthority, home: Path) -> None:
    first = open_stand(home, authority)
    client = first.client()
    first.server.stop()
    assert Verdict.RETRY is only(client.push(tokens(1)))[0]

    second = open_stand(home, authority, port=int(first.server.url.rpartition(":")[2]))
    second.register(tokens(1))
    answer = only(client.push(tokens(1)))
    first.close()
    second.close()

    assert (Verdict.SENT, 200, "") == answer


def test_an_outage_is_not_hammered(street: ApnsStand) -> None:
    street.server.faults.outage = True

    assert {Verdict.RETRY: 3000} == count(street.client(in_flight=50).push(tokens(3000)))
    assert 200 >= len(street.server.log)


def test_a_server_that_never_answers_ends_in_retries(street: ApnsStand) -> None:
    street.server.faults.mute = True
    client = street.client(timeout_s=0.3, in_flight=10)

    assert {Verdict.RETRY: 500} == count(client.push(tokens(500)))
    street.server.faults.clear()
    street.register(tokens(1))
    assert (Verdict.SENT, 200, "") == only(client.push(tokens(1)))


# -- two at once -------------------------------------------------------------------------------------------


def test_results_come_while_the_batch_is_still_going(street: ApnsStand) -> None:
    street.register(tokens(200))
    drawn: list[Push] = []

    def drawing() -> Iterator[Push]:
        for push in tokens(200):
            drawn.append(push)
            yield push

    results = street.client(in_flight=20).push(drawing())
    next(results)

    assert 50 >= len(drawn)
    assert 199 == len(list(results))


def test_a_batch_that_is_left_early_does_not_spoil_the_next(street: ApnsStand) -> None:
    street.register(tokens(200))
    client = street.client(in_flight=20)
    begun = client.push(tokens(200))
    next(begun)
    begun.close()  # type: ignore[attr-defined]

    assert {Verdict.SENT: 150} == count(client.push(tokens(150)))


def test_the_urgent_lane_does_not_wait_behind_a_banner(street: ApnsStand) -> None:
    street.register(tokens(2000))
    bulk, urgent = street.client(), street.client()
    banner = bulk.push(tokens(2000))
    next(banner)

    assert (Verdict.SENT, 200, "") == only(urgent.push(tokens(1)))
    assert 1999 == len(list(banner))


def test_threads_take_turns_on_one_client(street: ApnsStand) -> None:
    street.register(tokens(400))
    client = street.client()
    told: list[dict[Verdict, int]] = []
    threads = [
        threading.Thread(target=lambda: told.append(count(client.push(tokens(100))))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [{Verdict.SENT: 100}] * 4 == told


def test_a_second_batch_inside_the_first_is_our_mistake(street: ApnsStand) -> None:
    street.register(tokens(100))
    client = street.client(in_flight=5)
    begun = client.push(tokens(100))
    next(begun)

    with pytest.raises(RuntimeError, match="last batch"):
        list(client.push(tokens(1)))
    begun.close()  # type: ignore[attr-defined]


def test_apple_is_told_until_when_to_try(street: ApnsStand) -> None:
    street.register(tokens(1))
    client = street.client(priority=5)

    assert (Verdict.SENT, 200, "") == only(
        client.push(tokens(1), expires_at=datetime(2026, 4, 1, tzinfo=UTC))
    )
