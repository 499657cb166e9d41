"""Codes of coupons: made by a form, listed with what became of them, taken along as a file."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Response, abort, flash, g, redirect, render_template, request, url_for

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid, KeyReused
from app.domain.mechanics.coupon import Coupon
from app.domain.programme import Programme
from app.i18n import day, local, ngettext
from app.i18n import gettext as _
from app.services import coupon_lists, coupons
from app.services.coupons import Issue
from app.web.auth import staff_only
from app.web.studio_room import Room, bp, room_of
from app.web.theme import theme_of
from app.web.till_find import find

PAGE = 100


@bp.get("/studio/<slug>/codes", endpoint="codes")
@audience("marketer")
@staff_only("marketer")
def listing(slug: str) -> Any:
    """The form, and the codes, the newest first."""
    return _page(slug, {}, {})


@bp.post("/studio/<slug>/codes")
@audience("marketer")
@staff_only("marketer")
def make_codes(slug: str) -> Any:
    """Make them, once: the form sent again makes no second set. What is wrong stands at its field."""
    said = {key: value.strip() for key, value in request.form.items()}
    try:
        with deps().read() as db:
            room = room_of(db, slug)
        asked = _asked(room, said)
        made = coupons.issue(deps().db, slug, asked, now=deps().now(), actor=g.staff.login)
    except Invalid as error:
        return _page(slug, said, _in_words(error)), 422
    except (Conflict, KeyReused):
        taken = {"codes": _("One of these codes is in use already.")}
        return _page(slug, {**said, "key": ""}, taken), 409
    flash(ngettext("%(num)s code is made.", "%(num)s codes are made.", len(made)))
    return redirect(url_for("studio.codes", slug=slug), 303)


@bp.get("/studio/<slug>/codes.csv")
@audience("marketer")
@staff_only("marketer")
def codes_file(slug: str) -> Response:
    """All codes, for a mailing or a spreadsheet."""
    with deps().read() as db:
        room = room_of(db, slug)
        told = coupon_lists.as_csv(coupon_lists.every(db, room.row, deps().now(), rule=_rule()))
    answer = Response("\ufeff" + told, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-codes.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _rule() -> str:
    return request.args.get("rule", "")[:40]


def coupons_of(programme: Programme) -> list[Coupon]:
    """The programme's coupons; without one there is nothing to make codes of."""
    return [rule for rule in programme.rules if isinstance(rule, Coupon)]


def _page(slug: str, said: dict[str, str], faults: dict[str, str]) -> str:
    before = request.args.get("before", type=int)
    with deps().read() as db:
        room = room_of(db, slug)
        known = coupons_of(room.programme)
        if not known:
            abort(404)
        found = coupon_lists.newest(db, room.row, deps().now(), rule=_rule(), before_id=before, limit=PAGE)
    return render_template(
        "studio_codes.html",
        room=room,
        theme=theme_of(room.design.palette),
        coupons=[(rule.key, local(rule.name)) for rule in known],
        codes=found,
        rule=_rule(),
        more=found[-1].id if len(found) == PAGE else None,
        said={"count": "1", "uses": "1", **{key: text for key, text in said.items() if text}},
        faults=faults,
        last_day=lambda ends_at: day(ends_at - timedelta(seconds=1)),
        form_key=said.get("key") or str(uuid.uuid4()),
    )


def _asked(room: Room, said: dict[str, str]) -> Issue:
    """The order of the form. Raises Invalid with the names of fields."""
    own = tuple(said.get("codes", "").replace(",", " ").split())
    starts, ends = _day(room, said, "starts_on", 0), _day(room, said, "ends_on", 1)
    serial = _serial(room, said.get("card", ""))
    return Issue(
        said.get("rule", "")[:40],
        serial,
        count=1 if serial or own else _count(said, "count", 1, coupons.MOST_AT_ONCE) or 1,
        uses=_count(said, "uses", 1, 10_000),
        starts_at=starts,
        ends_at=ends,
        codes=own[: coupons.MOST_AT_ONCE + 1],
        seed=b"" if own else _seed(room, said.get("key", "")),
    )


def _seed(room: Room, key: str) -> bytes:
    """The form's own key: sent again, it draws the same codes."""
    return coupons.seed_of(deps().rotating_key, room.programme.slug, f"form {key}") if key else b""


def _count(said: dict[str, str], name: str, least: int, most: int) -> int | None:
    """None for an empty field."""
    typed = said.get(name, "")
    if not typed:
        return None
    if not typed.isdecimal() or len(typed) > 6 or not least <= int(typed) <= most:
        raise Invalid({f"/{name}": _("A whole number from %(least)s to %(most)s.", least=least, most=most)})
    return int(typed)


def _day(room: Room, said: dict[str, str], name: str, after: int) -> datetime | None:
    """When this day begins in the programme's time zone, or (`after` 1) ends."""
    if not said.get(name):
        return None
    try:
        first = date.fromisoformat(said[name]) + timedelta(days=after)
    except (ValueError, OverflowError):
        raise Invalid({f"/{name}": _("A day, such as 2026-12-31.")}) from None
    return datetime.combine(first, time.min, room.programme.zone)


def _serial(room: Room, typed: str) -> str:
    """The card of this programme that is meant; empty for none."""
    if not typed:
        return ""
    with deps().read() as db:
        found = [card for card in find(db, typed, [room.row.id]) if card.programme_id == room.row.id]
    if len(found) != 1:
        raise Invalid({"/card": _("No card was found. Check the number, or try the customer's phone.")})
    return found[0].serial


def _in_words(error: Invalid) -> dict[str, str]:
    """Faults by the name of the field."""
    known = {
        "rule": _("Choose a coupon."),
        "uses": _("Say how often: this coupon gives something, and would give it without end."),
        "count": _("From 1 to 10,000 codes at once."),
        "ends_at": _("It must end after it begins, and in the future."),
        "codes": _("A code has 4 to 40 characters, stands here once, and is not the coupon's public code."),
    }
    found = {}
    for pointer, reason in error.faults.items():
        name = pointer.strip("/").partition("/")[0]
        words = reason if reason[:1].isupper() else known.get(name, reason)
        found["ends_on" if name == "ends_at" else name] = words
    return found
