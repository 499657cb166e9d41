"""Cards for the owner: found, understood, delivered again, blocked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.domain.ledger import SPEND, VISITS
from app.domain.mechanics.standing import ladder_of
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import local, locale
from app.services import cards, companies, statement
from app.services.complaints import findings_for
from app.services.explain import explain
from app.storage import queries
from app.storage.tables import Card, Member, MemberPii, ProgrammeRow
from app.web import staff_benefits
from app.web.auth import require_programme
from app.web.card_view import why_words
from app.web.security import limiter
from app.web.staff_room import bp, mine, my_programmes, owner_only
from app.web.till_find import find
from app.web.till_view import customer_of
from app.web.unit_words import counted

PAGE = 50
MOST_FOUND = 50


@bp.get("/staff")
@audience("owner")
@owner_only
def listing() -> Any:
    """All cards, the newest first; the search is a POST, so that no phone number gets into a log."""
    return _list(before=request.args.get("before", type=int))


@bp.post("/staff")
@audience("owner")
@limiter.limit("60 per minute")
@owner_only
def search() -> Any:
    """Cards by number, phone, e-mail or the customer's link."""
    typed = request.form.get("q", "").strip()[:200]
    return _list(typed=typed) if typed else redirect(url_for("staff.listing"), 303)


def _list(typed: str = "", before: int | None = None) -> str:
    with deps().read() as db:
        programmes = my_programmes(db)
        rows = _found(db, typed) if typed else _newest(db, before)
        people = _people(db, rows)
    more = rows[-1].id if len(rows) == PAGE and not typed else None
    return render_template(
        "staff_cards.html", rows=rows, people=people, programmes=programmes, typed=typed, more=more
    )


def _found(db: Session, typed: str) -> Sequence[Card]:
    if "@" in typed:
        return queries.find_cards(db, mine(), email=typed.lower(), limit=MOST_FOUND)
    return find(db, typed, mine()) or queries.find_cards(db, mine(), external_id=typed, limit=MOST_FOUND)


def _newest(db: Session, before: int | None) -> Sequence[Card]:
    newest = select(Card).order_by(Card.id.desc()).limit(PAGE)
    if mine() is not None:
        newest = newest.where(Card.programme_id.in_(mine() or ()))
    return db.scalars(newest.where(Card.id < before) if before else newest).all()


def _people(db: Session, rows: Sequence[Card]) -> dict[int, MemberPii]:
    ids = [row.member_id for row in rows]
    return {row.member_id: row for row in db.scalars(select(MemberPii).where(MemberPii.member_id.in_(ids)))}


def own_card(db: Session, serial: str) -> Card:
    """The card, if it is one of this person's; raises NotFound."""
    card = queries.card_by_serial(db, serial)
    require_programme(g.staff, card.programme_id)
    return card


@bp.get("/staff/cards/<serial>")
@audience("owner")
@owner_only
def card(serial: str) -> Any:
    """One card: whose it is, what is on it, and why a phone shows what it shows."""
    return card_page(serial, {})


def card_page(serial: str, faults: dict[str, str]) -> str:
    """The page, with what was refused at the form that asked for it."""
    now = deps().now()
    with deps().read() as db:
        row = own_card(db, serial)
        shown = customer_of(db, row, now=now, actor=g.staff.login)
        lines = statement.entries(db, row, limit=60)
        values = {
            "row": row,
            "pii": queries.pii_of(db, row),
            "member": db.get_one(Member, row.member_id),
            "entries": [each for each in lines if each["unit"] not in (SPEND, VISITS)],
            "told": explain(db, deps().wallets, row, now, locale()),
            "complaints": findings_for(db, serial),
            "invitations": _invitations(shown.programme),
            "holders": (holders := companies.holders(db, row) if shown.programme.shares_accounts else []),
            "seats": {seat.serial: seat.name or seat.number for seat in holders},
            **staff_benefits.benefits(db, row, shown.programme, now),
        }
    told: dict[str, Any] = {"card": shown, "counted": counted, "why": why_words, "face": shown.face}
    return render_template("staff_card.html", faults=faults, said=request.form, **told, **values)


def _invitations(programme: Programme) -> list[tuple[str, str]]:
    """Levels that are given by hand alone: key and name."""
    ladder = ladder_of(programme.rules)
    levels = ladder.levels if ladder else ()
    return [(level.key, local(level.name)) for level in levels if level.invited]


@bp.post("/staff/cards/<serial>/tier")
@audience("owner")
@owner_only
def tier(serial: str) -> Any:
    """Invite to a level that nobody earns, or take the invitation back."""
    wanted = request.form.get("tier", "")
    with deps().read() as db:
        card = own_card(db, serial)
        programme = queries.programme_of(db.get_one(ProgrammeRow, card.programme_id))
        known = [key for key, _name in _invitations(programme)]
        if wanted not in known and not (wanted == "" and card.tier_invited):
            abort(422)
    cards.change(deps().db, serial, now=deps().now(), actor=g.staff.login, tier=wanted)
    flash(_("Invited. The card shows it at once.") if wanted else _("The invitation is taken back."))
    return redirect(url_for("staff.card", serial=serial), 303)


@bp.post("/staff/cards/<serial>/again")
@audience("owner")
@owner_only
def again(serial: str) -> Any:
    """Deliver the card once more."""
    with deps().read() as db:
        own_card(db, serial)
    cards.again(deps().db, serial, now=deps().now())
    flash(_("The card is in the queue again. Below you see how far it gets."))
    return redirect(url_for("staff.card", serial=serial), 303)


@bp.post("/staff/cards/<serial>/status")
@audience("owner")
@owner_only
def status(serial: str) -> Any:
    """Block, unblock or void."""
    wanted = request.form.get("status", "")
    if wanted not in ("active", "blocked", "void"):
        abort(422)
    with deps().read() as db:
        own_card(db, serial)
    cards.change(deps().db, serial, now=deps().now(), actor=g.staff.login, status=wanted)
    flash(_("The status is changed, and the phones will be told."))
    return redirect(url_for("staff.card", serial=serial), 303)
