"""Letters leave by SMTP, and carry nothing but what we wrote."""

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from hypothesis import given
from hypothesis import strategies as st

from app.services.mail import MailError, letter, mailer


class MailBox:
    """Takes letters, or refuses them with `answer`."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.taken.append(envelope)
        return self.answer


@pytest.fixture
def box() -> Iterator[tuple[MailBox, str]]:
    box = MailBox()
    controller = Controller(box, hostname="127.0.0.1", port=0)
    controller.port = _free_port()
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_letter_arrives_in_both_forms(box: tuple[MailBox, str]) -> None:
    mails, address = box
    send = mailer(address, "cards@example.com", name="Зерно и пар")

    send("anna@example.com", "Ваша карта", "Здравствуйте!", "<p>Здравствуйте!</p>")

    envelope = mails.taken[0]
    made = message_from_bytes(envelope.content, policy=default)
    assert ["anna@example.com"] == envelope.rcpt_tos
    assert ("Ваша карта", "Зерно и пар <cards@example.com>") == (made["Subject"], made["From"])
    assert ["text/plain", "text/html"] == [part.get_content_type() for part in made.iter_parts()]
    assert made["Message-ID"] and made["Date"]


@pytest.mark.parametrize(("answer", "permanent"), [("550 no such person", True), ("451 later", False)])
def test_a_refusal_says_whether_it_is_for_good(
    box: tuple[MailBox, str], answer: str, permanent: bool
) -> None:
    mails, address = box
    mails.answer = answer

    with pytest.raises(MailError) as refused:
        mailer(address)("anna@example.com", "s", "t")

    assert permanent == refused.value.permanent


def test_a_server_that_is_away_is_worth_another_try() -> None:
    with pytest.raises(MailError) as refused:
        mailer(f"smtp://127.0.0.1:{_free_port()}")("anna@example.com", "s", "t")

    assert not refused.value.permanent


@pytest.mark.parametrize("hostile", ["a@b.example\nBcc: c@d.example", "a@b.example\r\n", "a\0@b.example"])
@pytest.mark.parametrize("part", ["to", "subject", "sender", "name"])
def test_nobody_writes_a_header_of_ours(part: str, hostile: str) -> None:
    values = {"sender": "cards@example.com", "to": "anna@example.com", "subject": "s", "text": "t"}

    with pytest.raises(MailError):
        letter(**{**values, part: hostile})


@pytest.mark.parametrize(
    "to", ["a@b.example, c@d.example", "Anna <a@b.example>", "anna", "", "a@b@c.example"]
)
def test_a_letter_goes_to_one_plain_address(to: str) -> None:
    with pytest.raises(MailError):
        letter("cards@example.com", to, "s", "t")


@given(subject=st.text(max_size=80), text=st.text(max_size=200))
def test_any_words_make_a_letter_or_a_refusal(subject: str, text: str) -> None:
    try:
        made = letter("cards@example.com", "anna@example.com", subject, text).as_bytes()
    except MailError:
        return

    assert ["anna@example.com"] == message_from_bytes(made, policy=default).get_all("To")
    assert None is message_from_bytes(made, policy=default)["Bcc"]


def test_the_address_must_be_that_of_a_mail_server() -> None:
    with pytest.raises(ValueError, match="smtp://"):
        mailer("https://mail.example")
