"""Samsung Wallet for people without a contract with Samsung: a phone that opens links, and the server behind.

It takes a sealed card, or fetches one by its name; tells the shop what became of it; and on word of a change
comes to fetch the card anew. Strict about tokens, names and lengths. Spoken to over HTTP only.

Vendor page: developer.samsung.com/wallet/ManageCardLifecycle/CardLifecycleAPIs.html (last checked 2026-08).
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from flask import Flask, Response, jsonify, request

from app.sandbox.samsung_rules import faults
from app.sandbox.samsung_tokens import Refused, opened, signed, unsealed
from app.sandbox.world import PooledSend, Reply

CARD_LASTS_MS, CALL_LASTS_MS = 30_000, 300_000
_TRANSMIT = re.compile(r"/(?P<card>[A-Za-z0-9_-]+)#Clip\?cdata=(?P<cdata>[A-Za-z0-9_.-]+)")
_FETCH = re.compile(
    r"/(?P<certificate>[^/]+)/(?P<card>[A-Za-z0-9_-]+)#Clip\?pdata=(?P<ref>[A-Za-z0-9_-]{1,32})"
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A partner as the portal knows it; `server_url` is where its cards are asked for."""

    partner_id: str
    certificate_id: str
    card_id: str
    key: RSAPublicKey
    server_url: str


@dataclass
class Samsung:
    """The wallet of one person, and Samsung's server. `failing` is the status that updates get instead."""

    partner: Registered
    key: RSAPrivateKey
    now_ms: Callable[[], int] = lambda: int(time.time() * 1000)
    country: str = "de"
    callback: str = ""
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    updates: list[tuple[str, str]] = field(default_factory=list)
    asked: int = 0
    failing: int = 0
    retry_after_s: int = 0
    send: PooledSend = field(default_factory=PooledSend)

    # --- the phone ---

    def add(self, link: str) -> str:
        """Open the link behind the button; the card's name. Raises Refused."""
        if found := _TRANSMIT.search(link):
            self._require_card(found["card"])
            body = unsealed(self._opened(found["cdata"], "CARD", CARD_LASTS_MS).decode(), self.key)
            self._require_valid(body)
        elif fetch := _FETCH.search(link):
            self._require_card(fetch["card"])
            if f"/{self.partner.certificate_id}/" not in link:
                raise Refused("the link names no certificate of this partner")
            body = self.fetch(fetch["ref"])
        else:
            raise Refused("not a link of Samsung Wallet")
        ref_id = str(body["card"]["data"][0]["refId"])
        self.cards[ref_id] = body["card"]["data"][0]
        self.tell(ref_id, "ADDED")
        return ref_id

    def delete(self, ref_id: str) -> None:
        """The person takes the card away."""
        self.cards.pop(ref_id, None)
        self.tell(ref_id, "DELETED")

    def shows(self, ref_id: str, name: str, language: str = "") -> str:
        """What the card says in a language of the phone."""
        data = self.cards[ref_id]
        mine = next((one for one in data.get("localization", []) if one["language"] == language), None)
        return str({**data["attributes"], **(mine["attributes"] if mine else {})}.get(name, ""))

    # --- the server ---

    def fetch(self, ref_id: str) -> dict[str, Any]:
        """Ask the partner for a card. Raises Refused."""
        reply = self.call("GET", self._path(ref_id))
        if reply.status != 200:
            raise Refused(f"no card there: status {reply.status}")
        body: dict[str, Any] = json.loads(reply.body)
        self._require_valid(body)
        if body["card"]["data"][0]["refId"] != ref_id:
            raise Refused("the card of another name")
        return body

    def tell(self, ref_id: str, event: str, **header: Any) -> int:
        """Send Card State; the partner's answer."""
        query = f"?cc2={self.country}&event={event}"
        body = json.dumps({"callback": self.callback}).encode() if self.callback else b"{}"
        return self.call("POST", self._path(ref_id), query, body=body, **header).status

    def call(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        bound: str = "",
        body: bytes | None = None,
        **header: Any,
    ) -> Reply:
        """One call to the partner's server; `bound` and `header` make a token that is wrong."""
        root = urlsplit(self.partner.server_url).path
        claims = {"API": {"method": method, "path": bound or root + path}}
        key = header.pop("key", self.key)
        facts = {"partner": self.partner.partner_id, "now_ms": self.now_ms(), **header}
        headers = {
            "Authorization": f"Bearer {signed(claims, key, **facts)}",
            "x-request-id": uuid.uuid4().hex,
            "Content-Type": "application/json",
        }
        return self.send(method, self.partner.server_url + path + query, headers=headers, body=body)

    def updated(self, country: str, card_id: str, method: str, path: str) -> Response:
        """A partner says that a card changed: fetch it."""
        self.asked += 1
        if self.failing:
            headers = {"Retry-After": str(self.retry_after_s)} if self.retry_after_s else {}
            return Response(status=self.failing, headers=headers)
        try:
            ref_id, state = self._update(country, card_id, method, path)
        except Refused as fault:
            return _refusal(400 if "token" not in str(fault) else 401, str(fault))
        self.updates.append((ref_id, state))
        if state == "DELETED":
            self.cards.pop(ref_id, None)
        elif ref_id in self.cards:
            self.cards[ref_id] = self.fetch(ref_id)["card"]["data"][0]
        return Response(status=200)

    def _update(self, country: str, card_id: str, method: str, path: str) -> tuple[str, str]:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            claims = json.loads(self._opened(bearer, "AUTH", CALL_LASTS_MS))
        except Refused as fault:
            raise Refused(f"token: {fault}") from fault
        if claims.get("API") != {"method": method, "path": path}:
            raise Refused("the token is for another call")
        self._require_card(card_id)
        partner, asked = request.headers.get("x-smcs-partner-id"), request.headers.get("x-request-id", "")
        if partner != self.partner.partner_id or not 1 <= len(asked) <= 32:
            raise Refused("x-smcs-partner-id or x-request-id is wrong")
        if country != self.country:
            raise Refused(f"the card is in {self.country}, not in {country}")
        card = (request.get_json(silent=True) or {}).get("card", {})
        if card.get("type") != "loyalty" or len(card.get("data", [])) != 1:
            raise Refused("the body must be {card: {type, data: [one]}}")
        one = card["data"][0]
        if not set(one) <= {"refId", "state", "fields"} or one.get("state") not in ("UPDATED", "DELETED"):
            raise Refused("data must be {refId, state, fields}")
        return str(one["refId"]), str(one["state"])

    def _opened(self, token: str, kind: str, lasts_ms: int) -> bytes:
        who = self.partner
        about = {"partner": who.partner_id, "certificate": who.certificate_id}
        return opened(token, kind, who.key, now_ms=self.now_ms(), lasts_ms=lasts_ms, **about)

    def _path(self, ref_id: str) -> str:
        return f"/cards/{self.partner.card_id}/{ref_id}"

    def _require_card(self, card_id: str) -> None:
        if card_id != self.partner.card_id:
            raise Refused(f"no card template {card_id}")

    def _require_valid(self, body: dict[str, Any]) -> None:
        if found := faults(body):
            raise Refused("; ".join(found))


def create_samsung(state: Samsung) -> Flask:
    """Samsung's server as a Flask app."""
    app = Flask(__name__, static_folder=None)

    @app.post("/<country>/wltex/cards/<card_id>/updates")
    def updates(country: str, card_id: str) -> Response:
        return state.updated(country, card_id, request.method, request.path)

    return app


def _refusal(status: int, words: str) -> Response:
    answer = jsonify(resultCode="ERR", resultMessage=words)
    answer.status_code = status
    return answer
