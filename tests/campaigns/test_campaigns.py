"""Campaigns: each card of the segment once, whatever happens on the way."""

import pytest
from sqlalchemy import update

from app.services import campaign_walk, campaigns
from app.storage.tables import Campaign
from tests.campaigns.world import (
    WORDS,
    campaign,
    customers,
    face,
    segment,
    started,
    step,
    told,
    version,
    works,
)
from tests.support.api_shop import Shop

POOR = {"field": "balance", "unit": "points", "at_most": 49}


def words_on(shop: Shop, serial: str) -> list[str]:
    return [each.header["en"] for each in face(shop, serial).messages]


def points(shop: Shop, serials: list[str]) -> list[int]:
    return [shop.balances(serial)["points"] for serial in serials]


def test_a_message_reaches_the_segment_and_nobody_else(shop: Shop) -> None:
    poor, rich = customers(shop, 2)
    shop.owner.post(f"/cards/{rich}/adjustments", {"points": 60, "reason": "gift"}, key="a")
    before = version(shop, poor), version(shop, rich)

    number = started(shop, {"message": WORDS}, segment=segment(shop, POOR))
    works(shop)

    assert (["Tea for two"], []) == (words_on(shop, poor), words_on(shop, rich))
    assert (before[0] + 1, before[1]) == (version(shop, poor), version(shop, rich))
    done = told(shop, number)
    assert ("done", 1, 1, 1, 0) == tuple(
        done[name] for name in ("state", "total", "seen", "reached", "skipped")
    )


def test_news_reach_only_those_who_agreed(shop: Shop) -> None:
    silent, willing = customers(shop, 1) + customers(shop, 1, news=True)

    number = started(shop, {"message": {**WORDS, "purpose": "news"}})
    works(shop)

    assert ([], ["Tea for two"]) == (words_on(shop, silent), words_on(shop, willing))
    assert (1, 1) == (told(shop, number)["reached"], told(shop, number)["skipped"])


def test_gifts_and_values_come_once_to_each_card(shop: Shop) -> None:
    serials = customers(shop, 3)

    number = started(shop, {"gifts": {"points": 50}, "values": {"offer": "Tea"}}, segment=segment(shop, POOR))
    works(shop)
    shop.owner.post(f"/campaigns/{number}/start")
    works(shop)

    assert [50, 50, 50] == points(shop, serials)
    assert "Tea" == shop.owner.get(f"/cards/{serials[0]}").get_json()["values"]["offer"]
    assert (3, "done") == (told(shop, number)["reached"], told(shop, number)["state"])


def test_a_worker_that_dies_in_a_chunk_gives_nothing_twice_and_forgets_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    serials = customers(shop, 3)
    number = started(shop, {"gifts": {"points": 50}, "message": WORDS}, segment=segment(shop, POOR))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(campaign_walk, "_written", dies)
        with pytest.raises(KeyboardInterrupt):
            step(shop)
    assert [50, 50, 50] == points(shop, serials)  # they have it, and fit the rule no more
    assert not step(shop)  # the lease still runs
    shop.clock.forward(minutes=2)
    works(shop)

    assert [50, 50, 50] == points(shop, serials)
    assert [["Tea for two"]] * 3 == [words_on(shop, serial) for serial in serials]
    assert 3 == told(shop, number)["reached"]


def test_a_worker_whose_lease_ran_out_writes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (serial,) = customers(shop, 1)
    number = started(shop, {"values": {"offer": "Tea"}})
    real = campaign_walk._next

    def slow(*args: object) -> object:
        monkeypatch.undo()
        shop.clock.forward(minutes=2)
        assert step(shop)  # another worker does it meanwhile
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(campaign_walk, "_next", slow)
    step(shop)

    assert "Tea" == shop.owner.get(f"/cards/{serial}").get_json()["values"]["offer"]
    assert (1, 1) == (told(shop, number)["seen"], told(shop, number)["reached"])


def test_a_walk_goes_on_after_a_pause_where_it_stood(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_walk, "CHUNK", 2)
    serials = customers(shop, 5)
    number = started(shop, {"message": WORDS})
    assert step(shop)

    assert "paused" == shop.owner.post(f"/campaigns/{number}/pause").get_json()["state"]
    assert not step(shop)
    assert [1, 1, 0, 0, 0] == [len(words_on(shop, serial)) for serial in serials]
    assert "running" == shop.owner.post(f"/campaigns/{number}/start").get_json()["state"]
    works(shop)

    assert [1] * 5 == [len(words_on(shop, serial)) for serial in serials]
    assert (5, 5, "done") == tuple(told(shop, number)[name] for name in ("total", "reached", "state"))


def test_a_campaign_begins_at_its_time(shop: Shop) -> None:
    (serial,) = customers(shop, 1)
    number = started(shop, {"message": WORDS}, starts_at="2026-03-03T09:00:00Z")
    works(shop)
    assert ("scheduled", []) == (told(shop, number)["state"], words_on(shop, serial))

    shop.clock.forward(days=1)
    works(shop)

    assert ("done", ["Tea for two"]) == (told(shop, number)["state"], words_on(shop, serial))


def test_a_campaign_that_fails_again_and_again_is_paused_with_the_reason(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_walk, "MOST_ATTEMPTS", 2)
    customers(shop, 1)
    number = started(shop, {"message": WORDS})
    with shop.deps.db.begin() as session:
        session.execute(update(Campaign).values(rule={"field": "gone"}))

    for _ in range(campaign_walk.MOST_ATTEMPTS):
        assert step(shop)
        shop.clock.forward(minutes=10)

    with shop.deps.read() as session:
        row = campaigns.one(session, number)
        assert ("paused", "ValidationError", 0) == (row.state, row.last_error, row.seen)


def test_a_trial_says_whom_it_reaches_and_what_it_costs_and_does_nothing(shop: Shop) -> None:
    anna, _ = customers(shop, 1) + customers(shop, 1, news=True)
    content = {"message": {**WORDS, "purpose": "news", "loud": True}, "gifts": {"points": 50}}
    number = campaign(shop, content, segment=segment(shop, POOR))

    found = shop.owner.post(f"/campaigns/{number}/dry-run").get_json()

    assert (2, 1, 2) == (found["reaches"], found["without_consent"], found["counted"]["nowhere"])
    cost = {"unit": "points", "amount": 50, "cards": 2, "total": 100, "worth_minor": 100}
    assert [cost] == found["costs"]
    assert (anna, "news-silent" in found["advice"]) == (found["sample"], True)
    assert {"Tea for two"} == {each["messages"][0] for each in found["shown"].values()}
    assert [number] == [each["id"] for each in shop.owner.get("/campaigns").get_json()["items"]]
    works(shop)
    assert ("draft", 0) == (told(shop, number)["state"], shop.balances(anna)["points"])


def test_who_was_told_loudly_today_is_counted(shop: Shop) -> None:
    customers(shop, 1)
    for _ in range(3):
        started(shop, {"message": {**WORDS, "loud": True}})
    works(shop)

    found = shop.owner.post(f"/campaigns/{campaign(shop, {'message': WORDS})}/dry-run").get_json()

    assert (1, 1) == (found["told_today"], found["over_limit"])


def test_the_same_key_writes_one_campaign(shop: Shop) -> None:
    body = {"programme": "cafe", "name": "Spring", "content": {"message": WORDS}}

    first, again = (shop.owner.post("/campaigns", body, key="k") for _ in range(2))
    other = shop.owner.post("/campaigns", {**body, "name": "Autumn"}, key="k")

    assert (201, 201, 422) == (first.status_code, again.status_code, other.status_code)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert "true" == again.headers["Idempotency-Replayed"]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ({}, "/content"),
        ({"gifts": {"miles": 5}}, "/content/gifts/miles"),
        ({"gifts": {"points": 0}}, "/content/gifts/points"),
        ({"message": {"header": {"en": ""}, "body": {"en": "x"}}}, "/content/message/header"),
        ({"message": {**WORDS, "ends_at": "2026-03-01T00:00:00Z"}}, "/content/message/ends_at"),
        ({"banner": {"image": "0" * 64}}, "/content/banner/image"),
        ({"values": {"a": "b\x00"}}, "/content/values/a"),
        ({"message": WORDS, "fireworks": True}, "/content/fireworks"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_place(shop: Shop, content: object, where: str) -> None:
    answer = shop.owner.post("/campaigns", {"programme": "cafe", "name": "Spring", "content": content})

    assert 422 == answer.status_code
    assert where in {fault["pointer"] for fault in answer.get_json()["errors"]}


def test_a_started_campaign_keeps_what_it_says_and_its_segment(shop: Shop) -> None:
    number = started(shop, {"message": WORDS}, segment=segment(shop, POOR), starts_at="2026-03-09T09:00:00Z")
    kept = shop.owner.get("/segments").get_json()["items"][0]["id"]

    assert 409 == shop.owner.patch(f"/campaigns/{number}", {"content": {"values": {"a": "b"}}}).status_code
    assert 409 == shop.owner.call("DELETE", f"/segments/{kept}").status_code
    shop.owner.patch(f"/segments/{kept}", {"rule": {"all": []}})
    assert POOR == told(shop, number)["rule"]
    assert "May" == shop.owner.patch(f"/campaigns/{number}", {"name": "May"}).get_json()["name"]
    assert 409 == shop.owner.patch(f"/campaigns/{number}", {"name": "June", "revision": 1}).status_code


def test_campaigns_of_another_programme_are_not_found(shop: Shop) -> None:
    number = campaign(shop, {"message": WORDS})
    other = shop.program("owner", "bakery")

    for call in ("/start", "/pause", "/dry-run"):
        assert 404 == other.post(f"/campaigns/{number}{call}").status_code
    assert 404 == other.get(f"/campaigns/{number}").status_code
    assert [] == other.get("/campaigns").get_json()["items"]
    assert 409 == shop.owner.post(f"/campaigns/{number}/pause").status_code
