"""The enrolment page: from a poster, a post or a mail to a card, in under a minute and without an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from limits import parse

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.i18n import chosen, locale, use
from app.services import attribution, designs, funnel
from app.services.enrolment import UTM, Enrol, Enrolled, enrol
from app.services.mail import MailError
from app.storage import queries
from app.web.faces import face_view
from app.web.friends import friend_code, invitation
from app.web.join_form import consents_given, form_of
from app.web.letters import send_card
from app.web.security import limiter
from app.web.theme import theme_of

bp = Blueprint("join", __name__)
TRAP = "second_name"
"""A field that people do not see; whoever fills it in is a program."""
AGAIN = "again"
"""A hidden field of a form that came back with faults: it is counted once."""
_LETTERS = parse("3 per hour")


@bp.get("/join/<slug>")
@audience("public")
def form(slug: str) -> Any:
    """The form, with the card itself above it."""
    programme, sample = _open(slug)
    _count(programme, "view")
    return _page(programme, sample, {}, {})


@bp.post("/join/<slug>")
@audience("public")
@limiter.limit("30 per minute; 300 per hour")
def join(slug: str) -> Any:
    """Issue the card and show it; a person who has one is not shown it, because anybody could type their
    number.
    """
    programme, sample = _open(slug)
    if request.form.get(TRAP):
        abort(400)
    typed = request.form.to_dict()
    if AGAIN not in typed:
        _count(programme, "form")
    given, faults = consents_given(programme, typed)
    try:
        if faults:
            raise Invalid(faults)
        made = _enrol(programme, typed, given)
    except Invalid as error:
        return _page(programme, sample, typed, error.faults), 422
    except (
        Conflict
    ):  # phone and e-mail belong to two members: to both of them this page says no more than that
        return redirect(url_for("join.known", slug=slug, lang=locale()), 303)
    if made.created or session.get("joined") == made.link:  # sent twice, or back and sent again: it is theirs
        session["joined"] = made.link
        return redirect(url_for("card.page", link=made.link, lang=locale(), new=1), 303)
    mailed = _mail_again(made)
    return redirect(url_for("join.known", slug=slug, lang=locale(), mailed=1 if mailed else None), 303)


@bp.get("/join/<slug>/known")
@audience("public")
def known(slug: str) -> Any:
    """Says that there is a card already, and how to get back to it."""
    programme, sample = _open(slug)
    mailed = request.args.get("mailed") == "1"
    return render_template("joined.html", **_common(programme, sample), mailed=mailed)


def _open(slug: str) -> tuple[Programme, Pass]:
    """The programme and a sample of its card, in the visitor's language; raises NotFound."""
    with deps().read() as db:
        row = queries.programme_row(db, slug)
        programme, design = queries.programme_of(row), queries.design_of(queries.design_row(db, row))
    use(chosen(programme.locales), programme.zone)
    return programme, designs.preview(programme, design, now=deps().now(), filled=0.6, locale=locale())


def _common(programme: Programme, sample: Pass) -> dict[str, Any]:
    return {"programme": programme, "face": face_view(sample), "theme": theme_of(sample.palette)}


def _page(
    programme: Programme, sample: Pass, typed: Mapping[str, str], faults: Mapping[str, str]
) -> Response:
    friend = friend_code(programme, request.values.get("friend", ""))
    body = render_template(
        "join.html",
        **_common(programme, sample),
        form=form_of(programme, typed, faults),
        channel=_channel(request.values) | ({"friend": friend} if friend else {}) | _sent_before(typed),
        invitation=invitation(programme, friend),
        trap=TRAP,
        languages=programme.locales,
    )
    answer = Response(body)
    answer.headers["Cache-Control"] = "private, no-store"  # the page holds a CSRF token of this visitor
    return answer


def _channel(values: Mapping[str, str]) -> dict[str, str]:
    """What says where the visitor came from; travels in hidden fields, so that no cookie is needed."""
    found = {key: values[key][:200] for key in (*UTM, "l") if values.get(key)}
    return {**attribution.normal(found), **({"l": found["l"][:40]} if "l" in found else {})}


def _sent_before(typed: Mapping[str, str]) -> dict[str, str]:
    return {AGAIN: "1"} if typed else {}


def _count(programme: Programme, step: funnel.Step) -> None:
    """One more of this step for the channel, if a person did it."""
    if funnel.by_a_person(request.method, request.headers.get):
        channel, day = _channel(request.values), deps().now().astimezone(programme.zone).date()
        told = {**channel, "link_code": channel.get("l", "")}
        funnel.count(deps().db, programme.slug, step, told, day)


def _enrol(programme: Programme, typed: Mapping[str, str], given: list[dict[str, object]]) -> Enrolled:
    member: dict[str, Any] = {each.name: typed.get(each.name, "") for each in programme.enrolment.fields}
    channel = _channel(typed)
    cmd = Enrol(
        programme=programme.slug,
        member={**member, "locale": locale()},
        channel={**channel, "link_code": channel.get("l", "")},
        consents=given,
        source="join",
        friend_code=friend_code(programme, typed.get("friend", "")),
        form=True,
    )
    return enrol(deps().db, cmd, now=deps().now(), default_pass_type=deps().default_pass_type())


def _mail_again(made: Enrolled) -> bool:
    """Send the link to the address on file (never to the one just typed); at most three letters an hour a
    card.
    """
    if deps().send_mail is None or not limiter.limiter.hit(_LETTERS, "card-letter", made.serial):
        return False
    try:
        return send_card(made.link)
    except MailError:
        return False
