"""Cards are found, changed and explained."""

from app.services.ports import DeviceNews
from app.storage.queries import card_by_serial
from tests.support.api_shop import Shop


def test_a_card_is_found_by_whatever_names_its_member(shop: Shop) -> None:
    serial = shop.card(phone="+37120000001", email="Anna@Example.com", external_id="c-1")
    shop.card(phone="+37120000002")
    number = shop.owner.get(f"/cards/{serial}").get_json()["number"]
    typed = f"{number[:4].lower()} {number[4:8]}-{number[8:]}"

    for query in (
        "phone=%2B37120000001",
        "phone=+37120000001",
        "phone=371%2020000001",
        "email=anna@example.com",
        "external_id=c-1",
        f"number={typed}",
        "external_id=c-1&email=anna@example.com",
    ):
        found = shop.owner.get(f"/cards?{query}").get_json()["items"]
        assert [serial] == [card["serial"] for card in found], query
    assert [] == shop.owner.get("/cards?external_id=c-1&phone=%2B37120000002").get_json()["items"]


def test_a_list_is_walked_by_its_cursor(shop: Shop) -> None:
    made = [shop.card(external_id=f"c-{index}") for index in range(5)]

    seen, cursor = [], ""
    while cursor is not None:
        page = shop.owner.get(f"/cards?programme=cafe&limit=2&cursor={cursor}").get_json()
        seen += [card["serial"] for card in page["items"]]
        cursor = page["next_cursor"]

    assert made == seen


def test_a_change_keeps_what_it_does_not_name(shop: Shop) -> None:
    serial = shop.card()

    shop.owner.patch(f"/cards/{serial}", {"tier": "gold", "values": {"bonus": 12, "seat": "4B"}})
    body = {
        "values": {"seat": None},
        "member": {"family_name": "Озола"},
        "expires_at": "2027-01-01T00:00:00Z",
    }
    card = shop.owner.patch(f"/cards/{serial}", body).get_json()

    assert ("gold", {"bonus": "12"}) == (card["tier"], card["values"])
    assert ("Аня", "Озола") == (card["member"]["given_name"], card["member"]["family_name"])
    assert "2027-01-01T00:00:00Z" == card["expires_at"]
    assert shop.owner.patch(f"/cards/{serial}", {"expires_at": None}).get_json()["expires_at"] is None


def test_a_phone_of_another_member_cannot_be_taken(shop: Shop) -> None:
    shop.card()
    boris = shop.card(email="boris@example.com")

    answer = shop.owner.patch(f"/cards/{boris}", {"member": {"phone": "+37120000001"}})

    assert 409 == answer.status_code


def test_what_nobody_sees_raises_no_version(shop: Shop) -> None:
    serial = shop.card()

    hidden = shop.owner.patch(f"/cards/{serial}", {"member": {"attributes": {"shoe": 38}}}).get_json()
    shown = shop.owner.patch(f"/cards/{serial}", {"tier": "gold"}).get_json()

    assert (1, 2) == (hidden["version"], shown["version"])
    assert {"shoe": 38} == hidden["member"]["attributes"]


def test_the_card_tells_where_it_is_installed(shop: Shop) -> None:
    serial = shop.card()
    with shop.database.read() as session:
        card_id = card_by_serial(session, serial).id
    shop.apple.add(card_id, "iPhone", shop.clock.now())
    shop.google.add(card_id, "google", shop.clock.now())

    card = shop.owner.get(f"/cards/{serial}").get_json()

    assert {"apple": {"devices": 1}, "google": {"saved": True}} == card["wallets"]


def test_one_sentence_says_why_a_phone_does_not_show_it(shop: Shop) -> None:
    serial = shop.card()
    with shop.database.read() as session:
        card_id = card_by_serial(session, serial).id
    now = shop.clock.now()
    shop.apple.phones[card_id] = [DeviceNews("apple", "iPhone", now, 1, now, 0, None, 0, None)]

    told = shop.owner.get(f"/cards/{serial}/deliveries").get_json()
    russian = shop.owner.get(f"/cards/{serial}/deliveries?locale=ru").get_json()

    assert "not-asked" == told["code"]
    assert told["why"].startswith("A push for version 1 left")
    assert russian["why"].startswith("Уведомление о версии 1")
    assert [(1, 0, "iPhone")] == [
        (each["pushed_version"], each["fetched_version"], each["device"]) for each in told["devices"]
    ]


def test_a_card_without_an_own_pass_type_uses_the_only_one(shop: Shop) -> None:
    serials = [shop.card("bakery"), shop.card("cafe")]

    with shop.database.read() as session:
        kept = [card_by_serial(session, serial).pass_type_identifier for serial in serials]
    assert ["pass.example.only", "pass.example.cafe"] == kept


def test_an_erased_person_is_gone_and_their_card_is_void(shop: Shop) -> None:
    serial = shop.card(phone="+37120000001", given_name="Anna")
    answer = shop.owner.call("DELETE", f"/cards/{serial}/member")
    assert (200, "void", None) == (
        answer.status_code,
        *(answer.get_json()[name] for name in ("status", "member")),
    )
    assert [] == shop.owner.get("/cards?phone=%2B37120000001").get_json()["items"]


def test_the_currency_stays_once_receipts_were_counted_in_it(shop: Shop) -> None:
    serial = shop.card(phone="+37120000001")

    shop.owner.post(f"/cards/{serial}/purchases", {"amount_minor": 100, "currency": "EUR", "receipt": "r1"})
    assert 409 == shop.owner.patch("/programmes/cafe", {"currency": "USD"}).status_code
