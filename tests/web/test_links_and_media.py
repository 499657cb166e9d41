"""Short links, pictures and the front door."""

import pytest
from sqlalchemy import select

from app.domain.errors import Conflict, Invalid, NotFound
from app.rendering.starters import starters
from app.services import attribution, designs
from app.storage.database import Database
from app.storage.tables import ChannelLink
from tests.support.clock import Clock
from tests.support.web_app import WebShop, web_shop


def clicks(shop: WebShop) -> int:
    with shop.parts.read() as session:
        return session.scalars(select(ChannelLink.clicks)).one()


def link(shop: WebShop, code: str = "", **utm: str) -> str:
    told = {"utm_source": "vk", **utm}
    return attribution.create_link(shop.parts.db, "beans", now=shop.clock.now(), utm=told, code=code)


def test_a_click_is_counted_and_goes_to_the_form(shop: WebShop) -> None:
    shop.open_programme()
    code = link(shop, utm_campaign="2026-06_summer-sale")

    answer = shop.visitor().sees(f"/l/{code}?utm_source=other&utm_content=story")

    assert 302 == answer.status_code and "no-store" == answer.headers["Cache-Control"]
    assert (
        f"/join/beans?utm_source=vk&utm_content=story&utm_campaign=2026-06_summer-sale&l={code}"
        == answer.location
    )
    assert 1 == clicks(shop)


def test_a_look_is_no_click(shop: WebShop) -> None:
    shop.open_programme()
    code = link(shop)

    shop.visitor().client.head(f"/l/{code}")
    shop.visitor().sees(f"/l/{code}", **{"Sec-Purpose": "prefetch;prerender"})

    assert 0 == clicks(shop)


def test_an_unknown_code_is_a_friendly_404(shop: WebShop) -> None:
    assert [404, 404] == [shop.visitor().sees(f"/l/{code}").status_code for code in ("nothing", "x" * 500)]


def test_a_link_is_refused_with_all_its_faults(shop: WebShop) -> None:
    shop.open_programme()
    with pytest.raises(Invalid) as refused:
        link(shop, code="No!", utm_source="", utm_medium="instagramm", utm_content="anna@example.com")

    assert {"/utm_source", "/utm_medium", "/utm_content", "/code"} == set(refused.value.faults)


def test_a_code_that_was_wished_for_is_given_once(shop: WebShop) -> None:
    shop.open_programme()

    assert "summer" == link(shop, code="summer")
    with pytest.raises(Conflict):
        link(shop, code="summer")


def test_a_code_that_is_taken_by_chance_is_drawn_again(shop: WebShop) -> None:
    shop.open_programme()
    link(shop, code="first")
    drawn = iter(["first", "second"])
    now = shop.clock.now()

    code = attribution.create_link(
        shop.parts.db, "beans", now=now, utm={"utm_source": "vk"}, make_code=lambda: next(drawn)
    )

    assert "second" == code


def test_a_link_needs_a_programme(shop: WebShop) -> None:
    with pytest.raises(NotFound):
        link(shop)


def test_channels_that_differ_by_case_are_one(shop: WebShop) -> None:
    assert {"utm_source": "vk", "ref": "Anna7"} == attribution.normal(
        {"utm_source": " VK ", "ref": "Anna7", "utm_term": "", "other": "x"}
    )


@pytest.fixture
def picture(shop: WebShop) -> str:
    kit = starters()["stamp-cafe"]
    sample = designs.preview(kit.programme, kit.design, now=shop.clock.now())
    return shop.parts.pictures.url(sample.pictures["banner"], 375, 144).removeprefix("http://localhost")


def test_a_picture_is_kept_for_ever_by_whoever_fetches_it(shop: WebShop, picture: str) -> None:
    answer = shop.visitor().sees(picture)
    again = shop.visitor().sees(picture, **{"If-None-Match": answer.headers["ETag"]})

    assert (200, "image/png", b"\x89PNG") == (answer.status_code, answer.mimetype, answer.data[:4])
    assert "public, max-age=31536000, immutable" == answer.headers["Cache-Control"]
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert (304, b"") == (again.status_code, again.data)


def test_a_head_request_tells_the_size_of_a_picture(shop: WebShop, picture: str) -> None:
    size = len(shop.visitor().sees(picture).data)
    answer = shop.visitor().client.head(picture)

    assert (200, b"", str(size)) == (answer.status_code, answer.data, answer.headers["Content-Length"])


def test_only_a_picture_with_its_own_ending_is_served(shop: WebShop, picture: str) -> None:
    wrong = [
        picture.replace(".png", ".jpg"),
        "/media/" + "0" * 64 + ".png",
        "/media/x.png",
        "/media/..%2f.png",
    ]

    assert [404] * 4 == [shop.visitor().sees(path).status_code for path in wrong]


def test_the_front_door_lists_the_programmes(shop: WebShop) -> None:
    shop.open_programme()
    shop.open_programme("points-shop")

    page = shop.visitor(language="ru").sees("/").get_data(as_text=True)

    assert "/join/beans" in page and "/join/aster" in page and "Зерно и пар" in page
    assert "/sandbox" not in page


def test_an_empty_shop_says_what_will_be_here(shop: WebShop) -> None:
    assert "No programme yet" in shop.visitor().sees("/").get_data(as_text=True)


def test_the_sandbox_opens_with_a_guide(sqlite_database: Database, clock: Clock) -> None:
    shop = web_shop(sqlite_database, clock, sandbox=True)
    shop.open_programme()
    sign_ins = [{"role": "cashier", "login": "boris", "password": "demo-cashier"}]
    shop.app.config["TILLPASS_GUIDE"] = {"sign_ins": sign_ins, "api_key": "tp_demo"}

    page = shop.visitor().sees("/").get_data(as_text=True)

    for word in ("/till", "/studio", "/staff", "/sandbox", "/api/docs", "boris", "demo-cashier", "tp_demo"):
        assert word in page
