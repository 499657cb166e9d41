"""Value moves once a key: repeated, mixed up, two at once, and under another key."""

import threading
from collections.abc import Callable
from typing import Any

from werkzeug.test import TestResponse

from tests.support.api_shop import Shop

BOUGHT = {"amount_minor": 1000, "currency": "EUR", "receipt": "r1"}
GIFT = {"points": 5, "reason": "gift"}


def together(*calls: Callable[[], TestResponse]) -> list[TestResponse]:
    """Make all calls at the same moment."""
    start, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        start.wait()
        answers[index] = call()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers  # type: ignore[return-value]


def test_the_same_key_and_body_give_the_first_answer_again(shop: Shop) -> None:
    path = f"/cards/{shop.card()}/purchases"

    first, again = (shop.owner.post(path, BOUGHT, key="k1") for _ in range(2))

    assert (201, 201) == (first.status_code, again.status_code)
    assert first.get_json() == again.get_json()
    assert (None, "true") == tuple(each.headers.get("Idempotency-Replayed") for each in (first, again))


def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/purchases", BOUGHT, key="k1")

    other = shop.owner.post(f"/cards/{serial}/purchases", {**BOUGHT, "amount_minor": 2000}, key="k1")
    elsewhere = shop.owner.post(f"/cards/{shop.card(email='b@example.com')}/purchases", BOUGHT, key="k1")

    for answer in (other, elsewhere):
        assert (422, "/api/problems/idempotency-key-reused") == (
            answer.status_code,
            answer.get_json()["type"],
        )
    assert 100 == shop.balances(serial)["points"]


def test_the_key_works_again_after_a_refusal(shop: Shop) -> None:
    serial = shop.card()
    path = f"/cards/{serial}/redemptions"
    assert 409 == shop.owner.post(path, {"points": 5}, key="k1").status_code
    shop.owner.post(f"/cards/{serial}/adjustments", GIFT, key="k2")

    assert 201 == shop.owner.post(path, {"points": 5}, key="k1").status_code


def test_the_first_answer_is_given_even_after_the_card_was_blocked(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/purchases", BOUGHT, key="k1")
    shop.owner.patch(f"/cards/{serial}", {"status": "blocked"})

    again = shop.owner.post(f"/cards/{serial}/purchases", BOUGHT, key="k1")

    assert (201, "true") == (again.status_code, again.headers["Idempotency-Replayed"])


def test_two_tills_with_the_same_key_count_once(shop: Shop) -> None:
    serial = shop.card()
    tills = [shop.program("till") for _ in range(4)]

    calls = [lambda till=till: till.post(f"/cards/{serial}/purchases", BOUGHT, key="k1") for till in tills]
    answers = together(*calls)

    assert [201] * 4 == [answer.status_code for answer in answers]
    assert 1 == len({answer.get_json()["id"] for answer in answers})
    assert 100 == shop.balances(serial)["points"]


def test_two_tills_that_spend_the_same_points_pay_once(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/adjustments", {"points": 100, "reason": "gift"}, key="k0")

    def spends(key: str) -> Callable[[], TestResponse]:
        till = shop.program("till")
        return lambda: till.post(f"/cards/{serial}/redemptions", {"points": 100}, key=key)

    answers = together(spends("k1"), spends("k2"))

    assert [201, 409] == sorted(answer.status_code for answer in answers)
    assert 0 == shop.balances(serial)["points"]


def test_a_member_who_joins_twice_at_once_gets_one_card(shop: Shop) -> None:
    body = {"programme": "cafe", "member": {"phone": "+37120000007"}}
    tills = [shop.program("till") for _ in range(4)]

    answers = together(*[lambda till=till: till.post("/cards", body) for till in tills])

    assert [200, 200, 200, 201] == sorted(answer.status_code for answer in answers)
    assert 1 == len({answer.get_json()["serial"] for answer in answers})


def test_a_receipt_counts_once_whatever_the_key(shop: Shop) -> None:
    serial = shop.card()
    path = f"/cards/{serial}/purchases"

    answers = [shop.owner.post(path, BOUGHT, key=key) for key in ("k1", "k2", "", "")]

    assert [201] * 4 == [answer.status_code for answer in answers]
    assert 1 == len({answer.get_json()["id"] for answer in answers})
    assert [None, "true", "true", "true"] == [a.headers.get("Idempotency-Replayed") for a in answers]
    assert 100 == shop.balances(serial)["points"]


def test_a_receipt_of_another_amount_or_card_is_a_conflict(shop: Shop) -> None:
    serial, other = shop.card(), shop.card(email="boris@example.com")
    shop.owner.post(f"/cards/{serial}/purchases", BOUGHT)

    more = shop.owner.post(f"/cards/{serial}/purchases", {**BOUGHT, "amount_minor": 9})
    elsewhere = shop.owner.post(f"/cards/{other}/purchases", BOUGHT, key="k9")

    assert [409, 409] == [more.status_code, elsewhere.status_code]
    assert "r1" == more.get_json()["state"]["receipt"]


def test_a_purchase_is_taken_back_once(shop: Shop) -> None:
    serial = shop.card()
    bought = shop.owner.post(f"/cards/{serial}/purchases", BOUGHT, key="k1").get_json()
    path = f"/receipts/{bought['id']}/reversal"

    back = shop.owner.post(path, {"reason": "returned"}, key="k2")
    again = shop.owner.post(path, {"reason": "returned"}, key="k2")
    other = shop.owner.post(path)

    assert (201, 0) == (back.status_code, back.get_json()["balances"]["points"])
    assert (201, back.get_json()) == (again.status_code, again.get_json())
    assert (409, "/api/problems/already-reversed") == (other.status_code, other.get_json()["type"])
    assert 409 == shop.owner.post(f"/receipts/{back.get_json()['id']}/reversal").status_code
    assert 404 == shop.owner.post("/receipts/none/reversal").status_code


def test_a_full_stamp_card_becomes_a_reward_and_is_handed_out_once(shop: Shop) -> None:
    serial = shop.card("bakery")
    full = shop.owner.post(f"/cards/{serial}/stamps", {"stamps": 11}, key="k1").get_json()
    assert (1, [{"key": "reward", "name": "A coffee", "count": 1}]) == (
        full["balances"]["stamps"],
        full["rewards"],
    )

    path = f"/cards/{serial}/redemptions"
    answers = [shop.owner.post(path, {"reward": "reward"}, key=key) for key in ("k2", "k3")]

    assert [201, 409] == [answer.status_code for answer in answers]


def test_stamps_given_by_hand_fill_the_card_too(shop: Shop) -> None:
    serial = shop.card("bakery")

    given = shop.owner.post(f"/cards/{serial}/adjustments", {"stamps": 12, "reason": "lost card"}, key="k1")

    assert (2, 1) == (given.get_json()["balances"]["stamps"], given.get_json()["rewards"][0]["count"])


def test_a_quote_changes_nothing(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/adjustments", GIFT, key="k1")

    quoted = shop.owner.post(f"/cards/{serial}/quotes", {"amount_minor": 1000, "currency": "EUR"})

    told = {"earned": {"points": 100}, "redeemable_points": 5, "discount_minor": 0, "due_minor": 1000}
    line = {"line": 0, "earned": 100, "redeemable_minor": 5, "discount_minor": 0}
    assert {**told, "notes": [], "pending_until": None, "lines": [line]} == quoted.get_json()
    assert 5 == shop.balances(serial)["points"]


def test_the_ledger_tells_who_did_what_newest_first(shop: Shop) -> None:
    serial = shop.card()
    till = shop.program("till", "cafe")
    till.post(f"/cards/{serial}/purchases", {**BOUGHT, "store": "Old town"}, key="k1")
    shop.owner.post(f"/cards/{serial}/adjustments", GIFT, key="k2")

    first = shop.owner.get(f"/cards/{serial}/entries?limit=1").get_json()
    rest = shop.owner.get(f"/cards/{serial}/entries?cursor={first['next_cursor']}").get_json()

    assert ["gift"] == [line["reason"] for line in first["items"]]
    told = {(line["unit"], line["amount"], line["actor"], line["store"]) for line in rest["items"]}
    assert {("points", 100, "till cafe", "Old town"), ("spend_minor", 1000, "till cafe", "Old town")} == told
    assert rest["next_cursor"] is None
