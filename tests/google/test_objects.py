"""The card's face in Google's words, and a design as Google's classes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.design import Design, Palette, TierLook
from app.domain.faces import Holder, build_pass
from app.domain.fields import Fields as FieldSpecs
from app.domain.fields import FieldSpec, LinkSpec, Place
from app.domain.ledger import Holdings
from app.domain.mechanics.base import State
from app.domain.passes import Artwork, Balance, Barcode, Pass, PassField, PassLink
from app.domain.programme import Programme
from app.wallets.google.classes import look_class, look_classes
from app.wallets.google.client import GoogleClient
from app.wallets.google.objects import (
    Issuing,
    balance_changed,
    card_object,
    class_id,
    managed,
    object_id,
)
from app.wallets.google.schema import find_faults, vendor_schema
from tests.support.clock import START
from tests.support.google_server import ISSUER, Google

INK = Palette(background="#112233", foreground="#ffffff", label="#eeeeee", accent="#ff8800")
GOLD = Palette(background="#886600", foreground="#ffffff", label="#eeeeee", accent="#ff8800")


def picture_url(art: Artwork) -> str:
    return f"https://cafe.example/media/{art.slot}-{art.key()[:8]}.png"


ISSUING = Issuing(ISSUER, picture_url, "https://cafe.example/google/callback")
CAFE = Programme(
    slug="cafe",
    name="Кофе и мята",
    locales=("en", "ru"),
    rules=({"kind": "points", "percent": 10}, {"kind": "stamps", "goal": 10, "reward": "A coffee"}),
)
DESIGN = Design(
    palette=INK,
    organisation="Café",
    programme_name={"en": "Coffee and mint", "ru": "Кофе и мята"},
    fields=FieldSpecs(
        primary=(FieldSpec(key="points", label={"en": "Points", "ru": "Баллы"}, value="{points}"),),
        secondary=(FieldSpec(key="guest", label={"en": "Guest", "ru": "Гость"}, value="{name}"),),
        back=(
            FieldSpec(key="about", label="About", value={"en": "Open daily", "ru": "Открыто каждый день"}),
        ),
    ),
    tiers=(TierLook(key="gold", name={"en": "Gold", "ru": "Золото"}, palette=GOLD),),
    links=(LinkSpec(key="site", label={"en": "Site", "ru": "Сайт"}, url="https://cafe.example"),),
    places=(Place(latitude=56.9, longitude=24.1),),
)


def annas_pass(tier: str = "", **changes: Any) -> Pass:
    holder = Holder("anna", "123456789012", tier=tier, locale="ru", given_name="Анна")
    return replace(build_pass(CAFE, DESIGN, holder, State(Holdings(), START, tier)), **changes)


def test_a_pass_becomes_an_object_that_google_takes() -> None:
    body = card_object(annas_pass(), ISSUING)

    assert [] == find_faults("loyaltyObject", body)
    assert (f"{ISSUER}.anna", f"{ISSUER}.cafe", "ACTIVE") == (body["id"], body["classId"], body["state"])
    assert ("123456789012", "Анна") == (body["accountId"], body["accountName"])
    assert {
        "type": "QR_CODE",
        "value": "123456789012",
        "renderEncoding": "UTF_8",
        "alternateText": "1234 5678 9012",
    } == (body["barcode"])
    assert {"int": 0} == body["loyaltyPoints"]["balance"]
    assert {"string": "0 / 10"} == body["secondaryLoyaltyPoints"]["balance"]
    assert "https://cafe.example" == body["linksModuleData"]["uris"][0]["uri"]
    assert [{"latitude": 56.9, "longitude": 24.1}] == body["merchantLocations"]


def test_words_stand_there_in_every_language_of_the_programme() -> None:
    about = card_object(annas_pass(), ISSUING)["textModulesData"][-1]
    assert {
        "id": "about",
        "header": "About",
        "body": "Open daily",
        "localizedBody": {
            "defaultValue": {"language": "en", "value": "Open daily"},
            "translatedValues": [{"language": "ru", "value": "Открыто каждый день"}],
        },
    } == about


def test_a_field_that_only_repeats_the_balance_is_shown_once() -> None:
    modules = [module["id"] for module in card_object(annas_pass(), ISSUING)["textModulesData"]]
    assert ["guest", "about"] == modules


def test_there_is_a_class_for_every_tier_with_its_own_colour() -> None:
    plain, gold = look_classes(CAFE, DESIGN, ISSUING, START)

    assert ([], []) == (find_faults("loyaltyClass", plain), find_faults("loyaltyClass", gold))
    assert (f"{ISSUER}.cafe", "#112233") == (plain["id"], plain["hexBackgroundColor"])
    assert (f"{ISSUER}.cafe.gold", "#886600") == (gold["id"], gold["hexBackgroundColor"])
    assert ("Gold", "Золото") == (
        gold["rewardsTier"],
        gold["localizedRewardsTier"]["translatedValues"][0]["value"],
    )
    assert "rewardsTier" not in plain


def test_a_card_that_climbs_moves_to_the_class_of_its_tier() -> None:
    gold = card_object(annas_pass("gold"), ISSUING)
    classes = {body["id"] for body in look_classes(CAFE, DESIGN, ISSUING, START)}
    assert f"{ISSUER}.cafe.gold" == gold["classId"]
    assert gold["classId"] in classes


def test_progress_is_drawn_on_the_card_and_never_on_the_class() -> None:
    card, shared = annas_pass(), look_class(CAFE, DESIGN, "", ISSUING, START)
    with_progress = card_object(card, ISSUING)["heroImage"]["sourceUri"]["uri"]
    assert with_progress != shared["heroImage"]["sourceUri"]["uri"]

    quiet = {"banner": replace(card.pictures["banner"], progress=None)}
    assert "heroImage" not in card_object(replace(card, pictures=quiet), ISSUING)


def test_the_front_names_fields_that_objects_really_carry() -> None:
    rows = look_class(CAFE, DESIGN, "gold", ISSUING, START)["classTemplateInfo"]["cardTemplateOverride"]
    assert [
        ["object.loyaltyPoints.balance", "object.secondaryLoyaltyPoints.balance", "class.rewardsTier"],
        ["object.textModulesData['guest']"],
    ] == [paths_of(row) for row in rows["cardRowTemplateInfos"]]


def paths_of(row: Mapping[str, Any]) -> list[str]:
    (items,) = row.values()
    return [item["firstValue"]["fields"][0]["fieldPath"] for item in items.values()]


@pytest.mark.parametrize(
    ("status", "state"),
    [("active", "ACTIVE"), ("blocked", "INACTIVE"), ("void", "INACTIVE"), ("expired", "EXPIRED")],
)
def test_a_card_that_may_not_be_used_leaves_the_front(status: Any, state: str) -> None:
    assert state == card_object(annas_pass(status=status), ISSUING)["state"]


def test_the_end_of_validity_carries_its_offset() -> None:
    end = datetime(2027, 1, 31, 22, 0, tzinfo=UTC)
    body = card_object(annas_pass(expires_at=end), ISSUING)
    assert {"end": {"date": "2027-01-31T22:00:00+00:00"}} == body["validTimeInterval"]
    assert [] == find_faults("loyaltyObject", body)


def test_the_phone_buzzes_only_when_asked_and_only_for_a_balance() -> None:
    before = card_object(annas_pass(), ISSUING)
    renamed = card_object(annas_pass(holder="Anna B."), ISSUING)
    richer = card_object(annas_pass(balances=(Balance("points", {"*": "Points"}, 50),)), ISSUING)

    assert "notifyPreference" not in before
    assert "NOTIFY_ON_UPDATE" == card_object(annas_pass(), ISSUING, notify=True)["notifyPreference"]
    assert [False, False, True] == [balance_changed(before, body) for body in (before, renamed, richer)]
    assert not balance_changed(None, before)


def test_a_balance_compares_with_googles_own_copy(cafe: Google, client: GoogleClient) -> None:
    body = cafe.object_body(points=40)
    reply = client.upsert_object(body)
    assert not balance_changed(reply, body)
    assert balance_changed(reply, cafe.object_body(points=41))


def test_a_number_too_large_for_google_is_written_out() -> None:
    body = card_object(annas_pass(balances=(Balance("points", {"*": "Points"}, 2**31),)), ISSUING)
    assert {"string": "2\u00a0147\u00a0483\u00a0648"} == body["loyaltyPoints"]["balance"]


def test_dates_and_numbers_are_written_by_the_habits_of_each_language() -> None:
    fields = (
        PassField("until", {"*": "Until"}, datetime(2027, 3, 1, tzinfo=UTC)),
        PassField("visits", {"*": "Visits"}, 1234),
    )
    card = annas_pass(header=(), primary=(), secondary=(), auxiliary=(), back=fields)
    until, visits = card_object(card, ISSUING)["textModulesData"]
    assert ("March 1, 2027", "1,234") == (until["body"], visits["body"])
    assert until["localizedBody"]["translatedValues"][0]["value"].startswith("1 марта 2027")
    assert "1\u00a0234" == visits["localizedBody"]["translatedValues"][0]["value"]


def test_ids_are_the_same_for_ever_and_fit_googles_letters() -> None:
    assert f"{ISSUER}.cafe.gold-2" == class_id(ISSUER, "cafe", "gold-2")
    strange = [object_id(ISSUER, serial) for serial in ("Анна", "Boris", "a b", "a/b")]
    assert strange == [object_id(ISSUER, serial) for serial in ("Анна", "Boris", "a b", "a/b")]
    assert 4 == len(set(strange))
    assert all(one.isascii() and " " not in one and "/" not in one for one in strange)


@pytest.mark.parametrize(
    ("name", "owned"),
    [("LoyaltyClass", managed("loyalty", "Class")), ("LoyaltyObject", managed("loyalty", "Object"))],
)
def test_the_fields_that_we_clear_are_googles_and_cover_all_that_we_write(
    name: str, owned: tuple[str, ...]
) -> None:
    bodies = [card_object(annas_pass("gold", expires_at=START), ISSUING)]
    if name == "LoyaltyClass":
        bodies = list(look_classes(CAFE, DESIGN, ISSUING, START))
    written = {key for body in bodies for key in body} - {"id", "reviewStatus"}
    assert set(owned) <= set(vendor_schema()["schemas"][name]["properties"])
    assert written <= set(owned)


def test_a_design_and_a_card_go_over_the_wire_and_change(google: Google, client: GoogleClient) -> None:
    issuing = replace(ISSUING, url_for=lambda art: google.shop.picture(f"{art.key()[:8]}.png"))
    for body in look_classes(CAFE, DESIGN, issuing, START):
        client.upsert_class(body, managed=managed("loyalty", "Class"))
    client.upsert_object(
        card_object(annas_pass(expires_at=START), issuing), managed=managed("loyalty", "Object")
    )
    client.upsert_object(card_object(annas_pass("gold"), issuing), managed=managed("loyalty", "Object"))

    view = google.state.view(f"{ISSUER}.anna")
    assert (f"{ISSUER}.cafe.gold", "Gold") == (view["object"]["classId"], view["class"]["rewardsTier"])
    assert "validTimeInterval" not in view["object"]


WORDS = st.text(max_size=30)
TEXTS = st.fixed_dictionaries({"en": WORDS}, optional={"ru": WORDS}) | WORDS.map(lambda text: {"*": text})
VALUES = TEXTS | st.integers() | st.datetimes(timezones=st.just(UTC))
FIELDS = st.lists(st.builds(PassField, st.text(min_size=1, max_size=9), TEXTS, VALUES), max_size=4).map(tuple)
PASSES = st.builds(
    lambda **changes: annas_pass(**changes),
    holder=WORDS,
    primary=FIELDS,
    back=FIELDS,
    balances=st.lists(st.builds(Balance, WORDS, TEXTS, TEXTS | st.integers()), max_size=3).map(tuple),
    links=st.lists(st.builds(PassLink, WORDS.filter(bool), TEXTS, st.just("tel:+371200")), max_size=2).map(
        tuple
    ),
    barcode=st.builds(Barcode, st.sampled_from(["qr", "code128", "pdf417", "aztec"]), WORDS, WORDS),
    places=st.lists(st.just(Place(latitude=1, longitude=2)), max_size=12).map(tuple),
    progress_words=TEXTS,
    serial=WORDS,
)


@settings(max_examples=60, deadline=None)
@given(PASSES)
def test_whatever_is_on_a_card_google_takes_it(card: Pass) -> None:
    assert [] == find_faults("loyaltyObject", card_object(card, ISSUING))
