"""The health page, `/readyz`, `/metrics`, robots.txt and the echo that the doctor listens for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.storage.database import Database
from app.storage.tables import Chore
from tests.support.clock import Clock
from tests.support.counter import Person, composed_shop, open_plainly, person
from tests.support.service import Service
from tests.support.web_app import WebShop

TOKEN = "a token for the numbers"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def olga(shop: WebShop) -> Person:
    return person(shop, "olga")


@pytest.fixture
def caller(sqlite_service: Service) -> Iterator[FlaskClient]:
    """Anybody at the door; what a test sets in the app's configuration is undone."""
    before = dict(sqlite_service.app.config)
    yield sqlite_service.app.test_client()
    sqlite_service.app.config.update(before)


# -- the page --------------------------------------------------------------------------------------


def test_findings_stand_below_what_people_see_each_with_its_mend(olga: Person) -> None:
    olga.opens("/staff/health")

    assert "The card on a phone does not update" in olga.page
    assert "Set TILLPASS_BASE_URL to your https address." in olga.page
    assert "base-url-localhost" in olga.page


def test_the_page_is_russian_for_who_reads_russian(olga: Person) -> None:
    olga.opens("/staff/health?lang=ru")

    assert "Карта на телефоне не обновляется" in olga.page
    assert "Укажите в TILLPASS_BASE_URL свой адрес https." in olga.page
    assert "Set TILLPASS_BASE_URL" not in olga.page


def test_the_look_from_outside_is_a_button(shop: WebShop, olga: Person) -> None:
    """Nobody listens at the public address of this test: that is what the look says."""
    olga.opens("/staff/health").sends("/staff/health")

    assert 'role="status"' in olga.page
    assert "address-silent" in olga.page or "address-other-service" in olga.page


def test_certificates_have_bars_with_days_and_rounds_their_last_time(shop: WebShop, olga: Person) -> None:
    with shop.parts.db.begin() as session:
        session.add(Chore(name="night.round", last_at=shop.clock.now(), next_at=None, result={"seen": 12}))
        session.add(Chore(name="landmark:secret-key", last_at=shop.clock.now(), result={"value": "x"}))

    olga.opens("/staff/health")

    assert "<meter" in olga.page
    assert "night.round" in olga.page
    assert "seen 12" in olga.page
    assert "landmark:" not in olga.page


# -- addresses for machines ------------------------------------------------------------------------


def test_the_answer_proves_who_gives_it(caller: FlaskClient) -> None:
    first = caller.get("/healthz?nonce=abcdef123456").get_json()["proof"]

    assert first == caller.get("/healthz?nonce=abcdef123456").get_json()["proof"]
    assert first != caller.get("/healthz?nonce=abcdef123457").get_json()["proof"]


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "<script>alert(1)</script>", "../../etc"])
def test_nothing_but_a_nonce_is_proved(caller: FlaskClient, nonce: str) -> None:
    assert {"status": "alive"} == caller.get("/healthz", query_string={"nonce": nonce}).get_json()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_echo_says_which_headers_came(caller: FlaskClient, method: str) -> None:
    headers = {
        "Authorization": "ApplePass abcdef123456",
        "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT",
    }

    told = caller.open("/apple/v1/probe/abcdef123456", method=method, headers=headers).get_json()
    bare = caller.open("/apple/v1/probe/abcdef123456", method=method).get_json()

    assert (True, True) == (told["authorization"], told["since"])
    assert (False, False) == (bare["authorization"], bare["since"])
    assert told["tick"] != bare["tick"]


def test_robots_may_fetch_pictures_and_no_card(caller: FlaskClient) -> None:
    rules = caller.get("/robots.txt").get_data(as_text=True)

    googlebot, everybody = rules.split("User-agent: *")
    assert "Allow: /media/" in googlebot
    assert "Allow: /google/callback" in googlebot
    assert "Disallow: /c/" in googlebot
    assert "Disallow: /c/" in everybody


@pytest.mark.parametrize(
    ("shown", "status"),
    [(f"Bearer {TOKEN}", 200), ("", 401), ("Bearer wrong", 401), (f"Basic {TOKEN}", 401), ("Bearer é", 401)],
)
def test_numbers_behind_a_token_are_for_its_bearer(
    sqlite_service: Service, caller: FlaskClient, shown: str, status: int
) -> None:
    sqlite_service.app.config["TILLPASS_METRICS_TOKEN"] = TOKEN
    headers = {"Authorization": shown} if shown else {}

    assert status == caller.get("/metrics", headers=headers).status_code


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [
        ("127.0.0.1", "", 200),
        ("10.0.0.7", "", 200),
        ("203.0.113.9", "", 200),  # documentation addresses are of no network that the world reaches
        ("8.8.8.8", "", 401),
        ("127.0.0.1", "8.8.8.8", 401),
    ],
)
def test_numbers_without_a_token_are_for_the_own_network(
    caller: FlaskClient, address: str, forwarded: str, status: int
) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    reply = caller.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})

    assert status == reply.status_code
