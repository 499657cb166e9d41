"""Every night: does Google have what we believe it has?

Callbacks are best effort and have been silent for weeks, objects can be changed by others, and a restored
backup knows an older truth. So the lists of all cards are walked, page by page, and what differs is mended:
saves and removals that nobody told us of are noted, and cards that stand wrong are sent again.

A step is one page. The place is kept after each, so a killed round goes on where it was.
Vendor page: developers.google.com/wallet/reference/rest/v1/loyaltyobject/list (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.google_look import Kind
from app.services import rounds
from app.services.cards import make_due
from app.services.causes import fine, found
from app.services.events import record
from app.services.ports import Finding
from app.storage.tables import Card, Delivery, GoogleClass, GoogleObject
from app.storage.tables.delivery import BULK
from app.wallets.google.errors import GoogleError, Reason
from app.wallets.google.objects import KIND_NAMES, kind_of_class

Json = dict[str, Any]
FIELDS = "id,hasUsers,state,classId"
PAGE, ONE_BY_ONE = 100, 10
LAG = timedelta(hours=1)
"""So long `hasUsers` may lag behind a save or a removal; a fresh one is left for the next night."""
WAIT = timedelta(minutes=15)
MOST_ERRORS = 12
STATES = {"active": "ACTIVE", "blocked": "INACTIVE", "void": "INACTIVE", "expired": "EXPIRED"}


class Client(Protocol):
    """The part of the client that the round needs."""

    def page(
        self, kind: str, query: Mapping[str, str], *, token: str = "", size: int = PAGE
    ) -> tuple[list[Json], str]: ...
    def get(self, kind: str, resource_id: str) -> Json | None: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a round came. `phase`: `cards` (lists), `missing` (cards in no list), `looks`, then `done`.

    `repaired` counts what was mended, by what was wrong: `saved`, `removed`, `state`, `class`, `missing`.
    """

    started_at: str
    phase: str = "cards"
    class_id: str = ""
    token: str = ""
    card_id: int = 0
    checked: int = 0
    unknown: int = 0
    repaired: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    errors: int = 0

    @property
    def began(self) -> datetime:
        """When the round began."""
        return datetime.fromisoformat(self.started_at)

    def mended(self, found: Mapping[str, int]) -> dict[str, int]:
        """What was repaired so far, with these."""
        names = {*self.repaired, *found}
        sums = {name: self.repaired.get(name, 0) + found.get(name, 0) for name in sorted(names)}
        return {name: count for name, count in sums.items() if count}


@dataclass(frozen=True)
class Reconciler:
    """The round of one issuer."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    client: Callable[[], Client]
    issuer_id: str

    @property
    def name(self) -> str:
        """The round's name among the chores."""
        return f"google:reconcile:{self.issuer_id}"

    def step(self, now: datetime) -> bool:
        """One page, if it is due; returns whether more is waiting."""
        turn = rounds.take(self.db, self.read, self.name, now, first=rounds.next_night(now, self.issuer_id))
        if turn is None:
            return False
        last = dict(turn.result.get("last") or {})
        before = _progress(turn.result.get("now"), now)
        try:
            after = self._advance(before)
        except GoogleError as error:
            return self._failed(turn, before, last, error, now)
        if after.phase != "done":
            result: Json = {"now": asdict(after), "last": last}
            rounds.keep(self.db, turn, result, next_at=now, last_at=now)
            return True
        result = {"now": None, "last": _summary(after, self.now())}
        tonight = rounds.next_night(now, self.issuer_id)
        rounds.keep(self.db, turn, result, next_at=tonight, last_at=now)
        return False

    def _failed(
        self, turn: rounds.Turn, before: Progress, last: Json, error: GoogleError, now: datetime
    ) -> bool:
        """Try the same page later; after three hours leave it for the next night. A page that is no more
        (its token ran out) begins its list anew.
        """
        stale = error.reason is Reason.INVALID and before.token != ""
        after = replace(before, errors=before.errors + 1, token="" if stale else before.token)
        wait = timedelta(seconds=error.retry_after_s) if error.retry_after_s else WAIT
        said = {"error": str(error)[:300], "error_at": now.isoformat()}
        over = after.errors >= MOST_ERRORS
        result: Json = {"now": None if over else asdict(after), "last": {**last, **said}}
        due = rounds.next_night(now, self.issuer_id) if over else now + min(wait, timedelta(hours=6))
        rounds.keep(self.db, turn, result, next_at=due, last_at=now)
        return False

    def _advance(self, at: Progress) -> Progress:
        if at.phase == "cards":
            return self._cards(at)
        return self._missing(at) if at.phase == "missing" else self._looks(at)

    # --- cards in Google's lists ---

    def _cards(self, at: Progress) -> Progress:
        current = at.class_id if at.token else self._class_after(at.class_id)
        if not current:
            return replace(at, phase="missing", class_id="", token="")
        asked_at = self.now()
        query = {"classId": current, "fields": f"pagination,resources({FIELDS})"}
        try:
            listed, token = self.client().page(_resource(current), query, token=at.token, size=PAGE)
        except GoogleError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
            listed, token = [], ""
        known, repaired = self._compare(listed, asked_at)
        return replace(
            at,
            class_id=current,
            token=token,
            checked=at.checked + known,
            unknown=at.unknown + len(listed) - known,
            repaired=at.mended(repaired),
        )

    def _class_after(self, class_id: str) -> str:
        ours = (GoogleObject.class_id > class_id, GoogleObject.class_id.startswith(f"{self.issuer_id}."))
        with self.read() as session:
            return (
                session.scalar(select(GoogleObject.class_id).where(*ours).order_by("class_id").limit(1)) or ""
            )

    def _compare(self, listed: Sequence[Json], asked_at: datetime) -> tuple[int, dict[str, int]]:
        """Mend what differs; how many we know, and what was repaired."""
        by_id = {str(each.get("id", "")): each for each in listed}
        if not by_id:
            return 0, {}
        repaired: dict[str, int] = {}
        with self.db.begin() as session:
            known = _rows(session, by_id)
            wrong: list[int] = []
            for row, card, told in known:
                row.checked_at = asked_at
                for what in _differences(by_id[row.object_id], row, card, told, asked_at):
                    repaired[what] = repaired.get(what, 0) + 1
                    if what in ("saved", "removed"):
                        _note_holder(session, row, card, what, asked_at)
                    elif card.id not in wrong:
                        wrong.append(card.id)
            _send_again(session, wrong, asked_at)
        return len(known), repaired

    # --- cards that no list had ---

    def _missing(self, at: Progress) -> Progress:
        unseen = or_(GoogleObject.checked_at.is_(None), GoogleObject.checked_at < at.began)
        asked = select(GoogleObject.card_id, GoogleObject.object_id, GoogleObject.kind).where(
            GoogleObject.card_id > at.card_id,
            GoogleObject.object_id.startswith(f"{self.issuer_id}."),
            GoogleObject.inserted_at < at.began,
            unseen,
        )
        with self.read() as session:
            rows = session.execute(asked.order_by(GoogleObject.card_id).limit(ONE_BY_ONE)).all()
        repaired: dict[str, int] = {}
        for card_id, object_id, kind in rows:
            resource = f"{KIND_NAMES[cast(Kind, kind)]}Object"
            for what, count in self._look_at(card_id, object_id, resource).items():
                repaired[what] = repaired.get(what, 0) + count
        done = len(rows) < ONE_BY_ONE
        return replace(
            at,
            phase="looks" if done else "missing",
            card_id=0 if done else rows[-1].card_id,
            checked=at.checked + len(rows),
            repaired=at.mended(repaired),
        )

    def _look_at(self, card_id: int, object_id: str, resource: str) -> dict[str, int]:
        """One card by itself: it may stand under another look, or be gone."""
        asked_at = self.now()
        copy = self.client().get(resource, object_id)
        if copy is not None:
            return self._compare([copy], asked_at)[1]
        with self.db.begin() as session:
            row = session.get_one(GoogleObject, card_id, with_for_update=True)
            row.checked_at = asked_at
            _send_again(session, [card_id], asked_at)
        return {"missing": 1}

    # --- looks ---

    def _looks(self, at: Progress) -> Progress:
        """Looks that Google has no more; what it thinks of the others is noted beside them."""
        with self.read() as session:
            ours = session.scalars(
                select(GoogleClass.class_id)
                .where(GoogleClass.class_id.startswith(f"{self.issuer_id}."))
                .order_by(GoogleClass.class_id)
            ).all()
        statuses: dict[str, str] = {}
        for resource in sorted({_resource(one, "Class") for one in ours}):
            statuses |= dict(self._statuses(resource))
        return replace(at, phase="done", lost=[one for one in ours if one not in statuses][:20])

    def _statuses(self, resource: str) -> Iterator[tuple[str, str]]:
        token, seen = "", set[str]()
        query = {"issuerId": self.issuer_id, "fields": "pagination,resources(id,reviewStatus)"}
        while token not in seen:
            seen.add(token)
            listed, token = self.client().page(resource, query, token=token)
            for each in listed:
                yield str(each.get("id", "")), str(each.get("reviewStatus", ""))
            if not token:
                return


def findings(session: Session, issuer_id: str) -> list[Finding]:
    """What the last round says: how much it saw and mended, and which looks are gone."""
    last = rounds.result_of(session, f"google:reconcile:{issuer_id}").get("last") or {}
    told = [found("google-class-missing", class_id=one) for one in last.get("lost") or ()]
    if last.get("error"):
        return [*told, found("google-round-failed", said=last["error"])]
    if "checked" not in last:
        return told
    repaired = last.get("repaired") or {}
    unheard = repaired.get("saved", 0) + repaired.get("removed", 0)
    if unheard:
        told.append(found("google-round-unheard", count=unheard, checked=last["checked"]))
    facts = {"checked": last["checked"], "repaired": sum(repaired.values()), "took_s": last["took_s"]}
    return told or [fine("google-round", **facts)]


def _progress(kept: Any, now: datetime) -> Progress:
    if isinstance(kept, dict) and set(kept) <= set(Progress.__dataclass_fields__):
        return Progress(**kept)
    return Progress(started_at=now.isoformat())


def _summary(done: Progress, now: datetime) -> Json:
    return {
        "checked": done.checked,
        "unknown": done.unknown,
        "repaired": done.repaired,
        "lost": done.lost,
        "took_s": round((now - done.began).total_seconds(), 1),
        "at": now.isoformat(),
    }


def _resource(class_id: str, what: str = "Object") -> str:
    return f"{KIND_NAMES[kind_of_class(class_id)]}{what}"


def _rows(session: Session, ids: Collection[str]) -> Sequence[Any]:
    """(object, card, delivery) of those that are ours, locked in the order of the cards."""
    asked = (
        select(GoogleObject, Card, Delivery)
        .join(Card, Card.id == GoogleObject.card_id)
        .outerjoin(Delivery, (Delivery.card_id == Card.id) & (Delivery.wallet == "google"))
        .where(GoogleObject.object_id.in_(ids))
        .order_by(GoogleObject.card_id)
        .with_for_update(of=GoogleObject)
    )
    return session.execute(asked).all()


def _differences(
    copy: Json, row: GoogleObject, card: Card, told: Delivery | None, asked_at: datetime
) -> Iterator[str]:
    """What is otherwise at Google than we believe; a card that is on its way is left alone."""
    held, believed = bool(copy.get("hasUsers")), row.saved_at is not None and row.removed_at is None
    moved_at = max((at for at in (row.saved_at, row.removed_at) if at), default=None)
    if held != believed and (moved_at is None or moved_at < asked_at - LAG):
        yield "saved" if held else "removed"
    if told is None or told.due_at is not None or told.delivered_version != card.version:
        return
    if told.delivered_at is not None and told.delivered_at >= asked_at:
        return
    lapsed = card.expires_at is not None and card.expires_at <= asked_at
    if "state" in copy and not lapsed and _word(copy["state"]) != _word(STATES[card.status]):
        yield "state"
    if "classId" in copy and copy["classId"] != row.class_id:
        yield "class"


def _word(text: object) -> str:
    return str(text).replace("_", "").lower()


def _note_holder(session: Session, row: GoogleObject, card: Card, what: str, now: datetime) -> None:
    """The event that a lost callback would have made, once."""
    row.saved_at, row.removed_at = (now, None) if what == "saved" else (row.saved_at, now)
    kind = "card.installed" if what == "saved" else "card.removed"
    record(session, card.programme_id, kind, {"wallet": "google", "found": "reconcile"}, now, card=card)


def _send_again(session: Session, card_ids: Sequence[int], now: datetime) -> None:
    if not card_ids:
        return
    session.execute(
        update(GoogleObject)
        .where(GoogleObject.card_id.in_(card_ids))
        .values(body_hash="")
        .execution_options(synchronize_session=False)
    )
    make_due(session, card_ids, now, BULK)
