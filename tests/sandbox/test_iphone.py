"""The simulated iPhone against a strict web service of another hand."""

from dataclasses import replace

import pytest

from app.sandbox.bundle import PassRefused
from app.sandbox.iphone import IPhone
from app.sandbox.world import World
from tests.sandbox.conftest import HandApns, Told
from tests.support.pass_server import PassServer
from tests.support.passes import PASS_TYPE
from tests.support.stepped import SteppedSchedule


def push(phone: IPhone, shop: PassServer, schedule: SteppedSchedule, serial: str = "S1") -> None:
    """APNs wakes the phone with the token that the shop knows."""
    for token in shop.push_tokens(serial):
        phone.pushed(token)
    schedule.run()


def shown(phone: IPhone, key: str = "points", serial: str = "S1") -> object:
    fields = phone.cards[PASS_TYPE, serial].bundle.fields()
    return next(field["value"] for field in fields if field["key"] == key)


def test_adding_a_card_registers_the_phone(anna: IPhone, shop: PassServer, apns: HandApns) -> None:
    anna.add(shop.issue())

    [token] = shop.push_tokens("S1")
    assert {token: PASS_TYPE} == apns.tokens
    assert anna.cards[PASS_TYPE, "S1"].registered


def test_a_push_brings_the_new_balance_and_its_notice(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.set_points("S1", 1490)
    push(anna, shop, schedule)

    assert 1490 == shown(anna)
    assert ["Points are now 1,490"] == [notice["text"] for notice in anna.notifications]
    assert [] == shop.logs


def test_pushes_in_a_row_become_one_question(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.set_points("S1", 1)
    [token] = shop.push_tokens("S1")
    for _ in range(5):
        anna.pushed(token)
    schedule.run()

    asked = [line for line in shop.seen if line.startswith("GET") and line.endswith(PASS_TYPE)]
    assert 1 == len(asked)
    assert 1 == shown(anna)


def test_a_push_without_a_change_asks_and_fetches_nothing(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    push(anna, shop, schedule)  # the first list tells the phone the tag
    shop.seen.clear()
    push(anna, shop, schedule)

    assert 1 == len(shop.seen)


def test_one_push_brings_all_changed_cards_of_the_pass_type(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    for serial in ("S1", "S2"):
        anna.add(shop.issue(serial))
        shop.set_points(serial, 7)
    assert 1 == len({dli for dli, _ in shop.registrations})
    push(anna, shop, schedule, "S2")

    assert (7, 7) == (shown(anna, serial="S1"), shown(anna, serial="S2"))


def test_several_changed_fields_give_one_plain_notice(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.set_points("S1", 5, tier="Gold")
    push(anna, shop, schedule)

    assert ["“Coffee & Mint” was changed"] == [notice["text"] for notice in anna.notifications]


def test_a_changed_field_without_a_message_is_silent(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.set_points("S1", 0, contact="new@cafe.example")
    push(anna, shop, schedule)

    assert "new@cafe.example" == shown(anna, "contact")
    assert [] == list(anna.notifications)


def test_the_notice_speaks_the_language_of_the_phone(
    world: World, shop: PassServer, schedule: SteppedSchedule
) -> None:
    shop.files = {"ru.lproj/pass.strings": '"Points are now %@" = "Теперь баллов: %@";'.encode("utf-16")}
    anna = IPhone("anna", "iPhone Анны", "ru", world)
    anna.add(shop.issue())
    shop.set_points("S1", 12345)
    push(anna, shop, schedule)

    assert ["Теперь баллов: 12\xa0345"] == [notice["text"] for notice in anna.notifications]


# --- complaints ---


def test_a_listed_but_unchanged_card_is_complained_about(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.lists_everything = True
    push(anna, shop, schedule)

    assert shop.logs[0].endswith("Server requested update to serial number 'S1', but the pass was unchanged.")


def test_a_tag_that_stands_still_is_complained_about(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.same_tag = True
    for points in (1, 2):
        shop.set_points("S1", points)
        push(anna, shop, schedule)

    expected = "included 1 serial numbers but the lastUpdated tag (same) remained the same."
    assert shop.logs[0].endswith(expected)


def test_a_server_that_ignores_the_date_is_complained_about(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.lists_everything = shop.ignores_since = True
    push(anna, shop, schedule)

    date = anna.cards[PASS_TYPE, "S1"].last_modified
    expected = (
        f"Server ignored the 'if-modified-since' header ({date}) and returned the full unchanged pass data."
    )
    assert shop.logs[0].endswith(expected)


def test_a_serial_that_is_not_on_the_phone_is_complained_about(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.lists_also = ["S9"]
    push(anna, shop, schedule)

    assert any(line.endswith("Update requested for unregistered serial number S9") for line in shop.logs)


def test_a_wrong_token_is_complained_about_and_not_repeated(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue(authenticationToken="another-token-than-ours"))

    assert shop.logs[0].startswith("[2026-03-02 09:00:00 +0000] Register task (for device ")
    assert shop.logs[0].endswith("encountered error: Authentication failure")
    assert [] == schedule.waits_s()


# --- a network that fails ---


def test_a_failing_server_is_asked_again_with_growing_waits(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.set_points("S1", 3)
    shop.down = 2
    push(anna, shop, schedule)
    assert [2] == schedule.waits_s()
    schedule.forward(2)
    assert [10] == schedule.waits_s()
    schedule.forward(10)

    assert 3 == shown(anna)


def test_a_phone_gives_up_after_a_few_tries(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    shop.down = 100
    push(anna, shop, schedule)
    for wait_s in (2, 10, 60, 300, 900):
        schedule.forward(wait_s)

    assert [] == schedule.waits_s()


def test_a_registration_that_fails_is_made_later(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    address = shop.issue()
    shop.down = 1
    anna.add(address)
    assert [] == shop.push_tokens("S1")
    schedule.forward(2)

    assert 1 == len(shop.push_tokens("S1"))


def test_an_offline_phone_catches_up_with_one_question(
    anna: IPhone, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna.add(shop.issue())
    anna.set_offline(True)
    for points in (1, 2, 3):
        shop.set_points("S1", points)
        push(anna, shop, schedule)
    assert 0 == shown(anna)
    anna.set_offline(False)
    schedule.run()

    assert 3 == shown(anna)
    assert 1 == len(anna.notifications)


# --- what a person does ---


def test_a_new_push_token_is_registered_for_every_card(
    anna: IPhone, shop: PassServer, apns: HandApns
) -> None:
    for serial in ("S1", "S2"):
        anna.add(shop.issue(serial))
    before = set(apns.tokens)
    anna.take_new_token()

    assert not before & set(apns.tokens)
    assert set(apns.tokens) == set(shop.registrations.values())


def test_removing_the_last_card_unregisters_the_phone(anna: IPhone, shop: PassServer, apns: HandApns) -> None:
    anna.add(shop.issue())
    anna.remove(PASS_TYPE, "S1")

    assert ({}, {}, {}) == (shop.registrations, apns.tokens, anna.lines)


def test_pull_to_refresh_fetches_without_a_list(anna: IPhone, shop: PassServer) -> None:
    anna.add(shop.issue())
    shop.set_points("S1", 8)
    anna.refresh()

    assert 8 == shown(anna)
    assert [] == shop.logs


def test_the_phone_looks_at_the_headers_now_and_then(
    world: World, shop: PassServer, schedule: SteppedSchedule
) -> None:
    anna = IPhone("anna", "Anna’s iPhone", "en", replace(world, head_every=2))
    anna.add(shop.issue())
    for _ in range(4):
        anna.refresh()

    assert 2 == sum(line.startswith("HEAD") for line in shop.seen)


def test_a_card_keeps_its_token_and_serial(anna: IPhone, shop: PassServer, schedule: SteppedSchedule) -> None:
    anna.add(shop.issue())
    shop.passes["S1"]["authenticationToken"] = "another-token-than-ours"
    shop.set_points("S1", 4)
    push(anna, shop, schedule)

    assert 0 == shown(anna)
    assert "authenticationToken of an installed pass cannot change" in shop.logs[0]


def test_the_log_of_a_phone_is_bounded(anna: IPhone, shop: PassServer) -> None:
    anna.log_lines = 5
    anna.add(shop.issue())
    for _ in range(10):
        anna.refresh()

    assert 5 == len(anna.log)


def test_a_page_that_is_not_a_pass_is_refused(anna: IPhone, shop: PassServer, told: Told) -> None:
    with pytest.raises(PassRefused, match="status 404"):
        anna.add(f"{shop.url}/nothing-here")
    with pytest.raises(PassRefused, match="Content-Type is text/html"):
        anna.add(f"{shop.url}/page")
    assert ({}, []) == (anna.cards, told)
