"""An event to come, as a poster event ticket lists it.

Follows Apple's "UpcomingPassInformationEntry" (last checked 2026-08).
"""

from __future__ import annotations

from typing import Any

from app.domain.apple_events import RemotePicture, Upcoming, UpcomingField
from app.domain.apple_values import is_https, moment
from app.wallets.apple.passjson.forms import ZONE, w3c_there
from app.wallets.apple.passjson.tags import tags_of_style
from app.wallets.apple.strings import Wording


def upcoming(event: Upcoming, wording: Wording) -> dict[str, Any]:
    """Apple's form of the entry."""
    made: dict[str, Any] = {
        "type": "event",
        "identifier": event.identifier,
        "name": wording.say(event.name) or event.identifier,
        "isActive": event.active,
        "dateInformation": _date(event),
        "URLs": {key: url for key, url in event.urls.items() if is_https(url)},
        "additionalInfoFields": [_field(each, wording) for each in event.additional],
        "backFields": [_field(each, wording) for each in event.back],
        "images": _images(event),
        "auxiliaryStoreIdentifiers": list(event.store_identifiers),
        "semantics": tags_of_style(event.semantics, "eventTicket"),
    }
    return {key: value for key, value in made.items() if value not in ([], {})}


def _date(event: Upcoming) -> dict[str, Any]:
    when = moment(event.date or "")
    flags = {
        "isAllDay": event.all_day,
        "isUnannounced": event.unannounced,
        "isUndetermined": event.undetermined,
        "ignoreTimeComponents": event.ignore_time,
    }
    zone = {"timeZone": event.time_zone} if event.time_zone and ZONE.match(event.time_zone) else {}
    shown = {**({"date": w3c_there(when)} if when else {}), **{key: True for key, on in flags.items() if on}}
    return {**shown, **zone} if shown else {}


def _field(field: UpcomingField, wording: Wording) -> dict[str, str]:
    made = {"key": field.key, "value": wording.say(field.value)}
    return made | ({"label": label} if (label := wording.say(field.label)) else {})


def _images(event: Upcoming) -> dict[str, Any]:
    found = {
        "headerImage": _image(event.header, event.reuse_header),
        "venueMap": _image(event.venue_map, event.reuse_venue_map),
    }
    return {key: value for key, value in found.items() if value}


def _image(pictures: tuple[RemotePicture, ...], reuse: bool) -> dict[str, Any]:
    urls = [
        {
            "URL": each.url,
            "SHA256": each.sha256,
            "scale": each.scale,
            **({"size": each.size} if each.size else {}),
        }
        for each in pictures
        if is_https(each.url)
    ]
    return {"URLs": urls} if urls else {"reuseExisting": True} if reuse else {}
