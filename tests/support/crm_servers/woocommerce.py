"""A WooCommerce shop behind its REST API: orders by change, and webhooks that it gave up on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request

from tests.support.clock import Clock

KEY, SECRET = "ck_shop", "cs_shop"


class WooShop:
    """`meanwhile` happens after each page that is read, as in a shop that is open."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.orders: dict[int, dict[str, Any]] = {}
        self.webhooks: dict[int, dict[str, Any]] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        self.pages = 0
        self.app = Flask("woocommerce")
        self.app.before_request(self._guard)
        self.app.add_url_rule("/wp-json/wc/v3/orders", view_func=self._orders)
        self.app.add_url_rule("/wp-json/wc/v3/webhooks", view_func=self._webhooks)
        self.app.add_url_rule("/wp-json/wc/v3/webhooks/<int:number>", view_func=self._change, methods=["PUT"])

    def order(self, number: int, minutes_ago: float = 0, **fields: Any) -> None:
        """An order that was changed so long ago."""
        at = (self.clock.now() - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%S")
        kept = self.orders.get(
            number, {"id": number, "status": "processing", "currency": "EUR", "total": "9.00"}
        )
        self.orders[number] = {**kept, **fields, "date_modified_gmt": at}

    def _guard(self) -> tuple[Response, int] | None:
        given = request.authorization
        if given is None or (given.username, given.password) != (KEY, SECRET):
            return jsonify({"code": "woocommerce_rest_cannot_view"}), 401
        return None

    def _orders(self) -> Response:
        assert ("true", "modified", "asc") == tuple(
            request.args[name] for name in ("dates_are_gmt", "orderby", "order")
        )
        after, size = request.args["modified_after"], int(request.args["per_page"])
        start = (int(request.args["page"]) - 1) * size
        changed = sorted(
            self.orders.values(), key=lambda each: (str(each["date_modified_gmt"]), int(each["id"]))
        )
        answer = jsonify(
            [each for each in changed if str(each["date_modified_gmt"]) > after][start : start + size]
        )
        self.pages += 1
        self.meanwhile()
        return answer

    def _webhooks(self) -> Response:
        return jsonify([each for each in self.webhooks.values() if each["status"] == request.args["status"]])

    def _change(self, number: int) -> Response:
        self.webhooks[number].update(request.get_json())
        return jsonify(self.webhooks[number])

    @staticmethod
    def moment(text: str) -> datetime:
        """A time as the shop writes it."""
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
