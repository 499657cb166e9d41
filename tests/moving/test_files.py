"""What files may look like: encodings, delimiters, quotes, formulas, and what is no file for us."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.moving import flat, reading, writing
from app.services.moving.reading import FileRefused, Look, Record

HEAD = "phone,given_name,balances.points\n"


def looked(text: str | bytes, format_: str = "csv", encoding: str = "utf-8") -> tuple[Look, list[Record]]:
    raw = text if isinstance(text, bytes) else text.encode(encoding)
    file = io.BytesIO(raw)
    found = reading.look(file, format_)
    return found, list(reading.records(file, found))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_of_any_country_are_read(encoding: str, delimiter: str) -> None:
    head = delimiter.join(["phone", "given_name", "city"])
    line = delimiter.join(["+37120000001", "Аня", '"Рига' + delimiter + '\nцентр"'])

    found, rows = looked(f"{head}\r\n{line}\r\n", encoding=encoding)

    assert (delimiter, 1) == (found.delimiter, found.rows)
    assert {"phone": "+37120000001", "given_name": "Аня", "city": f"Рига{delimiter}\nцентр"} == rows[0].said


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is empty"),
        (HEAD.encode(), "no rows"),
        (b"+37120000001,Anna\n+37120000002,Boris\n", "must name the columns"),
        (b"phone,given_name,points\n1,2,3\n", "no such columns: .points."),
        (b"phone,city,phone\n1,2,3\n", "there twice: .phone."),
        (HEAD.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04 workbook", "Excel workbook"),
        (b"phone\n1\x002\n", "NUL"),
        (b"phone\n\xff\x81\x8d\x9d\n", "neither UTF-8 nor Windows-1251"),
        (HEAD.encode() + b'+1,"never closed\n', "cannot be read"),
        (HEAD.encode() + b"+1," + b"x" * 100_001 + b",1\n", "field larger"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(raw: bytes, says: str) -> None:
    with pytest.raises(FileRefused, match=says):
        looked(raw)


def test_lines_of_json_that_break_are_refused_alone() -> None:
    huge = '{"member": {"city": "' + "x" * 300_000 + '"}}'
    _, rows = looked(f'\ufeff{{"card": {{}}}}\n\n{{"card": \n[1]\n{huge}\n{{"links": {{}}}}', "ndjson")

    assert ["", "is not JSON", "is no JSON object", "is longer than 256 kB", ""] == [
        row.fault.partition(":")[0] for row in rows
    ]


def test_a_json_file_is_a_list_of_rows() -> None:
    found, rows = looked('[{"card": {"serial": "A"}}, 7]', "json")

    assert (2, "is no JSON object") == (found.rows, rows[1].fault)
    with pytest.raises(FileRefused, match="list of rows"):
        looked('{"card": {}}', "json")


def test_a_row_with_more_cells_than_columns_is_refused() -> None:
    _, rows = looked(HEAD + "+1,Anna,5,6,7\n+2,Boris\n")

    assert ["has 5 cells, and there are 3 columns", ""] == [row.fault for row in rows]


def test_cells_say_numbers_truths_and_lists() -> None:
    cells = {
        "balances.points": "1\u00a0200", "balances.stamps": '[{"amount": 2}]', "consents.marketing": "да",
        "tier_invited": "no", "attributes.size": "042", "values.bonus": "12 %", "spend_minor": "12.50",
        "google.saved": "perhaps", "error": "it was refused", "city": " ",
    }  # fmt: skip
    made, faults = flat.nested(cells)

    assert {"points": 1200, "stamps": [{"amount": 2}]} == made["balances"]
    assert [{"purpose": "marketing", "granted": True}] == made["consents"]
    assert {"attributes": {"size": "042"}} == made["member"]
    assert {"tier_invited": False, "values": {"bonus": "12 %"}} == made["card"]
    assert {"spend_minor", "google.saved"} == set(faults)


@pytest.mark.parametrize("text", ["=1+1", "+371", "-5", "@sum", "\tx", "'=1", "''-x", "\r="])
def test_nothing_that_goes_out_is_a_formula_and_it_comes_back_as_it_was(text: str) -> None:
    assert flat.guarded(text).startswith("'")
    assert text == flat.unguarded(flat.guarded(text))


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"member": st.fixed_dictionaries({"given_name": TEXTS, "attributes": st.dictionaries(
        st.from_regex(r"\A[A-Za-z0-9_-]{1,9}\Z"), TEXTS | st.integers(-9, 9) | st.booleans(), min_size=1)})},
    optional={
        "balances": st.dictionaries(st.sampled_from(["points", "stamps"]), st.integers(0, 9), min_size=1),
        "card": st.fixed_dictionaries({"tier_invited": st.just(True), "values": st.just({"a": "=b"})}),
        "consents": st.just([{"purpose": "marketing", "granted": False}]),
        "google": st.fixed_dictionaries({"object_id": st.just("1.a"), "saved": st.booleans()}),
    },
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=4))
def test_any_row_survives_a_spreadsheet(rows: list[dict[str, Any]]) -> None:
    columns = sorted({column for row in rows for column in flat.cells(row)} - {"attributes.a"} | {"more"})
    raw = writing.csv_head(columns) + writing.csv_rows(columns, rows)

    _, records = looked(raw)

    assert rows == [flat.nested(each.said or {})[0] for each in records]
