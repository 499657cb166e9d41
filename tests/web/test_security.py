"""What every answer carries, and what no request gets through."""

import re
from pathlib import Path

import pytest
from flask import Blueprint, request

from app.audience import audience
from app.resources import folder
from app.storage.database import Database
from app.web.security import content_policy, page_needs
from tests.support.clock import Clock
from tests.support.web_app import WebShop, web_shop


def test_no_page_allows_inline_scripts_or_styles_without_the_nonce(shop: WebShop) -> None:
    shop.open_programme()
    answer = shop.visitor().sees("/join/beans")
    policy, page = answer.headers["Content-Security-Policy"], answer.get_data(as_text=True)
    nonce = re.search(r"'nonce-([\w-]+)'", policy)

    assert "unsafe" not in policy and "frame-ancestors 'self'" in policy and "object-src 'none'" in policy
    assert nonce and [nonce[1]] == re.findall(r'<style nonce="([^"]+)"', page)
    assert [] == re.findall(r"<script(?![^>]* src=)", page)


def test_each_answer_has_a_nonce_of_its_own(shop: WebShop) -> None:
    shop.open_programme()

    policies = {shop.visitor().sees("/join/beans").headers["Content-Security-Policy"] for _ in range(3)}

    assert 3 == len(policies)


@pytest.mark.parametrize("path", sorted((folder("templates") / "pages").glob("*.html")), ids=lambda p: p.name)
def test_no_template_holds_what_the_policy_forbids(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert [] == re.findall(r"\sstyle=|\son(?:click|load|submit|change|error|input)=|javascript:", text)


def test_the_usual_headers_are_on_every_answer(shop: WebShop) -> None:
    for path in ("/", "/nothing", "/static/css/tokens.css"):
        headers = shop.visitor().sees(path).headers
        assert "nosniff" == headers["X-Content-Type-Options"]
        assert "same-origin" == headers["Referrer-Policy"]
        assert "camera=()" in headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in headers


def test_under_https_the_cookie_is_bound_to_the_host(sqlite_database: Database, clock: Clock) -> None:
    shop = web_shop(sqlite_database, clock, base_url="https://cards.example")
    answer = shop.app.test_client().get("/sign-in", base_url="https://cards.example")
    cookie = answer.headers["Set-Cookie"]

    assert cookie.startswith("__Host-tillpass=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_one_page_may_do_more_and_the_next_may_not(own_shop: WebShop) -> None:
    shop = own_shop
    bp = Blueprint("scanner", __name__)

    @bp.get("/scanner")
    @audience("cashier")
    @page_needs(wasm=True, camera=True, connect=("https://stand-in.example",))
    def scanner() -> str:
        return "scanner"

    shop.app.register_blueprint(bp)
    headers = shop.visitor().sees("/scanner").headers

    assert "'wasm-unsafe-eval'" in headers["Content-Security-Policy"]
    assert "connect-src 'self' https://stand-in.example" in headers["Content-Security-Policy"]
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "wasm" not in shop.visitor().sees("/").headers["Content-Security-Policy"]


def test_a_policy_without_a_nonce_is_stricter_still() -> None:
    assert "script-src 'self';" in content_policy()


@pytest.mark.parametrize(
    ("hops", "seen"), [(0, "127.0.0.1"), (1, "203.0.113.7"), (2, "198.51.100.1")], ids=["none", "one", "two"]
)
def test_exactly_our_own_proxies_are_believed(
    sqlite_database: Database, clock: Clock, hops: int, seen: str
) -> None:
    shop = web_shop(sqlite_database, clock, trusted_proxies=hops, own_app=True)
    bp = Blueprint("who", __name__)
    bp.get("/who")(audience("operator")(lambda: str(request.remote_addr)))
    shop.app.register_blueprint(bp)

    answer = shop.visitor().sees("/who", **{"X-Forwarded-For": "9.9.9.9, 198.51.100.1, 203.0.113.7"})

    assert seen == answer.get_data(as_text=True)


def test_a_form_that_is_too_big_is_refused_before_it_is_read(shop: WebShop) -> None:
    shop.open_programme()

    answer = shop.visitor().sends("/join/beans", given_name="x" * 300_000)

    assert 413 == answer.status_code and "That is too big" in answer.get_data(as_text=True)


def test_a_fault_of_ours_shows_a_number_and_no_trace(own_shop: WebShop) -> None:
    shop = own_shop
    bp = Blueprint("broken", __name__)

    @bp.get("/broken")
    @audience("public")
    def broken() -> str:
        raise RuntimeError("the secret is 42")

    shop.app.register_blueprint(bp)
    answer = shop.visitor(language="ru").sees("/broken")
    page = answer.get_data(as_text=True)

    assert 500 == answer.status_code and "У\u00a0нас что-то сломалось" in page
    assert "secret" not in page and "Traceback" not in page


def test_programs_get_a_problem_and_people_a_page(shop: WebShop) -> None:
    program, person = (shop.visitor().sees(path) for path in ("/apple/v1/nothing", "/nothing"))

    assert ("application/problem+json", "text/html") == (program.mimetype, person.mimetype)
    assert {"type": "about:blank", "title": "Not Found", "status": 404} == program.get_json()
    assert 405 == shop.visitor().client.delete("/sign-in").status_code
