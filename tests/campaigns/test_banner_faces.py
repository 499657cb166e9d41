"""A banner that stands in for a while, on the faces of all wallets, and what it costs where there is none."""

from typing import Any

import pytest
from sqlalchemy import event

from app.domain.design import Design, Palette
from app.domain.faces import Holder, build_pass
from app.domain.ledger import Holdings
from app.domain.mechanics.base import State
from app.domain.passes import Artwork, Pass, face_hash
from app.domain.programme import Programme
from app.storage.tables import Banner, ProgrammeRow, SegmentRow
from app.wallets.apple.pictures import pictures_of
from app.wallets.google.kinds.base import Issuing
from app.wallets.google.objects import card_object
from tests.campaigns.world import customers
from tests.support.api_shop import Shop
from tests.support.clock import START
from tests.support.google_server import ISSUER

OWN, RUSSIAN, NEW = "aa" * 32, "bb" * 32, "cc" * 32
CAFE = Programme(slug="cafe", name="Cafe", locales=("en", "ru"), rules=({"kind": "points", "percent": 10},))
LOOK = Design(
    palette=Palette(background="#112233", foreground="#ffffff", label="#eeeeee", accent="#ff8800"),
    organisation={"en": "Cafe"},
    programme_name={"en": "Coffee"},
    images={"banner": OWN},
    local_images={"ru": {"banner": RUSSIAN}},
    google={"own_hero": {"slot": "logo"}},
)


def card(banner: str = "") -> Pass:
    holder = Holder("anna", "123456789012")
    return build_pass(CAFE, LOOK, holder, State(Holdings(), START), banner=banner)


def url_of(art: Artwork) -> str:
    return f"https://cafe.example/{art.slot}-{(art.source or 'drawn')[:2]}.png"


ISSUING = Issuing(ISSUER, url_of, "https://cafe.example/google/callback")


def hero(face: Pass) -> Any:
    return card_object(face, ISSUING)["heroImage"]["sourceUri"]["uri"]


def test_google_shows_it_on_the_card_before_any_picture_of_the_look() -> None:
    own, new = hero(card()), hero(card(NEW))

    assert "https://cafe.example/banner-cc.png" == new
    assert own != new


def test_apples_strip_is_it_in_every_language() -> None:
    def strips(face: Pass) -> set[str | None]:
        return {each.art.source for each in pictures_of(face) if each.art.slot == "banner"}

    assert ({OWN, RUSSIAN}, {NEW}) == (strips(card()), strips(card(NEW)))


def test_the_face_is_another_with_it_and_the_same_again_without() -> None:
    assert face_hash(card(NEW)) != face_hash(card()) == face_hash(card(""))
    assert face_hash(card(NEW)) != face_hash(card("dd" * 32))


@pytest.mark.parametrize(("decked", "expected"), [(False, 0), (True, 2)])
def test_a_purchase_asks_for_banners_only_while_there_may_be_some(
    shop: Shop, decked: bool, expected: int
) -> None:
    (serial,) = customers(shop, 1)
    if decked:
        _deck(shop)
    asked: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = shop.database.engine
    event.listen(engine, "before_cursor_execute", note)
    answer = shop.owner.post(f"/cards/{serial}/purchases", {"amount_minor": 1000, "currency": "EUR"}, key="p")
    event.remove(engine, "before_cursor_execute", note)

    assert 201 == answer.status_code
    assert expected == sum("FROM banners" in each or "FROM card_banners" in each for each in asked)


def _deck(shop: Shop) -> None:
    times = {"created_at": START, "changed_at": START}
    with shop.deps.db.begin() as session:
        session.get_one(ProgrammeRow, 1).banners_until = START.replace(month=12)
        session.add(SegmentRow(id=1, programme_id=1, key="k", name="n", rule={}, **times))
        session.flush()
        row = Banner(programme_id=1, image_sha256=NEW, segment_id=1, starts_at=START, created_at=START)
        session.add(row)
