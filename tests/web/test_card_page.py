"""A customer's card as a web page."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import select

from app.services import cards
from app.services.enrolment import Enrolled
from app.services.preferences import granted
from app.storage.tables import Card, Member
from tests.support.web_app import ANDROID, DESKTOP, IPHONE, WebShop


@pytest.fixture
def anna(shop: WebShop) -> Enrolled:
    shop.open_programme()
    return shop.customer("beans")


def text_of(answer: Any) -> str:
    return answer.get_data(as_text=True)


def card_id(shop: WebShop, card: Enrolled) -> int:
    with shop.parts.read() as session:
        return session.scalars(select(Card.id).where(Card.serial == card.serial)).one()


def test_the_page_shows_balance_progress_and_statement(shop: WebShop, anna: Enrolled) -> None:
    shop.stamps(anna, 4)

    page = text_of(shop.visitor().sees(f"/c/{anna.link}"))

    assert "4 / 10" in page and "6 stamps to go" in page
    assert 'role="progressbar"' in page and 'aria-valuenow="4"' in page
    assert "+4 stamps" in page and "Mar 2, 2026 · Harbour street" in page


def test_times_and_numbers_follow_the_members_language(shop: WebShop) -> None:
    shop.open_programme("points-shop")
    anna = shop.customer("aster", locale="ru")
    shop.points(anna, 1234)

    page = text_of(shop.visitor(language="en").sees(f"/c/{anna.link}"))

    assert "+1\u00a0234\u00a0балла" in page and "2 мар. 2026" in page


def test_days_end_in_the_programmes_time_zone(shop: WebShop) -> None:
    shop.open_programme(time_zone="Asia/Tokyo")
    anna = shop.customer("beans")
    shop.clock.forward(hours=7)  # 16:00 in Greenwich, 01:00 of the next day in Tokyo
    shop.stamps(anna, 1)

    assert "Mar 3, 2026" in text_of(shop.visitor().sees(f"/c/{anna.link}"))


def test_a_full_card_says_that_a_reward_is_ready(shop: WebShop, anna: Enrolled) -> None:
    shop.stamps(anna, 12)

    page = text_of(shop.visitor().sees(f"/c/{anna.link}"))

    assert "Ready for you" in page and "+1 × a coffee of your choice" in page


@pytest.mark.parametrize(
    ("agent", "expected"),
    [(IPHONE, ["card.pkpass"]), (ANDROID, ["google", "card.pkpass"]), (DESKTOP, ["card.pkpass", "google"])],
    ids=["iphone", "android", "desktop"],
)
def test_the_buttons_fit_the_device(shop: WebShop, anna: Enrolled, agent: str, expected: list[str]) -> None:
    page = text_of(shop.visitor(agent=agent).sees(f"/c/{anna.link}"))

    assert expected == re.findall(rf"/c/{anna.link}/(google|card\.pkpass)", page)
    assert (agent is DESKTOP) == ("camera at this code" in page)


def test_a_wallet_that_is_not_set_up_is_not_offered(shop: WebShop, anna: Enrolled) -> None:
    parts = shop.app.extensions["tillpass"]
    parts.wallets.pop("google")

    assert "Google Wallet" not in text_of(shop.visitor().sees(f"/c/{anna.link}"))
    assert 404 == shop.visitor().sees(f"/c/{anna.link}/google").status_code


def test_a_card_that_a_phone_holds_is_said_to_be_there(shop: WebShop, anna: Enrolled) -> None:
    shop.apple.hold(card_id(shop, anna))

    assert "Added to Apple Wallet" in text_of(shop.visitor(agent=IPHONE).sees(f"/c/{anna.link}"))


def test_the_browser_inside_another_app_is_pointed_out(shop: WebShop, anna: Enrolled) -> None:
    page = text_of(shop.visitor(agent=IPHONE + " Instagram 300.0").sees(f"/c/{anna.link}"))

    assert "Open this page in your browser" in page


def test_the_address_of_a_card_goes_nowhere_else(shop: WebShop, anna: Enrolled) -> None:
    headers = shop.visitor().sees(f"/c/{anna.link}").headers

    assert "no-referrer" == headers["Referrer-Policy"]
    assert "noindex" in headers["X-Robots-Tag"]
    assert "private" in headers["Cache-Control"]


def test_unknown_void_and_erased_cards_are_the_same_page(shop: WebShop, anna: Enrolled) -> None:
    boris = shop.customer("beans", phone="+37120000002")
    cards.change(shop.parts.db, anna.serial, now=shop.clock.now(), status="void")
    with shop.parts.db.begin() as session:
        member = session.scalars(select(Member).join(Card).where(Card.serial == boris.serial)).one()
        member.erased_at = shop.clock.now()

    answers = [shop.visitor().sees(f"/c/{link}") for link in (anna.link, boris.link, "nobody-has-this")]
    pages = {re.sub(r"/c/[\w-]+|nonce=\S+", "", text_of(each)) for each in answers}

    assert [404, 404, 404] == [each.status_code for each in answers]
    assert 1 == len(pages)


def test_a_blocked_card_says_so_and_keeps_its_balance(shop: WebShop, anna: Enrolled) -> None:
    shop.stamps(anna, 4)
    cards.change(shop.parts.db, anna.serial, now=shop.clock.now(), status="blocked")

    page = text_of(shop.visitor().sees(f"/c/{anna.link}"))

    assert "This card is blocked" in page and "4 / 10" in page


def test_an_open_page_hears_of_a_scan(shop: WebShop, anna: Enrolled) -> None:
    visitor = shop.visitor()
    before = visitor.sees(f"/c/{anna.link}/state").headers["ETag"]
    unchanged = visitor.sees(f"/c/{anna.link}/state", **{"If-None-Match": before})

    shop.stamps(anna, 4)
    after = visitor.sees(f"/c/{anna.link}/state", **{"If-None-Match": before})

    assert (304, b"") == (unchanged.status_code, unchanged.data)
    assert 200 == after.status_code and "4 / 10" in text_of(after) and "<html" not in text_of(after)


def test_the_page_and_its_state_have_the_same_tag(shop: WebShop, anna: Enrolled) -> None:
    visitor = shop.visitor()
    page = text_of(visitor.sees(f"/c/{anna.link}"))
    tag = re.search(r'data-tag="([^"]+)"', page)

    assert tag
    answer = visitor.sees(f"/c/{anna.link}/state", **{"If-None-Match": f'"{tag[1]}"'})
    assert 304 == answer.status_code


def test_the_pass_comes_as_a_file_for_the_wallet(shop: WebShop, anna: Enrolled) -> None:
    answer = shop.visitor().sees(f"/c/{anna.link}/card.pkpass")

    assert "application/vnd.apple.pkpass" == answer.headers["Content-Type"]
    assert 'attachment; filename="beans.pkpass"' == answer.headers["Content-Disposition"]
    assert "Mon, 02 Mar 2026 09:00:00 GMT" == answer.headers["Last-Modified"]
    assert "private, no-store" == answer.headers["Cache-Control"]


def test_a_head_request_for_the_pass_has_no_body(shop: WebShop, anna: Enrolled) -> None:
    answer = shop.visitor().client.head(f"/c/{anna.link}/card.pkpass")

    assert (200, b"") == (answer.status_code, answer.data)


def test_google_is_a_redirect_and_a_friendly_page_when_it_is_down(shop: WebShop, anna: Enrolled) -> None:
    visitor = shop.visitor(agent=ANDROID)
    works = visitor.sees(f"/c/{anna.link}/google")
    shop.google.fail_next()
    fails = visitor.sees(f"/c/{anna.link}/google")

    assert 302 == works.status_code and works.location.startswith("https://wallet.example/save/")
    assert 503 == fails.status_code and "Google Wallet does not answer" in text_of(fails)


def test_a_signer_that_fails_is_a_friendly_page(shop: WebShop, anna: Enrolled) -> None:
    shop.apple.fail_next()

    answer = shop.visitor(agent=IPHONE).sees(f"/c/{anna.link}/card.pkpass")

    assert 503 == answer.status_code and "Apple Wallet has to wait" in text_of(answer)


def test_the_page_can_be_installed(shop: WebShop, anna: Enrolled) -> None:
    answer = shop.visitor().sees(f"/c/{anna.link}/card.webmanifest")
    manifest = json.loads(answer.data)

    assert "application/manifest+json" == answer.mimetype
    assert f"/c/{anna.link}" == manifest["start_url"] and "standalone" == manifest["display"]
    assert 200 == shop.visitor().sees(manifest["icons"][0]["src"]).status_code


def test_a_customer_takes_a_permission_back_and_gives_it_again(shop: WebShop, anna: Enrolled) -> None:
    visitor, page, to = shop.visitor(), f"/c/{anna.link}", f"/c/{anna.link}/preferences"

    def allowed() -> frozenset[str]:
        with shop.parts.read() as session:
            return granted(session, session.scalars(select(Card.member_id)).one())

    visitor.sends(page, to, **{"consent-marketing": "1"})
    given = allowed()
    visitor.sends(page, to)

    assert [{"marketing"}, set()] == [set(given), set(allowed())]


def test_what_the_card_needs_cannot_be_slipped_into_the_preferences(shop: WebShop, anna: Enrolled) -> None:
    to = f"/c/{anna.link}/preferences"

    shop.visitor().sends(f"/c/{anna.link}", to, **{"consent-personal-data": "1", "consent-spam": "1"})

    with shop.parts.read() as session:
        assert frozenset() == granted(session, session.scalars(select(Card.member_id)).one())


def test_the_vendors_own_button_takes_the_place_of_ours(shop: WebShop, anna: Enrolled, tmp_path: Any) -> None:
    (tmp_path / "badges").mkdir()
    (tmp_path / "badges" / "apple-en.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    shop.app.static_folder = str(tmp_path)

    page = text_of(shop.visitor(agent=IPHONE).sees(f"/c/{anna.link}"))

    assert "badges/apple-en.svg" in page and 'alt="Add to Apple Wallet"' in page
