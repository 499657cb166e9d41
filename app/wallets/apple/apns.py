"""Knocks at phones: Apple's push service tells a phone that a card has changed, and the phone comes to fetch
it.

One client is one kept connection with one certificate and takes one batch at a time; a second thread waits
its turn. So each lane has a client of its own: a visit at the till must not wait behind a hundred thousand
banner pushes. Batches are meant to be as large as a claim of the queue (up to 1,000), and results are to be
settled while they come: nothing moves on the wire while the caller is busy elsewhere for longer than
`timeout_s`.

Pass pushes go to Apple's production service only, with the certificate that signs the passes (or a token of
the team's push key), `{}` as body and the pass type identifier as topic
(developer.apple.com/documentation/walletpasses/adding-a-web-service-to-update-passes, last checked November
2026). No `apns-push-type` is sent: Apple's pass pages name none, and both `alert` and `background` ask for
an app's bundle identifier as topic. Without `apns-priority` Apple takes 10, at once.
"""

import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, cast
from urllib.parse import urlsplit

import pycurl

from app.wallets.apple.apns_breaker import CircuitBreaker
from app.wallets.apple.apns_replies import (
    EXPIRED_TOKEN,
    MALFORMED_TOKEN,
    TOO_MANY_TOKENS,
    Push,
    PushResult,
    Reply,
    Verdict,
    judge,
    read_reply,
)
from app.wallets.apple.apns_wire import Dialling, Landed, Wire

_TOKEN = re.compile(r"[0-9a-fA-F]{2,200}")  # Apple: of variable length, at most 100 bytes
_TOPIC = re.compile(r"[A-Za-z0-9.\-]{1,255}")
_TAKEN = Reply(200)
_RESENDS = 4
_UNWELL_MAX = 100  # so many 5xx in a row: Apple is down, the rest of the batch can wait

_OUR_FILES = {
    pycurl.E_SSL_CERTPROBLEM,
    pycurl.E_BAD_FUNCTION_ARGUMENT,
}  # the second: a key that cannot be used
_OUR_TRUST = {pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE, pycurl.E_SSL_ISSUER_ERROR}
_UNREACHED = {
    pycurl.E_COULDNT_RESOLVE_HOST,
    pycurl.E_COULDNT_RESOLVE_PROXY,
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_SSL_CONNECT_ERROR,
}
_REFUSAL = re.compile(r"alert (.*certificate|unknown ca|access denied|handshake failure)", re.IGNORECASE)


class Login(Protocol):
    """Another way in than a certificate: a token that goes with each push."""

    def token(self) -> str:
        """The token to send now."""
        ...

    def replace(self, refused: str) -> str | None:
        """Another one after Apple called `refused` expired; None where there is none to be had yet."""
        ...


class _Dress:
    """The headers of a batch; with a login, its token is among them and can be replaced once."""

    def __init__(self, headers: tuple[str, ...], login: Login | None) -> None:
        self._plain, self._login = headers, login
        self.headers, self._token = headers, ""
        if login:
            self._wear(login.token())

    def _wear(self, token: str) -> None:
        self.headers, self._token = (*self._plain, f"authorization: bearer {token}"), token

    def renew(self, worn: tuple[str, ...]) -> bool:
        """Whether what was sent in `worn` may be sent again, in newer headers."""
        if self._login is None:
            return False
        if worn is self.headers:
            fresh = self._login.replace(self._token)
            if fresh is None:
                return False
            self._wear(fresh)
        return True


@dataclass(slots=True)
class _Flight:
    push: Push
    tries: int = 0
    answers_before: int = 0
    worn: tuple[str, ...] = ()
    renewed: bool = False


class ApnsClient:
    """Pushes batches of tokens over one kept HTTP/2 connection, and says what to do with each token."""

    def __init__(
        self,
        url: str,
        certificate_pem_path: Path | None,
        key_pem_path: Path | None,
        ca_path: Path | None = None,
        *,
        topic: str,
        login: Login | None = None,
        key_password: str | None = None,
        breaker: CircuitBreaker | None = None,
        priority: Literal[5, 10] | None = None,
        in_flight: int = 1000,
        timeout_s: float = 15.0,
        connect_timeout_s: float = 10.0,
    ) -> None:
        """`ca_path` adds a trust anchor (PEM) to the system's; `breaker` is shared by all clients of a
        topic. With a `login` no certificate is shown.

        Raises ValueError for an address that is not https or a topic that cannot be a header.
        """
        if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
            raise ValueError(f"the push service needs an https address, not {url!r}")
        if not _TOPIC.fullmatch(topic):
            raise ValueError(f"not a pass type identifier: {topic!r}")
        self._dialling = Dialling(
            url.rstrip("/"),
            None if login else certificate_pem_path,
            None if login else key_pem_path,
            ca_path=ca_path,
            key_password=key_password,
            timeout_s=timeout_s,
            connect_timeout_s=connect_timeout_s,
            in_flight=in_flight,
        )
        self._headers = (f"apns-topic: {topic}", *([f"apns-priority: {priority}"] if priority else []))
        self._login = login
        self.breaker = breaker or CircuitBreaker()
        self._wire: Wire | None = None
        self._turn = threading.Lock()
        self._at_work: int | None = None

    def push(self, pushes: Iterable[Push], *, expires_at: datetime | None = None) -> Iterator[PushResult]:
        """Push each token once, and give every result as it comes (drops last), in no order; never raises
        for the network. `expires_at` (aware): until when Apple keeps trying a phone that is off.

        A batch that is left early keeps its connection; the fate of what was in flight is unknown.
        """
        headers = self._headers
        if expires_at is not None:
            headers = (*headers, f"apns-expiration: {int(expires_at.timestamp())}")
        with self._my_turn():
            yield from self.breaker.sift(self._results(pushes, headers))

    def _results(self, pushes: Iterable[Push], headers: tuple[str, ...]) -> Iterator[PushResult]:
        try:
            self._wire = self._wire or Wire(self._dialling)
        except OSError as unreadable:
            fault = Reply(0, "CertificateUnusable", detail=str(unreadable))
            yield from (PushResult(push, Verdict.OURS, fault) for push in pushes)
            return
        batch = _Batch(self._wire, self.breaker, iter(pushes), _Dress(headers, self._login))
        try:
            yield from batch.run()
        finally:
            self._wire.recall()
            if batch.is_stale:
                self._hang_up()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._at_work == threading.get_ident():
            raise RuntimeError("this thread has not finished its last batch on this client")
        with self._turn:
            self._at_work = threading.get_ident()
            try:
                yield
            finally:
                self._at_work = None

    def close(self) -> None:
        """Hang up; the next batch opens a new connection (with certificate files as they are then)."""
        with self._turn:
            self._hang_up()

    def _hang_up(self) -> None:
        wire, self._wire = self._wire, None
        if wire:
            wire.close()


class _Batch:
    """One call of `push`: what waits, what has to be sent again, and whether going on has any sense."""

    def __init__(self, wire: Wire, breaker: CircuitBreaker, pushes: Iterator[Push], dress: _Dress) -> None:
        self._wire, self._breaker, self._pushes, self._dress = wire, breaker, pushes, dress
        self._again: deque[_Flight] = deque()
        self._answers = self._told = self._unwell = 0
        self._stop: Reply | None = None
        self._is_cut_off = self.is_stale = False

    def run(self) -> Iterator[PushResult]:
        while True:
            yield from self._send()
            if not self._wire.in_flight:
                return
            taken, others = self._wire.step()
            if taken:
                yield from self._thank(taken)
            for landed in others:
                result = self._settle(landed)
                if result:
                    yield result
            if self._is_cut_off:
                self._again.extend(flight for flight in self._wire.recall() if isinstance(flight, _Flight))

    def _send(self) -> Iterator[PushResult]:
        """Fill the window; gives the results of pushes that never leave the house."""
        while self._wire.has_room and (flight := self._next()):
            if self._stop:
                yield self._close(flight.push, self._stop)
            elif len(token := flight.push.token) % 2 or not _TOKEN.fullmatch(token):
                yield self._close(flight.push, Reply(0, MALFORMED_TOKEN))
            else:
                flight.answers_before, flight.worn = self._answers, self._dress.headers
                self._wire.send(f"/3/device/{token}", flight.worn, flight)

    def _next(self) -> _Flight | None:
        if self._again:
            return self._again.popleft()
        push = next(self._pushes, None)
        return _Flight(push) if push else None

    def _thank(self, taken: list[object]) -> list[PushResult]:
        """What nearly every push comes to, so with as little work as can be."""
        self._answers += len(taken)
        self._unwell = 0
        self._told += self._breaker.note_taken(len(taken))
        sent = Verdict.SENT
        return [PushResult(flight.push, sent, _TAKEN) for flight in cast(list[_Flight], taken)]

    def _settle(self, landed: Landed) -> PushResult | None:
        flight = landed.cargo
        assert isinstance(flight, _Flight)
        if not landed.code:
            self._answers += 1
            reply = read_reply(landed.status, landed.body, landed.retry_after_s)
            return None if self._goes_again(flight, reply) else self._close(flight.push, reply)
        reply = self._failure(landed, flight)
        if self._stop or flight.tries >= _RESENDS:
            return self._close(flight.push, self._stop or reply)
        flight.tries += 1
        self._again.append(flight)
        return None

    def _goes_again(self, flight: _Flight, reply: Reply) -> bool:
        """A push whose token had expired on the way goes once more, with a new one."""
        if (
            reply.reason != EXPIRED_TOKEN
            or flight.renewed
            or self._stop
            or not self._dress.renew(flight.worn)
        ):
            return False
        flight.renewed = True
        self._again.append(flight)
        return True

    def _failure(self, landed: Landed, flight: _Flight) -> Reply:
        """Name a transfer without an answer; stops the batch where the next one cannot fare better."""
        text = landed.text
        if landed.code in _OUR_FILES:
            self._stop = Reply(0, "CertificateUnusable", detail=text)
        elif landed.code in _OUR_TRUST:
            self._stop = Reply(0, "ServerNotTrusted", detail=text)
        elif _REFUSAL.search(text):
            self._stop = Reply(0, "CertificateRefused", detail=text)
        elif landed.code in _UNREACHED:
            self._stop = Reply(0, "NotConnected", detail=text)
        elif landed.code == pycurl.E_OPERATION_TIMEDOUT:
            self._time_out(flight, text)
        self._is_cut_off = self._stop is not None
        return self._stop or Reply(0, "NoAnswer", detail=text)

    def _time_out(self, flight: _Flight, text: str) -> None:
        """Waiting twice has no sense; a connection that answered nobody meanwhile is dead."""
        flight.tries = _RESENDS
        if flight.answers_before == self._answers:
            self.is_stale = True
            self._stop = Reply(0, "NoAnswer", detail=text)

    def _close(self, push: Push, reply: Reply) -> PushResult:
        verdict = judge(reply, push.registered_at)
        if reply is not self._stop:
            self._told += self._breaker.note(reply)
            self._stop = self._stop or self._reason_to_stop(reply, verdict)
        return PushResult(push, verdict, reply)

    def _reason_to_stop(self, reply: Reply, verdict: Verdict) -> Reply | None:
        self._unwell = self._unwell + 1 if reply.status >= 500 else 0
        if verdict is Verdict.OURS or self._unwell >= _UNWELL_MAX or reply.reason == TOO_MANY_TOKENS:
            return reply
        if self._told >= self._breaker.window and (finding := self._breaker.finding):
            return Reply(0, "MassRejection", detail=str(finding))
        return None
