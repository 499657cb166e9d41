"""Cards: issued, found, read, changed; their journal, and how far the news of them went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.api.answers import reply
from app.api.calls import call
from app.api.keys import caller, reachable, reachable_programme
from app.api.replies import CardOut, DeliveriesOut, EntryOut, PageOut
from app.api.requests import CardIn, CardPatch, CardQuery, Language, Page
from app.api.tags import guard, picks
from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid
from app.services import cards, contacts, enrolment, erasure, explain, ids, rotating, statement
from app.services.card_facts import Surroundings, card_facts, changeable, member_facts
from app.services.complaints import findings_for
from app.services.enrolment import Enrol
from app.services.inputs import named_values
from app.storage import queries
from app.storage.tables import Card


@call(
    "POST",
    "/cards",
    summary="Issue a card, or find the one that this member has",
    scope="cards:write",
    takes=CardIn,
    gives=CardOut,
    status=201,
    also=200,
)
@audience("api")
def issue(body: CardIn) -> Response:
    """201, or 200 with the same card when the phone, e-mail or external id is a member's already."""
    known = deps()
    with known.read() as session:
        reachable_programme(queries.programme_row(session, body.programme))
    cmd = Enrol(
        body.programme,
        body.member.given(),
        channel=body.channel.model_dump(),
        consents=[each.as_said() for each in body.consents],
        friend_code=body.friend_code,
    )
    done = enrolment.enrol(known.db, cmd, now=known.now(), default_pass_type=known.default_pass_type())
    return reply(card_of(done.serial), 201 if done.created else 200)


@call(
    "GET",
    "/cards",
    summary="Find cards by phone, number, external id or e-mail",
    scope="cards:read",
    query=CardQuery,
    gives=PageOut[CardOut],
)
@audience("api")
def find(query: CardQuery) -> Mapping[str, Any]:
    """Cards that match every value that is given, oldest first. A rotating code as `number` is used up by
    that.
    """
    if rotating.read(query.number):
        return _by_rotating_code(query)
    with deps().read() as session:
        wanted = _wanted(query)
        found = queries.find_cards(
            session, _programme_ids(session, query), **wanted, limit=query.limit + 1, after_id=query.after
        )
        page = found[: query.limit]
        more = str(page[-1].id) if len(found) > len(page) else None
        return {"items": [card_answer(session, card) for card in page], "next_cursor": more}


def _by_rotating_code(query: CardQuery) -> Mapping[str, Any]:
    known = deps()
    with known.read() as session:
        programme_ids = _programme_ids(session, query)
    card = rotating.find(known.db, known.rotating_key, query.number, programme_ids, now=known.now())
    items = [card_of(card.serial)] if card else []
    return {"items": items, "next_cursor": None}


def _programme_ids(session: Session, query: CardQuery) -> list[int] | None:
    if not query.programme:
        own = caller().programme_ids()
        return None if own is None else list(own)
    return [reachable_programme(queries.programme_row(session, query.programme)).id]


def _wanted(query: CardQuery) -> dict[str, Any]:
    """Phone and e-mail as they are kept; a `+` that the query turned into a space comes back."""
    try:
        phone = contacts.phone_e164(f"+{query.phone.strip().lstrip('+')}") if query.phone.strip() else ""
        email = contacts.email_address(query.email) if query.email else ""
    except Invalid as error:
        raise Invalid(
            {where.removeprefix("/member"): words for where, words in error.faults.items()}
        ) from None
    return {
        "phone": phone,
        "email": email,
        "external_id": query.external_id,
        "numbers": ids.numbers(query.number),
    }


_CHANGEABLE = ("status", "tier", "expires_at", "values", "member")
_TAG = picks(*_CHANGEABLE)


@call("GET", "/cards/<serial>", summary="A card as it is now", scope="cards:read", gives=CardOut, tag=_TAG)
@audience("api")
def read(serial: str) -> Mapping[str, Any]:
    """The card with its balances, links and phones."""
    return card_of(serial)


@call(
    "PATCH",
    "/cards/<serial>",
    summary="Change status, tier, end, named values or member data",
    scope="cards:write",
    takes=CardPatch,
    gives=CardOut,
    tag=_TAG,
    guarded=True,
)
@audience("api")
def change(serial: str, body: CardPatch) -> Mapping[str, Any]:
    """What is not named stays; the phones follow if anybody can see a difference.

    `If-Match` with the ETag that you read refuses it where somebody else changed the same things meanwhile.
    """
    known = deps()
    _reach(serial)
    cards.change(
        known.db,
        serial,
        now=known.now(),
        actor=caller().name,
        status=body.status,
        tier=body.tier,
        values=None if body.values is None else named_values(body.values),
        expires_at=body.expires_at,
        clear_expiry="expires_at" in body.model_fields_set,
        member=body.member.given() if body.member else None,
        guard=guard(_changeable),
    )
    return card_of(serial)


def _changeable(session: Session, card: Card) -> dict[str, Any]:
    """What PATCH can change, as the answer tells it."""
    return {**changeable(card), "member": member_facts(session, card)}


@call(
    "DELETE",
    "/cards/<serial>/member",
    summary="Erase the person; the ledger keeps opaque numbers",
    scope="cards:write",
    gives=CardOut,
)
@audience("api")
def erase(serial: str) -> Mapping[str, Any]:
    """What names the member is deleted and the card is void on every phone; there is no way back."""
    known = deps()
    _reach(serial)
    erasure.erase(known.db, serial, now=known.now(), actor=caller().name)
    return card_of(serial)


@call(
    "GET",
    "/cards/<serial>/entries",
    summary="The ledger of a card, newest first",
    scope="cards:read",
    query=Page,
    gives=PageOut[EntryOut],
)
@audience("api")
def entries(serial: str, query: Page) -> Mapping[str, Any]:
    """Every line says when, what, how much, the balance after it, why and by whom."""
    with deps().read() as session:
        card = reachable(queries.card_by_serial(session, serial))
        lines = statement.entries(session, card, limit=query.limit + 1, before_id=query.after or None)
    page = lines[: query.limit]
    return {"items": page, "next_cursor": str(page[-1]["id"]) if len(lines) > len(page) else None}


@call(
    "GET",
    "/cards/<serial>/deliveries",
    summary="Why does this phone not show it?",
    scope="cards:read",
    query=Language,
    gives=DeliveriesOut,
)
@audience("api")
def deliveries(serial: str, query: Language) -> Mapping[str, Any]:
    """Per phone what was queued, pushed, asked for and fetched, with times; `why` says it in one sentence."""
    known = deps()
    with known.read() as session:
        card = reachable(queries.card_by_serial(session, serial))
        told = explain.explain(session, known.wallets, card, known.now(), query.locale)
        said = [asdict(each) for each in findings_for(session, serial)]
    facts = {k: told[k] for k in ("code", "version", "queues", "devices")}
    return {"why": told["sentence"], **facts, "complaints": said}


def _reach(serial: str) -> None:
    with deps().read() as session:
        reachable(queries.card_by_serial(session, serial))


def card_of(serial: str) -> dict[str, Any]:
    """The answer for the card called `serial`; raises NotFound."""
    with deps().read() as session:
        return card_answer(session, reachable(queries.card_by_serial(session, serial)))


def card_answer(session: Session, card: Card) -> dict[str, Any]:
    """A card as the contract gives it."""
    known = deps()
    around = Surroundings(known.base_url, known.wallets)
    return {**card_facts(session, card, around, known.now()), "member": member_facts(session, card)}
