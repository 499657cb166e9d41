"""Messages over the API: said once, listed, taken back; nobody else's are seen."""

from typing import Any

from tests.support.api_shop import Shop

OPEN: dict[str, Any] = {"header": {"en": "Open again", "ru": "Снова открыто"}, "body": "From 9 to 18."}
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"header": ""}, "/header"),
    ({"header": "x" * 61}, "/header"),
    ({"body": {"en": "Hello", "ru": " "}}, "/body"),
    ({"body": "x" * 501}, "/body"),
    ({"body": "Only today: <b>5 %</b>"}, "/body"),
    ({"body": "Dear {name}"}, "/body"),
    ({"header": {"english": "Hello"}}, "/header"),
    ({"purpose": "spam"}, "/purpose"),
    ({"loud": "yes"}, "/loud"),
    ({"ends_at": "2001-01-01T00:00:00Z"}, "/ends_at"),
    ({"ends_at": "9999-12-31T00:00:00Z", "starts_at": "9999-12-30T00:00:00Z"}, "/ends_at"),
    ({"starts_at": "2026-01-01T00:00:00"}, "/starts_at"),
    ({"colour": "red"}, "/colour"),
)


def test_a_message_to_all_cards_is_said_listed_and_taken_back(shop: Shop) -> None:
    said = shop.owner.post("/programmes/cafe/messages", {**OPEN, "loud": True})
    body = said.get_json()
    assert (201, "shown", None, True) == (said.status_code, body["state"], body["serial"], body["loud"])
    assert {"sent": 0, "reached": 0} == body["google"]

    listed = shop.owner.get("/programmes/cafe/messages").get_json()["items"]
    assert [body] == listed

    gone = shop.owner.call("DELETE", f"/programmes/cafe/messages/{body['id']}")
    again = shop.owner.call("DELETE", f"/programmes/cafe/messages/{body['id']}")
    assert ["withdrawn", "withdrawn"] == [each.get_json()["state"] for each in (gone, again)]
    assert gone.get_json() == again.get_json()


def test_a_message_to_one_card_is_that_cards_alone(shop: Shop) -> None:
    anna, boris = shop.card(), shop.card(email="boris@example.com")
    body = shop.owner.post(f"/cards/{anna}/messages", OPEN).get_json()

    assert anna == body["serial"]
    assert [1, 0] == [
        len(shop.owner.get(f"/cards/{serial}/messages").get_json()["items"]) for serial in (anna, boris)
    ]
    assert [] == shop.owner.get("/programmes/cafe/messages").get_json()["items"]
    assert 404 == shop.owner.call("DELETE", f"/cards/{boris}/messages/{body['id']}").status_code
    assert 200 == shop.owner.call("DELETE", f"/cards/{anna}/messages/{body['id']}").status_code
    assert 3 == shop.owner.get(f"/cards/{anna}").get_json()["version"]


def test_the_same_key_says_it_once(shop: Shop) -> None:
    serial = shop.card()
    for path in ("/programmes/cafe/messages", f"/cards/{serial}/messages"):
        first, second = (shop.owner.post(path, OPEN, key=f"k {path[:4]}") for _ in range(2))
        assert first.get_json() == second.get_json()
        assert (None, "true") == tuple(each.headers.get("Idempotency-Replayed") for each in (first, second))
        other = shop.owner.post(path, {**OPEN, "loud": True}, key=f"k {path[:4]}")
        assert (422, "/api/problems/idempotency-key-reused") == (other.status_code, other.get_json()["type"])
        assert 1 == len(shop.owner.get(path).get_json()["items"])


def test_what_nobody_should_read_is_refused_and_not_kept(shop: Shop) -> None:
    for wrong, pointer in WRONG:
        answer = shop.owner.post("/programmes/cafe/messages", {**OPEN, **wrong})
        assert 422 == answer.status_code, wrong
        assert pointer in [each["pointer"] for each in answer.get_json()["errors"]]
    assert [] == shop.owner.get("/programmes/cafe/messages").get_json()["items"]


def test_news_to_somebody_who_did_not_agree_are_refused(shop: Shop) -> None:
    serial = shop.card()
    answer = shop.owner.post(f"/cards/{serial}/messages", {**OPEN, "purpose": "news"})
    assert (409, {"purpose": "marketing"}) == (answer.status_code, answer.get_json()["state"])


def test_advice_comes_with_the_message(shop: Shop) -> None:
    shouted = {"header": {"en": "HUGE SALE TODAY!!"}, "body": "See http://shop.example", "purpose": "news"}
    body = shop.owner.post("/programmes/cafe/messages", {**shouted, "loud": True}).get_json()
    assert ["language-missing", "shouting", "insecure-link", "news-silent", "news-permission"] == body[
        "advice"
    ]


def test_a_list_goes_on_behind_its_cursor(shop: Shop) -> None:
    made = [shop.owner.post("/programmes/cafe/messages", OPEN).get_json()["id"] for _ in range(5)]
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = shop.owner.get(f"/programmes/cafe/messages?limit=2&cursor={cursor}").get_json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(made, reverse=True) == seen


def test_another_programmes_key_sees_nothing(shop: Shop) -> None:
    serial = shop.card()
    number = shop.owner.post("/programmes/cafe/messages", OPEN).get_json()["id"]
    stranger = shop.program("owner", "bakery")
    for method, path in (
        ("GET", "/programmes/cafe/messages"),
        ("POST", "/programmes/cafe/messages"),
        ("DELETE", f"/programmes/cafe/messages/{number}"),
        ("GET", f"/cards/{serial}/messages"),
        ("POST", f"/cards/{serial}/messages"),
        ("DELETE", f"/cards/{serial}/messages/{number}"),
    ):
        assert 404 == stranger.call(method, path, OPEN if method == "POST" else None).status_code, path
