"""Looks that were made elsewhere, taken over as drafts: a wallet's file in our words, with its pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app.domain.design import Slot
from app.domain.errors import Invalid
from app.services import designs, images
from app.storage import queries


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of an import: `words` can be looked up in another language before they are filled."""

    words: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.words % self.values if self.values else self.words


@dataclass(frozen=True, slots=True)
class ImportedDesign:
    """A design as JSON values (without its pictures), the pictures by slot, and what could not come along.

    `local_pictures` are those of one language; `notes` are for the person who imports.
    """

    design: Mapping[str, Any]
    pictures: Mapping[Slot, bytes] = field(default_factory=dict)
    local_pictures: Mapping[str, Mapping[Slot, bytes]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


ImportDesign = Callable[[bytes], ImportedDesign]


@dataclass(frozen=True, slots=True)
class Kept:
    """The draft that was made, and what to look at in it."""

    design_id: int
    notes: tuple[Note, ...]


def keep(
    db: sessionmaker[Session], slug: str, imported: ImportedDesign, *, now: datetime, author: str = ""
) -> Kept:
    """Keep an imported look as a new draft of a programme; nobody sees it before it is published.

    A picture that cannot be read is left out with a note. Raises NotFound, and Invalid for a design that ours
    cannot hold.
    """
    with db() as session:
        queries.programme_row(session, slug)  # nothing is stored for a programme that there is not
    designs.parse(imported.design)
    notes = list(imported.notes)
    pictures = _stored(db, imported.pictures, "", notes, now)
    local = {
        locale: stored
        for locale, each in imported.local_pictures.items()
        if (stored := _stored(db, each, locale, notes, now))
    }
    whole = designs.parse({**imported.design, "images": pictures, "local_images": local})
    made = designs.draft(db, slug, whole, now=now, author=author, note="imported")
    return Kept(made, tuple(notes))


def _stored(
    db: sessionmaker[Session], pictures: Mapping[Slot, bytes], locale: str, notes: list[Note], now: datetime
) -> dict[str, str]:
    stored: dict[str, str] = {}
    for slot, data in pictures.items():
        try:
            stored[slot] = images.upload(db, data, now=now)
        except Invalid as fault:
            where = f"{slot} ({locale})" if locale else slot
            said = {"slot": where, "said": " ".join(fault.faults.values())}
            notes.append(Note("The picture %(slot)s was left out: %(said)s", said))
    return stored
