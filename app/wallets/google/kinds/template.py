"""What stands where on a card: our names of fields become Google's paths.

A name that this kind of card has no place for is left out, and a row without names too: Google would show a
gap.

Vendor page: developers.google.com/wallet/retail/loyalty-cards/template (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.design import Design
from app.domain.google_look import GoogleLook
from app.domain.google_parts import Row, Shown

from .parts import Json, module_id, said

MOST_ROWS = 3
_SIDES = {
    1: ("oneItem", "item"),
    2: ("twoItems", "startItem", "endItem"),
    3: ("threeItems", "startItem", "middleItem", "endItem"),
}
_DATES = {
    "date_time": "DATE_TIME",
    "date": "DATE_ONLY",
    "time": "TIME_ONLY",
    "date_time_year": "DATE_TIME_YEAR",
    "date_year": "DATE_YEAR",
    "month": "YEAR_MONTH",
    "day": "YEAR_MONTH_DAY",
}


class Paths:
    """The paths of one kind: `@names` of its own, and the design's keys."""

    def __init__(self, own: Mapping[str, str], design: Design) -> None:
        look = design.google or GoogleLook()
        self._known = {f"@{name}": path for name, path in own.items()}
        for one in look.texts:
            level = "object" if one.own else "class"
            self._known[one.key] = f"{level}.textModulesData['{module_id(one.key)}']"
        for _, spec in design.fields:
            self._known[spec.key] = f"object.textModulesData['{module_id(spec.key)}']"

    def of(self, ref: str) -> str:
        """The path, or an empty text where this kind has none."""
        return self._known.get(ref, "")


def template(look: GoogleLook, paths: Paths, default_rows: Sequence[Sequence[str]]) -> Json | None:
    """`classTemplateInfo`; `default_rows` are paths for a look that chooses none."""
    chosen = look.template
    rows = [found for row in chosen.rows if (found := _row(row, paths))]
    if not chosen.rows:
        rows = [_of_items([_plain(path) for path in row]) for row in default_rows if row][:MOST_ROWS]
    details = [{"item": item} for one in chosen.details if (item := _item(one, paths))]
    return (
        said(
            {
                "cardTemplateOverride": {"cardRowTemplateInfos": rows} if rows else None,
                "detailsTemplateOverride": {"detailsItemInfos": details} if details else None,
                "listTemplateOverride": _list(chosen.in_list, paths),
                "cardBarcodeSectionDetails": _around_barcode(look, paths),
            }
        )
        or None
    )


def _row(row: Row, paths: Paths) -> Json | None:
    items = [item for one in row if (item := _item(one, paths))]
    return _of_items(items) if items else None


def _of_items(items: Sequence[Json]) -> Json:
    name, *sides = _SIDES[len(items)]
    return {name: dict(zip(sides, items, strict=True))}


def _item(one: Shown, paths: Paths) -> Json | None:
    found = [selector for ref in one.refs if (selector := _selector(ref, one.dates, paths))]
    return dict(zip(("firstValue", "secondValue"), found, strict=False)) if found else None


def _selector(ref: str, dates: str, paths: Paths) -> Json | None:
    path = paths.of(ref)
    return {"fields": [said({"fieldPath": path, "dateFormat": _DATES.get(dates)})]} if path else None


def _plain(path: str) -> Json:
    return {"firstValue": {"fields": [{"fieldPath": path}]}}


def _fields(one: Shown, paths: Paths) -> Json | None:
    """A selector whose further fields stand in for an empty first one."""
    found = [path for ref in one.refs if (path := paths.of(ref))]
    date = _DATES.get(one.dates)
    return {"fields": [said({"fieldPath": path, "dateFormat": date}) for path in found]} if found else None


def _list(chosen: Sequence[Shown], paths: Paths) -> Json | None:
    first, second, *_ = (*(_fields(one, paths) for one in chosen), None, None)
    return said({"firstRowOption": {"fieldOption": first} if first else None, "secondRowOption": second})


def _around_barcode(look: GoogleLook, paths: Paths) -> Json | None:
    above = [_fields(one, paths) for one in look.template.above_barcode]
    below = _fields(look.template.below_barcode, paths) if look.template.below_barcode else None
    found = [one for one in above if one]
    return said(
        {
            "firstTopDetail": {"fieldSelector": found[0]} if found else None,
            "secondTopDetail": {"fieldSelector": found[1]} if len(found) > 1 else None,
            "firstBottomDetail": {"fieldSelector": below} if below else None,
        }
    )
