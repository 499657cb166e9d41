"""Programmes and looks are changed, published, restored; pictures are let in with care."""

import io

from PIL import Image

from app.services.rollouts import latest
from app.storage.queries import programme_row
from tests.support.api_shop import CAFE, Shop


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20)) -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", size, "#204060").save(made, kind)
    made.seek(0)
    return made


def test_a_programme_is_changed_key_by_key(shop: Shop) -> None:
    changed = shop.owner.patch(
        "/programmes/cafe", {"name": "Кофе", "rules": [{"kind": "points", "percent": 5}]}
    )

    assert (200, 2, "Кофе") == (
        changed.status_code,
        changed.get_json()["revision"],
        changed.get_json()["name"],
    )
    assert ["en", "ru"] == changed.get_json()["locales"]
    assert 2 == shop.owner.patch("/programmes/cafe", {}).get_json()["revision"]
    with shop.database.read() as session:
        assert latest(session, programme_row(session, "cafe").id) is not None


def test_a_programme_is_started_once_and_keeps_its_slug(shop: Shop) -> None:
    assert 409 == shop.owner.post("/programmes", CAFE).status_code
    assert 409 == shop.owner.patch("/programmes/cafe", {"slug": "tea"}).status_code
    assert 422 == shop.owner.patch("/programmes/cafe", {"name": None, "colour": 1}).status_code


def test_what_is_read_can_be_sent_again(shop: Shop) -> None:
    read = shop.owner.get("/programmes/cafe").get_json()
    assert 10 == read["rules"][0]["percent"]
    again = {key: read[key] for key in (*CAFE, "enrolment", "texts")}

    assert 201 == shop.owner.post("/programmes", {**again, "slug": "second"}).status_code


def test_a_draft_is_published_and_undone(shop: Shop) -> None:
    path = "/programmes/cafe/designs"
    first = shop.owner.get("/programmes/cafe").get_json()["design"]
    look = shop.owner.get(f"{path}/{first}").get_json()["design"]
    look["palette"]["background"] = "#202020"

    draft = shop.owner.post(f"{path}?note=dark", look).get_json()
    assert (False, "dark") == (draft["current"], draft["note"])
    published = shop.owner.post(f"{path}/{draft['id']}/publish").get_json()
    assert (True, draft["id"]) == (published["design"]["current"], published["design"]["id"])
    assert 409 == shop.owner.post(f"{path}/{draft['id']}/publish").status_code

    back = shop.owner.post(f"{path}/{first}/restore").get_json()["design"]
    assert "restored from version 1" == back["note"]
    assert [3, 2, 1] == [each["version"] for each in shop.owner.get(path).get_json()["items"]]


def test_a_design_with_faults_is_not_published(shop: Shop) -> None:
    path = "/programmes/cafe/designs"
    look = shop.owner.get(f"{path}/{shop.owner.get('/programmes/cafe').get_json()['design']}").get_json()[
        "design"
    ]
    look["palette"]["foreground"] = look["palette"]["background"]
    look["images"] = {"logo": "0" * 64}

    draft = shop.owner.post(path, look).get_json()["id"]
    refused = shop.owner.post(f"{path}/{draft}/publish")

    assert 422 == refused.status_code
    told = {fault["pointer"]: fault["detail"] for fault in refused.get_json()["errors"]}
    assert "there is no such picture; upload it first" == told["/images/logo"]
    assert any("hard to read" in words for words in told.values())


def test_a_new_banner_is_on_the_published_look_at_once(shop: Shop) -> None:
    put = shop.owner.call("PUT", "/programmes/cafe/banner", data={"image": (picture(), "b.png")})

    assert (200, "new banner") == (put.status_code, put.get_json()["design"]["note"])
    design = put.get_json()["design"]["id"]
    look = shop.owner.get(f"/programmes/cafe/designs/{design}").get_json()["design"]
    assert 64 == len(look["images"]["banner"])
    assert put.get_json()["rollout"] > 0


def test_a_picture_for_a_design_is_uploaded_first(shop: Shop) -> None:
    for kind, ending in (("PNG", ".jpg"), ("WEBP", ".jpg")):
        made = shop.owner.post("/images", data={"image": (picture(kind), "any.name")})
        assert 201 == made.status_code
        assert made.get_json()["url"].endswith(made.get_json()["sha256"] + ending)


def test_what_is_no_picture_is_refused(shop: Shop) -> None:
    for data, status in (
        ({"image": (io.BytesIO(b"<svg/>"), "a.svg")}, 422),
        ({"image": (io.BytesIO(b""), "a.png")}, 422),
        ({"image": (io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"0" * 8_000_001), "a.png")}, 413),
        ({"image": (io.BytesIO(b"0" * 9_000_000), "a.png")}, 413),
        ({"other": (picture(), "a.png")}, 422),
        ({"image": (picture(), "a.png"), "segment": "gold"}, 422),
    ):
        assert status == shop.owner.call("PUT", "/programmes/cafe/banner", data=data).status_code
    assert 415 == shop.owner.call("PUT", "/programmes/cafe/banner", {"image": "x"}).status_code
    assert 1 == len(shop.owner.get("/programmes/cafe/designs").get_json()["items"])
