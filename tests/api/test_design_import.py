"""A look made elsewhere comes in as a draft: for those who may write designs, and nobody else."""

from __future__ import annotations

import dataclasses
import io

import pytest

from app.wallets.apple.importing import import_design
from tests.support.api_shop import Shop
from tests.support.apple_faults import good
from tests.support.apple_passes import card, dumps, rezip

PATH = "/programmes/cafe/designs/import"


@pytest.fixture
def importer(shop: Shop) -> Shop:
    shop.app.extensions["tillpass"] = dataclasses.replace(shop.deps, import_design=import_design)
    return shop


def sends(shop: Shop, data: bytes, part: str = "pass"):
    return shop.owner.post(PATH, data={part: (io.BytesIO(data), "a.pkpass")})


def test_a_pass_becomes_a_draft_that_can_be_published(importer: Shop) -> None:
    made = sends(importer, good())
    design = made.get_json()["design"]

    assert (201, False) == (made.status_code, design["current"])
    assert "#143c32" == design["design"]["palette"]["background"]
    assert {"icon", "logo", "banner"} == set(design["design"]["images"])
    assert any("own number" in note for note in made.get_json()["notes"])
    assert 200 == importer.owner.post(f"/programmes/cafe/designs/{design['id']}/publish").status_code


def test_a_zipped_template_becomes_a_draft_too(importer: Shop) -> None:
    template = rezip({"A.pkpasstemplate/pass.json": dumps(card()), "A.pkpasstemplate/tooling.json": b"{}"})

    assert 201 == sends(importer, template).status_code


@pytest.mark.parametrize(
    ("data", "part", "status"),
    [(b"noise", "pass", 422), (b"", "pass", 422), (b"x", "image", 422), (b"0" * 9_000_000, "pass", 413)],
)
def test_what_is_no_pass_is_refused_and_nothing_is_kept(
    importer: Shop, data: bytes, part: str, status: int
) -> None:
    before = len(importer.owner.get("/programmes/cafe/designs").get_json()["items"])

    assert status == sends(importer, data, part).status_code
    assert before == len(importer.owner.get("/programmes/cafe/designs").get_json()["items"])


def test_a_program_without_that_right_and_an_unknown_programme_are_refused(importer: Shop) -> None:
    assert 404 == importer.owner.post(PATH.replace("cafe", "none"), data={}).status_code
    form = {"pass": (io.BytesIO(good()), "a.pkpass")}
    assert 403 == importer.program("till").post(PATH, data=form).status_code
