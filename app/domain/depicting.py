"""What a card's pictures show: uploads, drawings where there are none, and what stands in for what."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.domain.design import SLOTS, Design, Slot
from app.domain.mechanics.base import Progress
from app.domain.passes import Artwork


def with_banner(design: Design, sha256: str) -> Design:
    """The design with this picture as the banner of every language."""
    local = {
        language: {slot: image for slot, image in images.items() if slot != "banner"}
        for language, images in design.local_images.items()
    }
    return design.model_copy(update={"images": {**design.images, "banner": sha256}, "local_images": local})


def pictures_of(
    design: Design, tier: str, name: str, progress: Progress | None, local: Mapping[Slot, str]
) -> dict[Slot, Artwork]:
    """The pictures of all languages, or (`local` given) those that one language replaces.

    `name` is the organisation's, whose first letters make a drawn mark.
    """
    palette = design.palette_for(tier)
    mark = _mark(name)
    wanted = set(local) or {*_always(design), *design.images}
    made = {}
    for slot in SLOTS:
        if slot in wanted:
            source = local.get(slot) or _source(design, slot)
            drawn = progress if slot == "banner" and design.progress == "auto" else None
            letters = mark if slot in _MARKS and not source else ""
            made[slot] = Artwork(slot, design.starter, palette, source, drawn, letters)
    return made


_MARKS: tuple[Slot, ...] = ("icon", "logo", "personalisation_logo")


def _always(design: Design) -> tuple[Slot, ...]:
    """Slots that are drawn where nobody uploaded a picture."""
    drawn: tuple[Slot, ...] = ("icon", "logo", "banner")
    look = design.apple
    if look is None:
        return drawn
    tall: tuple[Slot, ...] = (
        ("artwork",) if look.poster or "posterEventTicket" in look.preferred_style_schemes else ()
    )
    return (*drawn, *tall, *(("personalisation_logo",) if look.personalisation else ()))


def _source(design: Design, slot: Slot) -> str | None:
    """The uploaded picture of a slot, or one that may stand in for it."""
    stand_in: dict[Slot, Slot] = {"artwork": "banner", "personalisation_logo": "logo"}
    return design.images.get(slot) or (design.images.get(stand_in[slot]) if slot in stand_in else None)


def _mark(name: str) -> str:
    words = re.findall(r"\w+", name)
    return "".join(word[0] for word in words[:2]).upper() or "•"
