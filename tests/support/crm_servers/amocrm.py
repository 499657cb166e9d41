"""An account of amoCRM: contacts, leads and webhooks behind its API, with its pace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify, request

from tests.support.clock import Clock

TOKEN = "long-lived-token"
PER_S = 7
Answer = tuple[Response, int] | tuple[str, int]


class Account:
    """`writes` counts what was written into contacts; `webhooks` is what the account would call."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.things: dict[str, dict[int, dict[str, Any]]] = {"contacts": {}, "leads": {}}
        self.webhooks: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.writes = 0
        self.status = 200
        self.silent = False
        self._second: tuple[int, int] = (0, 0)
        self.app = Flask("amocrm")
        self.app.before_request(self._door)
        for rule, view, method in (
            ("/api/v4/webhooks", self._webhooks, "GET"),
            ("/api/v4/webhooks", self._subscribe, "POST"),
            ("/api/v4/contacts/<int:number>", self._patch, "PATCH"),
            ("/api/v4/<entity>", self._list, "GET"),
        ):
            self.app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])

    def put(self, entity: str, number: int, **fields: Any) -> None:
        """A contact or lead, as somebody changed it."""
        store = self.things[entity]
        stamp = int(self.clock.now().timestamp())
        store[number] = {
            "is_deleted": False,
            **store.get(number, {}),
            **fields,
            "id": number,
            "updated_at": stamp,
        }

    def _door(self) -> Answer | None:
        self.calls.append(f"{request.method} {request.path}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return jsonify(title="Unauthorized", status=401, detail="Неверный логин или пароль"), 401
        second = int(self.clock.now().timestamp())
        self._second = (second, self._second[1] + 1 if self._second[0] == second else 1)
        if self._second[1] > PER_S + 1:
            return jsonify(title="Too Many Requests", status=429), 429
        if self.silent:
            return jsonify({}), 200
        return None if self.status == 200 else (jsonify(title="No", status=self.status), self.status)

    def _list(self, entity: str) -> Answer:
        said = request.args
        rows = list(self.things[entity].values())
        if wanted := said.getlist("filter[id][]"):
            rows = [row for row in rows if str(row["id"]) in wanted]
        if since := said.get("filter[updated_at][from]"):
            assert "asc" == said["order[updated_at]"]
            rows = sorted(
                (row for row in rows if row["updated_at"] >= int(since)), key=lambda row: row["updated_at"]
            )
        limit, page = int(said["limit"]), int(said.get("page", 1))
        assert 1 <= limit <= 250
        rows = rows[(page - 1) * limit : page * limit]
        if not rows:
            return "", 204
        shown = [self._shown(row, said.get("with", "")) for row in rows]
        return jsonify(_page=page, _embedded={entity: shown}), 200

    def _shown(self, row: Mapping[str, Any], with_: str) -> dict[str, Any]:
        """Links to other things are shown only where they were asked for."""
        return {name: value for name, value in row.items() if name != "_embedded" or with_ == "contacts"}

    def _patch(self, number: int) -> Answer:
        row = self.things["contacts"][number]
        fields = {field["field_id"]: field for field in row.get("custom_fields_values") or []}
        for field in request.get_json()["custom_fields_values"]:
            fields[field["field_id"]] = {**field, "field_code": None}
        self.put("contacts", number, custom_fields_values=list(fields.values()))
        self.writes += 1
        return jsonify(id=number, updated_at=row["updated_at"]), 200

    def _webhooks(self) -> Answer:
        return jsonify(_total_items=len(self.webhooks), _embedded={"webhooks": self.webhooks}), 200

    def _subscribe(self) -> Answer:
        said = request.get_json()
        self.webhooks = [hook for hook in self.webhooks if hook["destination"] != said["destination"]]
        self.webhooks.append({**said, "disabled": False})
        return jsonify(self.webhooks[-1]), 201


def field(number: int, value: Any, code: str | None = None) -> dict[str, Any]:
    """One of a thing's own fields, with one or several values."""
    several = value if isinstance(value, list) else [value]
    return {"field_id": number, "field_code": code, "values": [{"value": each} for each in several]}
