"""The sandbox process: Apple's push service, Google, a mail server and the phones, behind one control API.

It plays the world outside and is spoken to over the network only, so the app under it is exactly the app that
a shop runs.
"""

import signal
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import structlog
from flask import Flask, Response, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from app.sandbox.android import Android
from app.sandbox.apns import ApnsServer, Push
from app.sandbox.apns_rules import Answer, Client
from app.sandbox.apns_rules import Request as PushRequest
from app.sandbox.control import Parts, create_control
from app.sandbox.events import Events
from app.sandbox.faults import Faults
from app.sandbox.google import Accounts, GoogleState, create_google
from app.sandbox.google_images import ImageCheck, fetch_image
from app.sandbox.mail import MailSink
from app.sandbox.phones import Phones
from app.sandbox.places import Places
from app.sandbox.shelf import Shelf
from app.sandbox.world import PooledSchedule, PooledSend, World
from app.settings import Settings

log = structlog.get_logger(__name__)


class Sandbox:
    """All stand-ins of one process. `reach` turns public addresses into ones this machine can open."""

    def __init__(self, places: Places, *, reach: Callable[[str], str] = lambda address: address) -> None:
        self.places = places
        self.events = Events()
        self.schedule = PooledSchedule()
        self.send = PooledSend()
        self.apns = self._apns()
        self.google = GoogleState(
            {places.issuer, *places.more_issuers},
            path=places.folder / "google.db",
            accounts=Accounts(*places.accounts()),
            images=ImageCheck(lambda address: fetch_image(reach(address))),
        )
        world = World(self.send, self.schedule, self.apns, self.events.publish, reach=reach)
        self.phones = Phones(world, self.google, Shelf(places.folder / "phones"))
        self.mails = MailSink(places.host, places.mail_port, told=self._mailed)
        self.faults = Faults(self.apns, self.google.modes)
        self._stop_hearing = self.google.subscribe(self.phones.google_changed)
        self._http = make_server(
            places.host, places.port, self.wsgi(), threaded=True, request_handler=_QuietRequests
        )
        self._serving = threading.Thread(
            target=self._http.serve_forever, args=(0.1,), name="sandbox-http", daemon=True
        )

    def start(self) -> None:
        """Raises OSError when a port is taken."""
        self.apns.start()
        self.mails.start()
        self.phones.restore()
        if not self.phones.all():
            self.phones.create("iphone", name="Anna’s iPhone", locale="en")
            self.phones.create("android", name="Anna’s Android", locale="en")
        self._serving.start()

    def stop(self) -> None:
        """End everything; phones and Google keep what they hold."""
        self.events.close()
        self._http.shutdown()
        self._stop_hearing()
        self.schedule.stop()
        self.phones.save()
        self.mails.stop()
        self.apns.stop()
        self.google.close()
        self.send.close()
        self._http.server_close()

    def wsgi(self) -> Any:
        """The control API, with Google under `/google`."""
        parts = Parts(self.phones, self.events, self.mails, self.faults, self._logs)
        google = create_google(self.google, save_url=self.places.save_url, phones=self._androids)
        _tell_requests(google, self.events)
        return DispatcherMiddleware(create_control(parts), {"/google": google})

    def _apns(self) -> ApnsServer:
        authority = self.places.authority()
        certificate, key = authority.apns_server()
        where = {"host": self.places.host, "port": self.places.apns_port}
        trusted = authority.clients_ca
        return _ToldApns(self.events, certificate, key, trusted, on_push=self._pushed, **where)

    def _pushed(self, push: Push) -> None:
        self.phones.pushed(push.token)

    def _mailed(self, mail: dict[str, Any]) -> None:
        about = {name: mail[name] for name in ("number", "to", "subject")}
        self.events.publish("mail", about)

    def _androids(self) -> list[tuple[str, str]]:
        return [(phone.id, phone.name) for phone in self.phones.all() if isinstance(phone, Android)]

    def _logs(self) -> dict[str, Any]:
        return {
            "apns": [asdict(line) for line in list(self.apns.log)[-500:]],
            "google": list(self.google.requests),
            "callbacks": list(self.google.callbacks.sent),
            "events": [event.as_json() for event in self.events.since(0)],
        }


def run_sandbox(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError when a port is taken."""
    sandbox = Sandbox(Places.of(settings))
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    sandbox.start()
    log.info("sandbox_ready", url=sandbox.places.control_url)
    try:
        ended.wait()
    finally:
        sandbox.stop()


def _tell_requests(google: Flask, events: Events) -> None:
    """Every call to Google appears on the wire log."""

    @google.after_request
    def tell(reply: Response) -> Response:
        path = request.path.removeprefix("/walletobjects/v1")
        text = f"{request.method} {path.strip('/').split('/')[0]}"
        about = {"text": text[:80], "detail": path[:200], "status": reply.status_code}
        events.publish("google", about)
        return reply


class _ToldApns(ApnsServer):
    """The APNs stand-in, with every answer on the wire log."""

    def __init__(self, events: Events, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._events = events

    def answer(self, request: PushRequest, client: Client, apns_id: str) -> Answer:
        answer = super().answer(request, client, apns_id)
        text = f"push for {request.token[:8]}… {answer.reason}".strip()
        self._events.publish("apns", {"text": text, "status": answer.status, "detail": request.topic})
        return answer


class _QuietRequests(WSGIRequestHandler):
    """Requests are on the wire log of the page; the terminal stays readable."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""
