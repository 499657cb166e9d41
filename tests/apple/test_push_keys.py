"""Push keys (.p8): read from the folder, made into tokens, judged by the stand-in as strictly as by Apple."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from app.sandbox.certificates import DevelopmentAuthority
from app.wallets.apple.apns import ApnsClient
from app.wallets.apple.apns_replies import Verdict
from app.wallets.apple.push_keys import KeyLogin, ProviderTokens, PushKey, find_push_key
from app.wallets.apple.signing import CertificateError
from tests.support.apns_caller import call
from tests.support.apns_stand import OTHER_TOPIC, TOPIC, ApnsStand, new_authority, only, open_stand, tokens
from tests.support.apple_certs import key as rsa_key
from tests.support.apple_certs import key_pem
from tests.support.push_keys import KEY_ID, TEAM, key
from tests.support.service import PASS_TYPE, Service, papers

NOON = 1_800_000_000.0


class Time:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentAuthority:
    return new_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def street(authority: DevelopmentAuthority, tmp_path: Path, time: Time) -> Iterator[ApnsStand]:
    """Apple's service, which gave the café's team a key."""
    stand = open_stand(tmp_path, authority, clock=time)
    key().known_to(stand.server, topics=(TOPIC,))
    stand.register(tokens(500))
    yield stand
    stand.close()


def cafe_key() -> PushKey:
    return PushKey(KEY_ID, TEAM, key().private)


def client(street: ApnsStand, time: Time, *, topic: str = TOPIC) -> ApnsClient:
    login = KeyLogin(ProviderTokens(time), cafe_key())
    made = ApnsClient(street.server.url, None, None, street.authority.root, topic=topic, login=login)
    street.clients.append(made)
    return made


# -- the file ----------------------------------------------------------------------------------------------


def test_the_keys_id_comes_from_its_name(tmp_path: Path) -> None:
    key().write(tmp_path)
    assert cafe_key() == find_push_key(tmp_path, TEAM)


def test_the_keys_id_may_stand_beside_it(tmp_path: Path) -> None:
    key().write(tmp_path, "push.p8")
    (tmp_path / "push_key_id").write_text(f"{KEY_ID}\n")
    assert cafe_key() == find_push_key(tmp_path, TEAM)


def test_without_a_key_there_is_none(tmp_path: Path) -> None:
    assert find_push_key(tmp_path, TEAM) is None


@pytest.mark.parametrize("fault", ["nameless", "two", "rubbish", "rsa", "empty"])
def test_a_key_that_cannot_be_used_is_told_without_its_text(tmp_path: Path, fault: str) -> None:
    path = key().write(tmp_path, "push.p8" if fault == "nameless" else "")
    if fault == "two":
        key("OTHERKEY01").write(tmp_path)
    elif fault == "rubbish":
        path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n")
    elif fault == "rsa":
        path.write_bytes(key_pem(rsa_key("leaf")))
    elif fault == "empty":
        path.write_bytes(b"")
    with pytest.raises(CertificateError) as told:
        find_push_key(tmp_path, TEAM)
    assert "secret" not in str(told.value)
    assert ".p8" in str(told.value)


def test_a_key_never_shows_in_a_text(tmp_path: Path) -> None:
    assert "private" not in repr(cafe_key())


# -- the token ---------------------------------------------------------------------------------------------


def test_a_token_says_team_key_and_time(time: Time) -> None:
    text = ProviderTokens(time).token(cafe_key())
    assert {"alg": "ES256", "kid": KEY_ID, "typ": "JWT"} == jwt.get_unverified_header(text)
    body = jwt.decode(text, key().private.public_key(), algorithms=["ES256"], options={"verify_iat": False})
    assert {"iss": TEAM, "iat": int(NOON)} == body


def test_a_token_is_kept_for_forty_minutes(time: Time) -> None:
    made = ProviderTokens(time)
    first = made.token(cafe_key())
    time.now += 39 * 60
    assert first == made.token(cafe_key())
    time.now += 2 * 60
    assert first != made.token(cafe_key())


def test_a_clock_that_was_put_back_makes_a_new_token(time: Time) -> None:
    made = ProviderTokens(time)
    first = made.token(cafe_key())
    time.now -= 7200
    assert first != made.token(cafe_key())


def test_who_asks_second_gets_the_first_ones_new_token(time: Time) -> None:
    made = ProviderTokens(time)
    old = made.token(cafe_key())
    time.now += 60
    fresh = made.replace(cafe_key(), old)
    assert fresh is not None and old != fresh
    assert fresh == made.replace(cafe_key(), old)
    assert made.replace(cafe_key(), fresh) is None


# -- over the wire -----------------------------------------------------------------------------------------


def test_a_key_pushes_without_any_certificate(street: ApnsStand, time: Time) -> None:
    assert {Verdict.SENT} == {result.verdict for result in client(street, time).push(tokens(300))}
    assert 1 == street.server.connections


def test_an_expired_token_is_renewed_once_and_nothing_is_lost(street: ApnsStand, time: Time) -> None:
    ours = Time()  # a clock that runs slow, so that our token is older than we think
    mine = client(street, ours)
    list(mine.push(tokens(3)))
    ours.now += 1300
    time.now += 3700

    assert {Verdict.SENT: 500} == Counter(result.verdict for result in mine.push(tokens(500)))
    assert 503 == street.server.accepted
    assert 1 <= sum(line.reason == "ExpiredProviderToken" for line in street.server.log)


def test_a_token_that_is_refused_again_is_our_fault(street: ApnsStand, time: Time) -> None:
    street.server.faults.fail_next(10, 403, "ExpiredProviderToken")
    assert (Verdict.OURS, 403, "ExpiredProviderToken") == only(client(street, time).push(tokens(1)))
    assert 2 == len(street.server.log)


def test_too_many_tokens_let_the_batch_wait(street: ApnsStand, time: Time) -> None:
    street.server.faults.fail_next(1, 429, "TooManyProviderTokenUpdates")
    results = list(client(street, time).push(tokens(500)))
    assert {Verdict.THROTTLED} == {result.verdict for result in results if result.reply.status == 429}
    assert Verdict.DROP not in {result.verdict for result in results}


def test_a_pass_type_of_another_team_is_our_fault_and_drops_nothing(street: ApnsStand, time: Time) -> None:
    street.server.keys.own(OTHER_TOPIC, "OTHERTEAM1")
    street.register(tokens(50), OTHER_TOPIC)
    results = client(street, time, topic=OTHER_TOPIC).push(tokens(50))
    assert {(Verdict.OURS, "InvalidProviderToken")} == {(r.verdict, r.reply.reason) for r in results}


def test_a_key_that_was_taken_back_is_our_fault(street: ApnsStand, time: Time) -> None:
    street.server.keys.revoke(KEY_ID)
    assert (Verdict.OURS, 403, "InvalidProviderToken") == only(client(street, time).push(tokens(1)))


@pytest.mark.parametrize(
    ("token", "status", "reason"),
    [
        ("bearer", 403, "InvalidProviderToken"),
        ("bearer x.y.z", 403, "InvalidProviderToken"),
        (f"basic {key().token(NOON)}", 403, "InvalidProviderToken"),
        (f"bearer {key('OTHERKEY01').token(NOON)}", 403, "InvalidProviderToken"),
        (f"bearer {key().token(NOON, team='OTHERTEAM1')}", 403, "InvalidProviderToken"),
        (f"bearer {key().token(NOON + 600)}", 403, "InvalidProviderToken"),
        (f"bearer {key().token(NOON, iat='noon')}", 403, "InvalidProviderToken"),
        (f"bearer {key().token(NOON)[:-8]}AAAAAAAA", 403, "InvalidProviderToken"),
        (f"bearer {key().token(NOON - 3700)}", 403, "ExpiredProviderToken"),
        (f"bearer {key().token(NOON - 3500)}", 200, ""),
        (f"Bearer {key().token(NOON)}", 200, ""),
    ],
)
def test_the_stand_in_judges_tokens_as_apple_does(
    street: ApnsStand, token: str, status: int, reason: str
) -> None:
    got, body, _ = call(street, headers=(f"apns-topic: {TOPIC}", f"authorization: {token}"))
    assert (status, reason) == (got, body.get("reason", ""))


def test_a_connection_may_not_change_its_token_too_often(street: ApnsStand, time: Time) -> None:
    mine = client(street, time)
    list(mine.push(tokens(1)))
    time.now += 61
    assert mine._login is not None
    mine._login.replace(mine._login.token())
    assert (Verdict.THROTTLED, 429, "TooManyProviderTokenUpdates") == only(mine.push(tokens(1)))
    time.now += 1200
    assert Verdict.SENT == only(mine.push(tokens(1)))[0]


# -- the whole service ----------------------------------------------------------------------------------


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    shutil.copytree(papers().certs, tmp_path / "certs")
    return tmp_path / "certs"


def test_a_refused_key_is_told_with_its_mend_and_taken_away_without_a_restart(
    sqlite_service: Service, certs: Path
) -> None:
    service = sqlite_service
    service.signs_with(certs)
    serial, _ = service.holder()
    service.shop.buys(serial, 1000)
    service.works()
    written = key().write(certs / PASS_TYPE)  # no team owns it at Apple yet

    service.shop.buys(serial, 1000)
    service.works()
    assert [200, 403] == [status for _, status in service.apns.answers]
    ready = service.app.test_client().get("/readyz").get_json()["findings"]
    [told] = [finding for finding in ready if finding["code"] == "apns-refused"]
    assert "InvalidProviderToken" in told["message"]
    assert "the key's team must own the pass type" in told["mend"]

    written.unlink()
    service.shop.buys(serial, 1000)
    service.works()
    assert 200 == service.apns.answers[-1][1]


def test_a_key_beside_the_certificate_pushes_from_now_on(sqlite_service: Service, certs: Path) -> None:
    service = sqlite_service
    service.signs_with(certs)
    serial, phone = service.holder()
    key().known_to(service.apns, topics=(PASS_TYPE,))
    key().write(certs / PASS_TYPE)
    service.shop.buys(serial, 1000)
    service.works()
    assert [(phone.push_token, 200)] == service.apns.answers
    assert [KEY_ID] == service.apns.keys.used
    ready = service.app.test_client().get("/readyz").get_json()["findings"]
    assert f"pushes with the key {KEY_ID}" in " ".join(finding["message"] for finding in ready)


def test_a_key_that_cannot_be_used_is_a_finding_and_the_certificate_pushes(
    sqlite_service: Service, certs: Path
) -> None:
    service = sqlite_service
    (certs / PASS_TYPE / "AuthKey_CAFEKEY001.p8").write_text("nothing")
    service.signs_with(certs)
    serial, phone = service.holder()
    service.shop.buys(serial, 1000)
    service.works()
    assert [(phone.push_token, 200)] == service.apns.answers
    ready = service.app.test_client().get("/readyz").get_json()["findings"]
    assert "apple-push-key-unusable" in [finding["code"] for finding in ready]
