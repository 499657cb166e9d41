"""Where customers come from: tracked links with their codes, what each brought, and posters to print."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.domain.text import in_locale
from app.i18n import gettext as _
from app.rendering.barcodes import barcode_png, barcode_svg
from app.rendering.posters import join_poster
from app.services import attribution, channels
from app.web.auth import staff_only
from app.web.security import limiter
from app.web.studio_room import Room, bp, room_of
from app.web.theme import theme_of

TYPED = ("utm_source", "utm_medium", "utm_campaign", "code")
PNG_SCALE = 12


@bp.get("/studio/<slug>/channels", endpoint="channels")
@audience("marketer")
@staff_only("marketer")
def channel_list(slug: str) -> Any:
    """The channels with what they brought, and a form for one more."""
    with deps().read() as db:
        room = room_of(db, slug)
    return _page(room, {"utm_medium": "print"}, {})


@bp.post("/studio/<slug>/channels")
@audience("marketer")
@limiter.limit("60 per minute")
@staff_only("marketer")
def add_channel(slug: str) -> Any:
    """Make a tracked link; the same form sent twice makes one."""
    with deps().read() as db:
        room = room_of(db, slug)
    typed = {name: request.form.get(name, "").strip()[:120] for name in TYPED}
    utm = {name: text for name, text in typed.items() if name != "code" and text}
    try:
        if known := _same(room, utm, typed["code"]):
            code = known
        else:
            code = attribution.create_link(
                deps().db, slug, now=deps().now(), utm=utm, code=typed["code"].lower()
            )
    except Invalid as error:
        return _page(room, typed, {each.strip("/"): _fault(each.strip("/")) for each in error.faults}), 422
    except Conflict:
        return _page(room, typed, {"code": _("This ending is taken. Choose another one.")}), 422
    flash(_("The link is there: %(address)s", address=link_of(code)))
    return redirect(url_for("studio.channels", slug=slug, _anchor=f"channel-{code}"), 303)


def _same(room: Room, utm: dict[str, str], code: str) -> str:
    """The code of a link that is just this one; a second tap on the button finds it."""
    wanted = attribution.normal(utm)
    with deps().read() as db:
        found = channels.listed(db, room.programme.slug)
    return next(
        (each.code for each in found if dict(each.utm) == wanted and code.lower() in ("", each.code)), ""
    )


def _fault(name: str) -> str:
    words = {
        "utm_source": _("Say who brings the customers, such as a newsletter or a shop. No e-mail address."),
        "utm_medium": _("Choose one of the list."),
        "utm_campaign": _("An e-mail address belongs in no link."),
        "code": _("3 to 40 small Latin letters, digits and hyphens."),
    }
    return words.get(name, words["utm_source"])


def link_of(code: str) -> str:
    """The address that is printed and sent."""
    return f"{deps().base_url}/l/{code}"


@bp.get("/studio/<slug>/channels/<code>/qr.<any(png, svg):kind>")
@audience("marketer")
@staff_only("marketer")
def channel_code(slug: str, code: str, kind: str) -> Any:
    """The link as a QR code for print (SVG) or for a post (PNG)."""
    room = _checked(slug, code)
    address = link_of(code)
    body = barcode_svg("qr", address).encode() if kind == "svg" else barcode_png("qr", address, PNG_SCALE)
    return _file(
        body, "image/svg+xml" if kind == "svg" else "image/png", f"{room.programme.slug}-{code}.{kind}"
    )


@bp.get("/studio/<slug>/poster.<any(pdf, png):kind>")
@audience("marketer")
@limiter.limit("30 per minute")
@staff_only("marketer")
def poster(slug: str, kind: str) -> Any:
    """A poster (A4) or a table card (A6) in the programme's colours, with a channel's code on it."""
    paper, code = request.args.get("paper", "a4"), request.args.get("channel", "")
    room = _checked(slug, code)
    language = request.args.get("language", room.programme.default_locale)
    if paper not in ("a4", "a6") or language not in room.programme.locales:
        abort(404)
    design, programme = room.design, room.programme
    drawn = join_poster(
        in_locale(design.programme_name, language) or programme.name,
        in_locale(programme.headline_text(), language),
        link_of(code) if code else f"{deps().base_url}/join/{slug}",
        design.palette,
        language,
        starter=design.starter,
        paper="a6" if paper == "a6" else "a4",
        format="png" if kind == "png" else "pdf",
    )
    name = "-".join(filter(None, (slug, code, paper, language)))
    return _file(drawn, "application/pdf" if kind == "pdf" else "image/png", f"{name}.{kind}")


def _checked(slug: str, code: str) -> Room:
    """The programme, whose channel this is (empty: the join page itself); raises NotFound."""
    with deps().read() as db:
        room = room_of(db, slug)
        if code:
            channels.channel(db, slug, code)
    return room


def _file(body: bytes, media_type: str, name: str) -> Response:
    answer = Response(body, mimetype=media_type)
    kind = "attachment" if "download" in request.args else "inline"
    answer.headers["Content-Disposition"] = f'{kind}; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _page(room: Room, typed: dict[str, str], faults: dict[str, str]) -> str:
    with deps().read() as db:
        found = channels.listed(db, room.programme.slug)
    return render_template(
        "studio_channels.html",
        room=room,
        channels=found,
        link_of=link_of,
        join=f"{deps().base_url}/join/{room.programme.slug}",
        typed=typed,
        faults=faults,
        mediums=_mediums(),
        theme=theme_of(room.design.palette),
    )


def _mediums() -> list[tuple[str, str]]:
    words = {
        "print": _("Poster or leaflet"),
        "pos": _("At the till"),
        "qr": _("QR code somewhere else"),
        "receipt": _("Receipt"),
        "social": _("Social network"),
        "messenger": _("Messenger"),
        "email": _("E-mail"),
        "sms": _("Text message"),
        "push": _("Notification of an app"),
        "web": _("Website"),
        "referral": _("Recommendation"),
    }
    return list(words.items())
