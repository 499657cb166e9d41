"""Square behind its API: payments, refunds and customers by the time of their last change."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request

from tests.support.clock import Clock

TOKEN, PAGE = "EAAA-square", 2


class SquareSeller:
    """`busy` calls are answered with 429 before it works again."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.payments: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.busy = 0
        self.app = Flask("square")
        self.app.before_request(self._guard)
        self.app.add_url_rule("/v2/payments", view_func=self._listed, defaults={"what": "payments"})
        self.app.add_url_rule("/v2/refunds", view_func=self._listed, defaults={"what": "refunds"})
        self.app.add_url_rule("/v2/payments/<number>", view_func=self._payment)
        self.app.add_url_rule("/v2/customers/search", view_func=self._search, methods=["POST"])

    def put(self, what: str, number: str, minutes_ago: float = 0, **fields: Any) -> None:
        """Something of this sort, changed so long ago."""
        store: dict[str, dict[str, Any]] = getattr(self, what)
        at = self.clock.now() - timedelta(minutes=minutes_ago)
        store[number] = {**store.get(number, {"id": number}), **fields, "updated_at": at.isoformat()}

    def _guard(self) -> tuple[Response, int] | None:
        self.calls.append(f"{request.method} {request.path}")
        if self.busy:
            self.busy -= 1
            return jsonify({"errors": [{"code": "RATE_LIMITED"}]}), 429
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return jsonify({"errors": [{"code": "UNAUTHORIZED"}]}), 401
        return None

    def _payment(self, number: str) -> tuple[Response, int]:
        if number not in self.payments:
            return jsonify({"errors": [{"code": "NOT_FOUND"}]}), 404
        return jsonify({"payment": self.payments[number]}), 200

    def _listed(self, what: str) -> Response:
        assert "UPDATED_AT" == request.args["sort_field"]
        return self._page(what, request.args["updated_at_begin_time"], request.args.get("cursor"))

    def _search(self) -> Response:
        asked: dict[str, Any] = request.get_json()
        return self._page(
            "customers", asked["query"]["filter"]["updated_at"]["start_at"], asked.get("cursor")
        )

    def _page(self, what: str, since: str, cursor: str | None) -> Response:
        begin, start = datetime.fromisoformat(since), int(cursor or 0)
        store: dict[str, dict[str, Any]] = getattr(self, what)
        changed = [each for each in store.values() if datetime.fromisoformat(each["updated_at"]) >= begin]
        changed.sort(key=lambda each: str(each["updated_at"]))
        said: dict[str, Any] = {what: changed[start : start + PAGE]} if changed else {}
        return jsonify(said | ({"cursor": str(start + PAGE)} if start + PAGE < len(changed) else {}))
