"""A message on the back of the card, and whether the phone says it aloud."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.domain.passes import Message
from app.sandbox.bundle import read_bundle
from app.sandbox.notices import apple_notice
from app.wallets.apple.bundle import build, prepare
from app.wallets.apple.passjson import card_files
from tests.apple.test_passjson import ANNA, ISSUER, TOKEN, face, fields, shown
from tests.support.apple_certs import NOW
from tests.support.apple_passes import pictures, signer

TEXT = {"en": "Double points today", "ru": "Сегодня баллы вдвойне"}


def said(key="m1", body=TEXT, *, loud=True, at=NOW, purpose="service"):
    return Message(key, {"en": "News", "ru": "Новости"}, body, purpose, loud, at, at + timedelta(days=7))


def back(*messages, **changes):
    return face(replace(ANNA, messages=messages, **{"changed_at": NOW, **changes}))["storeCard"]["backFields"]


def test_a_card_waits_for_a_message_with_an_empty_field():
    """A phone announces only a change of a field that it knew before."""
    assert {"key": "message", "value": ""} == back()[-1]


def test_a_loud_message_is_announced_in_the_customers_language():
    first = back(said())[0]

    assert {"key": "message", "label": "News", "value": TEXT["en"], "changeMessage": "%@"} == first
    assert TEXT["ru"] == shown(replace(ANNA, messages=(said(),)), "ru", TEXT["en"])


def test_a_quiet_message_only_stands_there():
    assert "changeMessage" not in back(said(loud=False))[0]


def test_news_stand_there_and_are_never_announced():
    """Apple's guidelines forbid advertising by change messages."""
    first = back(said(purpose="news"))[0]

    assert {"key": "message", "label": "News", "value": TEXT["en"]} == first


def test_earlier_messages_stand_below_and_are_not_announced():
    made = back(said("m2", {"*": "new"}), said("m1", {"*": "old"}), back=fields(1, "b"))

    assert ["message", "message-m1", "b0"] == [each["key"] for each in made]
    assert ["new", "old"] == [each["value"] for each in made[:2]]
    assert "changeMessage" not in made[1]


def test_an_old_message_is_not_announced_again_when_a_newer_one_runs_out():
    weeks_later = NOW + timedelta(days=2)

    assert "changeMessage" not in back(said(), changed_at=weeks_later)[0]


def test_the_last_message_leaves_without_a_word():
    assert [{"key": "message", "value": ""}] == back()


def test_a_field_of_the_design_cannot_take_the_messages_key():
    own = replace(fields(1)[0], key="message")
    made = back(said(), back=(own,))

    assert ["message", "message-2"] == [each["key"] for each in made]


# -- on the lock screen ----------------------------------------------------------------------------


def on_phone(*messages, **changes):
    """The card as a phone holds it."""
    pass_ = replace(ANNA, messages=messages, **{"changed_at": NOW, **changes})
    files = card_files(pass_, ISSUER, authentication_token=TOKEN)
    return read_bundle(build(prepare(pictures()), files, signer(), NOW), signed=False)


def test_the_first_message_ever_reaches_the_lock_screen_in_the_phones_language():
    assert TEXT["en"] == apple_notice(on_phone(), on_phone(said()), "en")
    assert TEXT["ru"] == apple_notice(on_phone(), on_phone(said()), "ru")


def test_the_next_message_is_announced_over_the_one_before():
    newer = said("m2", {"*": "Closed on Monday"})

    assert "Closed on Monday" == apple_notice(on_phone(said()), on_phone(newer, said()), "en")


def test_a_phone_stays_silent_for_quiet_messages_and_when_messages_end():
    later = NOW + timedelta(days=3)

    assert apple_notice(on_phone(), on_phone(said(loud=False)), "en") is None
    assert apple_notice(on_phone(said()), on_phone(), "en") is None
    assert apple_notice(on_phone(said("m2"), said()), on_phone(said(), changed_at=later), "en") is None


def test_points_and_a_message_at_once_are_one_general_notice():
    poorer = replace(ANNA.header[0], value=1)

    assert "was changed" in str(apple_notice(on_phone(), on_phone(said(), header=(poorer,)), "en"))
