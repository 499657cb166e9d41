"""The till: scan, one tap, done. Plain pages and forms; a script makes them quick and patient.

Every form that moves value carries a key that stays the same over all re-sends, so a lost answer never
becomes a second stamp.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, g, jsonify, redirect, render_template, request, session, url_for

from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid, NotFound, Refused
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.services import companies, journal, loyalty, programmes, refunds, standings
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.services.operating import Reply
from app.services.rotating import OldCode, UsedCode
from app.storage import queries
from app.storage.states import programme_at
from app.storage.tables import Operation, ProgrammeRow
from app.web.auth import require_programme, staff_only, staff_programmes
from app.web.security import allow, limiter
from app.web.till_extras import Typed
from app.web.till_faults import field_of, in_words
from app.web.till_find import find, find_rotating, mistyped, tidy
from app.web.till_quote import NOTHING, quoted
from app.web.till_view import MOST_STAMPS, Customer, amount_minor, customer_of, stamp_buttons, undoable
from app.web.till_words import done_words, due_words, risen_words

bp = Blueprint("till", __name__)
SOURCE = "till"
"""Whose keys they are. Not the cashier's: re-sent after somebody else signed in, it is still the same."""
View = TypeVar("View", bound=Callable[..., Any])


def at_the_till(view: View) -> View:
    """For cashiers; any till page may turn into the scanner, so each may use the camera and the decoder."""

    @wraps(view)
    def opened(*args: Any, **kwargs: Any) -> Any:
        allow(wasm=True, camera=True)
        return view(*args, **kwargs)

    return staff_only("cashier")(opened)  # type: ignore[return-value]


def _looker() -> str:
    return f"till:{session.get('staff', 'nobody')}"


@bp.get("/till")
@audience("cashier")
@at_the_till
def scan() -> Any:
    """The field that always listens."""
    return _page("till.html")


@bp.post("/till/find")
@audience("cashier")
@limiter.limit("90 per minute; 1500 per hour", key_func=_looker)
@at_the_till
def look_up() -> Any:
    """From a scan to the card: one hit goes on at once, several phones' cards are offered, none says why."""
    typed = request.form.get("code", "")
    try:
        if card := find_rotating(typed, staff_programmes(g.staff)):
            return redirect(url_for("till.card", serial=card.serial), 303)
    except (OldCode, UsedCode) as error:
        return _page("till.html", fault=in_words(error)), 409
    with deps().read() as db:
        cards = find(db, typed, staff_programmes(g.staff))
        if len(cards) > 1:
            found = [customer_of(db, card, now=deps().now(), actor=g.staff.login) for card in cards]
            return _page("till_choice.html", found=found)
    if cards:
        return redirect(url_for("till.card", serial=cards[0].serial), 303)
    return _page("till.html", fault=_not_found(typed), typed=tidy(typed)), 404


def _not_found(typed: str) -> str:
    if not tidy(typed):
        return _("Scan a card, or type its number or the customer's phone.")
    if mistyped(typed):
        return _("One character of this number is wrong. Compare it with the card and try again.")
    return _("No card was found. Check the number, or try the customer's phone.")


@bp.get("/till/card/<serial>")
@audience("cashier")
@at_the_till
def card(serial: str) -> Any:
    """Who stands here, what they have, and the one thing to do."""
    return _card_page(serial)


def _card_page(serial: str, fault: str = "", field: str = "") -> str:
    with deps().read() as db:
        shown = _customer(db, serial)
    form = request.form if fault else {}
    return _page(
        "till_card.html",
        card=shown,
        fault=fault,
        fault_at=field if field in shown.fields else "",
        form=form,
        stamp_buttons=stamp_buttons(),
        most_stamps=MOST_STAMPS,
        theme=shown.theme,
        face=shown.face,
    )


def _customer(db: Any, serial: str) -> Customer:
    found = queries.card_by_serial(db, serial)
    require_programme(g.staff, found.programme_id)
    return customer_of(db, found, now=deps().now(), actor=g.staff.login)


@bp.get("/till/card/<serial>/quote")
@audience("cashier")
@limiter.limit("240 per minute", key_func=_looker)
@at_the_till
def quote(serial: str) -> Any:
    """What this amount would earn and cost, in words, and how much points and the gift card could pay."""
    with deps().read() as db:
        shown = _customer(db, serial)
    told, programme = request.args, shown.programme
    amount = amount_minor(told.get("amount", ""), programme.currency)
    if amount is None:
        return jsonify(NOTHING)
    more = {"codes": Typed.of(told).codes, "store": g.staff.store}
    asked = Purchase(serial, amount, programme.currency, **more)
    points, gift = bool(told.get("points")), bool(told.get("gift"))
    return jsonify(quoted(asked, programme, points=points, pays_gift=gift, gift_held=shown.gift_minor))


@bp.post("/till/stamps")
@audience("cashier")
@at_the_till
def give_stamps() -> Any:
    """Give stamps to `card`: its serial, or the number that was scanned while there was no network."""
    typed = request.form.get("stamps", "1").strip()
    stamps = int(typed) if typed.isdecimal() and len(typed) < 4 else 0

    def give(serial: str, once: Once, by: By) -> Reply:
        return loyalty.stamp(deps().db, serial, stamps, once, by, now=deps().now())

    return do_once("stamps", {"stamps": stamps}, give)


@bp.post("/till/purchases")
@audience("cashier")
@at_the_till
def purchase() -> Any:
    """Note a purchase by its amount; points may pay a part of it."""
    typed, extras = request.form.get("amount", ""), Typed.of(request.form)

    def note(serial: str, once: Once, by: By) -> Reply:
        programme = programme_of(serial)
        amount = amount_minor(typed, programme.currency)
        if amount is None:
            raise Invalid({"/amount": _("Type the amount in figures, such as 12.50.")})
        more = extras.given(programme, amount_minor)
        cmd = Purchase(serial, amount, programme.currency, store=by.store, **more)
        return loyalty.purchase(deps().db, cmd, once, by, now=deps().now())

    asked = {"amount": typed.strip(), **extras.asked()}
    return do_once("purchase", asked, note)


def programme_of(serial: str) -> Programme:
    """The card's programme, with the rules that count for it now."""
    with deps().read() as db:
        found = queries.card_by_serial(db, serial)
        return programme_at(db.get_one(ProgrammeRow, found.programme_id), found, deps().now())


@bp.post("/till/rewards")
@audience("cashier")
@at_the_till
def hand_out() -> Any:
    """Hand out one reward that is ready."""
    reward = request.form.get("reward", "")[:60]

    def hand(serial: str, once: Once, by: By) -> Reply:
        return loyalty.redeem(deps().db, serial, once, by, now=deps().now(), reward=reward)

    return do_once("redemption", {"reward": reward}, hand)


def do_once(kind: str, asked: dict[str, Any], act: Callable[[str, Once, By], Reply]) -> Any:
    """Carry out once and go on to what was done; a refusal comes back to the card, in words."""
    try:
        serial = _own_card(request.form.get("card", ""))
    except (OldCode, UsedCode) as error:
        return _page("till.html", fault=in_words(error)), 409
    once = Once(SOURCE, _key(), {"kind": kind, "card": serial, **asked})
    try:
        reply = act(serial, once, By(g.staff.login, g.staff.store))
    except Refused as error:
        fault = in_words(error, programme_of(serial))
        return _card_page(serial, fault, field_of(error)), 422 if isinstance(error, Invalid) else 409
    return redirect(url_for("till.done", operation=reply.body["id"]), 303)


def _own_card(code: str) -> str:
    if card := find_rotating(code, staff_programmes(g.staff)):
        return card.serial
    with deps().read() as db:
        cards = find(db, code, staff_programmes(g.staff))
    if len(cards) != 1:
        raise NotFound("There is no such card.")
    return cards[0].serial


def _key() -> str:
    """The form's own key; a form without one gets a key of its own, and so is never mistaken for another."""
    return request.form.get("key", "").strip()[:80] or str(uuid.uuid4())


@bp.get("/till/done/<operation>")
@audience("cashier")
@at_the_till
def done(operation: str) -> Any:
    """What happened, in large words, and the way back for ten minutes."""
    with deps().read() as db:
        row = journal.operation_by_id(db, operation, staff_programmes(g.staff))
        serial = companies.card_of(db, row).serial
        shown = _customer(db, serial)
        first, *more = done_words(row.kind, {**row.detail, **row.reply}, shown.programme)
        risen = risen_words(standings.risen_by(db, row), shown.programme)
        can_undo = undoable(db, row, now=deps().now(), actor=g.staff.login)
    return _page(
        "till_done.html",
        card=shown,
        operation=row,
        first=first,
        more=[*more, *([risen] if risen else [])],
        due=due_words(row.reply, shown.programme) if row.kind == "purchase" else "",
        can_undo=can_undo,
        theme=shown.theme,
        face=shown.face,
    )


@bp.post("/till/undo/<operation>")
@audience("cashier")
@at_the_till
def undo(operation: str) -> Any:
    """Take back what this person did last on the card."""
    with deps().read() as db:
        row = journal.operation_by_id(db, operation, staff_programmes(g.staff))
        serial, may = companies.card_of(db, row).serial, _may_undo(db, row)
    if not may:
        return _card_page(serial, _("This cannot be taken back here any more. Ask the owner.")), 409
    once = Once(SOURCE, _key(), {"kind": "undo", "operation": operation})
    by = By(g.staff.login, g.staff.store, "undo at the till")
    mine = staff_programmes(g.staff)
    try:
        reply = refunds.refund(deps().db, operation, once, by, now=deps().now(), programme_ids=mine)
    except Refused as error:
        return _card_page(serial, in_words(error)), 409
    return redirect(url_for("till.done", operation=reply.body["id"]), 303)


def _may_undo(db: Any, row: Operation) -> bool:
    """Whether it is theirs and recent; a re-send of an undo that went through is answered by its key."""
    return undoable(db, row, now=deps().now(), actor=g.staff.login) or _undone_by_this_key(db, row)


def _undone_by_this_key(db: Any, row: Operation) -> bool:
    once = Once(SOURCE, _key(), {"kind": "undo", "operation": row.public_id})
    return journal.recall(db, row.programme_id, once) is not None


def _page(template: str, **values: Any) -> str:
    with deps().read() as db:
        mine = programmes.listed(db, staff_programmes(g.staff))
        stamped = bool(mine) and all(
            any(rule.kind == "stamps" for rule in queries.programme_of(row).rules) for row in mine
        )
    return render_template(
        template, new_key=lambda: str(uuid.uuid4()), stamps_offline=stamped, staff_id=g.staff.id, **values
    )
