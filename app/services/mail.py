"""Letters by SMTP: one function that sends, made from one address of a mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate, make_msgid, parseaddr
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 10.0


class MailError(Exception):
    """The letter was not accepted; `permanent` where sending it again is useless."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class SendMail(Protocol):
    """Sends one letter to one person; raises MailError."""

    def __call__(self, to: str, subject: str, text: str, html: str = "") -> None: ...


def mailer(smtp_url: str, sender: str = "", *, name: str = "", tls: ssl.SSLContext | None = None) -> SendMail:
    """A function that sends through `smtp://user:password@host:port` or `smtps://…`.

    Over `smtp` the connection is encrypted whenever the server offers it, and a password is never sent in the
    clear to another machine. `sender` is the From address; without one it is the user's own, or `cards@` the
    server.
    """
    parts = urlsplit(smtp_url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("must look like smtp://user:password@host:port, or smtps://")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    address = sender or (user if "@" in user else f"cards@{parts.hostname}")
    context = tls or ssl.create_default_context()

    def connect() -> smtplib.SMTP:
        host = str(parts.hostname)
        if parts.scheme == "smtps":
            return smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_S, context=context)
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_S)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif user and host not in ("localhost", "127.0.0.1", "::1"):
            server.close()
            raise MailError(
                "the mail server offers no encryption, so the password stays here", permanent=True
            )
        return server

    def send(to: str, subject: str, text: str, html: str = "") -> None:
        _deliver(letter(address, to, subject, text, html, name=name), connect, user, password)

    return send


def letter(sender: str, to: str, subject: str, text: str, html: str = "", *, name: str = "") -> EmailMessage:
    """The letter, as plain text with an HTML alternative; raises MailError for anything that would forge a
    header.
    """
    if any(char in part for part in (sender, to, subject, name) for char in "\r\n\0"):
        raise MailError("a header of the letter holds a line break", permanent=True)
    if parseaddr(to)[1] != to or to.count("@") != 1:
        raise MailError("the letter has no single address to go to", permanent=True)
    made = EmailMessage(policy=SMTP)
    try:
        made["From"], made["To"], made["Subject"] = formataddr((name, sender)), to, subject
        made["Date"], made["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or None)
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(text)
        if html:
            made.add_alternative(html, subtype="html")
    except (MessageError, ValueError) as error:
        raise MailError("the letter cannot be written down", permanent=True) from error
    return made


def _deliver(message: EmailMessage, connect: Callable[[], smtplib.SMTP], user: str, password: str) -> None:
    try:
        with connect() as server:
            if user:
                server.login(user, password)
            server.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise MailError(
            f"the mail server answered {error.smtp_code}", permanent=error.smtp_code >= 500
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise MailError(
            "the mail server refused the address", permanent=all(code >= 500 for code in codes)
        ) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise MailError(f"the mail server could not be used: {type(error).__name__}") from error
