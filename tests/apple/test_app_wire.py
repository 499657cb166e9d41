"""Calls to servers that somebody else named: never into our own network, never onwards, never for long."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from flask import Flask, Response, redirect
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wallets.apple.app_wire import MOST_ANSWER_BYTES, is_public, post
from app.wallets.apple.apps import push_service
from tests.support.google_server import served

ORIGINS = ("https://push.passwallet.net", "https://walletpasses.appspot.com")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = Flask(__name__)
    app.add_url_rule("/on", "on", view_func=lambda: redirect("/in"), methods=["POST"])
    app.add_url_rule("/in", "in", view_func=lambda: Response("reached"), methods=["POST", "GET"])
    app.add_url_rule(
        "/huge", "huge", view_func=lambda: Response(b"x" * (MOST_ANSWER_BYTES + 1)), methods=["POST"]
    )
    with served(app) as address:
        yield address


def test_a_redirect_is_not_followed(url: str) -> None:
    answer = post(f"{url}/on", {}, b"{}")
    assert (302, False) == (answer.status, b"reached" in answer.body)


def test_an_endless_answer_is_cut_off(url: str) -> None:
    assert 0 == post(f"{url}/huge", {}, b"{}").status


@pytest.mark.parametrize("host", ["[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0.0.0.0"])
def test_our_own_machine_by_another_name_is_not_called(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        answer = post(f"https://{host}:{listener.getsockname()[1]}/v1/pushUpdates", {}, b"{}")
        with pytest.raises(TimeoutError):
            listener.accept()
    assert 0 == answer.status


def test_plain_http_to_others_is_refused() -> None:
    assert "disabled" in post("http://push.passwallet.net/v1/pushUpdates", {}, b"{}").said


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "2002:7f00:1::"),
        *("224.0.0.1", "ff02::1", "255.255.255.255", "nonsense", ""),
    ],
)
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "142.250.74.49", "2a00:1450:4001:80b::2011"])
def test_addresses_of_the_open_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("named", "called"),
    [
        ("https://push.passwallet.net", "https://push.passwallet.net"),
        ("https://push.passwallet.net/", "https://push.passwallet.net"),
        ("https://PUSH.PassWallet.net/api/", "https://push.passwallet.net/api"),
        (
            "http://walletpasses.appspot.com/api/attido/",
            "https://walletpasses.appspot.com/api/attido",
        ),
    ],
)
def test_the_servers_that_are_known_are_called_by_https(named: str, called: str) -> None:
    assert called == push_service(named, ORIGINS)


@settings(max_examples=150)
@given(st.text(max_size=120) | st.from_regex(r"https?://[^/]{0,40}(push\.passwallet\.net)?[^/]{0,9}/.{0,20}"))
def test_whatever_is_named_only_known_servers_are_called(named: str) -> None:
    called = push_service(named, ORIGINS)
    assert called is None or any(called == one or called.startswith(f"{one}/") for one in ORIGINS)
