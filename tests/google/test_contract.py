"""A sample of every kind, judged by `jwt/validate` over the wire: signed, and as claims."""

from __future__ import annotations

import jwt
import pytest

from app.domain.google_look import KINDS
from app.wallets.google import contract
from app.wallets.google.desks import Desk
from app.wallets.google.errors import GoogleError
from app.wallets.google.kinds.base import KIND_NAMES
from app.wallets.google.schema import find_faults
from tests.support.google_server import ISSUER
from tests.support.service import Service


def desk(service: Service) -> Desk:
    return service.google_wallet.desks.by_issuer[ISSUER]


def test_google_would_take_every_kind_in_both_forms_and_keeps_nothing(sqlite_service: Service) -> None:
    verdicts = list(contract.examine(desk(sqlite_service), sqlite_service.clock.now()))
    assert [(kind, form, "") for kind in KINDS for form in contract.FORMS] == [
        (each.kind, each.form, each.said) for each in verdicts
    ]
    assert {} == sqlite_service.google.state.counts()


def test_the_samples_pass_our_own_gate(sqlite_service: Service) -> None:
    for kind in KINDS:
        made = contract.payload(kind, desk(sqlite_service).issuing, sqlite_service.clock.now())
        for what in ("Class", "Object"):
            bodies = made[KIND_NAMES[kind] + what + ("es" if what == "Class" else "s")]
            assert [] == find_faults(KIND_NAMES[kind] + what, bodies[0])


@pytest.mark.parametrize("form", contract.FORMS)
def test_what_google_would_refuse_is_said(sqlite_service: Service, form: str) -> None:
    client, now = desk(sqlite_service).client(), sqlite_service.clock.now()
    claims = contract._claims(desk(sqlite_service), {"loyaltyObjects": [{"id": f"{ISSUER}.nobody"}]}, now)
    with pytest.raises(GoogleError, match="not found"):
        if form == "claims":
            client.validate_json(claims)
        else:
            client.validate_jwt(jwt.encode(claims, desk(sqlite_service).account.key, "RS256"))


def test_a_missing_permission_is_no_verdict(sqlite_service: Service) -> None:
    sqlite_service.google.state.modes.change({"permission_denied": True})
    with pytest.raises(GoogleError, match="permission"):
        list(contract.examine(desk(sqlite_service), sqlite_service.clock.now()))
