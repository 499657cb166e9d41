"""Staff sign in, stay for twelve hours, and see what is theirs."""

import pytest
from flask import Blueprint, g
from hypothesis import given
from hypothesis import strategies as st

from app.audience import audience
from app.storage.tables import Staff
from app.web.auth import local_path, require_programme, staff_only, staff_programmes
from tests.support.web_app import Visitor, WebShop

PASSWORD = "open sesame"


@pytest.fixture
def rooms(own_shop: WebShop) -> WebShop:
    """The shop with one page for each role."""
    bp = Blueprint("rooms", __name__)

    @bp.get("/room/till")
    @audience("cashier")
    @staff_only("cashier", "marketer")
    def till() -> str:
        return f"till of {g.staff.name}, programmes {staff_programmes(g.staff)}"

    @bp.get("/room/studio")
    @audience("marketer")
    @staff_only("marketer")
    def studio() -> str:
        return "studio"

    @bp.get("/room/staff")
    @audience("owner")
    @staff_only("owner")
    def staff() -> str:
        return "staff"

    @bp.get("/room/programme/<int:programme_id>")
    @audience("cashier")
    @staff_only("cashier")
    def programme(programme_id: int) -> str:
        require_programme(g.staff, programme_id)
        return "programme"

    own_shop.app.register_blueprint(bp)
    for login, role in (("boris", "cashier"), ("marta", "marketer"), ("olga", "owner")):
        own_shop.staff(login, role)
    return own_shop


def signed_in(shop: WebShop, login: str) -> Visitor:
    visitor = shop.visitor()
    answer = visitor.sends("/sign-in", login=login, password=PASSWORD)
    assert 303 == answer.status_code
    return visitor


@pytest.mark.parametrize(
    ("login", "expected"),
    [("boris", [200, 403, 403]), ("marta", [200, 200, 403]), ("olga", [200, 200, 200])],
)
def test_each_role_sees_its_rooms(rooms: WebShop, login: str, expected: list[int]) -> None:
    visitor = signed_in(rooms, login)

    assert expected == [visitor.sees(f"/room/{name}").status_code for name in ("till", "studio", "staff")]


@pytest.mark.parametrize(("login", "page"), [("boris", "/till"), ("marta", "/studio"), ("olga", "/staff")])
def test_everybody_starts_in_their_own_room(rooms: WebShop, login: str, page: str) -> None:
    assert page == rooms.visitor().sends("/sign-in", login=login, password=PASSWORD).location


def test_a_page_asks_to_sign_in_and_comes_back(rooms: WebShop) -> None:
    visitor = rooms.visitor()

    asked = visitor.sees("/room/till?day=1")
    back = visitor.sends(asked.location, to="/sign-in", login="boris", password=PASSWORD)

    assert "/sign-in?next=/room/till?day%3D1" == asked.location
    assert "/room/till?day=1" == back.location


def test_a_script_is_told_401_and_not_sent_to_a_form(rooms: WebShop) -> None:
    by_script = rooms.visitor().sees("/room/till", Accept="application/json")

    assert 401 == by_script.status_code


def test_wrong_and_unknown_get_the_same_answer(rooms: WebShop) -> None:
    def answer(login: str) -> tuple[int, str]:
        page = rooms.visitor().sends("/sign-in", login=login, password="wrong")
        text = page.get_data(as_text=True)
        return page.status_code, text[text.index("<main") :].replace(login, "").partition('name="csrf')[0]

    assert answer("boris") == answer("nobody")
    assert 401 == answer("boris")[0]


def test_a_session_ends_after_twelve_hours(rooms: WebShop) -> None:
    visitor = signed_in(rooms, "boris")
    rooms.clock.forward(hours=11, minutes=59)
    before = visitor.sees("/room/till").status_code
    rooms.clock.forward(minutes=2)

    assert (200, 302) == (before, visitor.sees("/room/till").status_code)


def test_signing_out_ends_the_session(rooms: WebShop) -> None:
    rooms.open_programme()
    visitor = signed_in(rooms, "boris")

    visitor.sends("/join/beans", to="/sign-out")  # any form of the session holds its token

    assert 302 == visitor.sees("/room/till").status_code


def test_another_site_cannot_sign_a_person_out(rooms: WebShop) -> None:
    visitor = signed_in(rooms, "boris")

    assert 400 == visitor.client.post("/sign-out").status_code
    assert 200 == visitor.sees("/room/till").status_code


def test_a_disabled_or_signed_out_everywhere_person_is_out_at_once(rooms: WebShop) -> None:
    boris, marta = signed_in(rooms, "boris"), signed_in(rooms, "marta")
    with rooms.parts.db.begin() as session:
        people = {row.login: row for row in session.query(Staff)}
        people["boris"].disabled_at = rooms.clock.now()
        people["marta"].session_epoch += 1

    assert [302, 302] == [each.sees("/room/till").status_code for each in (boris, marta)]


def test_what_was_in_the_session_before_does_not_survive_the_sign_in(rooms: WebShop) -> None:
    visitor = rooms.visitor()
    visitor.sees("/sign-in")
    with visitor.client.session_transaction() as session:
        session["planted"] = "by Charlie"
        before = session["csrf_token"]

    visitor.sends("/sign-in", login="boris", password=PASSWORD)

    with visitor.client.session_transaction() as session:
        assert "planted" not in session
        assert before != session.get("csrf_token")


def test_guessing_is_slowed_down_for_one_name(rooms: WebShop) -> None:
    charlie = rooms.visitor()

    tries = [charlie.sends("/sign-in", login="boris", password=f"try {n}").status_code for n in range(9)]

    assert [401] * 8 + [429] == tries
    assert 303 == rooms.visitor().sends("/sign-in", login="marta", password=PASSWORD).status_code


def test_a_cashier_of_one_programme_does_not_learn_of_others(rooms: WebShop) -> None:
    rooms.open_programme()
    rooms.open_programme("points-shop")
    rooms.staff("lena", "cashier", programme="beans")
    visitor = signed_in(rooms, "lena")

    assert [200, 404] == [visitor.sees(f"/room/programme/{number}").status_code for number in (1, 2)]
    assert "programmes [1]" in visitor.sees("/room/till").get_data(as_text=True)


ELSEWHERE = (
    *("https://evil.example/", "//evil.example", "///evil.example", "https:/evil.example"),
    *("/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example"),
    *("javascript:alert(1)", "evil", ""),
)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_sign_in_sends_nobody_to_another_site(address: str) -> None:
    assert "" == local_path(address)


@given(st.text())
def test_whatever_is_given_the_way_on_is_a_path_here(address: str) -> None:
    found = local_path(address)

    assert "" == found or (found == address and found[0] == "/" and found[1:2] not in ("/", "\\"))
