"""A design as Google's classes: one for cards without a status, and one for each tier, of each kind in use.

A class holds only what is the same for every card, so it is made from the face of a card that has nothing
yet; the rows on its front are chosen from the design's own fields, because a row names fields that a
particular card may not have.

Vendor page: developers.google.com/wallet/retail/loyalty-cards/template (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from app.domain.design import Design
from app.domain.faces import Holder, build_pass
from app.domain.google_look import Kind
from app.domain.ledger import Holdings
from app.domain.mechanics.base import State
from app.domain.passes import Pass
from app.domain.programme import Programme

from . import kinds
from .kinds.base import Issuing

Json = dict[str, Any]


def tiers_of(design: Design) -> tuple[str, ...]:
    """The keys of all statuses, `""` for cards without one first."""
    return ("", *(look.key for look in design.tiers))


def look_classes(
    programme: Programme, design: Design, issuing: Issuing, now: datetime, kind: Kind | None = None
) -> Iterator[Json]:
    """Every class that cards of this design and kind can belong to."""
    for tier in tiers_of(design):
        yield look_class(programme, design, tier, issuing, now, kind)


def look_class(
    programme: Programme,
    design: Design,
    tier: str,
    issuing: Issuing,
    now: datetime,
    kind: Kind | None = None,
) -> Json:
    """The class of this tier (`""`: cards without one), in every language of the programme; `kind` None: the
    one that the design says.
    """
    face = _empty_face(programme, design, tier, now)
    return kinds.class_body(
        face, design, issuing, kind or (design.google.kind if design.google else "loyalty")
    )


def announces(design: Design, kind: Kind) -> bool:
    """Whether phones may buzz for a new name or status of the look; Google allows it for loyalty cards."""
    return kind == "loyalty" and design.google is not None and design.google.announce == "everything"


def _empty_face(programme: Programme, design: Design, tier: str, now: datetime) -> Pass:
    return build_pass(programme, design, Holder("sample", "0", tier=tier), State(Holdings(), now, tier))
