"""A Bitrix24 portal: contacts, deals and products behind its REST, with its limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, jsonify, request

from app.connectors.forms import parse
from tests.support.clock import Clock

CODE = "173glortu42lvpju"
PAGE, BURST, DRAIN_PER_S, MOST_COMMANDS = 50, 50, 2.0, 50


class Portal:
    """`hooks` are the events that its outgoing webhook would have sent, in order."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.contacts: dict[str, dict[str, Any]] = {}
        self.deals: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.hooks: list[tuple[str, str]] = []
        self.calls: list[str] = []
        self.broken: dict[str, str] = {}
        self.silent = False
        self._level, self._at = 0.0, clock.now()
        self.app = Flask("bitrix24")
        self.app.add_url_rule("/rest/1/<code>/<method>", view_func=self._door, methods=["POST"])

    def contact(self, number: str, **fields: Any) -> None:
        """A person, as somebody typed them in."""
        self._put("contact", self.contacts, number, fields)

    def deal(self, number: str, **fields: Any) -> None:
        """A deal; `STAGE_SEMANTIC_ID` follows from the stage."""
        stage = str(fields.get("STAGE_ID", self.deals.get(number, {}).get("STAGE_ID", "NEW")))
        fields["STAGE_ID"] = stage
        fields["STAGE_SEMANTIC_ID"] = {"WON": "S", "LOSE": "F"}.get(stage.rpartition(":")[2], "P")
        self._put("deal", self.deals, number, {"MOVED_TIME": self._stamp(), **fields})

    def delete(self, kind: str, number: str) -> None:
        """It is gone, and so is its history."""
        (self.contacts if kind == "contact" else self.deals).pop(number)
        self.hooks.append((f"ONCRM{kind.upper()}DELETE", number))

    def _put(
        self, kind: str, store: dict[str, dict[str, Any]], number: str, fields: Mapping[str, Any]
    ) -> None:
        event = "UPDATE" if number in store else "ADD"
        store[number] = {**store.get(number, {"ID": number}), **fields, "DATE_MODIFY": self._stamp()}
        self.hooks.append((f"ONCRM{kind.upper()}{event}", number))

    def _stamp(self) -> str:
        return self.clock.now().replace(microsecond=0).isoformat()

    def _door(self, code: str, method: str) -> tuple[Response, int]:
        self.calls.append(method)
        if code != CODE:
            return jsonify(error="INVALID_CREDENTIALS", error_description="Invalid request credentials"), 401
        now = self.clock.now()
        self._level = max(0.0, self._level - (now - self._at).total_seconds() * DRAIN_PER_S)
        self._at = now
        if self._level >= BURST:
            return jsonify(error="QUERY_LIMIT_EXCEEDED", error_description="Too many requests"), 503
        self._level += 1
        body = request.get_json()
        if self.silent:
            return jsonify(result={"result": [], "result_error": []}), 200
        if method == "batch":
            return jsonify(result=self._batch(body["cmd"])), 200
        try:
            return jsonify(result=self._call(method, body)), 200
        except KeyError:
            return jsonify(error="", error_description="Not found"), 400

    def _batch(self, commands: Mapping[str, str]) -> dict[str, Any]:
        assert MOST_COMMANDS >= len(commands)
        results: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, command in commands.items():
            method, _, query = command.partition("?")
            self.calls.append(f"  {method}")
            if method in self.broken:
                errors[name] = {"error": self.broken[method], "error_description": ""}
                continue
            try:
                results[name] = self._call(method, _nested(query))
            except KeyError:
                errors[name] = {"error": "", "error_description": "Not found"}
        return {"result": results or [], "result_error": errors or [], "result_next": [], "result_total": []}

    def _call(self, method: str, said: Mapping[str, Any]) -> Any:
        doors: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "crm.contact.get": lambda said: self.contacts[str(said["ID"])],
            "crm.deal.get": lambda said: self.deals[str(said["ID"])],
            "crm.deal.productrows.get": lambda said: self.rows.get(str(said["ID"]), []),
            "crm.contact.list": lambda said: _page(self.contacts, said),
            "crm.deal.list": lambda said: _page(self.deals, said),
            "crm.contact.update": self._update,
        }
        return doors[method](said)

    def _update(self, said: Mapping[str, Any]) -> bool:
        self._put("contact", self.contacts, str(said["ID"]), said["FIELDS"])
        return True


def _nested(query: str) -> Mapping[str, Any]:
    assert parse_qsl(query)
    return parse(query.encode())


def _page(store: Mapping[str, Mapping[str, Any]], said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sorted by the time of change, fifty at most, only what was selected."""
    assert {"DATE_MODIFY": "ASC", "ID": "ASC"} == said["order"]
    since, start = datetime.fromisoformat(said["filter"][">=DATE_MODIFY"]), int(said["start"])
    rows = [row for row in store.values() if datetime.fromisoformat(row["DATE_MODIFY"]) >= since]
    rows.sort(key=lambda row: (datetime.fromisoformat(row["DATE_MODIFY"]), int(row["ID"])))
    return [{name: row[name] for name in said["select"].values()} for row in rows[start : start + PAGE]]
