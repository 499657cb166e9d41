"""What rounds by the clock left behind, and designs that ask for what their papers do not allow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from app.services.ports import Finding
from app.storage.tables import Chore, DesignRow, ProgrammeRow
from app.wallets.apple.enhanced import nfc_findings
from app.wallets.google.preflight import Unreachable
from tests.support.google_server import ISSUER
from tests.support.provoked import provokes
from tests.support.service import Service


def left_behind(service: Service, name: str, result: dict[str, Any]) -> list[Finding]:
    """What Google's wallet says after a round that left this."""
    with service.parts.deps.db.begin() as session:
        session.add(Chore(name=name, last_at=service.clock.now(), next_at=None, result=result))
    return [*service.google_wallet.check(service.clock.now())]


@provokes("google-round-failed")
def test_a_nightly_round_that_could_not_be_finished(sqlite_service: Service) -> Iterable[Finding]:
    last = {"last": {"error": "Google (network): Timeout"}}
    return left_behind(sqlite_service, f"google:reconcile:{ISSUER}", last)


@provokes("google-round-unheard")
def test_a_nightly_round_that_found_what_no_callback_told(sqlite_service: Service) -> Iterable[Finding]:
    last = {"last": {"checked": 9, "repaired": {"saved": 2}, "took_s": 1.5, "lost": []}}
    return left_behind(sqlite_service, f"google:reconcile:{ISSUER}", last)


@provokes("google-schema-changed")
def test_an_interface_of_google_that_changed(sqlite_service: Service) -> Iterable[Finding]:
    seen = {"ours": "20260801", "theirs": "20261101", "touching": ["LoyaltyClass.reviewStatus"], "others": 0}
    return left_behind(sqlite_service, "google:drift", seen)


@provokes("google-issuer-unknown")
def test_a_programme_of_an_issuer_without_a_key(sqlite_service: Service) -> Iterable[Finding]:
    with sqlite_service.parts.deps.db.begin() as session:
        row = session.get_one(ProgrammeRow, sqlite_service.shop.programme_id)
        row.body = {**row.body, "google": {"issuer_id": "3388000000000000001"}}
    return sqlite_service.google_wallet.check(sqlite_service.clock.now())


@provokes("google-image-unreachable")
def test_a_picture_of_ours_that_nobody_can_fetch(sqlite_service: Service) -> Iterable[Finding]:
    url = f"{sqlite_service.url}/media/{'0' * 64}.png"
    preflight = sqlite_service.google_wallet.preflight
    assert preflight is not None
    with pytest.raises(Unreachable):
        preflight.require({"heroImage": {"sourceUri": {"uri": url}}}, sqlite_service.clock.now())
    return sqlite_service.google_wallet.check(sqlite_service.clock.now())


def design(service: Service, **apple: Any) -> list[Finding]:
    with service.parts.deps.db.begin() as session:
        programme = session.get_one(ProgrammeRow, service.shop.programme_id)
        row = session.get_one(DesignRow, programme.design_id)
        row.body = {**row.body, "apple": apple}
    return [*nfc_findings(service.apple.store, service.parts.deps.read)]


@provokes("apple-sign-up-without-nfc")
def test_a_sign_up_in_wallet_without_a_reader(sqlite_service: Service) -> Iterable[Finding]:
    return design(sqlite_service, personalisation={"fields": ["name"]})


@provokes("apple-nfc-certificate-missing")
def test_nfc_without_a_certificate_for_it(sqlite_service: Service) -> Iterable[Finding]:
    return design(sqlite_service, nfc={"message": "hello", "public_key": "x"})
