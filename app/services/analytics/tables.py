"""Figures as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any


def as_csv(rows: Iterable[Mapping[str, Any]], head: Iterable[str]) -> str:
    """A line for each row below a line of names; text is never taken for a formula."""
    made, names = io.StringIO(), list(head)
    lines = csv.writer(made)
    lines.writerow(names)
    lines.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return made.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return f"'{value}"
    return "" if value is None else value
