"""What every wallet promises to the rest of the house, whoever the vendor is."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any, get_args

import orjson
import pytest

from app.domain.design import Style
from app.services import cards
from app.services.causes import CAUSES
from app.services.ports import DeliveryError
from app.wallets import WALLETS
from tests.support.pockets import POCKETS, Pocketed
from tests.support.service import PLAIN

LONG = {"en": "Wonderful " * 190, "ru": "Прекрасно " * 190}


def change(pocket: Pocketed, serial: str, **what: Any) -> None:
    service = pocket.service
    cards.change(service.parts.deps.db, serial, now=service.clock.now(), **what)
    service.works()


def looks(pocket: Pocketed, **changes: Any) -> None:
    """The shop has another look from its first day."""
    pocket.service.design = PLAIN.model_validate({**PLAIN.model_dump(), **changes})


def test_every_wallet_of_the_registry_is_held_to_the_contract() -> None:
    assert set(WALLETS) == set(POCKETS)


# --- cards ---


def test_the_phone_shows_whether_the_card_is_good(pocket: Pocketed) -> None:
    serial = pocket.holder()
    seen = {"": pocket.is_usable(serial)}
    for status in ("blocked", "active", "expired", "void"):
        change(pocket, serial, status=status)
        seen[status] = pocket.is_usable(serial)

    assert {"": True, "blocked": False, "active": True, "expired": False, "void": False} == seen
    assert pocket.is_in_step(serial)


@pytest.mark.parametrize("style", get_args(Style))
def test_every_style_that_a_design_offers_gets_onto_the_phone(pocket: Pocketed, style: str) -> None:
    looks(pocket, style=style)
    serial = pocket.holder()
    pocket.service.shop.buys(serial, 1000)
    pocket.service.works()

    assert pocket.is_usable(serial) and pocket.is_in_step(serial)


def test_the_longest_texts_get_onto_the_phone(pocket: Pocketed) -> None:
    fields = PLAIN.fields.model_dump()
    back = [{"key": f"b{number}", "label": LONG, "value": LONG} for number in range(10)]
    texts = dict.fromkeys(("organisation", "programme_name", "logo_text", "description"), LONG)
    looks(pocket, **texts, fields={**fields, "back": back}, holder_label=LONG, tier_label=LONG)
    serial = pocket.holder("A" * 120, family_name="Я" * 120)
    pocket.service.shop.buys(serial, 1000)
    pocket.service.works()

    assert pocket.is_usable(serial) and pocket.is_in_step(serial)


def test_both_languages_are_given_to_the_vendor(pocket: Pocketed) -> None:
    club = {"en": "Coffee club", "ru": "Кофейный клуб"}
    looks(pocket, organisation=club, programme_name=club, logo_text=club)
    serial = pocket.service.customer()
    told = orjson.dumps(pocket.preview(serial)).decode()

    assert "Coffee club" in told and "Кофейный клуб" in told


# --- delivering ---


def test_delivered_twice_is_delivered_once(pocket: Pocketed) -> None:
    serial = pocket.holder()
    pocket.service.shop.buys(serial, 1000)
    first, second = pocket.delivers(serial), pocket.delivers(serial)

    assert [(2, None)] * 2 == [(each.version, each.error) for each in (*first, *second)]
    assert 100 == pocket.points(serial)


def test_an_old_job_that_comes_late_brings_the_card_as_it_is_now(pocket: Pocketed) -> None:
    serial = pocket.holder()
    pocket.service.shop.buys(serial, 1000)
    pocket.delivers(serial)
    [late] = pocket.delivers(serial, version=1)

    assert None is late.error
    assert 100 == pocket.points(serial)


def test_every_job_has_one_outcome(pocket: Pocketed) -> None:
    held, stranger = pocket.holder(), pocket.service.customer("Vera")
    outcomes = pocket.delivers(stranger, held)

    assert {0, 1} == {each.job.delivery_id for each in outcomes}
    assert (2, [None, None]) == (len(outcomes), [each.error for each in outcomes])


def test_a_card_that_nobody_holds_is_never_sent(pocket: Pocketed) -> None:
    serial, before = pocket.service.customer(), pocket.calls()
    pocket.delivers(serial)

    assert before == pocket.calls()


def test_a_vendor_that_is_down_is_said_and_caught_up_with(pocket: Pocketed) -> None:
    serial = pocket.holder()
    pocket.fails()
    pocket.service.shop.buys(serial, 1000)
    [outcome] = pocket.delivers(serial)
    assert outcome.error is not None and not outcome.error.permanent and outcome.error.message
    pocket.service.works()
    assert not pocket.is_in_step(serial)

    pocket.fails(False)
    pocket.service.clock.forward(hours=2)
    pocket.service.works()
    assert pocket.is_in_step(serial)
    assert 100 == pocket.points(serial)


def test_changes_while_the_vendor_was_down_are_the_last_one(pocket: Pocketed) -> None:
    serial = pocket.holder()
    pocket.fails()
    for _ in range(10):
        pocket.service.shop.buys(serial, 1000)
    pocket.service.works()
    pocket.fails(False)
    pocket.service.clock.forward(hours=2)
    pocket.service.works()

    assert 1000 == pocket.points(serial)


# --- the rest ---


def test_publishing_twice_is_publishing_once(pocket: Pocketed) -> None:
    pocket.holder()
    pocket.publishes()
    before = pocket.calls()
    pocket.publishes()

    assert before == pocket.calls()


def test_a_preview_is_json_and_changes_nothing_anywhere(pocket: Pocketed) -> None:
    serial = pocket.service.customer()
    before = (pocket.calls(), pocket.rows(), pocket.service.card(serial).version)
    first, second = pocket.preview(serial), pocket.preview(serial)

    assert first and orjson.dumps(first) == orjson.dumps(second)
    assert before == (pocket.calls(), pocket.rows(), pocket.service.card(serial).version)


def test_a_look_at_oneself_asks_nobody_and_speaks_in_known_causes(pocket: Pocketed) -> None:
    pocket.fails()
    before = pocket.calls()
    findings = pocket.wallet.check(pocket.service.clock.now())
    pocket.fails(False)

    assert findings and before == pocket.calls()
    assert {"ok", "warning", "broken"} >= {each.level for each in findings}
    assert set() == {each.code for each in findings if each.level != "ok"} - set(CAUSES)


def test_upkeep_is_harmless_however_often(pocket: Pocketed) -> None:
    serial = pocket.holder()
    for _ in range(3):
        assert isinstance(pocket.wallet.tend(pocket.service.clock.now()), bool)

    assert pocket.is_in_step(serial) and 1 == len(pocket.wallet.devices(pocket.service.card(serial).id))


def test_devices_are_those_that_hold_the_card(pocket: Pocketed) -> None:
    serial = pocket.service.customer()
    card_id = pocket.service.card(serial).id
    assert [] == list(pocket.wallet.devices(card_id))
    pocket.adds(serial)
    pocket.service.shop.buys(serial, 1000)
    pocket.service.works()
    [news] = pocket.wallet.devices(card_id)

    assert (pocket.name, "", 2) == (news.wallet, news.error, news.pushed_version)
    assert news.device and news.registered_at is not None
    assert timedelta(0) == news.registered_at.astimezone(UTC).utcoffset()


def test_the_address_behind_the_button_is_each_cards_own(pocket: Pocketed) -> None:
    hers, his = pocket.service.customer("Anna"), pocket.service.customer("Boris")
    addresses = {pocket.wallet.add_url(pocket.face(serial)) for serial in (hers, his)}

    assert 2 == len(addresses)
    assert all(address.startswith(("http://", "https://")) for address in addresses)


def test_adding_while_the_vendor_is_down_works_or_is_said(pocket: Pocketed) -> None:
    serial = pocket.service.customer()
    pocket.fails()
    try:
        said = pocket.wallet.add_url(pocket.face(serial))
    except DeliveryError as error:
        said = error.message
    pocket.fails(False)

    assert said
    assert pocket.wallet.add_url(pocket.face(serial)).startswith("http")


def test_the_name_is_the_one_in_the_registry(pocket: Pocketed) -> None:
    assert pocket.name == pocket.wallet.name and pocket.wallet.name in WALLETS
