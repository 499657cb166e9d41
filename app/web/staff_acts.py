"""What the owner does on a card by hand: holders, memberships, events, and what a till has set aside."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import flash, g, redirect, request, url_for

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid, Refused
from app.i18n import gettext as _
from app.services import companies, happenings, holds, memberships
from app.services.journal import By, Once
from app.services.memberships import Payment
from app.web.fault_words import in_words
from app.web.staff_cards import card_page, own_card
from app.web.staff_room import bp, mine, owner_only
from app.web.till_faults import in_words as till_words

HAND = "staff"
PERSON = ("given_name", "family_name", "phone", "email")
FIELDS = (*PERSON, "payment", "periods")


@bp.post("/staff/cards/<serial>/holders")
@audience("owner")
@owner_only
def add_holder(serial: str) -> Any:
    """One more holder of the account, with a card of their own."""
    known = deps()
    said = {
        name: request.form.get(name, "").strip() for name in ("given_name", "family_name", "phone", "email")
    }

    def act() -> None:
        if not (said["phone"] or said["email"]):
            raise Invalid({"/member/phone": "is required"})
        member = {name: text for name, text in said.items() if text}
        pass_type = known.default_pass_type()
        companies.add(
            known.db, serial, member, now=known.now(), actor=g.staff.login, default_pass_type=pass_type
        )

    return _done(serial, act, _("The holder has a card now, which spends from this account."), "holder")


@bp.post("/staff/cards/<serial>/holders/<holder>/remove")
@audience("owner")
@owner_only
def remove_holder(serial: str, holder: str) -> Any:
    """Their card goes on with an account of its own; what was earned together stays here."""

    def act() -> None:
        companies.remove(deps().db, serial, holder, now=deps().now(), actor=g.staff.login)

    return _done(
        serial, act, _("The holder has left. Their card goes on with an account of its own."), "holder"
    )


@bp.post("/staff/cards/<serial>/memberships")
@audience("owner")
@owner_only
def pay_membership(serial: str) -> Any:
    """Note a payment; the number of the receipt keeps it from counting twice."""
    kind, payment = request.form.get("membership", "")[:40], request.form.get("payment", "").strip()[:120]
    typed = request.form.get("periods", "1").strip()

    def act() -> None:
        if not payment:
            raise Invalid({"/payment": "is required"})
        periods = int(typed) if typed.isdecimal() and len(typed) < 4 else 0
        once = _once("membership", serial, {"membership": kind, "payment": payment, "periods": periods})
        cmd = Payment(serial, kind, payment, periods)
        memberships.pay(deps().db, cmd, once, By(g.staff.login, g.staff.store), now=deps().now())

    return _done(serial, act, _("The payment is noted."), "membership")


@bp.post("/staff/cards/<serial>/memberships/<int:membership>/cancel")
@audience("owner")
@owner_only
def cancel_membership(serial: str, membership: int) -> Any:
    """End it now, or when what is paid is over."""
    at: Any = "period_end" if request.form.get("at") == "period_end" else "now"

    def act() -> None:
        once = _once("cancellation", serial, {"membership": membership, "at": at})
        by = By(g.staff.login, g.staff.store)
        memberships.cancel(deps().db, serial, membership, once, by, now=deps().now(), at=at)

    return _done(serial, act, _("The membership is cancelled."), "membership")


@bp.post("/staff/cards/<serial>/events")
@audience("owner")
@owner_only
def note_event(serial: str) -> Any:
    """Give what an event gives, within its limits."""
    event = request.form.get("event", "")[:40]

    def act() -> None:
        once = _once("event", serial, {"event": event})
        by = By(g.staff.login, g.staff.store)
        happenings.happen(deps().db, serial, event, once, by, now=deps().now())

    return _done(serial, act, _("Noted. The statement says what it gave."), "event")


@bp.post("/staff/cards/<serial>/holds/<hold>/void")
@audience("owner")
@owner_only
def void_hold(serial: str, hold: str) -> Any:
    """Give back what a till has set aside."""

    def act() -> None:
        once = _once("void", serial, {"hold": hold})
        by = By(g.staff.login, g.staff.store)
        holds.void(deps().db, hold, once, by, now=deps().now(), programme_ids=mine())

    return _done(serial, act, _("Given back to the card."), "hold")


def _once(kind: str, serial: str, asked: dict[str, Any]) -> Once:
    key = request.form.get("key", "").strip()[:80] or str(uuid.uuid4())
    return Once(HAND, f"{kind}:{key}", {"kind": kind, "card": serial, **asked})


def _done(serial: str, act: Callable[[], None], said: str, form: str) -> Any:
    """Do it on a card of one's own and go back to it; a refusal stands at the form that asked."""
    with deps().read() as db:
        own_card(db, serial)
    try:
        act()
    except Refused as error:
        where, words = _refusal(error)
        return card_page(serial, {f"{form}{where}": words}), 422 if isinstance(error, Invalid) else 409
    flash(said)
    return redirect(url_for("staff.card", serial=serial), 303)


def _refusal(error: Refused) -> tuple[str, str]:
    """The field below the form, and why; what is nobody's field stands at the form itself."""
    if isinstance(error, Conflict):
        return "", _conflict(error)
    for pointer, reason in error.faults.items() if isinstance(error, Invalid) else ():
        name = pointer.rpartition("/")[2]
        known = {
            "periods": _("A whole number from %(least)s to %(most)s.", least=1, most=24),
            "phone": _("A phone number with its country’s code, such as +371 20000000."),
            "email": _("An e-mail address, such as anna@example.com."),
        }
        return f".{name}" if name in FIELDS else "", _needed(reason) or known.get(name, in_words(reason))
    return "", till_words(error)


def _needed(reason: str) -> str:
    return in_words(reason) if reason == "is required" else ""


def _conflict(error: Conflict) -> str:
    for start, words in (
        ("This company has as many", _("This account has as many holders as it may have.")),
        ("This member has a card", _("This person has a card already. A program can let it join (API).")),
        ("Others share", _("Others share this card’s account: let them leave it first.")),
        ("The account is this", _("The account is this card’s: the others can leave it.")),
        ("This payment was", _("This payment was entered before, for another card or membership.")),
        ("This membership is over", _("This membership is over, or was cancelled before.")),
    ):
        if error.message.startswith(start):
            return words
    return _("This cannot be done now.")
