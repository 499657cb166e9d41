"""The smallest program that does everything, as the contract writes it."""

from app.storage.database import Database
from tests.support.api_shop import ANNA, CAFE, STAMPS, Shop
from tests.support.clock import Clock


def test_the_smallest_program_does_everything(database: Database, clock: Clock) -> None:
    owner = Shop(database, clock).owner

    made = owner.post("/programmes", CAFE)
    assert (201, "pass.example.cafe") == (made.status_code, made.get_json()["apple"]["pass_type_identifier"])

    card = owner.post(
        "/cards", {"programme": "cafe", "member": ANNA, "channel": {"utm_source": "newsletter"}}
    )
    serial, links = card.get_json()["serial"], card.get_json()["links"]
    assert 201 == card.status_code
    assert links["page"].startswith("https://cards.test/c/")
    assert f"{links['page']}/card.pkpass" == links["apple"]
    assert f"{links['page']}/google" == links["google"]

    body = {"amount_minor": 12340, "currency": "EUR", "receipt": "r1"}
    bought = owner.post(f"/cards/{serial}/purchases", body, key="k1")
    assert (201, {"points": 1234}) == (bought.status_code, bought.get_json()["earned"])
    assert 1234 == bought.get_json()["balances"]["points"]

    gift = owner.post(f"/cards/{serial}/adjustments", {"points": 5, "reason": "gift"}, key="k2")
    assert (201, 1239) == (gift.status_code, gift.get_json()["balances"]["points"])

    owner.post("/programmes", STAMPS)
    other = owner.post("/cards", {"programme": "bakery", "member": ANNA}).get_json()["serial"]
    visit = owner.post(f"/cards/{other}/stamps", {"stamps": 1}, key="k3")
    assert (201, 1) == (visit.status_code, visit.get_json()["balances"]["stamps"])


def test_a_card_says_all_that_the_contract_promises(shop: Shop) -> None:
    serial = shop.card()

    card = shop.owner.get(f"/cards/{serial}").get_json()

    assert "cafe" == card["programme"]
    assert {"points": 0, "stamps": 0, "spend_minor": 0} == card["balances"]
    assert ("active", 1, []) == (card["status"], card["version"], card["rewards"])
    assert "Аня" == card["member"]["given_name"]
    assert {"apple": {"devices": 0}, "google": {"saved": False}} == card["wallets"]
    assert card["updated_at"].endswith("Z")


def test_the_same_member_gets_the_same_card(shop: Shop) -> None:
    serial = shop.card()

    again = shop.owner.post("/cards", {"programme": "cafe", "member": {"phone": "+371 2000 0001"}})

    assert (200, serial) == (again.status_code, again.get_json()["serial"])
