"""A tiny web service as Apple wants one: strict about what phones send, able to misbehave in known ways."""

import copy
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

from tests.support.passes import PASS_TYPE, Signer, pass_json, pkpass

TOKEN = "a-token-of-20-letters"


class PassServer:
    """Passes by serial on a real port. `faults` lists every request that no real phone would send.

    A pass, its version and its date change together: a phone that fetches meanwhile gets all or nothing.
    """

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self.passes: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.versions: dict[str, int] = {}
        self.changed_at: dict[str, datetime] = {}
        self.registrations: dict[tuple[str, str], str] = {}
        self.logs: list[str] = []
        self.seen: list[str] = []
        self.faults: list[str] = []
        self.down = 0
        self.same_tag = self.ignores_since = self.lists_everything = False
        self.lists_also: list[str] = []
        self._lock = threading.RLock()
        self._http = make_server("127.0.0.1", 0, self._app(), threaded=True)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    # --- what a shop does ---

    def issue(self, serial: str = "S1", **changes: Any) -> str:
        """Make a pass; returns its address."""
        web = {"webServiceURL": f"{self.url}/apple", "authenticationToken": TOKEN}
        made = pass_json(self.signer, serialNumber=serial, **{**web, **changes})
        with self._lock:
            self.passes[serial] = made
            self.touch(serial)
        return f"{self.url}/{serial}.pkpass"

    def set_points(self, serial: str, points: int, **values: Any) -> None:
        """Change the primary field, and other fields by key."""
        with self._lock:
            for section in self.passes[serial]["storeCard"].values():
                for field in section:
                    field["value"] = {"points": points, **values}.get(field["key"], field["value"])
            self.touch(serial)

    def touch(self, serial: str) -> None:
        with self._lock:
            self.versions[serial] = self.versions.get(serial, 0) + 1
            before = self.changed_at.get(serial, datetime(2026, 3, 1, tzinfo=UTC))
            self.changed_at[serial] = before + timedelta(seconds=1)

    def push_tokens(self, serial: str) -> list[str]:
        with self._lock:
            return [token for (_, one), token in self.registrations.items() if one == serial]

    # --- what phones see ---

    def _app(self) -> Flask:
        app = Flask("pass-server")
        registration = f"/apple/v1/devices/<dli>/registrations/{PASS_TYPE}"
        app.add_url_rule("/<serial>.pkpass", view_func=self._download)
        app.add_url_rule("/page", "page", lambda: "<p>A web page</p>")
        app.add_url_rule(f"{registration}/<serial>", view_func=self._register, methods=["POST"])
        app.add_url_rule(f"{registration}/<serial>", "leave", self._leave, methods=["DELETE"])
        app.add_url_rule(registration, "list", self._list)
        app.add_url_rule(f"/apple/v1/passes/{PASS_TYPE}/<serial>", view_func=self._pass)
        app.add_url_rule("/apple/v1/log", view_func=self._log, methods=["POST"])
        app.before_request(self._meet)
        return app

    def _meet(self) -> Response | None:
        self.seen.append(f"{request.method} {request.path}")
        if self.down and request.path.startswith("/apple/") and not request.path.endswith("/log"):
            self.down -= 1
            return Response(status=503)
        return None

    def _download(self, serial: str) -> Response:
        return self._file(serial)

    def _register(self, dli: str, serial: str) -> Response:
        body = request.get_json(silent=True)
        if (
            request.content_type != "application/json"
            or not isinstance(body, dict)
            or set(body) != {"pushToken"}
        ):
            self.faults.append(f"bad registration: {request.content_type} {body}")
        if not self._authorized():
            return Response(status=401)
        with self._lock:
            new = (dli, serial) not in self.registrations
            self.registrations[dli, serial] = body["pushToken"]
        return Response(status=201 if new else 200)

    def _leave(self, dli: str, serial: str) -> Response:
        if not self._authorized():
            return Response(status=401)
        with self._lock:
            self.registrations.pop((dli, serial), None)
        return Response(status=200)

    def _list(self, dli: str) -> Response:
        if "Authorization" in request.headers:
            self.faults.append("a list with an Authorization header")
        with self._lock:
            mine = sorted(serial for device, serial in self.registrations if device == dli)
            versions = {one: str(self.versions[one]) for one in mine}
        parts = request.args.get("passesUpdatedSince", "").split(".")
        told = dict(part.split("-") for part in parts if "-" in part)
        changed = [one for one in mine if self.lists_everything or told.get(one) != versions[one]]
        changed += self.lists_also
        if not changed:
            return Response(status=204)
        tag = ".".join(f"{one}-{versions[one]}" for one in mine)
        return jsonify(lastUpdated="same" if self.same_tag else tag, serialNumbers=changed)

    def _pass(self, serial: str) -> Response:
        since = request.headers.get("If-Modified-Since", "")
        if not self._authorized():
            return Response(status=401)
        return self._file(serial, since="" if self.ignores_since else since)

    def _log(self) -> Response:
        self.logs += request.get_json()["logs"]
        return Response(status=200)

    def _file(self, serial: str, since: str = "") -> Response:
        with self._lock:
            content, changed_at = copy.deepcopy(self.passes[serial]), self.changed_at[serial]
        if since and parsedate_to_datetime(since) == changed_at:
            return Response(status=304)
        reply = Response(pkpass(self.signer, content, self.files), mimetype="application/vnd.apple.pkpass")
        reply.headers["Last-Modified"] = format_datetime(changed_at, usegmt=True)
        return reply

    def _authorized(self) -> bool:
        return request.headers.get("Authorization") == f"ApplePass {TOKEN}"
