"""The public address with every bad habit of servers and proxies that is known, over real sockets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from app.services.health.address import as_written
from app.services.health.outside import Outside
from app.services.ports import Finding
from tests.support import front
from tests.support.front import answering, fronted, instead, web_papers
from tests.support.provoked import provokes, troubles
from tests.support.service import Service

PROBE = "/apple/v1/probe"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


def now() -> datetime:
    return datetime.now(UTC)


def asked(service: Service, url: str, **more: Any) -> list[Finding]:
    """What is found when `url` is the public address."""
    health = service.parts.deps.health
    assert health is not None
    return Outside(url, health.prove, now, **more).findings()


def behind(service: Service, habit: Any) -> list[Finding]:
    """What is found through a proxy with this habit."""
    with fronted(habit(service.app)) as url:
        return asked(service, url)


def with_tls(service: Service, folder: Path, host: str = "localhost", **fault: Any) -> list[Finding]:
    papers = web_papers(folder, **fault)
    with fronted(service.app, papers, host) as url:
        return asked(service, url, anchors=papers.root)


# -- as it is written ------------------------------------------------------------------------------


@provokes("base-url-http")
def test_an_address_without_https() -> Iterable[Finding]:
    return as_written("http://cards.example.com")


@provokes("base-url-localhost")
def test_an_address_of_this_machine() -> Iterable[Finding]:
    return as_written("http://127.0.0.1:8000")


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.0.7", "[fd00::1]", "shop.local", "shop"])
@provokes("base-url-private")
def test_an_address_of_a_private_network(host: str) -> Iterable[Finding]:
    return as_written(f"https://{host}")


@provokes("base-url-path")
def test_an_address_with_the_path_that_phones_add() -> Iterable[Finding]:
    return as_written("https://cards.example.com/apple/v1")


def test_a_public_address_is_fine() -> None:
    assert ["ok"] == [each.level for each in as_written("https://cards.example.com")]


# -- is it us? -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
def test_a_service_that_answers_itself_is_fine(sqlite_service: Service, tmp_path: Path, tls: bool) -> None:
    papers = web_papers(tmp_path) if tls else None
    with fronted(sqlite_service.app, papers) as url:
        found = asked(sqlite_service, url, anchors=papers.root if papers else None)

    assert [("ok", "address")] == [(each.level, each.code) for each in found]


@provokes("address-unresolved")
def test_a_name_without_an_address(sqlite_service: Service) -> Iterable[Finding]:
    return asked(sqlite_service, f"https://{'x' * 64}.example.com")


@provokes("address-silent")
def test_a_port_that_nobody_listens_on(sqlite_service: Service) -> Iterable[Finding]:
    return asked(sqlite_service, "http://127.0.0.1:1")


@provokes("address-other-service")
def test_another_service_under_our_name(sqlite_service: Service) -> Iterable[Finding]:
    with fronted(answering("200 OK", b'{"status": "alive"}', Server="nginx")) as url:
        return asked(sqlite_service, url)


def test_another_tillpass_under_our_name_is_not_us(sqlite_service: Service) -> None:
    with fronted(sqlite_service.app) as url:
        found = Outside(url, lambda nonce: f"other {nonce}", now).findings()

    assert {"address-other-service"} == troubles(found)


@provokes("web-certificate-expired")
def test_a_web_certificate_that_has_ended(sqlite_service: Service, tmp_path: Path) -> Iterable[Finding]:
    return with_tls(sqlite_service, tmp_path, days=-1)


@provokes("web-certificate-incomplete")
def test_a_chain_without_its_intermediate(sqlite_service: Service, tmp_path: Path) -> Iterable[Finding]:
    return with_tls(sqlite_service, tmp_path, with_intermediate=False)


@provokes("web-certificate-self-signed")
def test_a_certificate_signed_by_itself(sqlite_service: Service, tmp_path: Path) -> Iterable[Finding]:
    return with_tls(sqlite_service, tmp_path, self_signed=True)


@provokes("web-certificate-wrong-name")
def test_a_certificate_of_another_name(sqlite_service: Service, tmp_path: Path) -> Iterable[Finding]:
    return with_tls(sqlite_service, tmp_path, name="other.example.com")


@provokes("web-certificate-invalid")
def test_a_port_that_speaks_no_tls(sqlite_service: Service) -> Iterable[Finding]:
    with fronted(sqlite_service.app) as url:
        return asked(sqlite_service, url.replace("http://", "https://"))


@provokes("web-certificate-ends-soon")
def test_a_web_certificate_that_ends_soon(sqlite_service: Service, tmp_path: Path) -> Iterable[Finding]:
    return with_tls(sqlite_service, tmp_path, days=5)


@provokes("clock-skew")
def test_a_clock_that_is_wrong(sqlite_service: Service) -> Iterable[Finding]:
    then = format_datetime(now() - timedelta(minutes=10), usegmt=True)
    with fronted(sqlite_service.app, date=then) as url:
        return asked(sqlite_service, url)


# -- as a phone ------------------------------------------------------------------------------------


@provokes("proxy-redirects")
def test_a_proxy_that_redirects_phones(sqlite_service: Service) -> Iterable[Finding]:
    away = answering("301 Moved Permanently", Location="https://www.example.com/apple/v1/")
    return behind(sqlite_service, lambda app: instead(app, "/apple", away))


def test_an_address_that_redirects_as_a_whole_is_told(sqlite_service: Service) -> None:
    with fronted(answering("308 Permanent Redirect", Location="https://www.example.com/")) as url:
        assert {"proxy-redirects"} == troubles(asked(sqlite_service, url))


@provokes("proxy-answers")
def test_a_login_page_in_front(sqlite_service: Service) -> Iterable[Finding]:
    login = answering("401 Unauthorized", b"<h1>Who are you?</h1>", WWW_Authenticate="Basic")
    return behind(sqlite_service, lambda app: instead(app, "/apple", login))


@provokes("proxy-strips-authorization")
def test_a_proxy_that_takes_the_token_away(sqlite_service: Service) -> Iterable[Finding]:
    return behind(sqlite_service, lambda app: front.without_header(app, "Authorization"))


@provokes("proxy-strips-since")
def test_a_proxy_that_takes_the_date_away(sqlite_service: Service) -> Iterable[Finding]:
    return behind(sqlite_service, lambda app: front.without_header(app, "If-Modified-Since"))


@provokes("proxy-caches")
def test_a_proxy_that_keeps_answers(sqlite_service: Service) -> Iterable[Finding]:
    return behind(sqlite_service, front.caching)


@provokes("proxy-refuses-head")
def test_a_proxy_that_knows_no_head(sqlite_service: Service) -> Iterable[Finding]:
    no = answering("405 Method Not Allowed")
    return behind(sqlite_service, lambda app: instead(app, "/apple", no, methods=("HEAD",)))


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@provokes("proxy-blocks-methods")
def test_a_firewall_that_lets_only_reading_through(sqlite_service: Service, method: str) -> Iterable[Finding]:
    no = answering("403 Forbidden")
    return behind(sqlite_service, lambda app: instead(app, "/apple", no, methods=(method,)))


@provokes("proxy-not-trusted")
def test_a_proxy_that_we_were_not_told_of(sqlite_service: Service) -> Iterable[Finding]:
    return behind(sqlite_service, lambda app: front.with_header(app, "X-Forwarded-For", "203.0.113.7"))


# -- as Google -------------------------------------------------------------------------------------


@provokes("robots-block")
def test_a_robots_file_that_keeps_google_out(sqlite_service: Service) -> Iterable[Finding]:
    no = answering("200 OK", b"User-agent: *\nDisallow: /\n", Content_Type="text/plain")
    return behind(sqlite_service, lambda app: instead(app, "/robots.txt", no))


def picture(service: Service, server: Any) -> list[Finding]:
    with fronted(instead(service.app, "/media", server)) as url:
        return asked(service, url, pictures=lambda: [f"{url}/media/{'0' * 64}.png"])


@provokes("image-unreachable")
def test_a_picture_behind_a_login(sqlite_service: Service) -> Iterable[Finding]:
    return picture(sqlite_service, answering("403 Forbidden"))


@provokes("image-wrong-type")
def test_a_picture_that_comes_as_a_page(sqlite_service: Service) -> Iterable[Finding]:
    return picture(sqlite_service, answering("200 OK", b"<h1>Hello</h1>", Content_Type="text/html"))


@provokes("image-too-large")
def test_a_picture_that_is_too_heavy(sqlite_service: Service) -> Iterable[Finding]:
    heavy = PICTURE + bytes(3_000_000)
    return picture(sqlite_service, answering("200 OK", heavy, Content_Type="image/png"))


@provokes("image-http")
def test_a_picture_that_google_is_given_by_http(sqlite_service: Service) -> Iterable[Finding]:
    """The pictures' address is http and not this machine's: the name is one of the hosts file's kind."""
    with fronted(sqlite_service.app) as url:
        return asked(sqlite_service, url, pictures=lambda: ["http://10.255.255.1.example/media/a.png"])
