"""Cards as rows of a file, a page of a thousand in a handful of statements: memory stays small, whatever
there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.ledger import SPEND, VISITS, Holdings, Lot
from app.domain.mechanics.base import EVER, State
from app.domain.programme import Programme
from app.services.moving.amounts import moment, told
from app.storage import queries
from app.storage.batches import among
from app.storage.tables import (
    Account,
    AppleDevice,
    AppleRegistration,
    Attribution,
    Card,
    Consent,
    GoogleObject,
    HoldRow,
    KeptToken,
    LotRow,
    Member,
    MemberPii,
    Membership,
    ProgrammeRow,
    PromoCode,
    Tally,
    TransferRow,
)

PAGE = 1_000
Json = dict[str, Any]
_PII = ("phone", "email", "external_id", "given_name", "family_name", "city")
_CHANNEL = (
    "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "ref", "link_code",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Papers:
    """What only the composition knows: our public address, sealing, and the token of a pass that no former
    vendor made (serial, salt).
    """

    base_url: str
    seal: Callable[[str], str]
    unseal: Callable[[str], str]
    pass_token: Callable[[str, bytes], str]


@dataclass(frozen=True, slots=True)
class Place:
    """How far an export is: first the cards with accounts of their own, then those that share one."""

    after: int = 0
    sharing: bool = False


def count(session: Session, programme_id: int) -> int:
    """How many cards a programme has."""
    return session.scalar(select(func.count(Card.id)).where(Card.programme_id == programme_id)) or 0


def pages(
    read: sessionmaker[Session], slug: str, papers: Papers, now: Callable[[], datetime], size: int = PAGE
) -> Iterator[list[Json]]:
    """All cards of a programme; no transaction stays open while somebody takes a page."""
    place: Place | None = Place()
    while place is not None:
        with read() as session:
            rows, place = page(session, queries.programme_row(session, slug), place, papers, now(), size)
        if rows:
            yield rows


def page(
    session: Session, programme: ProgrammeRow, place: Place, papers: Papers, now: datetime, size: int = PAGE
) -> tuple[list[Json], Place | None]:
    """The rows from there on, and where to go on; None at the end."""
    owns = Card.account_id.is_not(None) if place.sharing else Card.account_id.is_(None)
    mine = select(Card).where(Card.programme_id == programme.id, Card.id > place.after, owns)
    cards = session.scalars(mine.order_by(Card.id).limit(size)).all()
    rows = _rows(session, queries.programme_of(programme), cards, papers, now) if cards else []
    if len(cards) == size:
        return rows, Place(cards[-1].id, place.sharing)
    return rows, None if place.sharing else Place(0, True)


def _rows(
    session: Session, programme: Programme, cards: Sequence[Card], papers: Papers, now: datetime
) -> list[Json]:
    known = _Known(session, cards, now)
    state = State(Holdings(), now, zone=programme.zone)
    ending = {unit for unit in known.units if any(rule.ends(unit, state) for rule in programme.rules)}
    return [_row(card, known, ending, papers) for card in cards]


class _Known:
    """What belongs to these cards, by card or member."""

    def __init__(self, session: Session, cards: Sequence[Card], now: datetime) -> None:
        self._session, self._ids, self.now = session, [card.id for card in cards], now
        people = [card.member_id for card in cards]
        self.members = {row.id: row for row in self._of(Member, Member.id, people)}
        self.pii = {row.member_id: row for row in self._of(MemberPii, MemberPii.member_id, people)}
        self.consents = self._newest_consents(people)
        self.attributions = {row.card_id: row for row in self._of(Attribution, Attribution.card_id)}
        self.lots = self._lots()
        self.debts = self._debts()
        self.units = {unit for of_card in self.lots.values() for unit in of_card}
        self.counts = self._counts()
        self.memberships = self._many(Membership, Membership.card_id, Membership.id)
        self.codes = self._many(PromoCode, PromoCode.card_id, PromoCode.id)
        self.devices = self._devices()
        self.kept = {row.card_id: row.token for row in self._of(KeptToken, KeptToken.card_id)}
        self.google = {row.card_id: row for row in self._of(GoogleObject, GoogleObject.card_id)}
        others = {each for card in cards for each in (card.account_id, card.referred_by_id) if each}
        self.serials: dict[int, str] = (
            dict(session.execute(select(Card.id, Card.serial).where(among(session, Card.id, others))).all())
            if others
            else {}
        )

    def _of(self, table: Any, column: Any, keys: Sequence[int] | None = None) -> Sequence[Any]:
        wanted = self._ids if keys is None else keys
        return self._session.scalars(select(table).where(among(self._session, column, wanted))).all()

    def _many(self, table: Any, column: Any, order: Any) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = {}
        rows = select(table).where(among(self._session, column, self._ids)).order_by(order)
        for row in self._session.scalars(rows):
            found.setdefault(row.card_id, []).append(row)
        return found

    def _newest_consents(self, people: Sequence[int]) -> dict[int, dict[str, Consent]]:
        found: dict[int, dict[str, Consent]] = {}
        rows = select(Consent).where(among(self._session, Consent.member_id, people)).order_by(Consent.id)
        for row in self._session.scalars(rows):
            found.setdefault(row.member_id, {})[row.purpose] = row
        return found

    def _lots(self) -> dict[int, dict[str, list[Lot]]]:
        """Open lots; what a till has set aside at this moment belongs to them."""
        aside = self._set_aside()
        opened = (LotRow.remaining > 0) | (LotRow.id.in_(aside) if aside else LotRow.id < 0)
        rows = select(LotRow).where(among(self._session, LotRow.card_id, self._ids), opened)
        found: dict[int, dict[str, list[Lot]]] = {}
        for row in self._session.scalars(rows.order_by(LotRow.id)):
            left = row.remaining + aside.get(row.id, 0)
            lot = Lot(row.id, row.unit, row.initial, left, row.active_from, row.expires_at)
            found.setdefault(row.card_id, {}).setdefault(row.unit, []).append(lot)
        return found

    def _set_aside(self) -> dict[int, int]:
        rows = (
            select(TransferRow.lot_id, func.sum(TransferRow.amount))
            .join(HoldRow, HoldRow.operation_id == TransferRow.operation_id)
            .where(among(self._session, HoldRow.card_id, self._ids), HoldRow.state == "open")
            .where(TransferRow.credit == "held")
            .group_by(TransferRow.lot_id)
        )
        return {lot: int(amount) for lot, amount in self._session.execute(rows) if lot is not None}

    def _debts(self) -> dict[int, dict[str, int]]:
        rows = select(Account.card_id, Account.unit, Account.debt).where(
            among(self._session, Account.card_id, self._ids), Account.debt > 0
        )
        found: dict[int, dict[str, int]] = {}
        for card_id, unit, debt in self._session.execute(rows.order_by(Account.unit)):
            found.setdefault(card_id, {})[unit] = debt
        return found

    def _counts(self) -> dict[int, dict[str, list[Json]]]:
        rows = (
            select(Tally.card_id, Tally.what, Tally.day, Tally.amount)
            .where(among(self._session, Tally.card_id, self._ids), Tally.day != EVER, Tally.amount != 0)
            .order_by(Tally.what, Tally.day)
        )
        found: dict[int, dict[str, list[Json]]] = {}
        for card_id, what, day, amount in self._session.execute(rows):
            mine = found.setdefault(card_id, {}).setdefault(what, [])
            mine.append({"day": day.isoformat(), "amount": amount})
        return found

    def _devices(self) -> dict[int, list[AppleDevice]]:
        """Phones that hold a card under its present pass type."""
        rows = (
            select(AppleRegistration.card_id, AppleDevice)
            .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
            .join(Card, Card.id == AppleRegistration.card_id)
            .where(among(self._session, AppleRegistration.card_id, self._ids))
            .where(AppleDevice.pass_type_identifier == Card.pass_type_identifier)
            .order_by(AppleDevice.library_id)
        )
        found: dict[int, list[AppleDevice]] = {}
        for card_id, device in self._session.execute(rows):
            found.setdefault(card_id, []).append(device)
        return found


def _row(card: Card, known: _Known, ending: set[str], papers: Papers) -> Json:
    lots = {
        unit: told(held, known.now, plain=unit not in ending)
        for unit, held in known.lots.get(card.id, {}).items()
        if unit != SPEND
    }
    counts = dict(known.counts.get(card.id, {}))
    row: Json = {
        "member": _member(card, known),
        "consents": [_consent(each) for each in known.consents.get(card.member_id, {}).values()],
        "channel": _channel(known.attributions.get(card.id)),
        "card": _card(card, known),
        "balances": {unit: lots[unit] for unit in sorted(lots) if not unit.startswith("reward.")},
        "rewards": {
            unit.removeprefix("reward."): lots[unit] for unit in sorted(lots) if unit.startswith("reward.")
        },
        "debts": known.debts.get(card.id),
        "spend_minor": counts.pop(SPEND, None),
        "visits": counts.pop(VISITS, None),
        "counts": counts,
        "memberships": [_membership(each) for each in known.memberships.get(card.id, ())],
        "codes": [_code(each) for each in known.codes.get(card.id, ())],
        "apple": _apple(card, known, papers),
        "google": _google(known.google.get(card.id)),
        "links": {"page": f"{papers.base_url}/c/{card.link}"},
    }
    return {name: value for name, value in row.items() if value not in (None, {}, [])}


def _said(values: Mapping[str, Any]) -> Json:
    """What says something, as JSON values."""
    kept = {name: value for name, value in values.items() if value not in (None, "", {}, [], False)}
    return {name: moment(value) if isinstance(value, datetime) else value for name, value in kept.items()}


def _member(card: Card, known: _Known) -> Json:
    pii, member = known.pii.get(card.member_id), known.members[card.member_id]
    if pii is None:
        return _said({"locale": member.locale})
    birthday = pii.birthday.isoformat() if pii.birthday else None
    own = {name: getattr(pii, name) for name in _PII}
    return _said({**own, "birthday": birthday, "locale": member.locale, "attributes": pii.attributes})


def _consent(row: Consent) -> Json:
    told_ = _said({"text_sha256": row.text_sha256, "source": row.source, "at": row.at})
    return {"purpose": row.purpose, "granted": row.granted, **told_}


def _channel(row: Attribution | None) -> Json:
    """Without a word of where from, a time alone says nothing."""
    if row is None:
        return {}
    said = _said({name: getattr(row, name) for name in _CHANNEL})
    return said | {"at": moment(row.at)} if said else {}


def _card(card: Card, known: _Known) -> Json:
    names = ("serial", "number", "link", "status", "tier", "tier_earned", "tier_since", "tier_until")
    own = {name: getattr(card, name) for name in (*names, "tier_invited", "expires_at", "created_at")}
    others = {
        "erased_at": known.members[card.member_id].erased_at,
        "referral_code": card.referral_code,
        "referred_by": known.serials.get(card.referred_by_id or 0),
        "account": known.serials.get(card.account_id or 0),
        "values": card.values,
    }
    return _said({**own, **others})


def _membership(row: Membership) -> Json:
    names = ("key", "payment", "starts_at", "ends_at", "cancelled_at")
    return _said({name: getattr(row, name) for name in names})


def _code(row: PromoCode) -> Json:
    names = ("code", "rule", "starts_at", "ends_at", "created_at")
    left = {} if row.uses_left is None else {"uses_left": row.uses_left}
    return {**_said({name: getattr(row, name) for name in names}), **left}


def _apple(card: Card, known: _Known, papers: Papers) -> Json:
    """A token is told where a pass may be on a phone."""
    kept, devices = known.kept.get(card.id), known.devices.get(card.id, [])
    told_: Json = {"pass_type_identifier": card.pass_type_identifier}
    if kept is not None:
        told_["authentication_token"] = papers.unseal(kept)
    elif devices or card.served_version:
        told_["authentication_token"] = papers.pass_token(card.serial, card.salt)
    told_["devices"] = [_device(each) for each in devices]
    return _said(told_)


def _device(row: AppleDevice) -> Json:
    said = {"device_library_identifier": row.library_id, "push_token": row.push_token}
    app = {"app": row.scheme, "push_url": row.push_url} if row.scheme != "apple" else {}
    return _said({**said, **app})


def _google(row: GoogleObject | None) -> Json:
    if row is None:
        return {}
    saved = row.saved_at is not None and row.removed_at is None
    names = {"issuer_id": row.object_id.partition(".")[0], "object_id": row.object_id}
    kind = row.kind if row.kind != "loyalty" else ""
    told_ = _said({**names, "class_id": row.class_id, "kind": kind})
    return {**told_, "saved": saved, **_said({"saved_at": row.saved_at if saved else None})}


def at_once(now: datetime) -> str:
    """The time of a file, for its name."""
    return now.astimezone(UTC).strftime("%Y%m%d-%H%M")
