"""A mail server that delivers nothing: what the shop sends is shown to the person instead."""

import logging
import re
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MAIL_BYTES = 5 * 1024 * 1024
_LINK = re.compile(r"https?://[^\s\"'<>]+")


class MailSink:
    """An SMTP server on `host:port` that keeps the last `keep` mails. `told` hears of each as it comes."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        keep: int = 200,
        told: Callable[[dict[str, Any]], None] = lambda mail: None,
    ) -> None:
        self._mails: deque[dict[str, Any]] = deque(maxlen=keep)
        self._lock = threading.Lock()
        self._count = 0
        self._told = told
        self._server = Controller(self, hostname=host, port=port, data_size_limit=LARGEST_MAIL_BYTES)

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells of every handshake
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def mails(self, *, to: str | None = None) -> list[dict[str, Any]]:
        """Newest first; `to` keeps those of one recipient."""
        with self._lock:
            found = list(self._mails)[::-1]
        return [mail for mail in found if to is None or to in mail["to"]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook, by its name."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        with self._lock:
            self._count += 1
            mail = parse_mail(raw, number=self._count, to=list(envelope.rcpt_tos))
            self._mails.append(mail)
        self._told(mail)
        return "250 OK"


def parse_mail(raw: bytes, *, number: int = 0, to: list[str] | None = None) -> dict[str, Any]:
    """Subject, sender, recipients, text, HTML and all links of a mail; never raises for odd mails."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    text, html = _part(message, "plain"), _part(message, "html")
    headers = {name: _header(message, name) for name in ("From", "Subject", "List-Unsubscribe", "Date")}
    return {
        "number": number,
        "at": datetime.now(UTC).isoformat(),
        "from": headers["From"],
        "to": to or [_header(message, "To")],
        "subject": headers["Subject"],
        "unsubscribe": headers["List-Unsubscribe"],
        "text": text,
        "html": html,
        "links": list(dict.fromkeys(_LINK.findall(f"{text}\n{html.replace('&amp;', '&')}"))),
    }


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError):
        return ""  # the parser of the standard library trips over some malformed headers


def _part(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body(preferencelist=(kind,))
        return str(part.get_content()) if part is not None else ""
    except (LookupError, ValueError, AttributeError, KeyError):
        return ""
