"""What only Apple Wallet knows of a design, at the top of pass.json. What a style does not draw stays out.

Follows Apple's "Pass" (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.apple_look import NFC_BYTES, AppleLook, Beacon, FeaturedAction, Nfc, Relevant
from app.domain.apple_values import is_https, moment
from app.domain.passes import Pass
from app.domain.semantics import lacking
from app.wallets.apple.passjson.forms import EMAIL, OPENED, PHONE, rgb, w3c_there
from app.wallets.apple.passjson.tags import tags_of_style
from app.wallets.apple.passjson.upcoming import upcoming
from app.wallets.apple.strings import Wording, clean

_SCHEMES = {"posterEventTicket": "eventTicket", "semanticBoardingPass": "boardingPass"}
_STRIPS = ("storeCard", "coupon", "eventTicket")
_GROUPED = ("eventTicket", "boardingPass")
LOWEST_LINKS = 2
"""From so many links on Wallet shows the event guide."""


def scheme_of(pass_: Pass, *, nfc: bool) -> str:
    """The newer layout that the card asks for and has everything for; empty: its plain one."""
    look = pass_.apple
    if look is None or not look.preferred_style_schemes:
        return ""
    scheme = look.preferred_style_schemes[0]
    if _SCHEMES[scheme] != pass_.style or lacking(scheme, tags_of_style(look.semantics, pass_.style)):
        return ""
    return scheme if scheme != "posterEventTicket" or (nfc and nfc_of(look)) else ""


def nfc_of(look: AppleLook) -> dict[str, Any] | None:
    """What the reader gets; nothing where the phone would cut it, for half a number is a wrong number."""
    return _nfc(look.nfc) if look.nfc else None


def _nfc(nfc: Nfc) -> dict[str, Any] | None:
    message = clean(nfc.message)
    if not message or len(message.encode()) > NFC_BYTES:
        return None
    return {
        "message": message,
        "encryptionPublicKey": nfc.encryption_public_key,
        "requiresAuthentication": nfc.requires_authentication,
    }


def look_keys(pass_: Pass, look: AppleLook, wording: Wording, scheme: str, *, nfc: bool) -> dict[str, Any]:
    """The keys that this look adds to the pass."""
    made: dict[str, Any] = {}
    if nfc and (tap := nfc_of(look)):
        made["nfc"] = tap
    if look.sharing_prohibited or "nfc" in made:
        made["sharingProhibited"] = True
    if scheme:
        made["preferredStyleSchemes"] = [scheme, _SCHEMES[scheme]]
    if meaning := tags_of_style(look.semantics, pass_.style):
        made["semantics"] = meaning
    made |= dict(_nearness(pass_, look, wording))
    made |= dict(_plain_keys(pass_, look))
    if scheme == "posterEventTicket":
        made |= dict(_event_keys(look, wording))
    if scheme == "semanticBoardingPass":
        made |= _urls(look.flight_urls) | _contacts(look, "transitProvider")
    if look.poster and look.featured_actions:
        made["featuredActions"] = list(_actions(look.featured_actions))
    return {key: value for key, value in made.items() if value not in ("", [], {})}


def _plain_keys(pass_: Pass, look: AppleLook) -> Iterator[tuple[str, Any]]:
    yield "logoSymbolName", clean(look.logo_symbol_name)
    if look.associated_store_identifiers:
        yield "associatedStoreIdentifiers", list(look.associated_store_identifiers)
        if OPENED.match(look.app_launch_url):
            yield "appLaunchURL", look.app_launch_url
    if look.suppress_strip_shine and pass_.style in _STRIPS:
        yield "suppressStripShine", True
    if pass_.style in _GROUPED:
        yield "groupingIdentifier", clean(look.grouping_identifier).strip()
    yield "userInfo", look.user_info


# -- when and where --------------------------------------------------------------------------------


def _nearness(pass_: Pass, look: AppleLook, wording: Wording) -> Iterator[tuple[str, Any]]:
    yield "beacons", [_beacon(each, wording) for each in look.beacons]
    if look.max_distance is not None and pass_.places:
        yield "maxDistance", look.max_distance
    dates = [made for each in look.relevant_dates if (made := _relevant(each))]
    if dates:
        yield "relevantDates", dates
        yield "relevantDate", dates[0].get("date") or dates[0]["startDate"]  # for iOS 17 and older


def _beacon(beacon: Beacon, wording: Wording) -> dict[str, Any]:
    made: dict[str, Any] = {"proximityUUID": beacon.proximity_uuid}
    for key in ("major", "minor"):
        if (value := getattr(beacon, key)) is not None:
            made[key] = value
    return made | ({"relevantText": text} if (text := wording.say(beacon.text)) else {})


def _relevant(each: Relevant) -> dict[str, str] | None:
    """iOS 18 reads `relevantDate`, iOS 26 `date`, and both of them an interval."""
    at, starts, ends = (moment(said or "") for said in (each.at, each.starts_at, each.ends_at))
    if at:
        return {"date": w3c_there(at), "relevantDate": w3c_there(at)}
    return {"startDate": w3c_there(starts), "endDate": w3c_there(ends)} if starts and ends else None


# -- newer layouts ---------------------------------------------------------------------------------


def _event_keys(look: AppleLook, wording: Wording) -> Iterator[tuple[str, Any]]:
    yield "eventLogoText", wording.say(look.event_logo_text)
    if look.use_automatic_colors:
        yield "useAutomaticColors", True
    if look.footer_background_color:
        yield "footerBackgroundColor", rgb(look.footer_background_color)
    if look.suppress_header_darkening:
        yield "suppressHeaderDarkening", True
    yield "auxiliaryStoreIdentifiers", list(look.auxiliary_store_identifiers)
    urls = _urls(look.event_urls)
    if len(urls) >= LOWEST_LINKS:
        yield from urls.items()
    yield from _contacts(look, "contactVenue").items()
    yield "upcomingPassInformation", [upcoming(each, wording) for each in look.upcoming]


def _urls(urls: Mapping[Any, str]) -> dict[str, str]:
    return {key: url for key, url in urls.items() if is_https(url)}


def _contacts(look: AppleLook, prefix: str) -> dict[str, str]:
    found = {key: clean(said).strip() for key, said in look.contacts.items() if key.startswith(prefix)}
    forms = {"Email": EMAIL, "PhoneNumber": PHONE}
    return {key: said for key, said in found.items() if forms[key.removeprefix(prefix)].match(said)}


def _actions(actions: tuple[FeaturedAction, ...]) -> Iterator[dict[str, str]]:
    taken: set[str] = set()
    for each in actions:
        name = each.identifier or each.kind
        name = name if name not in taken else f"{name}-2"
        made = {"identifier": name, "type": each.kind}
        if each.kind == "place" and (place := clean(each.place_identifier).strip()):
            yield made | {"placeIdentifier": place}
        elif each.kind != "place" and OPENED.match(each.url):
            yield made | {"url": each.url}
        taken.add(name)
