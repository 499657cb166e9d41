"""Each of Apple's styles from the design to the phone: published, drawn, signed, fetched and read."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from PIL import Image

from app.domain.errors import Invalid
from app.sandbox.bundle import read_bundle
from app.services import designs, images
from app.wallets.apple.validate import verify
from tests.apple.test_webservice_pass import wwdr_print
from tests.support.service import PLAIN, Service

DEVELOPMENT = {"wwdr-development", "team-form", "web-service-local"}
"""What every pass of the stand-ins is told."""
EXPECTED = {
    "storeCard": {"icon", "logo", "strip"},
    "coupon": {"icon", "logo", "strip"},
    "generic": {"icon", "logo", "thumbnail"},
    "eventTicket": {"icon", "logo", "thumbnail", "background"},
    "boardingPass": {"icon", "logo", "footer"},
}


def photo(width: int, height: int, colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def publishes(service: Service, **changes: Any) -> None:
    """Marta gives the programme another look."""
    deps, slug = service.parts.deps, service.shop.slug
    design = designs.parse({**PLAIN.model_dump(mode="json"), **changes})
    draft = designs.draft(deps.db, slug, design, now=deps.now())
    designs.publish(deps.db, slug, draft, now=deps.now())


def uploaded(service: Service, *slots: str, colour: str = "#803020") -> dict[str, str]:
    deps = service.parts.deps
    sha256 = images.upload(deps.db, photo(700, 900, colour), now=deps.now())
    return dict.fromkeys(slots, sha256)


def served(service: Service, **changes: Any) -> tuple[bytes, set[str]]:
    """The pass of a new card with this look, and its faults but for those of development."""
    serial = service.customer("Anna")
    publishes(service, **changes)
    data = service.phone().fetches(serial).data
    return data, {f.code for f in verify(data, trusted=wwdr_print())} - DEVELOPMENT


def pictures(data: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
    return {name.partition("@")[0].removesuffix(".png") for name in names}


@pytest.mark.parametrize("style", sorted(EXPECTED))
def test_a_published_style_reaches_the_phone_without_a_fault(sqlite_service: Service, style: str):
    look = {"transit_type": "bus"} if style == "boardingPass" else None
    own = uploaded(sqlite_service, "thumbnail", "background", "footer")
    data, faults = served(sqlite_service, style=style, images=own, apple=look)

    assert set() == faults
    assert EXPECTED[style] == pictures(data)
    assert style == read_bundle(data, plain_http=True).style


def test_a_poster_is_drawn_where_nobody_uploaded_one(sqlite_service: Service):
    data, faults = served(sqlite_service, apple={"poster": {}})

    assert set() == faults
    assert "artwork" in pictures(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert (1074, 1344) == Image.open(archive.open("artwork@3x.png")).size


def test_a_banner_of_one_language_is_in_all_of_them(sqlite_service: Service):
    local = {"ru": uploaded(sqlite_service, "banner")}
    data, faults = served(sqlite_service, local_images=local)

    assert set() == faults
    assert {"icon", "logo", "en.lproj/strip", "ru.lproj/strip"} == pictures(data)


def test_a_design_with_a_picture_of_a_language_that_nobody_uploaded_is_refused(sqlite_service: Service):
    sqlite_service.customer("Anna")
    with pytest.raises(Invalid) as refused:
        publishes(sqlite_service, local_images={"ru": {"banner": "a" * 64}})

    assert "/local_images/ru/banner" in refused.value.faults


def test_a_design_that_apple_would_refuse_does_not_go_out(sqlite_service: Service):
    sqlite_service.customer("Anna")
    with pytest.raises(Invalid) as refused:
        publishes(sqlite_service, style="boardingPass")

    assert "transit type" in str(refused.value.faults)
