"""What a customer sees of Google: the save page behind a link, and a saved card's own page."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, render_template, request

from app.sandbox.google_callbacks import KEYS_MAX_AGE_S
from app.sandbox.google_modes import Refusal
from app.sandbox.google_savejwt import SAFE_LENGTH, read_save_jwt
from app.sandbox.google_schema import is_class
from app.sandbox.google_state import GoogleState

Json = dict[str, Any]
Phones = Callable[[], Sequence[tuple[str, str]]]
"""The Android phones that a card may be saved to: `(id, name)`."""


def google_pages(state: GoogleState, phones: Phones) -> Blueprint:
    """The pages under `/gp`."""
    pages = Blueprint("google_pages", __name__, template_folder="google_templates")

    @pages.get("/gp/v/save/<token>")
    def offer(token: str) -> Response:
        try:
            state.validate_jwt(token)
            found = read_save_jwt(token, state.accounts.key)
        except Refusal as refusal:
            return _page("failed.html", 400, reason=refusal.message)
        cards = [_offered(state, body) for kind, body in found if not is_class(kind)]
        return _page("save.html", cards=cards, phones=phones(), too_long=len(token) >= SAFE_LENGTH)

    @pages.post("/gp/v/save/<token>")
    def add(token: str) -> Response:
        phone_id = request.form.get("phone_id", "")
        names = dict(phones())
        if phone_id not in names:
            return _page("failed.html", 400, reason="Choose a phone.")
        try:
            saved = state.save_link(token, phone_id)
        except ValueError as error:
            return _page("failed.html", 400, reason=str(error))
        return _page("saved.html", cards=[card(state.view(one)) for one in saved], phone=names[phone_id])

    @pages.get("/gp/v/object/<object_id>")
    def saved_card(object_id: str) -> Response:
        if not state.holders(object_id):
            return _page("failed.html", 404, reason="Item not found")
        return _page("object.html", cards=[card(state.view(object_id))])

    @pages.get("/gp/m/issuer/keys")
    def keys() -> Response:
        reply = Response(state.callbacks.keys.document(), content_type="application/json; charset=utf-8")
        reply.headers["Cache-Control"] = f"public, max-age={KEYS_MAX_AGE_S}"
        reply.headers["Age"] = "0"
        return reply

    return pages


def card(view: Json) -> Json:
    """The plain facts of a card for a page, in the class's and object's default words."""
    one, of = view["object"], view["class"]
    points = [one[name] for name in ("loyaltyPoints", "secondaryLoyaltyPoints") if name in one]
    return {
        "title": _title(one, of),
        "issuer": of.get("issuerName") or _words(one.get("cardTitle")),
        "logo": _address(of.get("programLogo") or of.get("titleImage") or one.get("logo")),
        "hero": _address(one.get("heroImage") or of.get("heroImage")),
        "colour": of.get("hexBackgroundColor") or one.get("hexBackgroundColor", "#3c4043"),
        "tier": of.get("rewardsTier", ""),
        "points": [(item.get("label", ""), _balance(item.get("balance", {}))) for item in points]
        + ([("Balance", _balance({"money": one["balance"]}))] if "balance" in one else []),
        "account": one.get("accountId") or one.get("cardNumber", ""),
        "barcode": (one.get("barcode") or {}).get("alternateText")
        or (one.get("barcode") or {}).get("value", ""),
        "state": str(one.get("state", "ACTIVE")).upper(),
        "id": one["id"],
    }


def _title(one: Json, of: Json) -> str:
    """What stands on top of a card of any kind."""
    names = (of.get("programName"), of.get("title"), _words(one.get("header")), of.get("merchantName"))
    return str(next((name for name in names if name), of.get("issuerName") or one["id"]))


def _words(text: Json | None) -> str:
    return str(((text or {}).get("defaultValue") or {}).get("value", ""))


def _offered(state: GoogleState, body: Json) -> Json:
    """A card of the link as it stands now; what the link itself carries, if it is not inserted yet."""
    try:
        return card(state.view(body["id"]))
    except KeyError:
        return card({"object": body, "class": {}})


def _balance(balance: Json) -> str:
    money = balance.get("money")
    if money:
        return f"{int(money.get('micros', 0)) / 1_000_000:.2f} {money.get('currencyCode', '')}"
    return str(next(iter(balance.values()), ""))


def _address(image: Json | None) -> str:
    return str(((image or {}).get("sourceUri") or {}).get("uri", ""))


def _page(template: str, status: int = 200, **facts: Any) -> Response:
    reply = Response(
        render_template(f"google/{template}", **facts), status, content_type="text/html; charset=utf-8"
    )
    reply.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src * data:; style-src 'unsafe-inline'"
    )
    reply.headers["Referrer-Policy"] = "no-referrer"
    return reply
