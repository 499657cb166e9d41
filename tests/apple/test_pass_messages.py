"""A message on the back of the card, and whether the phone says it aloud."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.domain.passes import Message
from tests.apple.test_passjson import ANNA, face, fields, shown
from tests.support.apple_certs import NOW

TEXT = {"en": "Double points today", "ru": "Сегодня баллы вдвойне"}


def said(key="m1", body=TEXT, *, loud=True, at=NOW, purpose="news"):
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


def test_service_and_news_are_said_in_the_same_way():
    assert back(said(purpose="news")) == back(said(purpose="service"))


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
