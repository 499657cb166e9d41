"""What keeps Google from a picture, seen before Google sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from flask import Flask, Response, redirect

from app.wallets.google.preflight import (
    BELIEVED_BAD,
    LARGEST_IMAGE,
    Preflight,
    Reply,
    Unreachable,
    addresses,
    fault_of,
    fetch_over_http,
)
from tests.support.clock import START
from tests.support.google_server import PNG, served

OURS = "https://cards.example"
GOOD = Reply(200, "image/png", 100, PNG)
NONE = Reply(404, "text/html", 9, b"not found")


def body(*names: str) -> dict[str, object]:
    """The first picture stands twice."""
    pictures = [{"sourceUri": {"uri": f"{OURS}/media/{name}"}} for name in names]
    return {"heroImage": pictures[0], "imageModulesData": [{"mainImage": one} for one in pictures]}


class Net:
    """Answers by address; keeps what was asked."""

    def __init__(self, **answers: Reply) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, url: str) -> Reply:
        self.asked.append(url)
        return self.answers.get(url.rpartition("/")[2].partition(".")[0], NONE)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(302, "text/html", 0, b""), "redirects"),
        (Reply(401, "text/html", 0, b""), "HTTP 401"),
        (Reply(200, "text/html", 5, b"<html"), "not a picture"),
        (Reply(200, "image/png", 5, b"<html"), "bytes"),
        (Reply(200, "image/png", LARGEST_IMAGE + 1, PNG), "larger"),
        (Reply(200, "", 5, PNG), "no type"),
    ],
)
def test_what_google_would_not_take_is_named(reply: Reply, said: str) -> None:
    assert said in fault_of(reply)
    with pytest.raises(Unreachable, match=f"{said}.*Make https://cards.example/media/ reachable"):
        Preflight(OURS, Net(a=reply)).require(body("a.png"), START)


def test_a_good_picture_is_fetched_once() -> None:
    net = Net(a=GOOD, b=GOOD)
    looked = Preflight(OURS, net)
    for _ in range(3):
        looked.require(body("a.png", "b.png"), START)
    assert 2 == len([url for url in net.asked if "/media/" in url])


def test_a_lost_picture_is_one_request_for_many_cards_and_heals_by_itself() -> None:
    net = Net()
    looked = Preflight(OURS, net)
    for _ in range(5):
        with pytest.raises(Unreachable):
            looked.require(body("a.png"), START)
    assert (1, 1) == (len([url for url in net.asked if "/media/" in url]), len(looked.faults(START)))
    net.answers["a"] = GOOD
    looked.require(body("a.png"), START + BELIEVED_BAD)
    assert [] == looked.faults(START + BELIEVED_BAD)
    assert [] == Preflight(OURS, net).faults(START + timedelta(hours=2))


def test_robots_that_forbid_it_are_minded() -> None:
    closed = Reply(200, "text/plain", 40, b"User-agent: *\nDisallow: /media/\n")
    with pytest.raises(Unreachable, match=r"robots\.txt forbids it"):
        Preflight(OURS, Net(a=GOOD, robots=closed)).require(body("a.png"), START)
    open_ = Reply(
        200, "text/plain", 40, b"User-agent: Googlebot-Image\nAllow: /media/\n\nUser-agent: *\nDisallow: /\n"
    )
    Preflight(OURS, Net(a=GOOD, robots=open_)).require(body("a.png"), START)


def test_other_peoples_addresses_are_never_fetched() -> None:
    net = Net()
    strange = {"logo": {"sourceUri": {"uri": "http://169.254.169.254/latest"}}}
    Preflight(OURS, net).require(strange, START)
    assert [] == net.asked


def test_a_server_that_is_away_is_named() -> None:
    def away(url: str) -> Reply:
        raise requests.ConnectionError("no")

    with pytest.raises(Unreachable, match="does not answer"):
        Preflight(OURS, away).require(body("a.png"), START)


def test_every_picture_of_a_body_is_found() -> None:
    assert [f"{OURS}/media/a.png"] * 2 == list(addresses(body("a.png")))
    assert [] == list(addresses({"a": [1, None, "x"], "sourceUri": 7}))


def test_the_fetch_is_bounded_and_follows_nothing() -> None:
    app = Flask("pictures")
    app.add_url_rule("/a.png", "a", lambda: Response(PNG, content_type="image/png"))
    app.add_url_rule("/moved.png", "moved", lambda: redirect("/a.png"))
    app.add_url_rule(
        "/big.png", "big", lambda: Response(PNG + bytes(LARGEST_IMAGE), content_type="image/png")
    )
    with served(app) as url:
        good, moved, big = (fetch_over_http(f"{url}/{name}.png") for name in ("a", "moved", "big"))
    assert ("", 302, "it is larger than 8 MB") == (fault_of(good), moved.status, fault_of(big))
