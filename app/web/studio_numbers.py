"""What each channel brought and how many went how far, for the marketer: figures, bars and a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, render_template, request

from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid
from app.i18n import gettext as _
from app.i18n import money, number, shown_day
from app.services import analytics
from app.services.analytics import Funnel, Question, tables
from app.services.analytics.channels import ChannelFigures, all_together
from app.services.analytics.figures import NAMES
from app.web.auth import staff_only
from app.web.studio_room import Room, bp, room_of
from app.web.theme import theme_of

SPANS = (7, 30, 90)
WIDTH, ROW, BAR = 640, 60, 20
"""The funnel's box: so wide, each step so high, its bar within."""
_SHOWN = 100
_EMPTY = ("utm_source", "utm_medium", "utm_campaign")


@dataclass(frozen=True, slots=True)
class Bar:
    """A step of the funnel as it is drawn: `width` of `WIDTH`, beginning at `y`."""

    words: str
    count: str
    share: str
    y: int
    width: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is about, and what was wrong with the days that somebody typed."""

    question: Question
    days: int
    fault: str


@bp.get("/studio/<slug>/numbers", endpoint="numbers")
@audience("marketer")
@staff_only("marketer")
def numbers(slug: str) -> Any:
    """The funnel as bars, channels by revenue, and the days to choose."""
    with deps().read() as db:
        room = room_of(db, slug)
        asked = _asked(room)
        told = analytics.funnel(db, asked.question)
        found = analytics.channels(db, asked.question)
    page = _page(room, asked, told, found)
    return (page, 422) if asked.fault else page


@bp.get("/studio/<slug>/numbers.csv")
@audience("marketer")
@staff_only("marketer")
def numbers_file(slug: str) -> Response:
    """The channels as a file for a spreadsheet."""
    with deps().read() as db:
        room = room_of(db, slug)
        asked = _asked(room).question
        found = analytics.channels(db, asked)
    head = (*analytics.GROUPS["channel"], *NAMES, "revenue_minor", "buyers")
    answer = Response("\ufeff" + tables.as_csv([each.told() for each in found], head), mimetype="text/csv")
    name = f"{slug}-channels-{asked.first}-{asked.last}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _asked(room: Room) -> Asked:
    """The days of the address: so many back from today, or from a day to a day."""
    now = deps().now()
    today = now.astimezone(room.programme.zone).date()
    basis: Any = "joined" if request.args.get("basis") == "joined" else "happened"
    since, until = _day("since"), _day("until")
    if since or until:
        try:
            asked = analytics.question(room.row, now=now, since=since, until=until, basis=basis)
            return Asked(asked, 0, "")
        except Invalid:
            fault = _("The first day must not lie after the last one, nor more than three years before it.")
    else:
        fault = ""
    wanted = request.args.get("days", type=int)
    days = wanted if wanted in SPANS else 30
    since = today - timedelta(days=days - 1)
    return Asked(analytics.question(room.row, now=now, since=since, until=today, basis=basis), days, fault)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, "")[:10])
    except ValueError:
        return None


def _page(room: Room, asked: Asked, told: Funnel, found: Sequence[ChannelFigures]) -> str:
    question = asked.question
    most = max((each.figures.revenue_minor for each in found), default=0)
    return render_template(
        "pages/studio_numbers.html",
        room=room,
        theme=theme_of(room.design.palette),
        asked=question,
        days=asked.days,
        spans=SPANS,
        fault=asked.fault,
        bars=_bars(told),
        width=WIDTH,
        bar=BAR,
        height=ROW * len(told.steps),
        steps=[
            (_step_words()[each.step], number(each.count), _percent(each.share_of_previous))
            for each in told.steps
        ],
        channels=found[:_SHOWN],
        more=len(found) - _SHOWN,
        total=all_together(found),
        name_of=_name,
        share_of=lambda minor: max(0, round(100 * minor / most)) if most > 0 else 0,
        worth=lambda minor: money(minor, question.currency),
        span=_("%(first)s to %(last)s", first=shown_day(question.first), last=shown_day(question.last)),
    )


def _bars(told: Funnel) -> list[Bar]:
    most = max(1, *(each.count for each in told.steps))
    words = _step_words()
    return [
        Bar(
            words[each.step],
            number(each.count),
            _percent(each.share_of_previous),
            place * ROW,
            round(WIDTH * each.count / most, 1),
        )
        for place, each in enumerate(told.steps)
    ]


def _percent(share: float | None) -> str:
    """A share that says something: of more than there was before, it says nothing."""
    return "" if share is None or share > 1 else _("%(share)s%%", share=number(round(share * 100)))


def _step_words() -> dict[str, str]:
    return {
        "view": _("Opened the join page"),
        "form": _("Sent the form"),
        "issued": _("Got a card"),
        "installed": _("Put it into a wallet"),
        "first_scan": _("Showed it at the till for the first time"),
        "revenue": _("Bought with it"),
        "removed": _("Removed it"),
    }


def _name(each: ChannelFigures) -> str:
    """A channel in words; without any values, people came by themselves."""
    return " · ".join(filter(None, (each.values.get(name, "") for name in _EMPTY))) or _("Without a channel")
