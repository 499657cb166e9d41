"""The rules of a programme: told in words, edited, tried over the real cards, published now or on a date.

Everything is one form, which works without a script. A preview is answered as it is made: the page grows by a
line a step, so that nobody waits before a blank window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Response, flash, g, redirect, render_template, request, stream_with_context, url_for

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.domain.money import money_text
from app.domain.programme import Programme
from app.domain.rule_words import described, title
from app.domain.rulecheck import advice
from app.i18n import gettext as _
from app.i18n import local
from app.services import rule_preview, rulebook
from app.services.rule_preview import Preview, Step
from app.web import model_form, rule_draft
from app.web.auth import staff_only
from app.web.fault_words import faults_in_words
from app.web.model_view import Control, Speech, control_of, faulty, put_faults
from app.web.rule_draft import Draft
from app.web.rule_faults import spoken
from app.web.security import limiter
from app.web.studio_room import Room, bp, room_of
from app.web.theme import theme_of

MARK = "<!-- what the preview finds -->"


@dataclass(slots=True)
class Wish:
    """When the rules are to start, for whom, why; and the newest version that was seen."""

    when: str = "now"
    starts_at: str = ""
    keep_old: bool = False
    note: str = ""
    seen: int = 1


@dataclass(slots=True)
class Page:
    """Everything that the page shows beside the programme."""

    draft: Draft
    wish: Wish
    notes: list[str] = field(default_factory=list)
    conflict: str = ""
    previews: bool = False


@bp.get("/studio/<slug>/rules", endpoint="rules")
@audience("marketer")
@staff_only("marketer")
def rules_page(slug: str) -> Any:
    """The rules as they are, what was before and what will be."""
    with deps().read() as db:
        room = room_of(db, slug)
        newest = rulebook.read(db, room.row, deps().now()).newest
    return _page(room, Page(Draft(rule_draft.dumped(room.programme)), Wish(seen=newest)))


@bp.post("/studio/<slug>/rules")
@audience("marketer")
@limiter.limit("120 per minute")
@staff_only("marketer")
def change_rules(slug: str) -> Any:
    """One of the form's buttons: open, move or remove a rule, add one, preview, publish."""
    with deps().read() as db:
        room = room_of(db, slug)
    page = Page(_draft(room, request.form), _wish(request.form))
    act = request.form.get("act", "")
    if _is_work(act):
        _work(room, page.draft, act)
        return _page(room, page)
    programme = _judged(room, page)
    if programme is None:
        return _page(room, page), 422
    page.draft.opened = -1
    if act == "publish":
        return _published(room, page)
    page.previews = act == "preview"
    return _previewed(room, page) if page.previews else _page(room, page)


def _draft(room: Room, form: Mapping[str, str]) -> Draft:
    """What the form says; a rule that is open stands in it input by input."""
    draft = Draft(rule_draft.read(form.get("draft", ""), rule_draft.dumped(room.programme)))
    opened = request.form.get("opened", -1, type=int)
    if 0 <= opened < len(draft.rules):
        draft.opened = opened
        rule_draft.written(draft, form, room.programme.currency)
    return draft


def _wish(form: Mapping[str, str]) -> Wish:
    return Wish(
        "date" if form.get("when") == "date" else "now",
        form.get("starts_at", "").strip()[:30],
        "keep_old" in form,
        form.get("note", "").strip()[:200],
        request.form.get("seen", 1, type=int),
    )


def _is_work(act: str) -> bool:
    return act.partition(":")[0] in (
        "edit",
        "new",
        "drop",
        "raise",
        "lower",
        "add",
        "remove",
        "up",
        "down",
        "split",
    )


def _work(room: Room, draft: Draft, act: str) -> None:
    """Buttons that change the draft alone; none of them judges it."""
    verb, _colon, rest = act.partition(":")
    place = int(rest) if rest.isascii() and rest.isdigit() and len(rest) < 4 else -1
    kind = request.form.get("kind", "")
    if verb == "new" and kind in rule_draft.models() and len(draft.rules) < rule_draft.MOST_RULES:
        draft.rules.append(rule_draft.new(kind, draft.rules))
        draft.opened = len(draft.rules) - 1
    elif verb in ("edit", "drop", "raise", "lower") and 0 <= place < len(draft.rules):
        _move(draft, verb, place)
    elif rest.startswith(f"/rules/{draft.opened}/") and draft.opened >= 0:
        inside = rest.removeprefix(f"/rules/{draft.opened}")
        rule = draft.rules[draft.opened]
        model_form.act(rule_draft.node_of(rule["kind"]), rule, f"{verb}:{inside}", room.programme.locales)


def _move(draft: Draft, verb: str, place: int) -> None:
    if verb == "edit":
        draft.opened = place
        return
    draft.opened = -1
    if verb == "drop":
        del draft.rules[place]
        return
    other = place + (1 if verb == "lower" else -1)
    if 0 <= other < len(draft.rules):
        draft.rules[place], draft.rules[other] = draft.rules[other], draft.rules[place]


def _judged(room: Room, page: Page) -> Programme | None:
    """The programme with these rules; None where something is wrong, which the page then says."""
    try:
        programme = rulebook.proposed(room.row, page.draft.rules)
    except Invalid as error:
        page.draft.faults = {**faults_in_words(error.faults), **spoken(error.faults)}
        _open_the_faulty(page.draft)
        return None
    page.draft.rules = rule_draft.dumped(programme)
    page.notes = list(spoken(dict(advice(programme))).values())
    return programme


def _open_the_faulty(draft: Draft) -> None:
    """Show the first rule that has a fault, with its inputs, unless one of the faults is in view."""
    places = [int(part[2]) for each in draft.faults if len(part := each.split("/")) > 2 and part[2].isdigit()]
    if places and draft.opened not in places:
        draft.opened = places[0]


def _published(room: Room, page: Page) -> Any:
    wish, now = page.wish, deps().now()
    try:
        rulebook.schedule(
            deps().db,
            room.programme.slug,
            page.draft.rules,
            now=now,
            starts_at=_moment(wish, room.programme) if wish.when == "date" else None,
            keep_old=wish.keep_old,
            note=wish.note,
            author=g.staff.name,
            seen=wish.seen,
        )
    except Invalid as error:
        page.draft.faults = faults_in_words(error.faults)
        return _page(room, page), 422
    except Conflict as error:
        page.conflict = _why(error)
        wish.seen = int(error.state.get("newest", wish.seen))
        return _page(room, page), 409
    later = wish.when == "date"
    flash(
        _("The rules are planned.")
        if later
        else _("The new rules count from now on. Cards follow by themselves.")
    )
    return redirect(url_for("studio.rules", slug=room.programme.slug), 303)


def _moment(wish: Wish, programme: Programme) -> datetime:
    try:
        when = datetime.fromisoformat(wish.starts_at)
    except ValueError:
        raise Invalid({"/starts_at": "should be a valid datetime"}) from None
    return when if when.tzinfo else when.replace(tzinfo=programme.zone)


def _why(error: Conflict) -> str:
    if "newest" in error.state:
        return _(
            "Somebody else has changed the rules meanwhile. Yours are kept here: compare them with the "
            "history, and publish again if they are still right."
        )
    if "waiting" in error.state:
        return _("Too many changes are planned already. Withdraw some of them first.")
    return _("These rules count then already; nothing was changed.")


@bp.post("/studio/<slug>/rules/<int:number>/<any(withdraw, restore):verb>")
@audience("marketer")
@limiter.limit("60 per minute")
@staff_only("marketer")
def version_of_rules(slug: str, number: int, verb: str) -> Any:
    """Withdraw a version that waits, or go back to an earlier one."""
    with deps().read() as db:
        room_of(db, slug)
    try:
        if verb == "withdraw":
            rulebook.withdraw(deps().db, slug, number, now=deps().now(), author=g.staff.name)
            flash(_("Withdrawn. These rules will not start."))
        else:
            note = _("Back to version %(number)s", number=number)
            rulebook.restore(deps().db, slug, number, now=deps().now(), author=g.staff.name, note=note)
            flash(_("The rules of version %(number)s count again.", number=number))
    except Conflict:
        flash(_("Nothing was changed: these rules have started, or count already."))
    return redirect(url_for("studio.rules", slug=slug), 303)


def _previewed(room: Room, page: Page) -> Response:
    """The page with a gap, and what the preview finds, step by step, in the gap."""
    begin, _mark, end = str(_page(room, page)).partition(MARK)
    steps = rule_preview.preview(
        deps().read, room.programme.slug, page.draft.rules, now=deps().now(), keep_old=page.wish.keep_old
    )

    def pieces() -> Iterator[str]:
        yield begin
        for step in steps:
            yield _piece(step, room)
        yield end

    return Response(stream_with_context(pieces()), mimetype="text/html")


def _piece(step: Step | Preview, room: Room) -> str:
    if isinstance(step, Step):
        return f'<progress class="ru-step" max="{max(1, step.total)}" value="{step.done}"></progress>\n'
    tiers = {
        level.key: local(level.name) for rule in room.programme.rules for level in getattr(rule, "levels", ())
    }
    return render_template(
        "components/rule_preview.html", found=step, programme=room.programme, tier_names=tiers
    )


def _page(room: Room, page: Page) -> str:
    programme, draft = room.programme, page.draft
    with deps().read() as db:
        book = rulebook.read(db, room.row, deps().now())
    opened = _opened(room, draft)
    lost = put_faults([opened], draft.faults) if opened else list(draft.faults.values())
    return render_template(
        "studio_rules.html",
        room=room,
        page=page,
        told=[rule_draft.told(each, programme) for each in draft.rules],
        opened=lambda name: False,
        opened_rule=opened,
        is_faulty=faulty,
        is_faulty_in=lambda controls: any(faulty(each) for each in controls),
        lost=lost,
        changed=draft.rules != rule_draft.dumped(programme),
        kinds=[(kind, local(title(kind))) for kind in rule_draft.models()],
        book=book,
        words=lambda version: _words(room, version),
        mark=MARK,
        theme=theme_of(room.design.palette),
    )


def _opened(room: Room, draft: Draft) -> Control | None:
    if draft.opened < 0:
        return None
    rule, currency = draft.rules[draft.opened], room.programme.currency
    speech = Speech(room.programme.locales, {"en": _("English"), "ru": _("Russian")})
    at = f"/rules/{draft.opened}"
    made = control_of(rule_draft.node_of(rule["kind"]), rule_draft.typed(rule, currency), at, speech)
    made.label = made.help = ""
    sign = local(money_text(0, currency)).replace("0", "").strip()
    rule_draft.money_marks(made, currency, sign)
    return made


def _words(room: Room, version: rulebook.Version) -> list[list[str]]:
    programme = rulebook.programme_of(room.row, version)
    return [[local(each) for each in described(rule, programme)] for rule in programme.rules]
