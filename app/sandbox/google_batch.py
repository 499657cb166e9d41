"""`POST /batch`: many requests in one, each answered by itself.

Whether their parts count towards Google's rate is not written anywhere; here they do, which is the stricter.
Vendor page: developers.google.com/wallet/reference/rest (last checked 2026-08).
"""

import email
import secrets
from email.message import Message

from flask import Blueprint, Response, current_app, request

from app.sandbox.google_modes import front_end

MOST_PARTS = 1000


def batch_route(pages: Blueprint) -> None:
    """Add the address."""

    @pages.post("/batch")
    def batch() -> Response:
        head = f"Content-Type: {request.content_type}\r\n\r\n".encode()
        asked = email.message_from_bytes(head + request.get_data())
        parts = asked.get_payload() if asked.is_multipart() else []
        if not isinstance(parts, list) or not 0 < len(parts) <= MOST_PARTS:
            raise front_end(400, f"A batch has 1 to {MOST_PARTS} parts.", "INVALID_ARGUMENT")
        boundary = f"batch_{secrets.token_hex(8)}"
        said = [_answered(part) for part in parts if isinstance(part, Message)]
        body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), one) for one in said)
        body += f"--{boundary}--\r\n".encode()
        return Response(body, content_type=f"multipart/mixed; boundary={boundary}")


def _answered(part: Message) -> bytes:
    """One part's answer, with its `Content-ID` as Google gives it back."""
    text = part.get_payload(decode=True)
    raw = text if isinstance(text, bytes) else b""
    head, _, body = raw.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
    line, *_ = head.split(b"\n")
    method, _, rest = line.decode("utf-8", "replace").partition(" ")
    path = rest.split(" ")[0]
    if not path.startswith("/walletobjects/"):
        path = "/unknown"
    reply = current_app.test_client().open(
        path,
        method=method or "GET",
        data=body.strip() or None,
        headers={"Authorization": request.headers.get("Authorization", "")},
        content_type="application/json",
    )
    known = part.get("Content-ID", "<0>").strip("<>")
    headers = f"Content-Type: application/http\r\nContent-ID: <response-{known}>\r\n\r\n"
    status = f"HTTP/1.1 {reply.status}\r\nContent-Type: {reply.content_type}\r\n\r\n"
    return headers.encode() + status.encode() + reply.get_data()
