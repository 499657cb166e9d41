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
from app.domain.errors import (
    AlreadyReversed,
    CardNotActive,
    Conflict,
    InsufficientBalance,
    Invalid,
    KeyReused,
    NotFound,
    Refused,
)
from app.i18n import gettext as _
from app.services import companies, journal, loyalty, programmes, quoting, refunds
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.services.operating import Reply
from app.services.rotating import OldCode, UsedCode
from app.storage import queries
from app.storage.tables import Operation, ProgrammeRow
from app.web.auth import require_programme, staff_only, staff_programmes
from app.web.security import allow, limiter
from app.web.till_extras import Typed, refused_words
from app.web.till_find import find, find_rotating, mistyped, tidy
from app.web.till_view import (
    MOST_STAMPS,
    Customer,
    amount_minor,
    customer_of,
    done_words,
    payable_words,
    quote_words,
    stamp_buttons,
    undoable,
)

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
        return _page("till.html", fault=_in_words(error)), 409
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


def _card_page(serial: str, fault: str = "") -> str:
    with deps().read() as db:
        shown = _customer(db, serial)
    form = request.form if fault else {}
    return _page(
        "till_card.html",
        card=shown,
        fault=fault,
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
    """What this amount would earn, in words, and how many points could pay of it."""
    with deps().read() as db:
        programme = _customer(db, serial).programme
    amount = amount_minor(request.args.get("amount", ""), programme.currency)
    redeem = request.args.get("redeem_points", "0")
    if amount is None or not redeem.isdecimal():
        return jsonify(words="", most=0, pay="")
    try:
        more = {"codes": Typed.of(request.args).codes, "store": g.staff.store}
        asked = Purchase(serial, amount, programme.currency, redeem_points=int(redeem), **more)
        said = quoting.quote(deps().read, asked, now=deps().now())
    except Refused as error:
        words = refused_words(error) if isinstance(error, Invalid) else ""
        return jsonify(words=words, most=0, pay="")
    most = said["redeemable_points"]
    pay = payable_words(most, programme) if most else ""
    return jsonify(words=quote_words(said, programme), most=most, pay=pay)


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
    points = request.form.get("redeem_points", "").strip() or "0"
    pays = int(points) if points.isdecimal() and len(points) < 13 else -1
    typed, extras = request.form.get("amount", ""), Typed.of(request.form)

    def note(serial: str, once: Once, by: By) -> Reply:
        currency = currency_of(serial)
        amount = amount_minor(typed, currency)
        if amount is None:
            raise Invalid({"/amount": _("Type the amount in figures, such as 12.50.")})
        more = extras.given(currency, amount_minor)
        cmd = Purchase(serial, amount, currency, store=by.store, redeem_points=pays, **more)
        return loyalty.purchase(deps().db, cmd, once, by, now=deps().now())

    asked = {"amount": typed.strip(), "redeem_points": pays, **extras.asked()}
    return do_once("purchase", asked, note)


def currency_of(serial: str) -> str:
    """The currency that the card's programme counts in."""
    with deps().read() as db:
        row = db.get_one(ProgrammeRow, queries.card_by_serial(db, serial).programme_id)
        return queries.programme_of(row).currency


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
        return _page("till.html", fault=_in_words(error)), 409
    once = Once(SOURCE, _key(), {"kind": kind, "card": serial, **asked})
    try:
        reply = act(serial, once, By(g.staff.login, g.staff.store))
    except Refused as error:
        return _card_page(serial, _in_words(error)), 422 if isinstance(error, Invalid) else 409
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


def _in_words(error: Refused) -> str:
    if isinstance(error, Invalid) and "/amount" in error.faults:
        return error.faults["/amount"]
    if isinstance(error, Invalid) and (words := refused_words(error)):
        return words
    known = {
        CardNotActive: _("This card may not be used. Nothing was changed."),
        InsufficientBalance: _("The card has less than that. Nothing was changed."),
        KeyReused: _("This was sent before with other figures. See what the card shows before you go on."),
        AlreadyReversed: _("This was taken back before."),
        OldCode: _("This code is old: ask the customer to open the card again."),
        UsedCode: _("This code was used before. The card shows a new one in a moment: scan that."),
        Conflict: _("This was entered before, for another card or amount."),
        Invalid: _("These figures do not fit: points may pay the purchase at most. Nothing was changed."),
    }
    return next(
        (words for kind, words in known.items() if type(error) is kind), _("This cannot be done now.")
    )


@bp.get("/till/done/<operation>")
@audience("cashier")
@at_the_till
def done(operation: str) -> Any:
    """What happened, in large words, and the way back for ten minutes."""
    with deps().read() as db:
        row = journal.operation_by_id(db, operation, staff_programmes(g.staff))
        serial = companies.card_of(db, row).serial
        shown = _customer(db, serial)
        first, *more = done_words(row.kind, row.reply, shown.programme)
        can_undo = undoable(db, row, now=deps().now(), actor=g.staff.login)
    return _page(
        "till_done.html",
        card=shown,
        operation=row,
        first=first,
        more=more,
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
        return _card_page(serial, _in_words(error)), 409
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
