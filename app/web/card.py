"""A customer's card as a web page: it shows what the wallets show, puts the card into them, and stays true by
itself.

Whoever knows the address sees the card, so the address is a secret: no Referer, no index, no shared cache;
and an unknown, a void and an erased card are the same page, because each of them would tell something.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import structlog
from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.http import http_date

from app.audience import audience
from app.deps import deps
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.i18n import chosen, local, locale, use
from app.services.cards import current_pass
from app.services.pass_moves import is_waiting
from app.services.ports import DeliveryError
from app.services.preferences import decide, granted
from app.services.statement import entries as lines_of
from app.storage import queries
from app.storage.states import account_of
from app.storage.tables import Card, Member, Operation, ProgrammeRow
from app.web.card_chart import Chart, chart_of
from app.web.card_facts import Facts, facts_of
from app.web.card_offers import offers
from app.web.card_view import WalletButton, button, figures, in_app, last_moves
from app.web.faces import code_address, face_view
from app.web.friends import sharing
from app.web.join_form import digest, with_link
from app.web.security import limiter
from app.web.theme import theme_of
from app.web.ways import Way, app_link, country_of, device_of, maker_of, ways

bp = Blueprint("card", __name__)
PKPASS = "application/vnd.apple.pkpass"


@dataclass(frozen=True, slots=True)
class Shown:
    """A card that may be shown, read in one snapshot."""

    row: Card
    programme: Programme
    face: Pass
    entries: list[dict[str, Any]]
    facts: Facts
    chart: Chart | None
    tag: str


@bp.after_request
def keep_secret(response: Response) -> Response:
    """No part of a card page is for caches, indexes or the next site's log."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response


@bp.get("/c/<link>")
@audience("customer")
def page(link: str) -> Any:
    """The card, its buttons and its statement."""
    shown = _shown(link)
    values = {**_page_values(shown), **_live_values(shown), "permissions": _permissions(shown)}
    values["sharing"] = sharing(shown.row, shown.programme)
    values["offers"] = offers(shown.row, shown.programme)
    said = {"new": request.args.get("new") == "1", "saved": request.args.get("saved") == "1"}
    return render_template("card.html", **values, **said)


def _this_card() -> str:
    """Polls are counted by card: a shop's guests share one address."""
    return f"card:{(request.view_args or {}).get('link', '')[:60]}"


@bp.get("/c/<link>/state")
@audience("customer")
@limiter.limit("120 per minute", key_func=_this_card)
def state(link: str) -> Any:
    """The part of the page that changes, as HTML; 304, and hardly any work, while nothing did."""
    with deps().read() as session:
        tag = _tag(session, _found(session, link)[0])
    answer = Response(status=304)
    if tag not in request.if_none_match:
        shown = _shown(link)
        tag = shown.tag
        page = render_template("components/card_live.html", **_live_values(shown), programme=shown.programme)
        answer = Response(page)
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@bp.post("/c/<link>/preferences")
@audience("customer")
@limiter.limit("20 per minute")
def preferences(link: str) -> Any:
    """Keep what the member allows; what the card itself needs cannot be unticked here."""
    shown = _shown(link)
    asked = {
        each.purpose: digest(local(each.text))
        for each in shown.programme.enrolment.consents
        if not each.required
    }
    wanted = frozenset(purpose for purpose in asked if request.form.get(f"consent-{purpose}"))
    decide(deps().db, link, asked, wanted, now=deps().now())
    lang = request.form.get("lang") or None
    return redirect(url_for("card.page", link=link, lang=lang, saved=1, _anchor="permissions"), 303)


@bp.get("/c/<link>/card.webmanifest")
@audience("customer")
def manifest(link: str) -> Any:
    """Makes the page installable: an icon on the home screen that opens this card."""
    shown = _shown(link)
    face = face_view(shown.face)
    body = {
        "id": url_for("card.page", link=link),
        "start_url": url_for("card.page", link=link),
        "scope": url_for("card.page", link=link),
        "name": f"{face.programme_name} · {face.organisation}",
        "short_name": face.organisation[:24],
        "lang": locale(),
        "display": "standalone",
        "background_color": face.palette.background,
        "theme_color": face.palette.background,
        "icons": _icons(shown.face),
    }
    return Response(orjson.dumps(body), mimetype="application/manifest+json")


@bp.get("/c/<link>/card.pkpass")
@audience("customer")
@limiter.limit("60 per minute")
def pkpass(link: str) -> Any:
    """The signed pass for Apple Wallet and the apps that read its format."""
    shown = _shown(link)
    apple: Any = deps().wallets.get("apple")
    if apple is None:
        abort(404)
    try:
        package, last_modified = apple.package(shown.row.id)
    except DeliveryError as error:
        return _not_now(shown, "apple", error)
    answer = Response(package, mimetype=PKPASS)
    answer.headers["Content-Disposition"] = f'attachment; filename="{shown.programme.slug}.pkpass"'
    answer.headers["Last-Modified"] = http_date(last_modified)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.get("/c/<link>/google")
@audience("customer")
@limiter.limit("30 per minute")
def google(link: str) -> Any:
    """On to Google Wallet; a page that says what to do when Google cannot be reached."""
    return _onwards(link, "google")


@bp.get("/c/<link>/samsung")
@audience("customer")
@limiter.limit("30 per minute")
def samsung(link: str) -> Any:
    """On to Samsung Wallet, with a link that is good for half a minute."""
    return _onwards(link, "samsung")


def _onwards(link: str, name: Way) -> Any:
    shown = _shown(link)
    wallet = deps().wallets.get(name)
    if wallet is None:
        abort(404)
    try:
        return redirect(wallet.add_url(shown.face))
    except DeliveryError as error:
        return _not_now(shown, name, error)


def _not_now(shown: Shown, wallet: Way, error: DeliveryError) -> Any:
    structlog.get_logger("tillpass.web").warning("not added", wallet=wallet, error=error.message)
    again = _address(wallet, shown.row.link)
    page = render_template("wallet_later.html", **_page_values(shown), wallet=wallet, again=again)
    return Response(page, 503, headers={"Retry-After": "60"})


def _shown(link: str) -> Shown:
    """The card of this address; 404 if there is none that may be shown."""
    with deps().read() as session:
        card, programme = _found(session, link)
        now = deps().now()
        face, entries = current_pass(session, card, now), lines_of(session, card, limit=60)
        facts, chart = facts_of(session, card, now), chart_of(session, card, programme, now)
        return Shown(card, programme, face, entries, facts, chart, _tag(session, card))


def _found(session: Session, link: str) -> tuple[Card, Programme]:
    """The card and its programme, whose language this answer speaks from here on."""
    card = queries.card_by_link(session, link)
    member = session.get(Member, card.member_id)
    if card.status == "void" or member is None or member.erased_at is not None:
        abort(404)
    programme = queries.programme_of(session.get_one(ProgrammeRow, card.programme_id))
    own = member.locale if member.locale in programme.locales else programme.default_locale
    use(chosen(programme.locales, preferred=own), programme.zone)
    return card, programme


def _tag(session: Session, card: Card) -> str:
    """Changes when anything on the page does: the face, the ledger, the phones that hold the card, the
    language.
    """
    newest = session.scalar(select(func.max(Operation.id)).where(Operation.card_id == account_of(card))) or 0
    held = "-".join(sorted(_held(card)))
    return f"{card.version}.{card.status}.{newest}.{held}.{locale()}"


def _held(card: Card) -> set[str]:
    """The ways that brought this card onto a phone already."""
    news = {name: wallet.devices(card.id) for name, wallet in deps().wallets.items()}
    held = {name for name, devices in news.items() if devices}
    iphones = [each for each in news.get("apple", ()) if each.device.startswith("iPhone")]
    if len(iphones) < len(news.get("apple", ())):
        held |= {"apps"}
    return held - {"apple"} if not iphones or _moves(card) else held


def _moves(card: Card) -> bool:
    """Whether the holder has a pass of an earlier type, and should add the new one."""
    with deps().read() as session:
        return is_waiting(session, card.id)


def _live_values(shown: Shown) -> dict[str, Any]:
    held, device = _held(shown.row), device_of(request.user_agent.string)
    maker, country = maker_of(request.user_agent.string), _country(shown.programme)
    offered = ways(device, maker, country, deps().wallets)
    return {
        "link": shown.row.link,
        "card": shown.face,
        "face": face_view(shown.face),
        "tag": shown.tag,
        "figures": figures(shown.face),
        "facts": shown.facts,
        "chart": shown.chart,
        "moves": last_moves(shown.entries, shown.programme),
        "device": device,
        "buttons": [_button(way, held, shown.row.link, country) for way in offered],
    }


def _permissions(shown: Shown) -> list[tuple[str, Markup, bool]]:
    """Purpose, words and whether it is allowed, of every permission that the member is free to give."""
    with deps().read() as session:
        now_granted = granted(session, shown.row.member_id)
    asked = [each for each in shown.programme.enrolment.consents if not each.required]
    return [(each.purpose, with_link(local(each.text)), each.purpose in now_granted) for each in asked]


def _country(programme: Programme) -> str:
    return country_of(programme, list(request.accept_languages.values()))


def _button(way: Way, held: set[str], link: str, country: str) -> WalletButton:
    static = Path(str(current_app.static_folder))
    return button(way, _address(way, link), held=way in held, country=country, static=static)


def _address(way: Way, link: str) -> str:
    """Where a button leads. Links that are good for seconds only are made when it is followed."""
    if way == "apps":
        return app_link(deps().base_url + url_for("card.pkpass", link=link))
    return url_for({"google": "card.google", "samsung": "card.samsung"}.get(way, "card.pkpass"), link=link)


def _page_values(shown: Shown) -> dict[str, Any]:
    address = deps().base_url + url_for("card.page", link=shown.row.link)
    return {
        "programme": shown.programme,
        "languages": shown.programme.locales,
        "theme": theme_of(shown.face.palette),
        "face": face_view(shown.face),
        "address": address,
        "hand_off": code_address("qr", address),
        "in_app": in_app(request.user_agent.string),
        "moves_on": _moves(shown.row),
        "link": shown.row.link,
    }


def _icons(face: Pass) -> list[dict[str, str]]:
    art = face.pictures.get("icon")
    if art is None:
        return []
    urls = {size: deps().pictures.url(art, size, size).removeprefix(deps().base_url) for size in (192, 512)}
    return [{"src": url, "sizes": f"{size}x{size}", "type": "image/png"} for size, url in urls.items()]
