"""Samsung Wallet behind the Wallet protocol, with Samsung across the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.sandbox.samsung_tokens import Refused
from app.services import cards
from app.services.explain import explain
from app.services.ports import DeliveryError
from app.storage.tables import SamsungCard
from app.wallets.samsung.shelf import reference
from tests.support.samsung_server import CARD, CERTIFICATE, Partner, keys, with_wallet


def row(partner: Partner, serial: str) -> SamsungCard:
    with partner.service.parts.deps.read() as session:
        return session.get_one(SamsungCard, partner.service.card(serial).id)


def change(partner: Partner, serial: str, **what: Any) -> None:
    cards.change(partner.service.parts.deps.db, serial, now=partner.service.clock.now(), **what)
    partner.service.works()


def is_in_step(partner: Partner, serial: str) -> bool:
    delivery = partner.service.delivery(serial, "samsung")
    version = partner.service.card(serial).version
    return delivery.due_at is None and delivery.delivered_version == version


def later(partner: Partner, **wait: float) -> None:
    partner.service.clock.forward(**wait)
    partner.service.works()


# --- adding ---


def test_the_link_behind_the_button_adds_the_card(partner: Partner) -> None:
    serial, ref_id = partner.holder()

    assert "Coffee & Mint" == partner.samsung.shows(ref_id, "title")
    assert partner.service.card(serial).number == partner.samsung.shows(ref_id, "barcode.value")
    assert 1 == len(partner.service.events("card.installed"))
    [news] = partner.wallet.devices(partner.service.card(serial).id)
    assert ("Samsung Wallet", 1) == (news.device, news.fetched_version)
    assert is_in_step(partner, serial)


def test_a_sealed_link_is_good_for_half_a_minute(shop: Partner) -> None:
    link = shop.link(shop.service.customer())
    assert "#Clip?cdata=" in link
    shop.service.clock.forward(seconds=31)

    with pytest.raises(Refused, match="too old"):
        shop.samsung.add(link)


def test_a_card_that_makes_the_link_too_long_is_fetched_by_its_name(shop: Partner) -> None:
    wallet, serial = shop.wallet, shop.service.customer()
    long = {f"note{number}": "words " * 30 for number in range(4)}
    change(shop, serial, values=long)
    with_wallet(shop, link_url=f"{wallet.link_url}/{'x' * 3800}")
    link = shop.link(serial)
    ref_id = row(shop, serial).ref_id

    assert link.endswith(f"/{CERTIFICATE}/{CARD}#Clip?pdata={ref_id}")
    assert ref_id == shop.samsung.add(link)
    assert "Coffee & Mint" == shop.samsung.shows(ref_id, "title")


def test_a_link_for_another_template_or_sealed_by_another_is_refused(shop: Partner) -> None:
    serial = shop.service.customer()
    good = shop.link(serial)
    with pytest.raises(Refused, match="template"):
        shop.samsung.add(good.replace(CARD, "another"))
    with_wallet(shop, partner=replace(shop.wallet.partner, key=keys()[2]))
    with pytest.raises(Refused, match="signature"):
        shop.samsung.add(shop.link(serial))


def test_two_looks_at_the_link_are_one_name_that_nobody_can_guess(partner: Partner) -> None:
    card_id = partner.service.card(partner.service.customer()).id
    db = partner.service.parts.deps.db

    assert reference(db, card_id) == reference(db, card_id)
    assert 32 == len(reference(db, card_id))


def test_a_card_that_nobody_added_is_never_told_of(shop: Partner) -> None:
    serial = shop.service.customer()
    shop.link(serial)
    shop.buys(serial)

    assert [] == shop.samsung.updates


# --- keeping in step ---


def test_a_purchase_is_told_and_fetched(partner: Partner) -> None:
    serial, ref_id = partner.holder()
    partner.buys(serial, 12340)

    assert [(ref_id, "UPDATED")] == partner.samsung.updates
    assert "Points: 1,234" == partner.samsung.shows(ref_id, "subtitle1")
    assert is_in_step(partner, serial)


def test_ten_changes_before_the_worker_looks_are_one_word(shop: Partner) -> None:
    serial, ref_id = shop.holder()
    for _ in range(10):
        shop.service.shop.buys(serial, 1000)
    shop.service.works()

    assert [(ref_id, "UPDATED")] == shop.samsung.updates
    assert "Points: 1,000" == shop.samsung.shows(ref_id, "subtitle1")


def test_a_change_between_click_and_adding_is_told(shop: Partner) -> None:
    serial = shop.service.customer()
    link = shop.link(serial)
    shop.service.shop.buys(serial, 1000)
    ref_id = shop.samsung.add(link)
    shop.service.works()

    assert "Points: 100" == shop.samsung.shows(ref_id, "subtitle1")


def test_both_languages_travel_with_the_card(shop: Partner) -> None:
    serial, ref_id = shop.holder()
    change(shop, serial, status="blocked")

    assert "This card is blocked" == shop.samsung.shows(ref_id, "subtitle1")
    assert "Карта заблокирована" == shop.samsung.shows(ref_id, "subtitle1", "ru")


def test_a_void_card_is_taken_off_the_phone(shop: Partner) -> None:
    serial, ref_id = shop.holder()
    change(shop, serial, status="void")

    assert [(ref_id, "DELETED")] == shop.samsung.updates
    assert {} == shop.samsung.cards
    with pytest.raises(Refused, match="204"):
        shop.samsung.fetch(ref_id)


@pytest.mark.parametrize("status", [500, 503, 401, 403, 429])
def test_trouble_at_samsung_is_said_and_caught_up_with(shop: Partner, status: int) -> None:
    serial, ref_id = shop.holder()
    shop.samsung.failing = status
    shop.buys(serial)
    late = shop.service.delivery(serial, "samsung")
    assert late.due_at is not None and late.due_at > shop.service.clock.now()
    deps = shop.service.parts.deps
    with deps.read() as session:
        answer = explain(session, deps.wallets, shop.service.card(serial), shop.service.clock.now())
    assert ("retrying", True) == (answer["code"], f"Samsung answered {status}" in answer["sentence"])

    shop.samsung.failing = 0
    later(shop, hours=2)
    assert "Points: 100" == shop.samsung.shows(ref_id, "subtitle1")
    assert is_in_step(shop, serial)


def test_a_wish_when_to_come_back_is_respected(shop: Partner) -> None:
    serial, _ = shop.holder()
    shop.samsung.failing, shop.samsung.retry_after_s = 429, 1200
    shop.buys(serial)
    due = shop.service.delivery(serial, "samsung").due_at

    assert due is not None and (due - shop.service.clock.now()).total_seconds() >= 1200


def test_samsung_being_down_is_asked_once_a_batch(shop: Partner) -> None:
    serials = [shop.holder(f"Anna {number}")[0] for number in range(3)]
    shop.samsung.failing, shop.samsung.asked = 503, 0
    for serial in serials:
        shop.service.shop.buys(serial, 1000)
    shop.service.works()

    assert 1 == shop.samsung.asked
    assert {"Samsung answered 503."} == {
        shop.service.delivery(serial, "samsung").last_error for serial in serials
    }


def test_what_samsung_calls_wrong_rests_until_the_card_changes(shop: Partner) -> None:
    serial, ref_id = shop.holder()
    shop.samsung.failing = 400
    shop.buys(serial)
    given_up = shop.service.delivery(serial, "samsung")
    assert (None, "Samsung answered 400.") == (given_up.due_at, given_up.last_error)

    shop.samsung.failing = 0
    shop.buys(serial)
    assert "Points: 200" == shop.samsung.shows(ref_id, "subtitle1")


# --- what Samsung tells ---


def test_taking_the_card_away_ends_the_updates_and_adding_it_again_begins_them(partner: Partner) -> None:
    serial, ref_id = partner.holder()
    partner.service.clock.forward(minutes=5)
    partner.samsung.delete(ref_id)
    partner.buys(serial)
    assert ([], []) == (
        partner.samsung.updates,
        list(partner.wallet.devices(partner.service.card(serial).id)),
    )
    assert 1 == len(partner.service.events("card.removed"))

    partner.service.clock.forward(minutes=5)
    assert ref_id == partner.samsung.add(partner.link(serial))
    partner.buys(serial)
    assert "Points: 200" == partner.samsung.shows(ref_id, "subtitle1")
    assert 2 == len(partner.service.events("card.installed"))


def test_repeated_events_count_once(partner: Partner) -> None:
    _, ref_id = partner.holder()
    assert [200, 200] == [partner.samsung.tell(ref_id, "ADDED") for _ in range(2)]
    partner.service.clock.forward(minutes=1)
    assert [200, 200] == [partner.samsung.tell(ref_id, "DELETED") for _ in range(2)]

    told = [len(partner.service.events(kind)) for kind in ("card.installed", "card.removed")]
    assert [1, 1] == told


def test_a_late_event_does_not_undo_a_newer_one(shop: Partner) -> None:
    serial, ref_id = shop.holder()
    now_ms = shop.samsung.now_ms()
    shop.samsung.tell(ref_id, "DELETED", now_ms=now_ms + 2000)
    shop.samsung.tell(ref_id, "ADDED", now_ms=now_ms + 1000)
    assert row(shop, serial).removed_at is not None

    shop.samsung.tell(ref_id, "ADDED", now_ms=now_ms + 3000)
    shop.samsung.tell(ref_id, "DELETED", now_ms=now_ms - 1000)
    assert row(shop, serial).removed_at is None


def test_an_event_that_nobody_knows_changes_nothing(shop: Partner) -> None:
    serial, ref_id = shop.holder()
    before = row(shop, serial).added_at

    assert [400, 400, 400] == [shop.samsung.tell(ref_id, event) for event in ("GONE", "", "ADDED'--")]
    assert (before, None) == (row(shop, serial).added_at, row(shop, serial).removed_at)


@pytest.mark.parametrize(
    "url",
    ["https://evil.example", "http://us-tsapi.walletsvc.samsung.com", "https://walletsvc.samsung.com.evil/"],
)
def test_changes_are_told_to_samsung_alone(shop: Partner, url: str) -> None:
    shop.samsung.callback = url
    serial, ref_id = shop.holder()
    shop.buys(serial)

    assert "" == row(shop, serial).callback_url
    assert [(ref_id, "UPDATED")] == shop.samsung.updates


def test_samsungs_own_address_is_kept(shop: Partner) -> None:
    shop.samsung.callback = "https://us-tsapi.walletsvc.samsung.com/"
    serial = shop.service.customer()
    shop.samsung.add(shop.link(serial))

    assert "https://us-tsapi.walletsvc.samsung.com" == row(shop, serial).callback_url
    assert "de" == row(shop, serial).country


# --- who may ask ---

WRONG_CALLS: dict[str, dict[str, Any]] = {
    "a stranger's key": {"key": "stranger"},
    "another partner": {"partner": "4048099999999999"},
    "a card's token": {"cty": "CARD"},
    "no signature": {"alg": "none"},
    "another algorithm": {"alg": "HS256"},
    "an old version": {"ver": "2"},
    "an hour ago": {"ago_ms": 3_600_000},
    "of tomorrow": {"ago_ms": -86_400_000},
    "no time": {"utc": "now"},
    "another path": {"bound": "/cards/other/other"},
}


def wrong_call(shop: Partner, wrong: str, method: str, ref_id: str) -> tuple[int, bytes]:
    """Samsung's call with one thing about it that is not Samsung's."""
    facts = dict(WRONG_CALLS[wrong])
    if "key" in facts:
        facts["key"] = keys()[2]
    if "ago_ms" in facts:
        facts["now_ms"] = shop.samsung.now_ms() - facts.pop("ago_ms")
    query = "?cc2=de&event=DELETED" if method == "POST" else ""
    reply = shop.samsung.call(method, f"/cards/{CARD}/{ref_id}", query, **facts)
    return reply.status, reply.body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_that_is_not_samsungs_is_refused(shop: Partner, method: str) -> None:
    serial, ref_id = shop.holder()
    answers = {wrong: wrong_call(shop, wrong, method, ref_id) for wrong in WRONG_CALLS}

    assert dict.fromkeys(WRONG_CALLS, (401, b"")) == answers
    assert row(shop, serial).removed_at is None


def test_nonsense_instead_of_a_token_is_refused(shop: Partner) -> None:
    _, ref_id = shop.holder()
    client, path = shop.service.app.test_client(), f"/samsung/cards/{CARD}/{ref_id}"
    odd = ("", "Bearer", "Bearer ", "Bearer a.b", "Bearer a.b.c", "Bearer ..", "x" * 9000, "é.ü.ß")
    told = [{}, *({"Authorization": one.encode().decode("latin-1")} for one in odd)]
    answers = [client.get(path, headers=headers) for headers in told]

    assert {(401, b"")} == {(answer.status_code, answer.data) for answer in answers}


def test_a_genuine_call_for_another_template_or_card_finds_nothing(shop: Partner) -> None:
    serial, ref_id = shop.holder()
    call = shop.samsung.call

    assert [204, 204] == [call("GET", f"/cards/{other}/{ref_id}").status for other in ("other", CARD.upper())]
    assert 204 == call("GET", f"/cards/{CARD}/{'0' * 32}").status
    assert 204 == call("POST", f"/cards/other/{ref_id}", "?cc2=de&event=DELETED").status
    assert row(shop, serial).removed_at is None


def test_without_samsung_there_is_nothing_there(shop: Partner) -> None:
    _, ref_id = shop.holder()
    wallets: Any = shop.service.parts.deps.wallets
    wallet = wallets.pop("samsung")
    try:
        assert 404 == shop.samsung.call("GET", f"/cards/{CARD}/{ref_id}").status
    finally:
        wallets["samsung"] = wallet


def test_a_vendor_that_hangs_up_is_a_delivery_error(shop: Partner) -> None:
    client = shop.wallet.client
    gone = type(client)(client.partner, client.card_id, "http://127.0.0.1:9", client.now)
    with pytest.raises(DeliveryError, match="does not answer"):
        gone.tell("0" * 32, "UPDATED", "", "de")


def test_every_card_has_a_name_of_its_own(shop: Partner) -> None:
    for name in ("Anna", "Vera"):
        shop.link(shop.service.customer(name))
    with shop.service.parts.deps.read() as session:
        assert 2 == len(set(session.scalars(select(SamsungCard.ref_id))))
