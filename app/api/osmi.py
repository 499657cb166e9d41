"""The calls of OSMI Cards' API for cards, so that a shop moves here by changing address and token.

`/osmi/v2t/…` takes one of our keys as its Bearer token, by the same scopes and pace as our own API. A
template is a programme's slug, or a name that the programme's source of kind `osmi` lists; that source also
keeps what each label means. Paths and bodies are those of public clients (https://apidocs.osmicards.com is
the service's own page; last checked 2026-08). What we cannot do truly is answered with 501.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.api.answers import reply
from app.api.keys import caller, require
from app.api.osmi_shapes import Body, OsmiError, install, plain, read_body, transaction
from app.audience import audience
from app.deps import deps
from app.domain.errors import NotFound
from app.services import cards, loyalty, numbered, operating
from app.services.ids import token
from app.services.journal import By, Once
from app.services.labels import Labels, Told, told
from app.services.numbered import NewCard
from app.storage import queries
from app.storage.states import programme_at, state_of
from app.storage.tables import Card, HookSource, ProgrammeRow

blueprint = Blueprint("osmi", __name__, url_prefix="/osmi/v2t")
install(blueprint)
MOST_LISTED = 100_000
_CANNOT = "This service does not do that."


@dataclass(frozen=True, slots=True)
class Room:
    """A programme that cards may be made in by these calls."""

    source_id: int
    slug: str
    programme_id: int
    programme: str
    labels: Labels
    paused: bool

    def names(self) -> tuple[str, ...]:
        """What the caller may call it; the first is how it is told."""
        return (*self.labels.templates, self.programme)


def _rooms(session: Session) -> list[Room]:
    """Those that the caller's key reaches, by the slug of their source."""
    found = (
        select(HookSource, ProgrammeRow.slug)
        .join(ProgrammeRow, ProgrammeRow.id == HookSource.programme_id)
        .where(HookSource.kind == "osmi")
        .order_by(HookSource.slug)
    )
    own = caller().programme_ids()
    if own is not None:
        found = found.where(HookSource.programme_id.in_(own))
    return [
        Room(row.id, row.slug, row.programme_id, slug, Labels.parse(row.mapping), row.paused_at is not None)
        for row, slug in session.execute(found)
    ]


def _room_of(rooms: list[Room], template: str) -> Room:
    room = next((each for each in rooms if template in each.names()), None)
    if room is None:
        raise NotFound(f"There is no template '{template}'.")
    return room


def _writable(room: Room) -> Room:
    if room.paused:
        raise OsmiError(503, "This programme's source is paused; try again later.")
    return room


def _card(session: Session, serial: str) -> tuple[Card, Room]:
    """The card in a room of the caller's; raises NotFound."""
    rooms = {room.programme_id: room for room in reversed(_rooms(session))}
    card = numbered.find(session, list(rooms), serial)
    if card is None:
        raise NotFound("There is no card with this serial.")
    return card, rooms[card.programme_id]


@blueprint.post("/passes/<serial>/<template>")
@audience("api")
def create(serial: str, template: str) -> Response:
    """A card with this serial as its number; 319 where it is there already, unless by this transaction."""
    require("cards:write")
    body, name, known = read_body(), transaction(), deps()
    with known.read() as session:
        room = _writable(_room_of(_rooms(session), template))
    said = _told(body, room, template)
    new = NewCard(
        room.source_id,
        room.programme_id,
        serial,
        said.member,
        said.values,
        transaction=f"{serial}/{name}" if name else "",
        source=f"osmi:{room.slug}"[:40],
    )
    made, fresh = numbered.issue(known.db, new, now=known.now(), default_pass_type=known.default_pass_type())
    if said.tier is not None and (fresh or not _tier(made)):
        cards.change(known.db, made, now=known.now(), actor=caller().name, tier=said.tier)
    _balance(room, made, said, f"create:{serial}:{name}" if name else f"create:{token()}")
    return _answer(made, said)


@blueprint.put("/passes/<serial>")
@blueprint.put("/passes/<serial>/push")
@audience("api")
def fill(serial: str) -> Response:
    """The card's lines anew; phones are told where anybody can see a difference, with `/push` or without."""
    require("cards:write")
    body, name, known = read_body(), transaction(), deps()
    with known.read() as session:
        card, room = _card(session, serial)
    _writable(room)
    said = _told(body, room)
    cards.change(
        known.db,
        card.serial,
        now=known.now(),
        actor=caller().name,
        values=said.values or None,
        tier=said.tier,
        member=said.member or None,
    )
    _balance(room, card.serial, said, f"fill:{serial}:{name}" if name else f"fill:{token()}")
    return _answer(card.serial, said)


def _tier(serial: str) -> str:
    """What a crash left out of the first attempt is made up for; what came since stays."""
    with deps().read() as session:
        return queries.card_by_serial(session, serial).tier


def _told(body: Body, room: Room, template: str = "") -> Told:
    said = told(body.lines(), room.labels)
    if said.balance and not caller().allows("ledger:write"):
        raise OsmiError(403, "This key lacks the scope ledger:write, which balances need.")
    if said.tier is None and template in room.labels.tiers:
        said.tier = room.labels.tiers[template]
    return said


def _balance(room: Room, serial: str, said: Told, key: str) -> None:
    """A reconciling adjustment, never an overwrite: the ledger says why the balance moved."""
    if not said.balance:
        return
    once = Once(f"osmi:{room.slug}", key[:200], {"call": "balance", "card": serial, **said.balance})
    by = By(caller().name, "", f"OSMI: {room.slug}")
    loyalty.reconcile(deps().db, serial, said.balance, once, by, now=deps().now())


@blueprint.put("/passes/move/<serial>/<template>")
@blueprint.put("/passes/move/<serial>/<template>/push")
@audience("api")
def move(serial: str, template: str) -> Response:
    """Another template of the same programme, which may stand for a tier. Members cannot change programme."""
    require("cards:write")
    known = deps()
    with known.read() as session:
        card, room = _card(session, serial)
        wanted = _room_of(_rooms(session), template)
    _writable(room)
    if wanted.programme_id != room.programme_id:
        raise OsmiError(501, "A card stays in its programme; this template is another one's.")
    tier = wanted.labels.tiers.get(template)
    if tier is not None:
        cards.change(known.db, card.serial, now=known.now(), actor=caller().name, tier=tier)
    return _answer(card.serial)


@blueprint.delete("/passes/<serial>")
@blueprint.delete("/passes/<serial>/push")
@audience("api")
def delete(serial: str) -> Response:
    """The card is over on every phone; its ledger stays. A second time changes nothing."""
    require("cards:write")
    known = deps()
    with known.read() as session:
        card, room = _card(session, serial)
    _writable(room)
    cards.change(known.db, card.serial, now=known.now(), actor=caller().name, status="void")
    return reply({"serial": serial, "deleted": True})


@blueprint.get("/passes/<serial>")
@audience("api")
def read(serial: str) -> Response:
    """The card with its lines."""
    require("cards:read")
    with deps().read() as session:
        card, room = _card(session, serial)
        return reply(_face(session, card, room))


@blueprint.get("/passes/<serial>/link")
@audience("api")
def link(serial: str) -> Response:
    """Where the customer adds the card."""
    require("cards:read")
    with deps().read() as session:
        card, _room = _card(session, serial)
        return reply({"link": f"{deps().base_url}/c/{card.link}"})


@blueprint.get("/passes")
@audience("api")
def listed() -> Response:
    """The serials of all cards but deleted ones, oldest first."""
    require("cards:read")
    with deps().read() as session:
        mine = Card.programme_id.in_([room.programme_id for room in _rooms(session)])
        statement = select(Card.number).where(mine, Card.status != "void").order_by(Card.id)
        return reply({"cards": list(session.scalars(statement.limit(MOST_LISTED)))})


@blueprint.get("/templates", strict_slashes=False)
@audience("api")
def templates() -> Response:
    """The names by which cards can be created."""
    require("programmes:read")
    with deps().read() as session:
        return reply({"templates": [name for room in _rooms(session) for name in room.names()]})


@blueprint.get("/templates/<template>")
@audience("api")
def one_template(template: str) -> Response:
    """The labels that the programme's source knows."""
    require("programmes:read")
    with deps().read() as session:
        room = _room_of(_rooms(session), template)
    return reply({"template": template, "values": [{"label": each} for each in room.labels.labels]})


@blueprint.get("/stats/general")
@audience("api")
def stats() -> Response:
    """How many cards there are, and how many of them count."""
    require("cards:read")
    with deps().read() as session:
        mine = Card.programme_id.in_([room.programme_id for room in _rooms(session)])
        counted = select(Card.status, func.count()).where(mine).group_by(Card.status)
        by_status = {row[0]: row[1] for row in session.execute(counted)}
    return reply({"total": sum(by_status.values()), "active": by_status.get("active", 0)})


@blueprint.get("/ping")
@audience("api")
def ping() -> Response:
    """Whether address and token are right."""
    require("cards:read")
    return reply({"code": 0, "message": "pong"})


@blueprint.route("/", defaults={"rest": ""}, methods=["GET", "POST", "PUT", "DELETE"])
@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "DELETE"])
@audience("api")
def cannot(rest: str) -> Response:
    """Whatever else their clients call: pins and links by SMS, letters, pictures, mass messages."""
    require("cards:read")
    raise OsmiError(501, _CANNOT)


def _answer(serial: str, said: Told | None = None) -> Response:
    with deps().read() as session:
        card = queries.card_by_serial(session, serial)
        rooms = [room for room in _rooms(session) if room.programme_id == card.programme_id]
        page = f"{deps().base_url}/c/{card.link}"
        made = {"id": card.serial, "serial": card.number, "template": rooms[0].names()[0]}
    ignored = {"ignored": said.unknown} if said and said.unknown else {}
    return reply({"code": 0, **made, "link": page, "url": page, "pass_url": page, **ignored})


def _face(session: Session, card: Card, room: Room) -> dict[str, Any]:
    known = _known(session, card)
    lines = [
        {"label": label, "value": plain(known.get(place))}
        for label, place in room.labels.labels.items()
        if known.get(place) not in (None, "")
    ]
    named = {place.partition(".")[2] for place in room.labels.labels.values()}
    lines += [{"label": name, "value": plain(v)} for name, v in card.values.items() if name not in named]
    return {
        "serial": card.number,
        "template": room.names()[0],
        "status": card.status,
        "values": lines,
        "barcode": {"show": True, "message": card.number},
        "link": f"{deps().base_url}/c/{card.link}",
    }


def _known(session: Session, card: Card) -> Mapping[str, Any]:
    """What stands at each place that a label may mean."""
    now = deps().now()
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    balances = operating.public_balances(programme, state_of(session, card, programme, now))
    made: dict[str, Any] = {f"balance.{unit}": amount for unit, amount in balances.items()}
    made |= {f"values.{name}": value for name, value in card.values.items()} | {"status.tier": card.tier}
    person = queries.pii_of(session, card)
    if person is not None:
        names = ("phone", "email", "external_id", "given_name", "family_name", "birthday", "city")
        made |= {f"member.{name}": getattr(person, name) for name in names}
        made["member.full_name"] = f"{person.given_name or ''} {person.family_name or ''}".strip()
    return made


@blueprint.after_request
def _tell_pace(response: Response) -> Response:
    response.headers.update(g.get("rate_headers", {}))
    return response
