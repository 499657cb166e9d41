"""From the poster to the card: the enrolment page."""

import hashlib
import re
from typing import Any

from sqlalchemy import select

from app.domain.text import in_locale
from app.services.attribution import create_link
from app.storage.tables import Attribution, Card, Consent, MemberPii
from tests.support.web_app import WebShop

ANNA = {"given_name": "Anna", "phone": "+371 20 000 001", "consent__personal-data": "1"}


def rows(shop: WebShop, table: Any) -> list[Any]:
    with shop.parts.read() as session:
        return list(session.scalars(select(table)))


def text_of(answer: Any) -> str:
    return answer.get_data(as_text=True)


def test_a_customer_joins_and_lands_on_the_card(shop: WebShop) -> None:
    shop.open_programme()

    answer = shop.visitor().sends("/join/beans", **ANNA)

    card, pii = rows(shop, Card)[0], rows(shop, MemberPii)[0]
    assert (303, f"/c/{card.link}?lang=en&new=1") == (answer.status_code, answer.location)
    assert ("Anna", "+37120000001") == (pii.given_name, pii.phone)


def test_each_question_brings_the_right_keyboard(shop: WebShop) -> None:
    shop.open_programme()

    page = text_of(shop.visitor().sees("/join/beans"))

    phone, email = (re.search(rf"<input id=\"f-{name}\"[^>]*>", page) for name in ("phone", "email"))
    assert phone and 'type="tel"' in phone[0] and 'autocomplete="tel"' in phone[0] and "required" in phone[0]
    assert email and 'type="email"' in email[0] and 'autocomplete="email"' in email[0]


def test_no_permission_is_ticked_for_the_customer(shop: WebShop) -> None:
    shop.open_programme()

    assert " checked" not in text_of(shop.visitor().sees("/join/beans"))


def test_only_ticked_permissions_are_kept_with_the_hash_of_their_words(shop: WebShop) -> None:
    programme = shop.open_programme()

    shop.visitor(language="ru").sends("/join/beans", **ANNA)

    words = in_locale(programme.enrolment.consents[0].text, "ru")
    digest = hashlib.sha256(words.encode()).hexdigest()
    assert [("personal-data", True, digest, "join")] == [
        (each.purpose, each.granted, each.text_sha256, each.source) for each in rows(shop, Consent)
    ]


def test_words_that_changed_meanwhile_are_read_again(shop: WebShop) -> None:
    shop.open_programme()

    answer = shop.visitor().sends("/join/beans", **ANNA, **{"words-personal-data": "0" * 64})

    assert 422 == answer.status_code
    assert "These words have changed" in text_of(answer)
    assert [] == rows(shop, Card)


def test_joining_works_without_marketing_but_not_without_what_is_needed(shop: WebShop) -> None:
    shop.open_programme()

    answer = shop.visitor().sends(
        "/join/beans", given_name="Anna", phone="+37120000001", consent__marketing="1"
    )

    assert 422 == answer.status_code
    assert "Without this permission we cannot keep a card for you." in text_of(answer)
    assert [] == rows(shop, Card)


def test_faults_are_told_at_their_field_and_what_was_typed_stays(shop: WebShop) -> None:
    shop.open_programme()

    page = text_of(shop.visitor().sends("/join/beans", given_name="Anna <b>", phone="12", email="anna"))

    phone = re.search(r"<input id=\"f-phone\"[^>]*>", page)
    assert phone and 'aria-invalid="true"' in phone[0] and "e-phone" in phone[0] and "autofocus" in phone[0]
    assert 'value="Anna &lt;b&gt;"' in page
    assert "This is not a phone number." in page and "This is not an e-mail address." in page
    assert 1 == page.count(" autofocus")


def test_a_form_that_asks_for_either_says_that_one_is_needed(shop: WebShop) -> None:
    fields = [{"name": "phone"}, {"name": "email"}]
    shop.open_programme(enrolment={"fields": fields, "consents": []})

    page = text_of(shop.visitor().sends("/join/beans"))

    assert "Enter a phone number or an e-mail address" in page


def test_the_page_speaks_the_visitors_language(shop: WebShop) -> None:
    shop.open_programme()
    visitor = shop.visitor(language="ru-RU,ru;q=0.9,en;q=0.5")

    assert "Получить карту" in text_of(visitor.sees("/join/beans"))
    assert "Get the card" in text_of(visitor.sees("/join/beans?lang=en"))


def test_a_programme_in_one_language_is_not_half_translated(shop: WebShop) -> None:
    shop.open_programme(locales=["en"])

    page = text_of(shop.visitor(language="ru").sees("/join/beans?lang=ru"))

    assert '<html lang="en">' in page and "Get the card" in page


def test_the_channel_is_kept_through_the_form_without_a_cookie(shop: WebShop) -> None:
    shop.open_programme()
    page = "/join/beans?utm_source=Newsletter&utm_medium=email&ref=Boris7&l=abc"

    shop.visitor().sends(page, **ANNA)

    kept = rows(shop, Attribution)[0]
    assert ("newsletter", "email", "Boris7", "abc") == (
        kept.utm_source,
        kept.utm_medium,
        kept.ref,
        kept.link_code,
    )


def test_a_short_link_brings_its_channel_to_the_card(shop: WebShop) -> None:
    shop.open_programme()
    now = shop.clock.now()
    code = create_link(shop.parts.db, "beans", now=now, utm={"utm_source": "store-17", "utm_medium": "qr"})
    visitor = shop.visitor()

    visitor.sends(visitor.sees(f"/l/{code}").location, **ANNA)

    kept = rows(shop, Attribution)[0]
    assert ("store-17", "qr", code) == (kept.utm_source, kept.utm_medium, kept.link_code)


def test_somebody_elses_number_does_not_open_their_card(shop: WebShop) -> None:
    shop.open_programme()
    anna = shop.customer("beans", email="anna@example.com")
    charlie = shop.visitor()

    answer = charlie.sends("/join/beans", **{**ANNA, "given_name": "Charlie", "email": "charlie@example.com"})
    page = text_of(charlie.sees(answer.location))

    assert "/join/beans/known" == answer.location.partition("?")[0]
    assert anna.link not in page and anna.serial not in page
    assert ["anna@example.com"] == [to for to, *_ in shop.letters.sent]


def test_an_outsider_decides_nothing_for_a_member(shop: WebShop) -> None:
    shop.open_programme()
    shop.customer("beans")

    shop.visitor().sends("/join/beans", **ANNA, consent__marketing="1")

    assert [] == rows(shop, Consent)


def test_the_letter_leads_to_the_card_by_a_tracked_link(shop: WebShop) -> None:
    shop.open_programme()
    anna = shop.customer("beans", email="anna@example.com", locale="ru", given_name="Аня")
    visitor = shop.visitor()

    visitor.sends("/join/beans", **ANNA)

    _to, subject, text, html = shop.letters.sent[0]
    found = re.search(r"http://localhost(/l/\w+)", text)
    assert found and found[0] in html
    assert f"/c/{anna.link}" == visitor.sees(found[1]).location
    assert "Ваша карта «Зерно и пар»" == subject and "Здравствуйте, Аня!" in text


def test_no_more_than_three_letters_an_hour_go_to_one_person(shop: WebShop) -> None:
    shop.open_programme()
    shop.customer("beans", email="anna@example.com")

    for _ in range(5):
        shop.visitor().sends("/join/beans", **ANNA)

    assert 3 == len(shop.letters.sent)


def test_without_an_address_the_way_back_is_the_till(shop: WebShop) -> None:
    shop.open_programme()
    shop.customer("beans")
    visitor = shop.visitor()

    page = text_of(visitor.sees(visitor.sends("/join/beans", **ANNA).location))

    assert "Ask at the till" in page and "We have sent you the link" not in page


def test_sending_the_form_twice_shows_the_same_card(shop: WebShop) -> None:
    shop.open_programme()
    visitor = shop.visitor()

    first, second = (visitor.sends("/join/beans", **ANNA) for _ in range(2))

    assert first.location == second.location
    assert 1 == len(rows(shop, Card))


def test_keys_of_two_members_tell_no_more_than_one_does(shop: WebShop) -> None:
    shop.open_programme()
    shop.customer("beans")
    shop.customer("beans", phone="+37120000002", email="boris@example.com")

    answer = shop.visitor().sends("/join/beans", **ANNA, email="boris@example.com")

    assert "/join/beans/known" == answer.location.partition("?")[0]


def test_a_program_that_fills_the_trap_gets_no_card(shop: WebShop) -> None:
    shop.open_programme()

    assert 400 == shop.visitor().sends("/join/beans", **ANNA, second_name="bot").status_code
    assert [] == rows(shop, Card)


def test_a_form_of_another_site_gets_no_card(shop: WebShop) -> None:
    shop.open_programme()

    answer = shop.visitor().client.post("/join/beans", data=ANNA)

    assert 400 == answer.status_code and "open for too long" in text_of(answer)
    assert [] == rows(shop, Card)


def test_a_flood_of_forms_is_slowed_down(shop: WebShop) -> None:
    shop.open_programme()
    charlie = shop.visitor()

    statuses = [charlie.sends("/join/beans", given_name="x").status_code for _ in range(31)]

    assert [422, 429] == [statuses[0], statuses[-1]]


def test_an_unknown_programme_is_a_friendly_404(shop: WebShop) -> None:
    answer = shop.visitor().sees("/join/nowhere")

    assert 404 == answer.status_code and "There is nothing here" in text_of(answer)


def test_a_permission_may_hold_one_link_and_no_markup(shop: WebShop) -> None:
    text = "I accept [the <b>rules</b>](https://shop.example/rules) & agree"
    consents = [{"purpose": "personal-data", "text": text, "required": True}]
    shop.open_programme(enrolment={"consents": consents})

    page = text_of(shop.visitor().sees("/join/beans"))

    assert 'href="https://shop.example/rules"' in page
    assert "the &lt;b&gt;rules&lt;/b&gt;</a> &amp; agree" in page
