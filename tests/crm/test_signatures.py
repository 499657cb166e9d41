"""Only a genuine and recent call passes, whatever the headers hold."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from app.connectors.generic import Generic
from app.services.ports import HookRejected, Inbound

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = base64.b64encode(b"k" * 32).decode()
SECRET = f"whsec_{KEY}"
BODY = b'{"type": "stamps", "data": {}}'


def standard(
    body: bytes = BODY, at: datetime = NOW, secret: str = SECRET, event: str = "e1"
) -> dict[str, str]:
    """Headers as the published library makes them."""
    signature = Webhook(secret).sign(event, at, body.decode())
    return {
        "webhook-id": event,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def plain(body: bytes = BODY, secret: str = "till-secret-0001", stamp: str = "") -> str:
    content = f"{stamp}.".encode() + body if stamp else body
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def key_of(headers: Mapping[str, str], body: bytes = BODY, *secrets: str, now: datetime = NOW) -> str:
    return Generic().verify(Inbound(headers, body, {}), secrets or (SECRET,), now=now).dedup_key


def is_rejected(headers: Mapping[str, str], body: bytes = BODY, *secrets: str, now: datetime = NOW) -> bool:
    try:
        key_of(headers, body, *secrets, now=now)
    except HookRejected:
        return True
    return False


def test_the_published_library_signs_as_we_verify() -> None:
    assert "id:e1" == key_of(standard())


def test_any_of_several_secrets_and_signatures_will_do() -> None:
    other = "whsec_" + base64.b64encode(b"o" * 32).decode()
    both = standard() | {
        "webhook-signature": f"v1a,xyz {standard(secret=other)['webhook-signature']} "
        + standard()["webhook-signature"]
    }

    assert "id:e1" == key_of(both)
    assert "id:e1" == key_of(standard(), BODY, other, SECRET)
    assert is_rejected(standard(), BODY, other)
    assert is_rejected(standard(), BODY, *[other] * 3)


@pytest.mark.parametrize(
    ("seconds", "late"), [(-301, True), (-300, False), (300, False), (301, True), (86400, True)]
)
def test_the_clock_may_differ_by_five_minutes_either_way(seconds: int, late: bool) -> None:
    assert late == is_rejected(standard(at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize(
    "value", [None, "", "garbage", "v1,abc", "v1,", "ключ", "\x00", "1e9", "-1", "9" * 400, "v1," * 9]
)
def test_a_hostile_header_is_rejected_and_breaks_nothing(name: str, value: str | None) -> None:
    headers = {**standard(), name: value}

    assert is_rejected({key: each for key, each in headers.items() if each is not None})


def test_a_truncated_or_changed_call_is_rejected() -> None:
    good = standard()

    assert is_rejected(good, BODY[:-1])
    assert is_rejected(good, BODY + b" ")
    assert is_rejected({**good, "webhook-id": "e2"})
    assert is_rejected({**good, "webhook-timestamp": str(int(NOW.timestamp()) + 1)})
    assert is_rejected({**good, "webhook-signature": good["webhook-signature"][:-4]})
    assert is_rejected({}, BODY) and is_rejected(good, BODY, "")


@given(
    st.dictionaries(
        st.sampled_from(
            ["webhook-id", "webhook-timestamp", "webhook-signature", "x-signature", "x-timestamp"]
        ),
        st.text(max_size=80),
    ),
    st.binary(max_size=40),
)
def test_no_header_at_all_passes_without_the_secret(headers: dict[str, str], body: bytes) -> None:
    assert is_rejected(headers, body)


@given(st.binary(max_size=200), st.text("abcdefgh-_0123", min_size=1, max_size=30))
def test_a_binary_body_is_verified_byte_for_byte(body: bytes, event: str) -> None:
    stamp = str(int(NOW.timestamp()))
    digest = hmac.new(b"k" * 32, f"{event}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    headers = {"webhook-id": event, "webhook-timestamp": stamp, "webhook-signature": signature}

    assert f"id:{event}" == key_of(headers, body)
    assert is_rejected(headers, body + b"\n")


def test_a_plain_signature_comes_in_hex_or_base64() -> None:
    digest = plain()
    encoded = base64.b64encode(bytes.fromhex(digest)).decode()

    for value in (f"sha256={digest}", digest, digest.upper(), encoded, f"sha256={encoded}"):
        assert f"body:{hashlib.sha256(BODY).hexdigest()}" == key_of(
            {"x-signature": value}, BODY, "till-secret-0001"
        )


def test_a_time_that_is_told_is_signed_and_recent() -> None:
    stamp = str(int(NOW.timestamp()))
    good = {"x-signature": plain(stamp=stamp), "x-timestamp": stamp}

    assert not is_rejected(good, BODY, "till-secret-0001")
    assert is_rejected(good, BODY, "till-secret-0001", now=NOW + timedelta(seconds=301))
    assert is_rejected({**good, "x-signature": plain()}, BODY, "till-secret-0001")


def test_only_a_signed_id_tells_two_plain_calls_apart() -> None:
    """A listener who repeats a call under another X-Event-Id must not make it count again."""
    body = b'{"id": "order-7", "type": "stamps", "data": {}}'
    headers = {"x-signature": plain(body), "x-event-id": "1"}

    keys = {key_of({**headers, "x-event-id": event}, body, "till-secret-0001") for event in ("1", "2")}

    assert {"id:order-7"} == keys
