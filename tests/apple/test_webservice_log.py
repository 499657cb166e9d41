"""What phones complain about reaches the card's page, and nothing else does."""

from __future__ import annotations

from sqlalchemy import select

from app.services import access
from app.storage.tables import DeviceLog
from tests.support.service import Service

NO_LOG = (b"", b"{", b"[]", b'{"logs": "text"}', b'{"logs": null}', b"\xff", b"[" * 60_000, b'{"logs": {}}')


def test_a_complaint_is_kept_for_its_card(service: Service) -> None:
    serial, phone = service.holder()
    said = (
        f"[2026-03-02 09:00:00 +0000] Server requested update to serial number '{serial}', but the pass was"
    )
    assert 200 == phone.calls("POST", "/apple/v1/log", json={"logs": [f"{said} unchanged."]}).status_code
    with service.parts.deps.read() as session:
        [line] = session.scalars(select(DeviceLog))
    assert (serial, "unchanged") == (line.serial, line.kind)


def test_the_api_tells_what_a_complaint_means(sqlite_service: Service) -> None:
    service = sqlite_service
    serial, phone = service.holder()
    said = f"Get pass task (serial number {serial}) encountered error: Authentication failure"
    phone.calls("POST", "/apple/v1/log", json={"logs": [said, said]})
    deps = service.parts.deps
    key = access.create_key(deps.db, role="owner", now=deps.now(), name="till")
    headers = {"Authorization": f"Bearer {key}"}
    reply = service.app.test_client().get(f"/api/v1/cards/{serial}/deliveries", headers=headers)
    [told] = reply.get_json()["complaints"]
    assert ("authentication", 2, said) == (told["kind"], told["count"], told["said"])
    assert "TILLPASS_SECRET_KEY" in told["mend"]


def test_complaints_are_bounded_and_harmless(service: Service) -> None:
    lines = ["\x00\x1b[31mred\nnew line", "x" * 5000, 7, None, *["again"] * 100]
    assert 200 == service.phone().calls("POST", "/apple/v1/log", json={"logs": lines}).status_code
    with service.parts.deps.read() as session:
        found = list(session.scalars(select(DeviceLog).order_by(DeviceLog.id)))
    assert 30 == len(found)
    assert all(line.message.isprintable() and len(line.message) <= 600 for line in found)


def test_a_log_that_is_none_is_400(sqlite_service: Service) -> None:
    headers, phone = {"Content-Type": "application/json"}, sqlite_service.phone()
    for body in NO_LOG:
        assert 400 == phone.calls("POST", "/apple/v1/log", data=body, headers=headers).status_code, body


def test_a_log_larger_than_any_phones_is_refused(sqlite_service: Service) -> None:
    answer = sqlite_service.phone().calls("POST", "/apple/v1/log", json={"logs": ["x" * 70_000]})
    assert 413 == answer.status_code
