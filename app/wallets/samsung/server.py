"""`/samsung/cards/…`: Samsung asks for a card, and tells what became of it on the phone.

In the partner portal, "Partner Get card data" and "Partner Send card state" are both `<base>/samsung`.
Vendor page: developer.samsung.com/wallet/ManageCardLifecycle/CardLifecycleAPIs.html (last checked 2026-08).
"""

from __future__ import annotations

import hmac
import re
from typing import Any, cast

import orjson
from flask import Blueprint, Response, request

from app.audience import audience
from app.deps import deps
from app.wallets.samsung.client import is_samsungs
from app.wallets.samsung.shelf import Told, apply_event
from app.wallets.samsung.tokens import Forged, verify_call
from app.wallets.samsung.wallet import SamsungWallet

MOST_BYTES = 8_192
EVENTS = ("ADDED", "UPDATED", "DELETED", "PROVISIONED")
_REF = re.compile(r"[0-9a-f]{32}")
_COUNTRY = re.compile(r"[a-z]{2}")

blueprint = Blueprint("samsung", __name__, url_prefix="/samsung")


@blueprint.get("/cards/<card_id>/<ref_id>")
@audience("vendor")
def card_data(card_id: str, ref_id: str) -> Response:
    """200 with the card as it is now, 204 for one that is not, 401 for a caller who is not Samsung.

    `fields` would let us answer with less; the whole card is always right.
    """
    wallet = _wallet()
    if wallet is None:
        return Response(status=404)
    if _made_at(wallet) is None:
        return Response(status=401)
    card = wallet.card(ref_id) if _is_ours(wallet, card_id) and _REF.fullmatch(ref_id) else None
    if card is None:
        return Response(status=204)
    return Response(
        orjson.dumps(card), content_type="application/json", headers={"Cache-Control": "no-store"}
    )


@blueprint.post("/cards/<card_id>/<ref_id>")
@audience("vendor")
def card_state(card_id: str, ref_id: str) -> Response:
    """200 for an event that was noted (repeats too), 204 for a card that we do not know."""
    wallet = _wallet()
    if wallet is None:
        return Response(status=404)
    made_at = _made_at(wallet)
    if made_at is None:
        return Response(status=401)
    event, country = request.args.get("event", "").upper(), request.args.get("cc2", "").lower()
    if event not in EVENTS or not _COUNTRY.fullmatch(country):
        return Response(status=400)
    if not _is_ours(wallet, card_id) or not _REF.fullmatch(ref_id):
        return Response(status=204)
    told = Told(cast(Any, event), country, _callback(wallet), made_at)
    return Response(status=200 if apply_event(deps().db, ref_id, told, deps().now()) else 204)


def _wallet() -> SamsungWallet | None:
    return cast("SamsungWallet | None", deps().wallets.get("samsung"))


def _made_at(wallet: SamsungWallet) -> Any:
    """When Samsung made this call, None if it did not."""
    try:
        return verify_call(
            request.headers.get("Authorization"), request.method, request.path, wallet.partner, wallet.now()
        )
    except Forged:
        return None


def _is_ours(wallet: SamsungWallet, card_id: str) -> bool:
    return hmac.compare_digest(card_id.encode(), wallet.card_id.encode())


def _callback(wallet: SamsungWallet) -> str:
    """Where Samsung wants to be told from now on, if that is Samsung's; an odd body changes nothing."""
    request.max_content_length = MOST_BYTES
    try:
        body = orjson.loads(request.get_data() or b"{}")
    except orjson.JSONDecodeError:
        return ""
    url = body.get("callback") if isinstance(body, dict) else None
    found = url.rstrip("/") if isinstance(url, str) and len(url) <= 300 else ""
    return found if found and is_samsungs(found, wallet.client.api_url) else ""
