"""Which field stands where. What a style has no room for goes to the back instead of vanishing.

Follows Apple's "Defining the metadata of your Wallet pass" and "Creating a poster generic pass" (last checked
2026-08).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.domain.lint import ROOM
from app.domain.passes import Pass, PassField
from app.wallets.apple.passjson.codes import SQUARE
from app.wallets.apple.passjson.fields import field, link
from app.wallets.apple.passjson.messages import KEY, first_fields, last_fields
from app.wallets.apple.strings import Wording

Group = tuple[PassField, ...]

ROW = 4
POSTER, POSTER_HEADER, POSTER_PRIMARY, POSTER_FOOTER = "posterGeneric", 1, 4, 2
_NAMES = {"additional": "additionalInfoFields"}
_FRONT = ("header", "primary", "secondary", "auxiliary")


def style_groups(
    pass_: Pass, first_code: str, base_url: str, wording: Wording, *, additional: bool
) -> dict[str, Any]:
    """The groups of the pass's own style; `additional`: whether its layout has the page for more fields."""
    front = _front(pass_, first_code, additional)
    groups = _written(pass_, front, base_url, wording)
    if pass_.style == "boardingPass":
        transit = pass_.apple.transit_type if pass_.apple else None
        groups["transitType"] = f"PKTransitType{(transit or 'generic').title()}"
    return groups


def poster_groups(pass_: Pass, base_url: str, wording: Wording) -> dict[str, Any]:
    """The same card as a poster. Its keys are those of the style, for a phone shows one of the two."""
    lower = (*pass_.secondary, *pass_.auxiliary)
    footer = (*pass_.footer, *lower)[:POSTER_FOOTER]
    front = {
        "header": pass_.header[:POSTER_HEADER],
        "primary": pass_.primary[:POSTER_PRIMARY],
        "footer": footer,
        "additional": pass_.additional,
    }
    rest = (*pass_.header[POSTER_HEADER:], *pass_.primary[POSTER_PRIMARY:])
    below = (*pass_.footer, *lower)[len(footer) :]
    return _written(pass_, {**front, "back": (*rest, *below, *pass_.back)}, base_url, wording)


def _front(pass_: Pass, first_code: str, additional: bool) -> dict[str, Group]:
    """The fields by group, within what the style draws; the rest leads the back."""
    most = dict(zip(_FRONT, ROOM[pass_.style], strict=True))
    front: dict[str, Group] = {name: getattr(pass_, name)[: most[name]] for name in _FRONT}
    if pass_.style == "eventTicket":
        front["auxiliary"] = tuple(_two_rows(pass_.auxiliary))
    elif _is_squeezed(pass_.style, first_code):
        front["auxiliary"] = pass_.auxiliary[: ROW - len(front["secondary"])]
    rest = [each for name in _FRONT for each in _without(getattr(pass_, name), front[name])]
    more = () if additional else pass_.additional
    back = (*rest, *pass_.back, *pass_.footer, *more) if rest or pass_.footer or more else pass_.back
    return {**front, "additional": pass_.additional if additional else (), "back": back}


def _is_squeezed(style: str, first_code: str) -> bool:
    """Whether secondary and auxiliary fields share one row; beside a square code they mostly do."""
    return style == "storeCard" or (style in ("coupon", "generic") and first_code in SQUARE)


def _two_rows(fields: Group) -> Iterator[PassField]:
    """An event ticket's auxiliary fields, at most four in each row."""
    rows: tuple[list[PassField], list[PassField]] = ([], [])
    for each in fields:
        row = row_of(each)
        if len(rows[row]) < ROW:
            rows[row].append(each)
    yield from (*rows[0], *rows[1])


def row_of(field_: PassField) -> int:
    """The row that the design asks for."""
    return field_.showing.row if field_.showing else 0


def _without(all_: Group, kept: Group) -> Iterable[PassField]:
    if len(all_) == len(kept):
        return ()
    held = {id(each) for each in kept}
    return [each for each in all_ if id(each) not in held]


def _written(pass_: Pass, front: Mapping[str, Group], base_url: str, wording: Wording) -> dict[str, Any]:
    taken = {KEY}
    rows = pass_.style == "eventTicket"
    groups: dict[str, Any] = {
        _NAMES.get(name, f"{name}Fields"): [
            field(each, name, wording, taken, row_of(each) if rows and name == "auxiliary" else 0)
            for each in fields
        ]
        for name, fields in front.items()
        if fields and name != "back"
    }
    said = first_fields(pass_, wording, taken) if pass_.messages else []
    back = [field(each, "back", wording, taken) for each in front["back"]]
    links = [link(each, wording, taken) for each in pass_.resolved_links(base_url)]
    return {**groups, "backFields": [*said, *back, *links, *last_fields(pass_)]}
