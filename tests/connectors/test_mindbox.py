"""What is written back to Mindbox: the card's links, and whether it is on a phone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.connectors.mindbox import Mindbox
from app.domain.errors import Invalid
from app.services.ports import Answer, DeliveryError, Stored

SETTINGS = {"url": "https://api.mindbox.ru", "endpoint": "shop.website", "operation": "Tillpass.CardLinks"}
PAGE = "https://cards.example.com/c/Qm2"


@dataclass
class Api:
    """Mindbox, as far as it is called."""

    settings: Mapping[str, Any] = field(default_factory=lambda: SETTINGS)
    token: str = "s3cret"
    status: int = 200
    heard: list[tuple[str, str, Any, Any, Any]] = field(default_factory=list)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        assert form is None
        self.heard.append((method, path, query, json, headers))
        return Answer(self.status, {"status": "Success"}, {})


def event(kind: str, *, devices: int = 0, external_id: str | None = "48213") -> dict[str, Any]:
    card = {"links": {"page": PAGE}, "wallets": {"apple": {"devices": devices}, "google": {"saved": False}}}
    return {"type": kind, "data": {"id": 7, "card": card, "member": {"external_id": external_id}}}


def test_links_of_a_new_card_go_into_the_fields_of_the_customer() -> None:
    api = Api()

    Mindbox().tell(api, event("card.issued"))

    [(method, path, query, body, headers)] = api.heard
    assert ("POST", "v3/operations/async") == (method, path)
    assert {
        "endpointId": "shop.website",
        "operation": "Tillpass.CardLinks",
        "transactionId": "tillpass-7",
    } == query
    assert {
        "ids": {"mindboxId": "48213"},
        "customFields": {
            "WalletCardLink": PAGE,
            "WalletCardQrCodeLink": f"{PAGE}/qr.png",
            "WalletCardSubscription": False,
        },
    } == body["customer"]
    assert {"Authorization": 'Mindbox secretKey="s3cret"'} == headers


@pytest.mark.parametrize(
    ("kind", "devices", "is_on_a_phone"),
    [("card.installed", 1, True), ("card.removed", 0, False), ("card.removed", 1, True)],
)
def test_a_card_on_a_phone_is_a_subscription(kind: str, devices: int, is_on_a_phone: bool) -> None:
    api = Api()

    Mindbox().tell(api, event(kind, devices=devices))

    assert {"WalletCardSubscription": is_on_a_phone} == api.heard[0][3]["customer"]["customFields"]


@pytest.mark.parametrize(
    ("api", "told"),
    [
        (Api(), event("card.issued", external_id=None)),
        (Api(), event("card.updated")),
        (Api(), {"type": "card.issued", "data": {"card": None, "member": None}}),
        (Api(token=""), event("card.issued")),
        (Api(settings={}), event("card.issued")),
    ],
)
def test_nobody_is_called_without_a_customer_an_operation_or_news(api: Api, told: dict[str, Any]) -> None:
    Mindbox().tell(api, told)

    assert [] == api.heard


@pytest.mark.parametrize(("status", "for_ever"), [(400, True), (403, True), (401, False)])
def test_a_refusal_is_told(status: int, for_ever: bool) -> None:
    with pytest.raises(DeliveryError) as refused:
        Mindbox().tell(Api(status=status), event("card.issued"))

    assert for_ever is refused.value.permanent


def test_a_birthday_or_parameter_that_cannot_be_read_keeps_no_customer_out() -> None:
    fields = {"firstName": "Анна", "birthDate": "весной", "mobilePhone": "${Recipient.MobilePhone}"}
    body = {"action": "customerUpdated", "customerId": 48213, "fields": fields}

    [made] = Mindbox().actions(Stored(json.dumps(body).encode()), {})

    assert {"external_id": "48213", "given_name": "Анна"} == made.body


@pytest.mark.parametrize(
    "settings", [{"endpoint": 5}, {"secret": "x"}, {"customer_id": "с пробелом"}, {"url": None}]
)
def test_settings_that_mean_nothing_are_refused_where_they_stand(settings: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        Mindbox().check_settings(settings)

    assert {f"/settings/{name}" for name in settings} == set(refused.value.faults)
    Mindbox().check_settings(SETTINGS)
