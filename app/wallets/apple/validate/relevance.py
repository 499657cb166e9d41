"""When and where a phone offers the pass by itself: places, beacons and dates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.wallets.apple.validate.faults import MOST_ENTRIES, Faults
from app.wallets.apple.validate.values import mappings, moment, number, text, words

_WHERE = "pass.json#"
_MOST_PLACES = 10
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
_DATE_KEYS = ("date", "relevantDate", "startDate", "endDate")


def check_relevance(card: Mapping[str, Any], faults: Faults) -> None:
    """Check `locations`, `beacons` and `relevantDates`."""
    for key in ("locations", "beacons"):
        places = card.get(key)
        if isinstance(places, list) and not mappings(places):
            _check_places(key, places, faults)
    dates = card.get("relevantDates")
    if isinstance(dates, list) and not mappings(dates):
        for place, each in enumerate(dates[:MOST_ENTRIES]):
            for problem in _date_problems(each):
                where = f"{_WHERE}/relevantDates/{place}"
                faults.add("relevant-date", where, f"{problem}.", "Give date, or startDate with endDate.")
    if "maxDistance" in card and not card.get("locations"):
        message = "maxDistance is for locations, and there are none."
        faults.warn("distance-alone", f"{_WHERE}/maxDistance", message, "Add locations, or leave it out.")


def _check_places(key: str, places: list[Any], faults: Faults) -> None:
    if len(places) > _MOST_PLACES:
        message = f"Wallet looks at {_MOST_PLACES} {key} at most."
        faults.add("too-many-places", f"{_WHERE}/{key}", message, "Keep the nearest ten.")
    for place, each in enumerate(places[:MOST_ENTRIES]):
        if problem := _location(each) if key == "locations" else _beacon(each):
            where = f"{_WHERE}/{key}/{place}"
            faults.add("place-wrong", where, f"{problem}.", "See Apple's page on Pass.")


def _location(place: Mapping[str, Any]) -> str | None:
    for key, most in (("latitude", 90), ("longitude", 180)):
        if number(place.get(key)) or not -most <= place[key] <= most:
            return f"{key} is no number from -{most} to {most}"
    if "relevantText" in place and words(place["relevantText"]):
        return "relevantText is not text"
    return "altitude is not a number" if "altitude" in place and number(place["altitude"]) else None


def _beacon(place: Mapping[str, Any]) -> str | None:
    if text(place.get("proximityUUID")):
        return "proximityUUID is missing"
    if not _UUID.match(place["proximityUUID"]):
        return "proximityUUID is no UUID"
    for key in ("major", "minor"):
        value = place.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 0xFFFF:
            return f"{key} is no whole number up to 65535"
    if "minor" in place and "major" not in place:
        return "minor counts within a major, which is missing"
    return "relevantText is not text" if "relevantText" in place and words(place["relevantText"]) else None


def _date_problems(entry: Mapping[str, Any]) -> Iterator[str]:
    """iOS 18 reads `relevantDate`, iOS 26 `date`, both the interval; one entry takes one form."""
    wrong = [f"{key} {said}" for key in _DATE_KEYS if key in entry and (said := moment(entry[key]))]
    yield from wrong
    single, interval = {"date", "relevantDate"} & entry.keys(), {"startDate", "endDate"} & entry.keys()
    if not single and not interval:
        yield "the entry has no date"
    elif single and interval:
        yield "an entry is one moment or an interval, not both"
    elif len(interval) == 1:
        yield f"the interval has only its {min(interval)}"
    elif not wrong and interval and _later(entry["startDate"], entry["endDate"]):
        yield "the interval ends before it starts"
    elif not wrong and len(single) == 2 and entry["date"] != entry["relevantDate"]:
        yield "date and relevantDate differ"
    for key in sorted(entry.keys() - set(_DATE_KEYS)):
        yield f"Wallet knows no key {key!r} here"


def _later(one: str, other: str) -> bool:
    return datetime.fromisoformat(one) > datetime.fromisoformat(other)
