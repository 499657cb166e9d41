"""An account of RetailCRM: customers, orders and their histories behind its API."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, jsonify, request

from tests.support.clock import Clock

KEY = "api-key-of-tillpass"
PER_S = 10
Answer = tuple[Response, int]


class Account:
    """`edits` counts what was written into customers. Its times are Moscow's and do not say so."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.things: dict[str, dict[int, dict[str, Any]]] = {"customers": {}, "orders": {}}
        self.histories: dict[str, list[dict[str, Any]]] = {"customers": [], "orders": []}
        self.calls: list[str] = []
        self.edits = 0
        self.status = 200
        self.silent = False
        self._second: tuple[int, int] = (0, 0)
        self.app = Flask("retailcrm")
        self.app.before_request(self._door)
        self.app.add_url_rule("/api/v5/<entity>", view_func=self._list)
        self.app.add_url_rule("/api/v5/<entity>/history", view_func=self._history)
        self.app.add_url_rule("/api/v5/customers/<int:number>/edit", view_func=self._edit, methods=["POST"])

    def put(self, entity: str, number: int, *, ours: bool = False, **fields: Any) -> None:
        """A customer or order, as somebody (or we, with our key) changed it."""
        store = self.things[entity]
        store[number] = {"site": "shop", **store.get(number, {}), **fields, "id": number}
        self._note(entity, number, ours)

    def delete(self, entity: str, number: int) -> None:
        """It is gone; only its history knows of it."""
        del self.things[entity][number]
        self._note(entity, number, False)

    def now(self) -> str:
        """As the account writes times."""
        return self.clock.now().astimezone(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%d %H:%M:%S")

    def _note(self, entity: str, number: int, ours: bool) -> None:
        history = self.histories[entity]
        change = {"id": 2692 + len(history), "createdAt": self.now(), entity[:-1]: {"id": number}}
        history.append(change | ({"apiKey": {"current": True}} if ours else {}))

    def _door(self) -> Answer | None:
        self.calls.append(f"{request.method} {request.path}")
        if request.headers.get("X-API-KEY") != KEY:
            return jsonify(success=False, errorMsg='Wrong "apiKey" value.'), 403
        second = int(self.clock.now().timestamp())
        self._second = (second, self._second[1] + 1 if self._second[0] == second else 1)
        if self._second[1] > PER_S:
            return jsonify(success=False, errorMsg="Service Temporarily Unavailable"), 503
        if self.silent:
            return jsonify(success=True), 200
        if self.status != 200:
            return jsonify(success=False, errorMsg="no"), self.status
        return None

    def _list(self, entity: str) -> Answer:
        assert request.args["limit"] in ("20", "50", "100")
        wanted = request.args.getlist("filter[ids][]")
        rows = [row for number, row in self.things[entity].items() if str(number) in wanted]
        return jsonify({"success": True, "pagination": {"totalPageCount": 1}, entity: rows}), 200

    def _history(self, entity: str) -> Answer:
        said, limit = request.args, int(request.args["limit"])
        rows = self.histories[entity]
        if since := said.get("filter[sinceId]"):
            rows = [row for row in rows if row["id"] > int(since)]
        if begin := said.get("filter[startDate]"):
            rows = [row for row in rows if row["createdAt"] >= begin]
        return jsonify(success=True, generatedAt=self.now(), history=rows[:limit], pagination={}), 200

    def _edit(self, number: int) -> Answer:
        assert ("id", "shop") == (request.form["by"], request.form["site"])
        said = json.loads(request.form["customer"])
        own = {**(self.things["customers"][number].get("customFields") or {}), **said["customFields"]}
        self.put("customers", number, ours=True, customFields=own)
        self.edits += 1
        return jsonify(success=True, id=number), 200
