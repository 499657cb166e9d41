"""One HTTP/2 connection to the stand-in for APNs.

Everything a client sends is untrusted: a broken frame ends its own connection with GOAWAY and nothing else.
A client that does not read is not read from either, so it costs no more than its buffers.
"""

import asyncio
import json
import logging
import ssl
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame

from app.sandbox.apns_faults import Faults
from app.sandbox.apns_rules import BODY_MAX_BYTES, Answer, Client, Request, read_request

logger = logging.getLogger(__name__)
STREAMS_MAX = 1000
_LAST_WORDS_S = 0.02
_LINGER_S = 2.0


class Desk(Protocol):
    """Where a connection gets its answers."""

    faults: Faults

    def answer(self, request: Request, client: Client, apns_id: str) -> Answer: ...


class Connection(asyncio.Protocol):
    """Speaks HTTP/2; `opened` and `closed` tell the server."""

    def __init__(
        self, desk: Desk, opened: Callable[["Connection"], None], closed: Callable[["Connection"], None]
    ):
        self._desk, self._opened, self._closed = desk, opened, closed
        config = H2Configuration(client_side=False, header_encoding=None)
        self._h2 = H2Connection(config)
        self._requests: dict[int, Request] = {}
        self._bodies: dict[int, bytes] = {}  # answers that wait for the client's flow-control window
        self._client = Client()
        self._served = 0
        self._last_stream: int | None = None  # set once GOAWAY is out
        self._transport: asyncio.Transport | None = None

    # -- asyncio ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._opened(self)
        tls = transport.get_extra_info("ssl_object")
        if tls is None or tls.selected_alpn_protocol() != "h2":
            transport.abort()
            return
        self._client = client_of(tls)
        self._h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = STREAMS_MAX
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._closed(self)

    def pause_writing(self) -> None:
        if self._transport:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        try:
            for event in self._h2.receive_data(data):
                self._handle(event)
        except H2Error:
            self._flush()  # h2 has put GOAWAY with the reason into its buffer
            self._hang_up()
        except Exception:
            logger.exception("a connection to the APNs stand-in broke")
            self.abort()
        else:
            self._flush()

    # -- HTTP/2 ----------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            if self._last_stream is None and event.stream_id is not None:
                self._requests[event.stream_id] = read_request(event.headers or ())
        elif isinstance(event, DataReceived):
            self._take_body(event)
        elif isinstance(event, StreamEnded):
            self._serve(event.stream_id)
        elif isinstance(event, StreamReset):
            self._requests.pop(event.stream_id, None)
            self._bodies.pop(event.stream_id, None)
        elif isinstance(event, WindowUpdated):
            self._send_waiting()

    def _take_body(self, event: DataReceived) -> None:
        self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        request = self._requests.get(event.stream_id)
        if request is None:
            return
        request.body_bytes += len(event.data)
        if request.body_bytes > BODY_MAX_BYTES:
            self._serve(event.stream_id)  # no need to hear the rest

    def _serve(self, stream_id: int) -> None:
        request = self._requests.pop(stream_id, None)
        if request is None or self._transport is None:
            return
        self._served += 1
        faults = self._desk.faults
        if faults.cuts(self._served):
            self.abort()
            return
        if not faults.mute:
            self._answer_in_time(stream_id, request, faults.latency_s)
        if faults.goaway_every and self._served >= faults.goaway_every and self._last_stream is None:
            self.say_goodbye(stream_id)

    def _answer_in_time(self, stream_id: int, request: Request, latency_s: float) -> None:
        apns_id = request.headers.get("apns-id") or str(uuid.uuid4()).upper()
        answer = self._desk.answer(request, self._client, apns_id)
        if latency_s > 0:
            asyncio.get_running_loop().call_later(latency_s, self._answer_late, stream_id, answer, apns_id)
        else:
            self._answer(stream_id, answer, apns_id)

    def _answer_late(self, stream_id: int, answer: Answer, apns_id: str) -> None:
        if self._transport and not self._transport.is_closing():
            self._answer(stream_id, answer, apns_id)
            self._flush()

    def _answer(self, stream_id: int, answer: Answer, apns_id: str) -> None:
        headers = [(":status", str(answer.status)), ("apns-id", apns_id)]
        body = _body(answer)
        if body:
            headers.append(("content-type", "application/json; charset=utf-8"))
        if answer.retry_after_s is not None:
            headers.append(("retry-after", str(answer.retry_after_s)))
        try:
            self._h2.send_headers(stream_id, headers, end_stream=not body)
        except H2Error:
            return  # the client has given this stream up meanwhile
        if body:
            self._bodies[stream_id] = body
            self._send_waiting()

    def _send_waiting(self) -> None:
        for stream_id, body in list(self._bodies.items()):
            try:
                if self._h2.local_flow_control_window(stream_id) < len(body):
                    continue
                self._h2.send_data(stream_id, body, end_stream=True)
            except H2Error:
                logger.debug("stream %s is gone", stream_id)
            del self._bodies[stream_id]

    def _flush(self) -> None:
        if self._transport and not self._transport.is_closing() and (data := self._h2.data_to_send()):
            self._transport.write(data)

    # -- ends ------------------------------------------------------------------------------------------------

    def say_goodbye(self, last_stream: int) -> None:
        """GOAWAY: requests up to `last_stream` are answered, later ones never; then the connection ends."""
        self._last_stream = last_stream
        self._flush()
        if self._transport:
            frame = GoAwayFrame(0, last_stream_id=last_stream, error_code=ErrorCodes.NO_ERROR)
            self._transport.write(frame.serialize())
            asyncio.get_running_loop().call_later(self._desk.faults.latency_s + _LAST_WORDS_S, self._hang_up)

    def shut_down(self) -> None:
        """Part politely: what has come in is answered."""
        if self._transport and not self._transport.is_closing():
            self.say_goodbye(self._h2.highest_inbound_stream_id)

    def _hang_up(self) -> None:
        if self._transport:
            self._transport.close()
            asyncio.get_running_loop().call_later(_LINGER_S, self.abort)

    def abort(self) -> None:
        """Cut the connection at once."""
        if self._transport:
            self._transport.abort()


def client_of(tls: ssl.SSLObject) -> Client:
    """The topic that a client's certificate allows: the UID in its subject."""
    certificate: dict[str, Any] | None = tls.getpeercert()
    if not certificate:
        return Client()
    subject = {name: value for part in certificate.get("subject", ()) for name, value in part}
    return Client(True, str(subject.get("userId", "")))


def _body(answer: Answer) -> bytes:
    if answer.status == 200:
        return b""
    fields: dict[str, object] = {"reason": answer.reason}
    if answer.invalid_at_ms is not None:
        fields["timestamp"] = answer.invalid_at_ms
    return json.dumps(fields).encode()
