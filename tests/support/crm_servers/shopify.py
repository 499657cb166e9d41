"""A Shopify shop behind its Admin API: orders by change and id, pages by a mark, tokens that last a day."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request

from tests.support.clock import Clock

TOKEN, APP, APP_SECRET = "shpat_shop", "app-1", "shpss_app"
VERSION = "2026-04"


class ShopifyShop:
    """`orders` as the shop has them; `calls` are the queries that it heard."""

    def __init__(self, clock: Clock, page: int = 2) -> None:
        self.clock, self.page = clock, page
        self.orders: dict[int, dict[str, Any]] = {}
        self.calls: list[dict[str, str]] = []
        self.tokens = {TOKEN}
        self.app = Flask("shopify")
        self.app.add_url_rule(f"/admin/api/{VERSION}/orders.json", view_func=self._orders)
        self.app.add_url_rule("/admin/oauth/access_token", view_func=self._token, methods=["POST"])

    def order(self, number: int, minutes_ago: float = 0, **fields: Any) -> None:
        """An order that was changed so long ago."""
        at = self.clock.now() - timedelta(minutes=minutes_ago)
        base = {"currency": "EUR", "total_price": "10.00", "email": "anna@example.com", "line_items": []}
        kept = self.orders.get(number, {"id": number, "financial_status": "paid", **base})
        self.orders[number] = {**kept, **fields, "updated_at": at.isoformat()}

    def _token(self) -> tuple[Response, int]:
        given = (
            request.form.get("grant_type"),
            request.form.get("client_id"),
            request.form.get("client_secret"),
        )
        if given != ("client_credentials", APP, APP_SECRET):
            return jsonify({"error": "invalid_client"}), 400
        self.tokens.add("shpat_of_a_day")
        return jsonify({"access_token": "shpat_of_a_day", "scope": "read_orders", "expires_in": 86399}), 200

    def _orders(self) -> tuple[Response, int]:
        if request.headers.get("X-Shopify-Access-Token") not in self.tokens:
            return jsonify({"errors": "[API] Invalid API key or access token"}), 401
        self.calls.append(dict(request.args))
        if "ids" in request.args:
            wanted = [int(each) for each in request.args["ids"].split(",")]
            return jsonify({"orders": [self.orders[each] for each in wanted if each in self.orders]}), 200
        mark = request.args.get("page_info")
        if mark and set(request.args) - {"page_info", "limit"}:
            return jsonify({"errors": {"page_info": "Invalid value."}}), 400
        asked = json.loads(base64.urlsafe_b64decode(mark)) if mark else [request.args["updated_at_min"], 0]
        return self._page(datetime.fromisoformat(asked[0]), asked[1], asked[0])

    def _page(self, since: datetime, start: int, said: str) -> tuple[Response, int]:
        changed = [o for o in self.orders.values() if datetime.fromisoformat(o["updated_at"]) >= since]
        changed.sort(key=lambda order: order["updated_at"])
        answer = jsonify({"orders": changed[start : start + self.page]})
        if start + self.page < len(changed):
            mark = base64.urlsafe_b64encode(json.dumps([said, start + self.page]).encode()).decode()
            where = f"{request.url_root}admin/api/{VERSION}/orders.json?limit=2&page_info={mark}"
            answer.headers["Link"] = (
                f'<{request.url_root}x?page_info=old>; rel="previous", <{where}>; rel="next"'
            )
        return answer, 200
