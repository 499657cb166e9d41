"""Segments over REST: kept, changed with a revision, counted, and nobody else's."""

from typing import Any

from tests.support.api_shop import PHONE, Shop

EVERYONE: dict[str, Any] = {"all": []}
RICH = {"field": "balance", "unit": "points", "at_least": 50}


def kept(shop: Shop, key: str = "rich", rule: Any = RICH) -> int:
    made = shop.owner.post("/segments", {"programme": "cafe", "key": key, "name": "Rich", "rule": rule})
    assert 201 == made.status_code, made.get_json()
    number: int = made.get_json()["id"]
    return number


def test_a_segment_is_kept_listed_and_counted(shop: Shop) -> None:
    anna, boris = shop.card(), shop.card(phone="+37120000002")
    shop.owner.post(f"/cards/{anna}/adjustments", {"points": 60, "reason": "gift"}, key="a")
    number = kept(shop)

    counted = shop.owner.get(f"/segments/{number}/count").get_json()

    assert {"cards": 1, "apple": 0, "google": 0, "samsung": 0, "nowhere": 1, "news": 0} == counted
    assert [number] == [each["id"] for each in shop.owner.get("/segments").get_json()["items"]]
    tried = shop.owner.post("/segments/preview", {"programme": "cafe", "rule": {"not": RICH}}).get_json()
    assert (1, [boris]) == (tried["cards"], tried["first"])


def test_who_allows_news_is_counted_by_the_newest_word(shop: Shop) -> None:
    agreed = {"consents": [{"purpose": "marketing", "granted": True}]}
    shop.owner.post("/cards", {"programme": "cafe", "member": {"phone": PHONE}, **agreed})

    counted = shop.owner.get(f"/segments/{kept(shop, rule=EVERYONE)}/count").get_json()

    assert (1, 1) == (counted["cards"], counted["news"])


def test_two_editors_do_not_overwrite_each_other(shop: Shop) -> None:
    number = kept(shop)

    first = shop.owner.patch(f"/segments/{number}", {"name": "Very rich", "revision": 1})
    second = shop.owner.patch(f"/segments/{number}", {"name": "Poor", "revision": 1})

    assert (200, 409) == (first.status_code, second.status_code)
    now = shop.owner.get(f"/segments/{number}").get_json()
    assert ("Very rich", 2, RICH) == (now["name"], now["revision"], now["rule"])


def test_a_key_is_taken_until_its_segment_is_gone(shop: Shop) -> None:
    number = kept(shop)
    again = {"programme": "cafe", "key": "rich", "name": "Rich", "rule": RICH}

    assert 409 == shop.owner.post("/segments", again).status_code
    assert 200 == shop.owner.call("DELETE", f"/segments/{number}").status_code
    assert 404 == shop.owner.get(f"/segments/{number}").status_code
    assert 404 == shop.owner.call("DELETE", f"/segments/{number}").status_code
    assert 201 == shop.owner.post("/segments", again).status_code


def test_faults_of_a_rule_are_shown_where_they_are(shop: Shop) -> None:
    rule = {"all": [RICH, {"not": {"field": "visits", "days": "many"}}, {"field": "shoe_size"}]}
    body = {"programme": "cafe", "key": "k", "name": "n", "rule": rule}

    answer = shop.owner.post("/segments", body)

    assert 422 == answer.status_code
    assert {"/rule/all/1/not/days", "/rule/all/2"} == {
        fault["pointer"] for fault in answer.get_json()["errors"]
    }
    deep: Any = RICH
    for _ in range(300):
        deep = {"not": deep}
    assert shop.owner.post("/segments", {**body, "rule": deep}).status_code in (400, 422)


def test_a_key_of_another_programme_finds_nothing(shop: Shop) -> None:
    number = kept(shop)
    other = shop.program("owner", "bakery")

    for method, path in (("GET", ""), ("GET", "/count"), ("DELETE", ""), ("PATCH", "")):
        body = {"name": "Mine"} if method == "PATCH" else None
        assert 404 == other.call(method, f"/segments/{number}{path}", body).status_code
    assert 404 == other.post("/segments/preview", {"programme": "cafe", "rule": EVERYONE}).status_code
    assert [] == other.get("/segments").get_json()["items"]
    assert 403 == shop.program("till").post("/segments", {}).status_code
