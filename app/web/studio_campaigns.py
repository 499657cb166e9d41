"""Campaigns: written by a form, looked at before, started, paused; nothing is sent unseen."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid, KeyReused, NotFound
from app.domain.messages import ADVICE
from app.i18n import gettext as _
from app.i18n import local, money
from app.services import campaign_trial, campaigns, segments
from app.services.campaign_trial import Trial
from app.services.journal import Once
from app.storage.tables import Campaign
from app.web import campaign_form
from app.web.auth import staff_only
from app.web.campaign_form import content_of, rule_of, typed
from app.web.security import limiter
from app.web.studio_room import Room, bp, room_of
from app.web.theme import theme_of
from app.web.unit_words import counted

SHOWN = 50


@bp.get("/studio/<slug>/campaigns", endpoint="campaigns")
@audience("marketer")
@staff_only("marketer")
def campaign_list(slug: str) -> Any:
    """The campaigns with how far they are, and an empty one to be written."""
    return _page(slug, {"purpose": "news"}, {})


@bp.post("/studio/<slug>/campaigns")
@audience("marketer")
@limiter.limit("60 per minute")
@staff_only("marketer")
def write_campaign(slug: str) -> Any:
    """Keep a draft and look at it; the same form sent twice is one campaign."""
    with deps().read() as db:
        room = room_of(db, slug)
    said = typed(request.form, room.programme)
    try:
        number = _kept(room, said)
    except Invalid as error:
        return _page(slug, said, dict(error.faults)), 422
    except KeyReused:
        return _page(slug, {**said, "key": ""}, {"": _("This campaign was written already.")}), 409
    return redirect(url_for("studio.campaign", slug=slug, number=number), 303)


def _kept(room: Room, said: dict[str, str]) -> int:
    """The draft's number. Raises Invalid with the names of fields, and KeyReused."""
    faults: dict[str, str] = {}
    rule = content = None
    for part in ("rule", "content"):
        try:
            if part == "rule":
                rule = rule_of(said)
            else:
                content = content_of(said, room.programme)
        except Invalid as error:
            faults |= error.faults
    if not said["name"]:
        faults["name"] = _("This is needed.")
    if faults or content is None:
        raise Invalid(faults)
    known, slug, author = deps(), room.programme.slug, g.staff.name
    key = said["key"][:40] or secrets.token_urlsafe(12)
    segment = said["segment"] or None
    if rule is not None:
        segment = f"c-{Once('studio', key, {}).request_hash[:8]}{_plain(key)}"[:40]
        try:
            name, now = said["name"][:120], known.now()
            segments.create(known.db, slug, key=segment, name=name, rule=rule, now=now, author=author)
        except Conflict:
            pass  # the same form once more
    once = Once("studio", f"{slug}:{key}", {name: text for name, text in said.items() if name != "key"})
    try:
        return campaigns.create(
            known.db,
            slug,
            name=said["name"][:120],
            content=content,
            segment=segment,
            now=known.now(),
            author=author,
            once=once,
        )[0]
    except Invalid as error:
        raise Invalid(campaign_form.named(error.faults)) from None
    except NotFound:
        raise Invalid({"segment": _("There is no such segment.")}) from None


def _plain(key: str) -> str:
    return "".join(letter for letter in key.lower() if letter.isascii() and letter.isalnum())


@bp.get("/studio/<slug>/campaigns/<int:number>", endpoint="campaign")
@audience("marketer")
@staff_only("marketer")
def campaign(slug: str, number: int) -> Any:
    """Whom it reaches, what it costs and says; how far it is."""
    with deps().read() as db:
        room = room_of(db, slug)
        row = _mine(db, room, number)
        trial = _trial(db, row)
        segment = segments.one(db, row.segment_id).name if trial and row.segment_id else ""
    return render_template(
        "studio_campaign.html",
        room=room,
        theme=theme_of(room.design.palette),
        row=row,
        content=campaigns.content_of(row),
        segment=segment,
        trial=trial,
        gifts=_gifts(room, trial),
        advice=[ADVICE[code] for code in trial.advice] if trial else [],
    )


def _trial(db: Session, row: Campaign) -> Trial | None:
    """None for one whose segment is gone, and for one that is over: there is nothing to try any more."""
    if row.state == "done":
        return None
    try:
        return campaign_trial.try_out(db, row, {}, now=deps().now())
    except NotFound:
        return None


def _gifts(room: Room, trial: Trial | None) -> list[tuple[str, str, str]]:
    """Of each gift: to each card, in all, worth."""
    programme = room.programme
    return [
        (
            counted(cost.unit, cost.amount, programme),
            counted(cost.unit, cost.total, programme),
            money(cost.worth_minor, programme.currency) if cost.worth_minor else "",
        )
        for cost in (trial.costs if trial else ())
    ]


@bp.post("/studio/<slug>/campaigns/<int:number>/<any(start, pause):act>")
@audience("marketer")
@staff_only("marketer")
def move_campaign(slug: str, number: int, act: str) -> Any:
    """Start it, let it go on, or pause it; again changes nothing."""
    known = deps()
    with known.read() as db:
        _mine(db, room_of(db, slug), number)
    try:
        if act == "start":
            campaigns.start(known.db, known.read, number, now=known.now(), actor=g.staff.name)
            flash(_("The campaign is on its way. Cards follow one after another."))
        else:
            campaigns.pause(known.db, number, now=known.now(), actor=g.staff.name)
            flash(_("The campaign is paused. What was done stays."))
    except Invalid:
        flash(_("It cannot start as it is: something in it is over or gone."))
    except (Conflict, NotFound):
        flash(_("There is nothing to do: look at its state."))
    return redirect(url_for("studio.campaign", slug=slug, number=number), 303)


def _mine(db: Session, room: Room, number: int) -> Campaign:
    row = campaigns.one(db, number)
    if row.programme_id != room.row.id:
        raise NotFound("There is no such campaign.")
    return row


def _page(slug: str, said: dict[str, str], faults: dict[str, str]) -> str:
    with deps().read() as db:
        room = room_of(db, slug)
        rows = campaigns.listed(db, [room.row.id], limit=SHOWN)
        kept = segments.listed(db, [room.row.id], limit=200)
    said["key"] = said.get("key") or secrets.token_urlsafe(12)
    return render_template(
        "studio_campaigns.html",
        room=room,
        theme=theme_of(room.design.palette),
        rows=rows,
        segments=[(row.key, row.name) for row, _slug in kept if not row.key.startswith("c-")],
        tiers=_tiers(room),
        has_points="points" in room.programme.units,
        said=said,
        faults=faults,
    )


def _tiers(room: Room) -> list[tuple[str, str]]:
    """Statuses that the rules or the look know."""
    found = {tier.key: local(tier.name) for tier in room.design.tiers}
    for rule in room.programme.rules:
        found |= {level.key: local(level.name) for level in getattr(rule, "levels", ())}
    return list(found.items())
