"""Files that come in: what they are, and their rows one after the other, whatever their size.

`look` reads a file once to its end, so that a file that breaks in the middle is refused before anything is
done; `records` reads it again. Formats: CSV (comma, semicolon or tab; UTF-8, or Windows-1251 as Russian
spreadsheets save it), NDJSON, and a JSON array.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Any

import orjson

from app.domain.errors import Refused
from app.services.moving import flat

CSV, NDJSON, JSON = "csv", "ndjson", "json"
FORMATS = (CSV, NDJSON, JSON)
MOST_FIELD, MOST_ROW = 100_000, 256 * 1024
MOST_COLUMNS = 500
MOST_JSON_BYTES = 64 * 1024 * 1024
BLOCK = 1 << 20
_CYRILLIC = frozenset([*range(0xC0, 0x100), 0xA8, 0xB8])


class FileRefused(Refused):
    """The file as a whole cannot be taken; the message says why, and what to do."""

    code = "file-refused"


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is: `columns` of a CSV in their order, how many `rows`, and the hash of its bytes."""

    format: str
    sha256: str
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it stands in the file: `number` counts from 1. `said` is an object of JSON, or cells by
    column; None where not even that could be read (`fault`).
    """

    number: int
    said: dict[str, Any] | None
    fault: str = ""


def look(file: IO[bytes], format_: str) -> Look:
    """Read it once to its end; raises FileRefused. `file` can be read again from its begin."""
    digest, size, encoding = _bytes_of(file)
    if not size:
        raise FileRefused("The file is empty.")
    found = Look(format_, digest, encoding)
    if format_ == JSON and size > MOST_JSON_BYTES:
        raise FileRefused("A JSON file may have 64 MB at most; send the same rows as NDJSON, one a line.")
    if format_ == CSV:
        found = _with_columns(file, found)
    elif encoding != "utf-8-sig":
        raise FileRefused("JSON must be in UTF-8.")
    rows = 0
    for record in records(file, found):
        rows = record.number
    if not rows:
        raise FileRefused("There are no rows in the file.")
    return replace(found, rows=rows)


def _bytes_of(file: IO[bytes]) -> tuple[str, int, str]:
    """Hash, size and encoding. Raises FileRefused for bytes that are no text that we know."""
    file.seek(0)
    digest, size, is_utf8 = hashlib.sha256(), 0, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    high = cyrillic = 0
    while block := file.read(BLOCK):
        if not size and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise FileRefused("The file is in UTF-16 (“Unicode text”). Save it as “CSV UTF-8”.")
        if block[:4] == b"PK\x03\x04" and not size:
            raise FileRefused("This is an Excel workbook. Save the sheet as “CSV UTF-8”.")
        if b"\x00" in block:
            raise FileRefused("The file holds NUL bytes: it is no text.")
        digest.update(block)
        size += len(block)
        high += sum(byte >= 0x80 for byte in block) if not block.isascii() else 0
        cyrillic += sum(byte in _CYRILLIC for byte in block) if not block.isascii() else 0
        is_utf8 = is_utf8 and _decodes(decoder, block)
    if is_utf8 and _decodes(decoder, b"", final=True):
        return digest.hexdigest(), size, "utf-8-sig"
    if high and cyrillic >= 0.6 * high:
        return digest.hexdigest(), size, "cp1251"
    raise FileRefused("The letters are neither UTF-8 nor Windows-1251. Save the file as “CSV UTF-8”.")


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _with_columns(file: IO[bytes], found: Look) -> Look:
    """Delimiter and columns, from the first line; raises FileRefused with all that is wrong with it."""
    file.seek(0)
    first = file.readline(MOST_ROW).decode(found.encoding, "replace")
    delimiter = max(",;\t", key=first.count)
    try:
        named = [flat.named(each) for each in next(csv.reader([first], delimiter=delimiter), [])]
    except csv.Error as error:
        raise FileRefused(f"The first line cannot be read: {error}.") from None
    while named and not named[-1]:
        named.pop()
    if not named or len(named) > MOST_COLUMNS:
        raise FileRefused(f"The first line must name the columns, {MOST_COLUMNS} at most.")
    columns = named
    known = [each for each in columns if flat.path_of(each)]
    if not known:
        raise FileRefused(
            "The first line must name the columns (such as phone, given_name, balances.points), and names"
            f" none that is known: {_listed(columns)}."
        )
    if strange := [each for each in columns if not flat.path_of(each)]:
        raise FileRefused(f"There are no such columns: {_listed(strange)}. All are in docs/moving.md.")
    if twice := sorted({each for each in columns if columns.count(each) > 1}):
        raise FileRefused(f"These columns are there twice: {_listed(twice)}.")
    return replace(found, delimiter=delimiter, columns=tuple(columns))


def _listed(names: list[str]) -> str:
    return ", ".join(f"“{each[:40]}”" for each in names[:12]) + (" …" if len(names) > 12 else "")


def records(file: IO[bytes], found: Look, after: int = 0) -> Iterator[Record]:
    """Its rows from the one after number `after`; raises FileRefused where no next row can be found."""
    file.seek(0)
    rows = {CSV: _csv, NDJSON: _ndjson, JSON: _json}[found.format](file, found)
    return (record for record in rows if record.number > after)


def _csv(file: IO[bytes], found: Look) -> Iterator[Record]:
    text = io.TextIOWrapper(file, encoding=found.encoding, errors="replace", newline="")
    csv.field_size_limit(MOST_FIELD)
    reader = csv.reader(text, delimiter=found.delimiter, strict=True)
    number = 0
    try:
        next(reader, None)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                number += 1
                yield _of_cells(number, cells, found.columns)
    except csv.Error as error:
        raise FileRefused(f"Line {reader.line_num} cannot be read: {error}.") from None
    finally:
        text.detach()


def _of_cells(number: int, cells: list[str], columns: tuple[str, ...]) -> Record:
    said = {column: cell for column, cell in zip(columns, cells, strict=False) if cell}
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        return Record(number, said, f"has {len(cells)} cells, and there are {len(columns)} columns")
    if sum(map(len, cells)) > MOST_ROW:
        return Record(number, {}, "is longer than 256 kB")
    return Record(number, said)


def _ndjson(file: IO[bytes], found: Look) -> Iterator[Record]:
    number = 0
    while line := file.readline(MOST_ROW + 1):
        whole = len(line) <= MOST_ROW or line.endswith(b"\n")
        while not line.endswith(b"\n") and len(line) > MOST_ROW and (more := file.readline(BLOCK)):
            line = line[: MOST_ROW + 1] + (b"\n" if more.endswith(b"\n") else b"")
        stripped = line.removeprefix(codecs.BOM_UTF8).strip()
        if stripped:
            number += 1
            yield _of_json(number, stripped) if whole else Record(number, None, "is longer than 256 kB")


def _of_json(number: int, line: bytes) -> Record:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Record(number, None, f"is not JSON: {error}"[:200])
    return _of_value(number, said)


def _of_value(number: int, said: Any) -> Record:
    return Record(number, said) if isinstance(said, dict) else Record(number, None, "is no JSON object")


def _json(file: IO[bytes], found: Look) -> Iterator[Record]:
    try:
        rows = orjson.loads(file.read().removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        raise FileRefused(f"The file is not JSON: {error}.") from None
    if not isinstance(rows, list):
        raise FileRefused("A JSON file must be a list of rows: [{…}, {…}].")
    for number, said in enumerate(rows, 1):
        yield _of_value(number, said)
