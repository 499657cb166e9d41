"""Work that nobody takes, phones that do not come, and what phones complain of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.services.health import fleet
from app.services.ports import Finding
from app.storage.tables import Card, Chore, Delivery, HookEvent, HookSource, Rollout
from tests.support.provoked import provokes, troubles
from tests.support.service import Service

WHERE = "(for device D, pass type pass.example.cafe, serial number S1; with web service url U)"
COMPLAINTS = {
    "complaints-authentication": f"Register task {WHERE} encountered error: Authentication failure",
    "complaints-signature": f"Get pass task {WHERE}: invalid signature: manifest did not verify",
    "complaints-register": f"Register task {WHERE} encountered error: The network timed out",
    "complaints-fetch": "Get pass task (pass type P, serial number S1) encountered error: response code 503",
    "complaints-unchanged": "Server requested update to serial number 'S1', but the pass was unchanged.",
    "complaints-tag": "Response to 'What changed?' included 1 serial numbers but the lastUpdated tag (3)"
    " remained the same.",
    "complaints-unregistered": "Update requested for unregistered serial number S1",
    "complaints-other": "Something else altogether",
}


def looked(service: Service, **later: float) -> list[Finding]:
    """What the database shows so much later."""
    now = service.clock.forward(**later)
    with service.parts.deps.read() as session:
        return fleet.everything(session, now, "https://cards.example.com")


def waiting(service: Service) -> str:
    """A card with a change that no worker has taken."""
    serial, _ = service.holder()
    service.shop.buys(serial, 1000)
    return serial


def test_a_shop_where_nothing_waits_is_fine(service: Service) -> None:
    service.holder()

    assert [("ok", "queues")] == [(each.level, each.code) for each in looked(service)]


@provokes("worker-absent")
def test_work_that_nobody_takes(service: Service) -> Iterable[Finding]:
    waiting(service)
    return looked(service, minutes=15)


@provokes("queue-late")
def test_work_that_waits_for_a_minute(sqlite_service: Service) -> Iterable[Finding]:
    waiting(sqlite_service)
    return looked(sqlite_service, minutes=2)


def test_a_worker_that_cannot_keep_up_is_not_called_absent(sqlite_service: Service) -> None:
    """Another card was delivered a moment ago."""
    other, _ = sqlite_service.holder("Boris")
    waiting(sqlite_service)
    now = sqlite_service.clock.now() + timedelta(minutes=15)
    set_delivery(sqlite_service, other, delivered_at=now)

    assert "queue-late" in troubles(looked(sqlite_service, minutes=15))


def set_delivery(service: Service, serial: str, **values: Any) -> None:
    with service.parts.deps.db.begin() as session:
        wanted = Delivery.card_id == service.card(serial).id
        session.execute(update(Delivery).where(wanted, Delivery.wallet == "apple").values(**values))


def rollout(service: Service, **values: Any) -> None:
    now = service.clock.now()
    with service.parts.deps.db.begin() as session:
        session.add(Rollout(programme_id=service.shop.programme_id, due_at=now, created_at=now, **values))


@provokes("rollout-stuck")
def test_a_roll_out_that_nobody_carries_on(sqlite_service: Service) -> Iterable[Finding]:
    rollout(sqlite_service)
    return looked(sqlite_service, minutes=20)


@provokes("rollout-failing")
def test_a_roll_out_that_fails_again_and_again(sqlite_service: Service) -> Iterable[Finding]:
    rollout(sqlite_service, attempts=7, last_error="Google (permission): Permission denied.")
    return looked(sqlite_service)


def event(service: Service, state: str, *, due: bool) -> None:
    now = service.clock.now()
    with service.parts.deps.db.begin() as session:
        source = HookSource(
            slug="crm", programme_id=service.shop.programme_id, kind="generic", secrets=[], created_at=now
        )
        session.add(source)
        session.flush()
        due_at = now if due else None
        row = HookEvent(source_id=source.id, dedup_key="e1", body=b"", received_at=now)
        row.state, row.due_at = state, due_at
        session.add(row)


@provokes("events-late")
def test_webhooks_that_nobody_applies(sqlite_service: Service) -> Iterable[Finding]:
    event(sqlite_service, "received", due=True)
    return looked(sqlite_service, minutes=20)


@provokes("events-dead")
def test_webhooks_that_were_put_aside(sqlite_service: Service) -> Iterable[Finding]:
    event(sqlite_service, "dead", due=False)
    return looked(sqlite_service)


@provokes("source-quiet")
def test_a_system_that_went_quiet(sqlite_service: Service) -> Iterable[Finding]:
    event(sqlite_service, "applied", due=False)
    with sqlite_service.parts.deps.db.begin() as session:
        source, now = session.scalars(select(HookSource)).one(), sqlite_service.clock.now()
        for number in range(20):
            at = now + timedelta(minutes=10 * number)
            row = HookEvent(source_id=source.id, dedup_key=f"q{number}", body=b"", received_at=at)
            row.state, row.due_at = "applied", None
            session.add(row)
    assert "source-quiet" not in troubles(looked(sqlite_service, hours=16))
    return looked(sqlite_service, hours=3)


@provokes("source-unasked")
def test_a_system_that_cannot_be_asked(sqlite_service: Service) -> Iterable[Finding]:
    event(sqlite_service, "applied", due=False)
    with sqlite_service.parts.deps.db.begin() as session:
        session.execute(update(HookSource).values(poll_error="the system answered 503"))
    return looked(sqlite_service)


def test_a_paused_system_is_neither_late_nor_quiet(sqlite_service: Service) -> None:
    event(sqlite_service, "received", due=True)
    with sqlite_service.parts.deps.db.begin() as session:
        session.execute(update(HookSource).values(paused_at=sqlite_service.clock.now(), quiet_after_s=60))

    assert not {"events-late", "source-quiet"} & set(troubles(looked(sqlite_service, hours=20)))


@provokes("deliveries-given-up")
def test_cards_that_were_given_up(sqlite_service: Service) -> Iterable[Finding]:
    serial, _ = sqlite_service.holder()
    set_delivery(sqlite_service, serial, last_error="Google (invalid): no such field")
    return looked(sqlite_service)


@provokes("deliveries-failing")
def test_cards_that_were_tried_in_vain(sqlite_service: Service) -> Iterable[Finding]:
    serial = waiting(sqlite_service)
    sqlite_service.apns.faults.outage = True
    for _ in range(8):
        sqlite_service.works()
        sqlite_service.clock.forward(hours=2)
    assert sqlite_service.delivery(serial).attempts >= fleet.MANY_TRIES
    return looked(sqlite_service)


@provokes("round-late")
def test_a_round_that_was_not_made(sqlite_service: Service) -> Iterable[Finding]:
    now = sqlite_service.clock.now()
    with sqlite_service.parts.deps.db.begin() as session:
        session.add(Chore(name="google.reconcile", last_at=now, next_at=now, result={}))
    return looked(sqlite_service, hours=3)


# -- phones ----------------------------------------------------------------------------------------


@provokes("phones-not-fetching")
def test_a_phone_that_was_pushed_and_did_not_come(service: Service) -> Iterable[Finding]:
    waiting(service)
    service.works()
    return looked(service, hours=2)


def test_a_phone_that_came_is_not_told(sqlite_service: Service) -> None:
    serial, phone = sqlite_service.holder()
    sqlite_service.shop.buys(serial, 1000)
    sqlite_service.works()
    phone.catches_up()

    assert "phones-not-fetching" not in troubles(looked(sqlite_service, hours=2))


@provokes("no-registrations")
def test_downloads_without_a_single_registration(sqlite_service: Service) -> Iterable[Finding]:
    serials = [sqlite_service.customer(name) for name in ("Anna", "Boris", "Clara")]
    with sqlite_service.parts.deps.db.begin() as session:
        session.execute(update(Card).where(Card.serial.in_(serials)).values(served_version=1))
    return looked(sqlite_service, hours=3)


def complain(service: Service, *lines: str) -> None:
    reply = service.app.test_client().post("/apple/v1/log", json={"logs": list(lines)})
    assert 200 == reply.status_code


@provokes(*COMPLAINTS)
def test_what_phones_complain_of(service: Service) -> Iterable[Finding]:
    complain(service, *COMPLAINTS.values())
    return looked(service)


@pytest.mark.parametrize("code", COMPLAINTS)
def test_each_complaint_is_known_by_its_words(sqlite_service: Service, code: str) -> None:
    complain(sqlite_service, COMPLAINTS[code])

    assert {code} == troubles(looked(sqlite_service))


def test_old_complaints_are_forgotten(sqlite_service: Service) -> None:
    complain(sqlite_service, *COMPLAINTS.values())

    assert set() == {*COMPLAINTS} & troubles(looked(sqlite_service, days=2))
