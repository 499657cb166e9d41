"""What only Apple Wallet knows of an imported pass, as the Apple part of a design."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import get_currency_precision

from app.domain.semantics import TAGS, form_faults
from app.rendering.pass_words import colour_of
from app.services.importing import Note
from app.wallets.apple.importing_texts import Sayings
from app.wallets.apple.validate import values as kinds
from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.nearby import PERSONALIZATION
from app.wallets.apple.validate.newer import EVENT_URLS, FLIGHT_URLS
from app.wallets.apple.validate.strict_json import parse_object

_SAME = {
    "logoSymbolName": "logo_symbol_name",
    "maxDistance": "max_distance",
    "associatedStoreIdentifiers": "associated_store_identifiers",
    "auxiliaryStoreIdentifiers": "auxiliary_store_identifiers",
    "appLaunchURL": "app_launch_url",
    "sharingProhibited": "sharing_prohibited",
    "suppressStripShine": "suppress_strip_shine",
    "groupingIdentifier": "grouping_identifier",
    "useAutomaticColors": "use_automatic_colors",
    "suppressHeaderDarkening": "suppress_header_darkening",
    "userInfo": "user_info",
}
_CONTACTS = (
    *("contactVenueEmail", "contactVenuePhoneNumber", "transitProviderEmail"),
    "transitProviderPhoneNumber",
)
_SCHEMES = ("posterEventTicket", "semanticBoardingPass")
_ASKED = {"Name": "name", "PostalCode": "postal_code", "EmailAddress": "email", "PhoneNumber": "phone"}


def apple_look(
    card: Mapping[str, Any], members: Mapping[str, bytes], sayings: Sayings, notes: list[Note]
) -> dict[str, Any] | None:
    """The Apple part as JSON values, or None where the pass asks for nothing of the kind."""
    made: dict[str, Any] = {ours: card[theirs] for theirs, ours in _SAME.items() if theirs in card}
    if isinstance(flight := card.get("boardingPass"), Mapping):
        made["transit_type"] = (
            str(flight.get("transitType", "")).removeprefix("PKTransitType").lower() or "generic"
        )
    if isinstance(card.get("posterGeneric"), Mapping):
        made["poster"] = {}
    made |= {
        "featured_actions": [_action(each) for each in _objects(card, "featuredActions")[:2]],
        "beacons": [_beacon(each, sayings) for each in _objects(card, "beacons")[:10]],
        "relevant_dates": _dates(card),
        "semantics": tags_of(card.get("semantics"), notes),
        "event_logo_text": sayings.say(card.get("eventLogoText")),
        "event_urls": {key: card[key] for key in EVENT_URLS if key in card},
        "flight_urls": {key: card[key] for key in FLIGHT_URLS if key in card},
        "contacts": {key: card[key] for key in _CONTACTS if key in card},
        "preferred_style_schemes": [
            each for each in _SCHEMES if each in _list(card, "preferredStyleSchemes")
        ][:1],
        "nfc": _nfc(card, notes),
        "personalisation": _personalisation(members, sayings),
    }
    if "footerBackgroundColor" in card:
        made["footer_background_color"] = colour_of(card["footerBackgroundColor"], "")
    if _list(card, "upcomingPassInformation"):
        notes.append(Note("Upcoming events were not carried over; write them anew in apple.upcoming."))
    return {
        key: value for key, value in made.items() if value not in ({}, [], None, "") or key == "poster"
    } or None


def _list(card: Mapping[str, Any], key: str) -> list[Any]:
    found = card.get(key)
    return found[:100] if isinstance(found, list) else []


def _objects(card: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [each for each in _list(card, key) if isinstance(each, Mapping)]


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    names = {"type": "kind", "url": "url", "placeIdentifier": "place_identifier", "identifier": "identifier"}
    return {ours: action[theirs] for theirs, ours in names.items() if theirs in action}


def _beacon(beacon: Mapping[str, Any], sayings: Sayings) -> dict[str, Any]:
    made = {"proximity_uuid": beacon.get("proximityUUID"), "text": sayings.say(beacon.get("relevantText"))}
    return made | {key: beacon[key] for key in ("major", "minor") if key in beacon}


def _dates(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = {"date": "at", "relevantDate": "at", "startDate": "starts_at", "endDate": "ends_at"}
    listed = [
        {ours: entry[theirs] for theirs, ours in names.items() if theirs in entry}
        for entry in _objects(card, "relevantDates")[:20]
    ]
    if not listed and "relevantDate" in card:
        return [{"at": card["relevantDate"]}]
    return listed


def _nfc(card: Mapping[str, Any], notes: list[Note]) -> dict[str, Any] | None:
    nfc = card.get("nfc")
    if not isinstance(nfc, Mapping) or "encryptionPublicKey" not in nfc:
        return None
    notes.append(Note("The NFC message is each card's own number instead of that of this one pass."))
    asks = {"requires_authentication": nfc.get("requiresAuthentication") is True}
    return {"encryption_public_key": nfc["encryptionPublicKey"], **asks}


def _personalisation(members: Mapping[str, bytes], sayings: Sayings) -> dict[str, Any] | None:
    if PERSONALIZATION not in members:
        return None
    asked = parse_object(members[PERSONALIZATION], PERSONALIZATION, Faults()) or {}
    fields = (
        str(each).removeprefix("PKPassPersonalizationField")
        for each in _list(asked, "requiredPersonalizationFields")
    )
    return {
        "fields": [_ASKED[each] for each in dict.fromkeys(fields) if each in _ASKED],
        "description": sayings.say(asked.get("description")),
        "terms": sayings.say(asked.get("termsAndConditions")),
    }


def tags_of(tags: Any, notes: list[Note]) -> dict[str, Any]:
    """Semantic tags in a design's form; one that ours does not know or cannot hold is named and left out."""
    made: dict[str, Any] = {}
    for tag, value in tags.items() if isinstance(tags, Mapping) else ():
        kept = _money(value) if TAGS.get(tag) == "money" else value
        if form_faults({tag: kept}):
            words = "The semantic tag '%(tag)s' was left out: it has another form than Apple's."
            notes.append(Note(words, {"tag": str(tag)[:60]}))
        elif len(made) < len(TAGS):
            made[tag] = kept
    return made


def _money(value: Any) -> Any:
    """Apple's `"21.75"` as whole minor units."""
    if not isinstance(value, Mapping) or kinds.amount(value.get("amount")):
        return None
    try:
        currency = str(value["currencyCode"])
        amount = Decimal(str(value["amount"])).scaleb(get_currency_precision(currency))
        return {"amount_minor": int(amount), "currency": currency}
    except (TypeError, KeyError, InvalidOperation, ValueError, OverflowError):
        return None
