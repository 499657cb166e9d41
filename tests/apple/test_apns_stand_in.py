"""The stand-in for Apple's push service refuses what Apple refuses, and survives what anybody sends."""

import queue
from collections.abc import Iterator
from pathlib import Path

import pycurl
import pytest

from app.sandbox.apns import Push
from tests.support.apns_caller import call, say
from tests.support.apns_stand import (
    OTHER_TOPIC,
    TOPIC,
    ApnsStand,
    nameless_papers,
    new_authority,
    open_stand,
    token,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"

RUBBISH = {
    "not HTTP/2": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a frame that is too long": PREFACE + SETTINGS + b"\x00\x40\x01" + bytes(5) + b"\x01" + bytes(0x4001),
    "data on a stream that is not open": PREFACE + SETTINGS + b"\x00\x00\x02\x00\x01\x00\x00\x00\x07{}",
    "headers that do not decode": PREFACE + SETTINGS + b"\x00\x00\x04\x01\x05\x00\x00\x00\x01" + b"\xff" * 4,
    "a window of zero": PREFACE + SETTINGS + b"\x00\x00\x04\x08" + bytes(9),
    "settings of odd length": PREFACE + b"\x00\x00\x05\x04" + bytes(10),
}


@pytest.fixture(scope="module")
def arrived() -> "queue.Queue[Push]":
    return queue.Queue()


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory, arrived: "queue.Queue[Push]") -> Iterator[ApnsStand]:
    home = tmp_path_factory.mktemp("apns")
    stand = open_stand(home, new_authority(home), on_push=arrived.put, clock=lambda: 1_772_366_400.0)
    stand.server.register(token(1), TOPIC)
    stand.server.register(token(2), OTHER_TOPIC)
    yield stand
    stand.close()


def ask(street: ApnsStand, **options: object) -> tuple[int, str]:
    status, body, _ = call(street, **{"papers": street.papers_of(TOPIC)} | options)  # type: ignore[arg-type]
    return status, body.get("reason", "")


def with_headers(*more: str) -> dict[str, object]:
    return {"headers": (f"apns-topic: {TOPIC}", *more)}


REFUSALS: dict[str, tuple[dict[str, object], tuple[int, str]]] = {
    "no certificate": ({"papers": None}, (403, "MissingProviderToken")),
    "wrong path": ({"path": "/4/device/00"}, (404, "BadPath")),
    "path with a query": ({"path": f"/3/device/{token(1)}?x=1"}, (404, "BadPath")),
    "wrong method": ({"method": "PUT"}, (405, "MethodNotAllowed")),
    "no token": ({"path": "/3/device/"}, (400, "MissingDeviceToken")),
    "token that is not hexadecimal": ({"path": "/3/device/zz"}, (400, "BadDeviceToken")),
    "token that is too long": ({"path": "/3/device/" + "ab" * 101}, (400, "BadDeviceToken")),
    "unknown token": ({"path": f"/3/device/{token(99)}"}, (400, "BadDeviceToken")),
    "token of another topic": ({"path": f"/3/device/{token(2)}"}, (400, "DeviceTokenNotForTopic")),
    "no topic": ({"headers": ()}, (400, "MissingTopic")),
    "topic that is none": ({"headers": ("apns-topic: a b",)}, (400, "BadTopic")),
    "topic of another certificate": ({"headers": (f"apns-topic: {OTHER_TOPIC}",)}, (400, "TopicDisallowed")),
    "topic twice": (with_headers(f"apns-topic: {TOPIC}"), (400, "DuplicateHeaders")),
    "wrong priority": (with_headers("apns-priority: 7"), (400, "BadPriority")),
    "wrong expiration": (with_headers("apns-expiration: soon"), (400, "BadExpirationDate")),
    "wrong id": (with_headers("apns-id: 7"), (400, "BadMessageId")),
    "wrong push type": (with_headers("apns-push-type: wallet"), (400, "InvalidPushType")),
    "collapse id that is too long": (with_headers("apns-collapse-id: " + "x" * 65), (400, "BadCollapseId")),
    "empty body": ({"body": ""}, (400, "PayloadEmpty")),
    "body that is too large": ({"body": "x" * 4097}, (413, "PayloadTooLarge")),
    "body that is far too large": ({"body": "x" * 400_000}, (413, "PayloadTooLarge")),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_request_gets_apples_refusal(street: ApnsStand, case: str) -> None:
    options, expected = REFUSALS[case]

    assert expected == ask(street, **options)
    assert expected == (street.server.log[-1].status, street.server.log[-1].reason)


def test_an_accepted_push_reaches_the_phone_with_its_id(
    street: ApnsStand, arrived: "queue.Queue[Push]"
) -> None:
    mine = "123e4567-e89b-12d3-a456-426655440000"
    status, _, headers = call(
        street,
        papers=street.papers_of(TOPIC),
        headers=(f"apns-topic: {TOPIC}", f"apns-id: {mine}"),
        body="x" * 4096,
    )

    assert (200, mine) == (status, headers["apns-id"])
    push = arrived.get(timeout=30)
    assert (token(1), TOPIC, mine) == (push.token, push.topic, push.apns_id)


def test_a_push_without_an_id_is_given_one(street: ApnsStand) -> None:
    _, _, headers = call(street, papers=street.papers_of(TOPIC))

    assert 36 == len(headers["apns-id"])


def test_a_certificate_of_somebody_elses_authority_does_not_get_in(street: ApnsStand, tmp_path: Path) -> None:
    folder = new_authority(tmp_path).issue(TOPIC, tmp_path / "certs")

    with pytest.raises(pycurl.error):
        call(street, papers=(folder / "certificate.pem", folder / "key.pem"))


def test_a_certificate_without_a_pass_type_is_a_bad_certificate(street: ApnsStand, tmp_path: Path) -> None:
    assert (403, "BadCertificate") == ask(street, papers=nameless_papers(street, tmp_path))


def test_a_phone_that_is_gone_gets_410_with_the_time(street: ApnsStand) -> None:
    street.server.register(token(3), TOPIC)
    street.server.unregister(token(3))

    status, body, _ = call(street, papers=street.papers_of(TOPIC), path=f"/3/device/{token(3)}")

    assert (410, {"reason": "Unregistered", "timestamp": 1_772_366_400_000}) == (status, body)


def test_a_phone_that_comes_back_is_alive_again(street: ApnsStand) -> None:
    street.server.register(token(4), TOPIC)
    street.server.unregister(token(4))
    street.server.register(token(4).upper(), TOPIC)

    assert (200, "") == ask(street, path=f"/3/device/{token(4)}")


def test_one_token_is_throttled_and_others_are_not(street: ApnsStand) -> None:
    street.server.register(token(5), TOPIC)
    street.server.limit(2, within_s=60)
    answers = [ask(street, path=f"/3/device/{token(5)}") for _ in range(3)]
    other = ask(street)
    street.server.limit(0, within_s=60)

    assert [(200, ""), (200, ""), (429, "TooManyRequests")] == answers
    assert (200, "") == other


@pytest.mark.parametrize(
    "rubbish",
    RUBBISH.values(),
    ids=RUBBISH,
)
def test_malformed_frames_end_their_own_connection_only(street: ApnsStand, rubbish: bytes) -> None:
    say(street, rubbish)

    assert (200, "") == ask(street)


def test_a_phone_that_fails_on_a_push_does_not_stop_the_others(tmp_path: Path) -> None:
    seen: queue.Queue[str] = queue.Queue()

    def on_push(push: Push) -> None:
        seen.put(push.token)
        raise RuntimeError("this phone is broken")

    stand = open_stand(tmp_path, new_authority(tmp_path), on_push=on_push)
    for number in (1, 2):
        stand.server.register(token(number), TOPIC)
        assert (200, "") == ask(stand, path=f"/3/device/{token(number)}")
    heard = [seen.get(timeout=30), seen.get(timeout=30)]
    stand.close()

    assert [token(1), token(2)] == heard
