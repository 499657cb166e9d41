"""The control API: what the page is told, and what it may do."""

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.barcodes import barcode_svg
from app.sandbox.control import Parts, create_control
from app.sandbox.events import Events, server_sent
from app.sandbox.mail import MailSink, parse_mail
from app.sandbox.phones import Phones
from app.sandbox.shelf import Shelf
from app.sandbox.world import World
from tests.sandbox.test_phones import SmallGoogle, wait_until
from tests.support.pass_server import PassServer
from tests.support.passes import picture
from tests.support.ports import free_ports


class Switches:
    """Two switches that remember how they stand."""

    def __init__(self) -> None:
        self.now: dict[str, dict[str, Any]] = {"apns": {"down": False}, "google": {"down": False}}

    def as_json(self) -> dict[str, dict[str, Any]]:
        return self.now

    def change(self, wanted: dict[str, dict[str, Any]]) -> None:
        if any(name != "down" for switches in wanted.values() for name in switches):
            raise ValueError("no such switch")
        self.now |= wanted


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def mails() -> Iterator[MailSink]:
    sink = MailSink("127.0.0.1", 0)
    yield sink


@pytest.fixture
def client(world: World, kept: Path, events: Events, mails: MailSink) -> FlaskClient:
    phones = Phones(world, SmallGoogle(), Shelf(kept))
    return create_control(Parts(phones, events, mails, Switches(), lambda: {"apns": []})).test_client()


def new_phone(client: FlaskClient, kind: str = "iphone") -> str:
    made = client.post("/phones", json={"kind": kind})
    assert 201 == made.status_code
    phone_id: str = made.json["id"]
    return phone_id


def test_a_card_is_added_drawn_and_removed(client: FlaskClient, shop: PassServer) -> None:
    phone = new_phone(client)
    shop.files = {"strip.png": shop_picture()}
    added = client.post(f"/phones/{phone}/add", json={"url": shop.issue()})
    assert 201 == added.status_code
    [card] = client.get("/phones").json["phones"][0]["cards"]
    assert "image/png" == client.get(card["images"]["strip"]).mimetype

    client.post(f"/phones/{phone}/remove-card", json={"card": card["id"]})
    assert [] == client.get(f"/phones/{phone}").json["cards"]


def shop_picture() -> bytes:
    return picture(375, 144)


def test_a_refused_card_says_why(client: FlaskClient, shop: PassServer) -> None:
    refused = client.post(f"/phones/{new_phone(client)}/add", json={"url": f"{shop.url}/page"})

    assert 422 == refused.status_code
    assert refused.json["text"].startswith("The phone refused the card: Safari shows a file")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/phones", {"kind": "fridge"}, 422),
        ("/phones", {"kind": 7}, 400),
        ("/phones", {"colour": "red"}, 400),
        ("/phones", ["iphone"], 400),
        ("/phones/none/add", {"url": "https://shop.example/c"}, 404),
        ("/phones/{phone}/add", {"url": "file:///etc/passwd"}, 400),
        ("/phones/{phone}/remove-card", {"card": "pass.a/S1"}, 404),
        ("/phones/{phone}/offline", {"on": "yes"}, 400),
        ("/faults", {"apns": {"mood": "bad"}}, 422),
        ("/faults", {"weather": {}}, 400),
    ],
)
def test_odd_requests_are_refused_in_words(client: FlaskClient, path: str, body: Any, status: int) -> None:
    answer = client.post(path.replace("{phone}", new_phone(client)), json=body)

    assert status == answer.status_code
    assert answer.json["text"]


def test_faults_are_switched_and_shown(client: FlaskClient) -> None:
    client.post("/faults", json={"apns": {"down": True}})

    assert client.get("/faults").json["apns"]["down"] is True


def test_the_stream_tells_what_came_after(client: FlaskClient, events: Events) -> None:
    for word in ("first", "second"):
        events.publish("wire", {"step": word})
    events.close()
    told = client.get("/events/since?after=1").json

    assert ["second"] == [event["step"] for event in told["events"]]
    assert 2 == told["newest"]
    assert 2 == len(client.get("/events/since?after=99").json["events"])  # numbers of another run


def test_events_come_as_server_sent_events(events: Events) -> None:
    events.publish("phone", {"phone": "anna"})
    stream = server_sent(events.follow(0, for_s=5))
    assert b"retry: 500\n\n" == next(stream)
    lines = next(stream).decode().splitlines()
    events.publish("notification", {"text": "Points are now 5"})
    later = next(stream).decode().splitlines()

    assert ["id: 1", "event: phone"] == lines[:2]
    assert "anna" == json.loads(lines[2].removeprefix("data: "))["phone"]
    assert ["id: 2", "event: notification"] == later[:2]


def test_a_quiet_stream_beats_and_ends() -> None:
    assert [None] == list(Events().follow(0, for_s=0.02, beat_s=0.02))


def test_old_events_are_forgotten() -> None:
    events = Events(keep=3)
    for number in range(10):
        events.publish("wire", {"n": number})

    assert [8, 9, 10] == [event.number for event in events.since(0)]


# --- barcodes ---


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("PKBarcodeFormatQR", "TP-0004817723"),
        ("PKBarcodeFormatPDF417", "TP-0004817723"),
        ("PKBarcodeFormatAztec", "Кофе и мята"),
        ("PKBarcodeFormatCode128", "TP-0004817723"),
        ("QR_CODE", "TP-0004817723"),
        ("CODE_128", "TP-0004817723"),
        ("PDF_417", "TP-0004817723"),
        ("EAN_13", "4006381333931"),
    ],
)
def test_every_barcode_of_a_card_can_be_drawn(client: FlaskClient, kind: str, message: str) -> None:
    drawn = client.get("/barcode.svg", query_string={"format": kind, "message": message})

    assert (200, "image/svg+xml") == (drawn.status_code, drawn.mimetype)
    assert 'viewBox="0 0 ' in drawn.text


def test_a_drawn_code_is_read_by_a_scanner() -> None:
    code = zxingcpp.create_barcode("TP-0004817723", zxingcpp.BarcodeFormat.QRCode)
    inside = barcode_svg("PKBarcodeFormatQR", "TP-0004817723").partition(">")[2]

    assert inside.partition("<g")[2].partition("</g>")[0] in code.to_svg(add_quiet_zones=False)


@given(st.text(max_size=60), st.text(max_size=200))
def test_no_barcode_request_crashes(kind: str, message: str) -> None:
    try:
        assert "<svg" in barcode_svg(kind, message)
    except ValueError as refused:
        assert str(refused)


# --- mail ---


def test_a_mail_is_kept_with_its_links() -> None:
    heard: list[dict[str, Any]] = []
    port = free_ports(1)
    sink = MailSink("127.0.0.1", port, told=heard.append)
    sink.start()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "cards@shop.example", "anna@mail.example", "Ваша карта"
    mail.set_content("Карта здесь: https://shop.example/c/1")
    mail.add_alternative('<a href="https://shop.example/c/1?a=1&amp;b=2">Карта</a>', subtype="html")
    try:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(mail)
    finally:
        sink.stop()
    assert wait_until(lambda: heard)

    [kept] = sink.mails(to="anna@mail.example")
    assert "Ваша карта" == kept["subject"]
    assert ["https://shop.example/c/1", "https://shop.example/c/1?a=1&b=2"] == kept["links"]
    assert [] == sink.mails(to="boris@mail.example")


@given(st.binary(max_size=400))
def test_no_mail_crashes_the_sink(raw: bytes) -> None:
    assert isinstance(parse_mail(raw)["subject"], str)


def test_a_phone_speaks_another_language_at_once(client: FlaskClient, shop: PassServer) -> None:
    phone = new_phone(client)
    shop.files = {"ru.lproj/pass.strings": '"points" = "баллы";'.encode("utf-16")}
    client.post(f"/phones/{phone}/add", json={"url": shop.issue()})
    assert {} == client.get(f"/phones/{phone}").json["cards"][0]["strings"]
    client.post(f"/phones/{phone}/locale", json={"locale": "ru"})

    assert {"points": "баллы"} == client.get(f"/phones/{phone}").json["cards"][0]["strings"]
    assert 400 == client.post(f"/phones/{phone}/locale", json={"locale": "../../en"}).status_code
