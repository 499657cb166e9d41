"""The letter with a customer's card: a tracked link, a picture of the card, and the same in plain text."""

from __future__ import annotations

from flask import render_template, url_for

from app.deps import deps
from app.domain.passes import Pass
from app.i18n import gettext as _
from app.i18n import local, speaking
from app.services import attribution
from app.services.cards import current_pass
from app.storage import queries
from app.storage.tables import Card, ProgrammeRow
from app.web.faces import BANNER
from app.web.theme import theme_of

CHANNEL = {"utm_source": "card-letter", "utm_medium": "email"}


def send_card(link: str) -> bool:
    """Write to the card's member, in their language; false where there is no address to write to. Raises
    MailError.
    """
    send, now = deps().send_mail, deps().now()
    with deps().read() as session:
        card = queries.card_by_link(session, link)
        pii, face = queries.pii_of(session, card), current_pass(session, card, now)
        programme = queries.programme_of(session.get_one(ProgrammeRow, card.programme_id))
    if send is None or pii is None or not pii.email:
        return False
    values = {"address": _tracked(card), "programme": programme, "card": face, "given_name": pii.given_name}
    values |= {"theme": theme_of(face.palette), "banner": _picture(face)}
    with speaking(face.locale):
        subject = " ".join(_("Your card at %(shop)s", shop=local(face.organisation)).split())
        text, html = (
            render_template("emails/card.txt", **values),
            render_template("emails/card.html", **values),
        )
    send(pii.email, subject, text, html)
    return True


def _tracked(card: Card) -> str:
    code = attribution.personal_link(deps().db, card.id, now=deps().now(), utm=CHANNEL)
    return deps().base_url + url_for("links.follow", code=code)


def _picture(face: Pass) -> str:
    art = face.pictures.get("banner")
    return deps().pictures.url(art, *BANNER, scale=2) if art else ""
