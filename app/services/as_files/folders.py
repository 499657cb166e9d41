"""The files themselves: written for a programme; read from a folder, with every fault named."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.domain.design import Design
from app.domain.errors import Invalid, Refused
from app.domain.programme import Programme
from app.rendering.images import Admitted, admit, readmit
from app.services import designs, images, programmes, rulebook
from app.services.inputs import BrokenJson, read_json
from app.storage import queries
from app.storage.tables import ProgrammeRow

PROGRAMME, DESIGN, IMAGES = "programme.json", "design.json", "images"
LARGEST_PICTURE = 32_000_000
LARGEST_TEXT = 2_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"\w[\w .()-]{0,120}")
Files = Mapping[str, bytes]
"""Contents by path, with `/`, within the folder of all programmes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: the file, the JSON pointer in it, and words."""

    file: str
    pointer: str
    words: str

    def __str__(self) -> str:
        return f"{self.file}{f' {self.pointer}' if self.pointer else ''}: {self.words}"


class Faulty(Refused):
    """The files cannot be used as they are."""

    code = "invalid"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Wanted:
    """A programme as its files want it. `pictures` holds, by SHA-256, those that its look names and that
    lie in the folder; no design: the look stays as it is.
    """

    programme: Programme
    design: Design | None
    pictures: Mapping[str, Admitted] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """Its name, and that of its folder."""
        return self.programme.slug


def said(value: BaseModel) -> dict[str, Any]:
    """A programme or a design as its file says it."""
    return value.model_dump(mode="json", by_alias=True)


def named_pictures(design: Design) -> Iterator[tuple[str, str]]:
    """JSON pointer and SHA-256 of each picture of a look."""
    for slot, sha256 in design.images.items():
        yield f"/images/{slot}", sha256
    for locale, found in design.local_images.items():
        for slot, sha256 in found.items():
            yield f"/local_images/{locale}/{slot}", sha256


def current(session: Session, row: ProgrammeRow, now: datetime) -> Programme:
    """The programme with the rules that count now."""
    return rulebook.programme_of(row, rulebook.read(session, row, now).current)


def written(session: Session, row: ProgrammeRow, now: datetime) -> dict[str, bytes]:
    """The files of a programme; the same programme is always the same bytes."""
    look = queries.design_of(queries.design_row(session, row))
    files = {
        f"{row.slug}/{PROGRAMME}": _json(said(current(session, row, now))),
        f"{row.slug}/{DESIGN}": _json(said(look)),
    }
    for sha256 in sorted({sha256 for _, sha256 in named_pictures(look)}):
        picture = images.read(session, sha256)
        extension = images.EXTENSIONS[picture.media_type]
        files[f"{row.slug}/{IMAGES}/{sha256}.{extension}"] = picture.body
    return files


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def read(files: Files) -> tuple[Wanted, ...]:
    """The programmes that the files describe, by slug; raises Faulty with every fault of all of them."""
    faults: list[Fault] = []
    names = sorted({path.split("/")[0] for path in files if path.endswith((f"/{PROGRAMME}", f"/{DESIGN}"))})
    if not names:
        faults.append(Fault(".", "", f"holds no programme: there is no folder with a {PROGRAMME}"))
    found = [_Folder(name, files, faults).wanted() for name in names]
    if faults:
        raise Faulty(faults)
    return tuple(each for each in found if each)


class _Folder:
    """One programme's folder; what is wrong goes to `faults`."""

    def __init__(self, name: str, files: Files, faults: list[Fault]) -> None:
        self._name, self._faults = name, faults
        self._files = {
            path.removeprefix(f"{name}/"): data for path, data in files.items() if path.startswith(f"{name}/")
        }
        self._pictures: dict[str, Admitted] = {}

    def wanted(self) -> Wanted | None:
        programme, design = self._programme(), self._design()
        return Wanted(programme, design, self._pictures) if programme else None

    def _fault(self, file: str, pointer: str, words: str) -> None:
        self._faults.append(Fault(f"{self._name}/{file}", pointer, words))

    def _programme(self) -> Programme | None:
        if PROGRAMME not in self._files:
            self._fault(PROGRAMME, "", "is missing")
            return None
        raw = self._object(PROGRAMME)
        if raw is None:
            return None
        try:
            programme = programmes.parse(raw)
        except Invalid as refused:
            self._refused(PROGRAMME, refused)
            return None
        if programme.slug != self._name:
            self._fault(
                PROGRAMME, "/slug", f"must be the folder's name, '{self._name}': a slug never changes"
            )
            return None
        return programme

    def _design(self) -> Design | None:
        raw = self._object(DESIGN) if DESIGN in self._files else None
        if raw is None:
            return None
        raw["images"] = self._slots(raw.get("images", {}), "/images")
        local = raw.get("local_images", {})
        if isinstance(local, dict):
            raw["local_images"] = {k: self._slots(v, f"/local_images/{k}") for k, v in local.items()}
        try:
            return designs.parse(raw)
        except Invalid as refused:
            self._refused(DESIGN, refused)
            return None

    def _refused(self, file: str, refused: Invalid) -> None:
        for pointer, words in refused.faults.items():
            self._fault(file, pointer, words)

    def _object(self, file: str) -> dict[str, Any] | None:
        data = self._files[file]
        if len(data) > LARGEST_TEXT:
            self._fault(file, "", f"is larger than {LARGEST_TEXT:,} bytes")
            return None
        try:
            raw = read_json(data.removeprefix(b"\xef\xbb\xbf"))
        except BrokenJson as broken:
            self._fault(file, "", f"is not JSON: {broken}")
            return None
        except Invalid as refused:
            self._refused(file, refused)
            return None
        if not isinstance(raw, dict):
            self._fault(file, "", "must be a JSON object")
            return None
        return raw

    def _slots(self, raw: Any, where: str) -> Any:
        """The same with SHA-256 sums in place of names of files; what is no name is left to the parser."""
        if not isinstance(raw, dict):
            return raw
        return {
            slot: self._named(name, f"{where}/{slot}") if isinstance(name, str) else name
            for slot, name in raw.items()
        }

    def _named(self, name: str, pointer: str) -> str:
        if _SHA256.fullmatch(name):
            self._by_sum(name)
            return name
        path = f"{IMAGES}/{name}"
        if not _PLAIN_NAME.fullmatch(name):
            self._fault(DESIGN, pointer, f"must be a SHA-256 or the plain name of a file in {IMAGES}/")
        elif path not in self._files:
            self._fault(DESIGN, pointer, f"there is no {path} (files only, no links)")
        else:
            admitted = self._admitted(path, images.MOST_UPLOAD_BYTES)
            return admitted.sha256 if admitted else _UNKNOWN
        return _UNKNOWN

    def _by_sum(self, sha256: str) -> None:
        """A picture under its own sum is taken byte by byte; without a file, the database may know it."""
        for extension in images.EXTENSIONS.values():
            path = f"{IMAGES}/{sha256}.{extension}"
            if path not in self._files:
                continue
            if hashlib.sha256(self._files[path]).hexdigest() == sha256:
                self._admitted(path, LARGEST_PICTURE, exact=True)
            else:
                own = f"give it a name of your own, and name that in {DESIGN}"
                self._fault(path, "", f"holds another picture than its name says; {own}")

    def _admitted(self, path: str, most: int, *, exact: bool = False) -> Admitted | None:
        try:
            found = (readmit if exact else admit)(self._files[path], max_bytes=most)
        except Invalid as refused:
            self._refused(path, refused)
            return None
        self._pictures[found.sha256] = found
        return found


_UNKNOWN = "0" * 64
"""In place of a picture that is at fault, so that the rest of the look is still judged."""
