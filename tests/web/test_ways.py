"""Every phone is offered the wallets that it can use, the best first."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from app.domain.programme import Programme
from app.services.enrolment import Enrolled
from app.storage.database import Database
from app.storage.tables import Card
from app.web.ways import WITHOUT_GOOGLE, country_of, device_of, maker_of, ways
from tests.support.clock import Clock
from tests.support.web_app import ANDROID, DESKTOP, HUAWEI, IPHONE, SAMSUNG, WebShop, web_shop

ALL = ("apple", "google", "samsung")


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> WebShop:
    return web_shop(sqlite_database, clock, wallets=ALL)


def offers(shop: WebShop, card: Enrolled, agent: str, language: str = "en") -> list[str]:
    """The ways on the card's page, in their order."""
    page = shop.visitor(agent=agent, language=language).sees(f"/c/{card.link}").get_data(as_text=True)
    file = quote(f"http://localhost/c/{card.link}/card.pkpass", safe="")
    links = re.findall(
        rf'href="(/c/{card.link}/(?:google|samsung|card\.pkpass)|https://www\.walletpasses[^"]+)"', page
    )
    return [
        "apps" if link == f"https://www.walletpasses.io?u={file}" else link.split("/")[-1] for link in links
    ]


def customer(shop: WebShop, **programme: Any) -> Enrolled:
    shop.open_programme(**programme)
    return shop.customer("beans")


@pytest.mark.parametrize(
    ("agent", "programme", "expected"),
    [
        (IPHONE, {}, ["card.pkpass"]),
        (IPHONE, {"currency": "RUB"}, ["card.pkpass"]),
        (DESKTOP, {}, ["card.pkpass", "google"]),
        (ANDROID, {}, ["google", "card.pkpass"]),
        (ANDROID, {"country": "LV"}, ["google", "card.pkpass"]),
        (SAMSUNG, {}, ["samsung", "google", "card.pkpass"]),
        (HUAWEI, {}, ["apps", "google", "card.pkpass"]),
        (ANDROID, {"currency": "RUB"}, ["apps", "google", "card.pkpass"]),
        (ANDROID, {"country": "RU"}, ["apps", "google", "card.pkpass"]),
        (SAMSUNG, {"country": "RU"}, ["samsung", "apps", "google", "card.pkpass"]),
        (HUAWEI, {"country": "CN"}, ["apps", "card.pkpass"]),
        (ANDROID, {"country": "CN"}, ["apps", "card.pkpass"]),
    ],
    ids=str,
)
def test_the_ways_fit_the_phone_and_the_country(
    shop: WebShop, agent: str, programme: dict[str, Any], expected: list[str]
) -> None:
    assert expected == offers(shop, customer(shop, **programme), agent)


@pytest.mark.parametrize("country", ["", "LV", "DE", "US"])
@pytest.mark.parametrize("maker", ["", "samsung"])
def test_a_file_is_never_first_where_google_works(country: str, maker: Any) -> None:
    found = ways("android", maker, country, ALL)
    assert found.index("google") < found.index("file")
    assert "apps" not in found


def test_a_shop_without_google_offers_an_app_that_keeps_the_card_true() -> None:
    assert ["apps", "file"] == ways("android", "", "LV", ("apple",))
    assert ["samsung", "apps", "file"] == ways("android", "samsung", "LV", ("apple", "samsung"))


def test_a_russian_shop_speaks_of_saving_to_the_phone_and_shows_no_badge(shop: WebShop) -> None:
    card = customer(shop, currency="RUB", locales=["ru", "en"])
    page = shop.visitor(agent=ANDROID, language="ru").sees(f"/c/{card.link}?lang=ru").get_data(as_text=True)

    assert "Сохранить на телефон" in page and "Google Wallet" not in page
    assert "Открыть в WalletPasses" in page and "карта в нём обновляется сама" in page


@pytest.mark.parametrize(
    ("programme", "languages", "country"),
    [
        ({"currency": "RUB"}, ["en-US"], "RU"),
        ({"currency": "CNY"}, [], "CN"),
        ({"currency": "RUB", "country": "KZ"}, [], "KZ"),
        ({"currency": "EUR"}, ["ru-RU"], ""),
        ({"currency": "EUR", "time_zone": "Europe/Riga"}, ["ru-RU"], "LV"),
        ({"currency": "EUR", "locales": ("de-AT",)}, [], "AT"),
        ({"currency": "EUR"}, ["de-DE", "en"], "DE"),
        ({"currency": "EUR"}, ["x" * 300, "*", "ru_", "-"], ""),
        ({"currency": "QQQ"}, ["ru-RU"], ""),
    ],
    ids=str,
)
def test_the_country_is_what_the_shop_says_of_itself(
    programme: dict[str, Any], languages: list[str], country: str
) -> None:
    made = Programme(slug="cafe", name="Café", **programme)
    assert country == country_of(made, languages)


@pytest.mark.parametrize(
    ("agent", "device", "maker"),
    [
        (IPHONE, "iphone", ""),
        (ANDROID, "android", ""),
        (DESKTOP, "desktop", ""),
        (SAMSUNG, "android", "samsung"),
        ("Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-A556E) Chrome/125.0 Mobile", "android", "samsung"),
        (HUAWEI, "android", "huawei"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1 Mobile HuaweiBrowser/5.0", "android", "huawei"),
        ("", "desktop", ""),
    ],
)
def test_phones_are_known_by_what_browsers_tell(agent: str, device: str, maker: str) -> None:
    assert (device, maker) == (device_of(agent), maker_of(agent))


def test_every_country_without_google_says_how_we_know() -> None:
    assert all(len(code) == 2 and reason for code, reason in WITHOUT_GOOGLE.items())


def test_samsung_is_a_redirect_made_on_click_and_a_friendly_page_when_it_fails(shop: WebShop) -> None:
    card = customer(shop)
    visitor = shop.visitor(agent=SAMSUNG)
    works = visitor.sees(f"/c/{card.link}/samsung")
    shop.samsung.fail_next()
    fails = visitor.sees(f"/c/{card.link}/samsung")

    assert 302 == works.status_code and works.location.startswith("https://wallet.example/save/")
    assert "private, no-store" == works.headers["Cache-Control"]
    assert 503 == fails.status_code
    assert "Samsung Wallet does not answer" in fails.get_data(as_text=True)
    assert f"/c/{card.link}/samsung" in fails.get_data(as_text=True)


def test_a_shop_without_samsung_has_no_such_address(sqlite_database: Database, clock: Clock) -> None:
    plain = web_shop(sqlite_database, clock)
    card = customer(plain)

    assert ["google", "card.pkpass"] == offers(plain, card, SAMSUNG)
    assert 404 == plain.visitor().sees(f"/c/{card.link}/samsung").status_code


@pytest.mark.parametrize(
    ("device", "agent", "words"),
    [
        ("WalletPasses …1234", HUAWEI, "Added to a wallet app"),
        ("iPhone …1234", IPHONE, "Added to Apple Wallet"),
    ],
)
def test_a_card_that_an_app_holds_is_said_to_be_there(
    shop: WebShop, device: str, agent: str, words: str
) -> None:
    card = customer(shop)
    with shop.parts.read() as session:
        shop.apple.hold(session.scalars(select(Card.id)).one())
    shop.apple.device = device

    assert words in shop.visitor(agent=agent).sees(f"/c/{card.link}").get_data(as_text=True)


def test_an_android_app_that_holds_the_card_is_no_iphone(shop: WebShop) -> None:
    card = customer(shop)
    with shop.parts.read() as session:
        shop.apple.hold(session.scalars(select(Card.id)).one())
    shop.apple.device = "PassWallet …1234"

    page = shop.visitor(agent=IPHONE).sees(f"/c/{card.link}").get_data(as_text=True)
    assert "Add to Apple Wallet" in page and "Added to" not in page
