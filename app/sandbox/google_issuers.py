"""Issuers of the stand-in: their names, who may write for them, and their Smart Tap keys.

Vendor page: developers.google.com/wallet/reference/rest/v1/issuer (last checked 2026-08).
"""

import json
import threading
from collections.abc import Callable, Collection
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from flask import Blueprint, Response, g

from app.sandbox.google_modes import invalid, permission_denied

Json = dict[str, Any]
WRITERS = ("owner", "writer")
COLLECTOR_IDS_FROM = 10_000_000


class Issuers:
    """What is known of each issuer; `kept` and `keep` outlive a restart."""

    def __init__(
        self, ids: Collection[str], kept: Callable[[str], str | None], keep: Callable[[str, str], None]
    ) -> None:
        self._ids = sorted(ids)
        self._kept, self._keep = kept, keep
        self._lock = threading.RLock()

    def get(self, issuer_id: str) -> Json:
        """Raises `Refusal` (403) for an issuer that is nobody's here."""
        if issuer_id not in self._ids:
            raise permission_denied()
        known = json.loads(self._kept(f"issuer {issuer_id}") or "{}")
        return {"issuerId": issuer_id, "name": "Sandbox shop", **known}

    def all_of(self, email: str) -> list[Json]:
        """Those that this account may at least see."""
        return [self.get(one) for one in self._ids if self.role(email, one)]

    def change(self, issuer_id: str, body: Json) -> Json:
        """PATCH; a first Smart Tap key gives the issuer its collector id. Raises `Refusal`."""
        with self._lock:
            new = {**self.get(issuer_id), **{key: one for key, one in body.items() if key != "issuerId"}}
            tap = new.get("smartTapMerchantData") or {}
            keys = tap.get("authenticationKeys") or []
            if fault := _key_fault(keys):
                raise invalid(fault)
            if keys:
                number = COLLECTOR_IDS_FROM + int(issuer_id) % 89_999_999
                new["smartTapMerchantData"] = {**tap, "smartTapMerchantId": str(number)}
            self._keep(f"issuer {issuer_id}", json.dumps(new))
            return new

    def permissions(self, issuer_id: str, known: Collection[str]) -> list[Json]:
        """The complete list; every service account of the sandbox until somebody has written one."""
        self.get(issuer_id)
        text = self._kept(f"permissions {issuer_id}")
        if text is not None:
            found: list[Json] = json.loads(text)
            return found
        return [{"emailAddress": email, "role": "OWNER"} for email in sorted(known)]

    def set_permissions(self, issuer_id: str, wanted: list[Json]) -> list[Json]:
        """PUT replaces the list; Google keeps no issuer without an owner."""
        self.get(issuer_id)
        if not any(str(one.get("role", "")).lower() == "owner" for one in wanted):
            raise invalid("An issuer needs at least one owner.")
        self._keep(f"permissions {issuer_id}", json.dumps(wanted))
        return wanted

    def role(self, email: str, issuer_id: str) -> str:
        """`owner`, `writer`, `reader`, or empty."""
        text = self._kept(f"permissions {issuer_id}")
        if text is None:
            return "owner"
        roles = {one.get("emailAddress"): str(one.get("role", "")).lower() for one in json.loads(text)}
        return roles.get(email, "")

    def require_may(self, email: str, issuer_id: str, *, write: bool) -> None:
        """Raise `Refusal` (403) unless this account may; unknown issuers are judged elsewhere."""
        role = self.role(email, issuer_id)
        if not role or (write and role not in WRITERS):
            raise permission_denied()


def issuer_routes(
    pages: Blueprint,
    issuers: Issuers,
    emails: Callable[[], Collection[str]],
    read: Callable[[str], Json],
    answer: Callable[[Json], Response],
) -> None:
    """`/issuer` and `/permissions`; `read(schema)` gives the checked body."""
    root = "/walletobjects/v1"

    @pages.get(f"{root}/issuer")
    def list_issuers() -> Response:
        return answer({"resources": issuers.all_of(g.email)})

    @pages.get(f"{root}/issuer/<issuer_id>")
    def get_issuer(issuer_id: str) -> Response:
        issuers.require_may(g.email, issuer_id, write=False)
        return answer(issuers.get(issuer_id))

    @pages.route(f"{root}/issuer/<issuer_id>", methods=["PATCH", "PUT"])
    def change_issuer(issuer_id: str) -> Response:
        issuers.require_may(g.email, issuer_id, write=True)
        return answer(issuers.change(issuer_id, read("Issuer")))

    @pages.get(f"{root}/permissions/<issuer_id>")
    def get_permissions(issuer_id: str) -> Response:
        issuers.require_may(g.email, issuer_id, write=False)
        found = issuers.permissions(issuer_id, emails())
        return answer({"issuerId": issuer_id, "permissions": found})

    @pages.put(f"{root}/permissions/<issuer_id>")
    def put_permissions(issuer_id: str) -> Response:
        if issuers.role(g.email, issuer_id) != "owner":
            raise permission_denied()
        found = issuers.set_permissions(issuer_id, read("Permissions").get("permissions") or [])
        return answer({"issuerId": issuer_id, "permissions": found})


def _key_fault(keys: list[Json]) -> str | None:
    for one in keys:
        try:
            key = load_pem_public_key(str(one.get("publicKeyPem", "")).encode())
        except ValueError:
            return "Invalid public key."
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            return "The public key must be on the curve P-256."
    ids = [one.get("id") for one in keys]
    return "Key ids must be unique." if len(ids) != len(set(ids)) else None
