"""Logs carry what an operator needs and nothing that an outsider could use."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from flask import Flask, abort
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.metrics import Metrics, new_metrics
from app.observability import REDACTED, accepted_request_id, configure_logging, install, redact


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = structlog.get_config()
    out = io.StringIO()
    configure_logging("json", stream=out)
    yield out
    root.handlers[:], root.level = before
    structlog.configure(**written)


@pytest.fixture
def metrics() -> Metrics:
    return new_metrics()


@pytest.fixture
def client(metrics: Metrics) -> FlaskClient:
    app = Flask(__name__)
    install(app, metrics, new_id=lambda: "made-here")

    @app.get("/c/<link>")
    def card(link: str) -> str:
        structlog.get_logger().info("card shown")
        return "card"

    @app.get("/refused")
    def refused() -> str:
        abort(403)

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("push to +37120000001 failed: Authorization ApplePass abcdef0123456789")

    return app.test_client()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def cleaned(**event: Any) -> dict[str, Any]:
    return dict(redact(None, "info", event))


def test_a_request_is_logged_by_its_route_and_not_by_the_customers_link(
    client: FlaskClient, log: io.StringIO
) -> None:
    client.get("/c/annas-private-link?token=1")

    assert ["card shown", "request"] == [line["event"] for line in lines(log)]
    assert ("/c/<link>", 200, "GET") == tuple(lines(log)[-1][name] for name in ("route", "status", "method"))
    assert "annas-private-link" not in log.getvalue()


def test_all_lines_of_a_request_carry_its_id(client: FlaskClient, log: io.StringIO) -> None:
    reply = client.get("/c/x", headers={"X-Request-Id": "from-the-proxy.1"})

    assert "from-the-proxy.1" == reply.headers["X-Request-Id"]
    assert ["from-the-proxy.1"] * 2 == [line["request_id"] for line in lines(log)]


@pytest.mark.parametrize("given_id", ["", "a b", "x" * 65, "id;drop", "<script>", "ид"])
def test_a_harmful_request_id_is_replaced(client: FlaskClient, log: io.StringIO, given_id: str) -> None:
    reply = client.get("/c/x", headers={"X-Request-Id": given_id.encode()})

    assert "made-here" == reply.headers["X-Request-Id"]


def test_a_crash_is_logged_without_what_it_carried(client: FlaskClient, log: io.StringIO) -> None:
    assert 500 == client.get("/broken").status_code

    [crash] = [line for line in lines(log) if "exception" in line]
    assert "RuntimeError" in crash["exception"]
    assert "made-here" == crash["request_id"]
    assert "37120000001" not in log.getvalue()
    assert "abcdef0123456789" not in log.getvalue()


def test_latency_is_measured_by_route_and_status(client: FlaskClient, metrics: Metrics) -> None:
    for path in ("/c/1", "/c/2", "/refused", "/nowhere/at/all"):
        client.get(path)

    page, kind = metrics.exposition()

    assert kind.startswith("text/plain")
    assert b'tillpass_request_seconds_count{method="GET",route="/c/<link>",status="200"} 2.0' in page
    assert b'tillpass_request_seconds_count{method="GET",route="/refused",status="403"} 1.0' in page
    assert b'tillpass_request_seconds_count{method="GET",route="unmatched",status="404"} 1.0' in page


def test_two_services_do_not_share_their_numbers(metrics: Metrics) -> None:
    metrics.refusals.labels("apple", "token").inc()

    assert b"tillpass_refusals_total{" in metrics.exposition()[0]
    assert b"tillpass_refusals_total{" not in new_metrics().exposition()[0]


SECRET_KEYS = (
    *("authorization", "Authorization", "push_token", "pushToken", "client_secret", "password", "phone"),
    *("email", "api_key", "private-key", "Set-Cookie", "signature", "member_phone", "contactEmail", "key"),
)


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_a_key_that_names_a_secret_hides_its_value(key: str) -> None:
    assert {key: REDACTED} == cleaned(**{key: "value"})


@pytest.mark.parametrize("key", ["serial", "keyboard", "status", "wallet", "monkeys", "shipping"])
def test_other_keys_keep_their_value(key: str) -> None:
    assert {key: "value"} == cleaned(**{key: "value"})


@pytest.mark.parametrize(
    "text",
    [
        "header was ApplePass s3cr3ts3cr3t",
        "bearer s3cr3ts3cr3t refused",
        "postgresql://tillpass:s3cr3ts3cr3t@db/x",
        "member anna.s3cr3ts3cr3t@example.com joined",
        "-----BEGIN RSA PRIVATE KEY-----\ns3cr3ts3cr3t\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_inside_texts_are_hidden_at_any_depth(text: str) -> None:
    event = cleaned(event=text, detail={"list": [text, (text,)], "error": ValueError(text)})

    assert "s3cr3ts3cr3t" not in repr(event)


def test_times_and_amounts_stay_readable() -> None:
    at = "2026-03-02T09:00:00+00:00"

    assert {"at": at, "points": 1234, "change": "+37 points"} == cleaned(
        at=at, points=1234, change="+37 points"
    )


@settings(deadline=None)
@given(st.recursive(st.text() | st.integers() | st.none() | st.binary(), lambda deeper: st.lists(deeper)))
def test_any_value_can_be_logged(value: Any) -> None:
    json.dumps(cleaned(detail=value))


def test_lines_of_libraries_are_cleaned_too(log: io.StringIO) -> None:
    logging.getLogger("some.library").warning("calling %s with %s", "https://u:pw@host/", "Bearer abc.def")

    assert f"calling https://{REDACTED}@host/ with Bearer {REDACTED}" == lines(log)[0]["event"]


@given(st.text())
def test_an_accepted_id_is_safe_in_a_header(given_id: str) -> None:
    accepted = accepted_request_id(given_id)

    assert accepted is None or (accepted == given_id and given_id.isascii() and given_id.isprintable())
