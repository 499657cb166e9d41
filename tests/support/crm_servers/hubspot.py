"""HubSpot behind its CRM API: batches of a hundred, associations, search by change, properties to write."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request

from tests.support.clock import Clock

TOKEN, MOST, PAGE = "pat-eu1-hubspot", 100, 3
STAMPS = {"contacts": "lastmodifieddate", "deals": "hs_lastmodifieddate"}


class Portal:
    """`calls` are the paths that it heard, `people` which contacts belong to which deal."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.things: dict[str, dict[str, dict[str, Any]]] = {"contacts": {}, "deals": {}}
        self.people: dict[str, list[tuple[str, str]]] = {}
        self.calls: list[str] = []
        self.app = Flask("hubspot")
        self.app.before_request(self._guard)
        crm = "/crm/v3/objects/<what>"
        self.app.add_url_rule(f"{crm}/batch/read", view_func=self._batch, methods=["POST"])
        self.app.add_url_rule(f"{crm}/search", view_func=self._search, methods=["POST"])
        self.app.add_url_rule(f"{crm}/<number>", view_func=self._patch, methods=["PATCH"])
        path = "/crm/v4/associations/deals/contacts/batch/read"
        self.app.add_url_rule(path, view_func=self._associations, methods=["POST"])

    def put(self, what: str, number: str, minutes_ago: float = 0, **properties: str) -> None:
        """A contact or deal, changed so long ago."""
        at = (self.clock.now() - timedelta(minutes=minutes_ago)).isoformat()
        kept = self.things[what].get(number, {"id": number, "properties": {}, "archived": False})
        said = {**kept["properties"], **properties, STAMPS[what]: at}
        self.things[what][number] = {**kept, "properties": said, "updatedAt": at}

    def _guard(self) -> tuple[Response, int] | None:
        self.calls.append(request.path)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return jsonify({"category": "INVALID_AUTHENTICATION"}), 401
        return None

    def _batch(self, what: str) -> tuple[Response, int]:
        asked: dict[str, Any] = request.get_json()
        numbers = [each["id"] for each in asked["inputs"]]
        if not 0 < len(numbers) <= MOST:
            return jsonify({"message": "too many inputs"}), 400
        store = self.things[what]
        found = [self._shown(store[each], asked["properties"]) for each in numbers if each in store]
        return jsonify({"status": "COMPLETE", "results": found}), 200 if len(found) == len(numbers) else 207

    def _shown(self, thing: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """Only what was asked for, and null for what is empty."""
        return {**thing, "properties": {name: thing["properties"].get(name) for name in names}}

    def _associations(self) -> Response:
        asked: dict[str, Any] = request.get_json()
        results = [
            {
                "from": {"id": each["id"]},
                "to": [
                    {
                        "toObjectId": int(who),
                        "associationTypes": [{"category": "USER_DEFINED", "label": label}],
                    }
                    for who, label in self.people[each["id"]]
                ],
            }
            for each in asked["inputs"]
            if each["id"] in self.people
        ]
        return jsonify({"status": "COMPLETE", "results": results})

    def _search(self, what: str) -> Response:
        asked: dict[str, Any] = request.get_json()
        stamp, start = STAMPS[what], int(asked.get("after", 0))
        since = int(asked["filterGroups"][0]["filters"][0]["value"])
        found = [each for each in self.things[what].values() if _ms(each["updatedAt"]) >= since]
        found.sort(key=lambda each: str(each["updatedAt"]))
        page = [self._shown(each, [stamp]) for each in found[start : start + PAGE]]
        more = {"paging": {"next": {"after": str(start + PAGE)}}} if start + PAGE < len(found) else {}
        return jsonify({"total": len(found), "results": page, **more})

    def _patch(self, what: str, number: str) -> tuple[Response, int]:
        if number not in self.things[what]:
            return jsonify({"category": "OBJECT_NOT_FOUND"}), 404
        self.put(what, number, **request.get_json()["properties"])
        return jsonify(self.things[what][number]), 200


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
