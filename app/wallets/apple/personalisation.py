"""Sign-up in Wallet: at an NFC reader the phone shows our questions, its owner agrees, and we get answers.

Neither of Apple's pages asks for an Authorization header here, so the serial is the only secret: it cannot be
guessed, an answer is taken once, and whoever asks too often waits. Follows Apple's "Rewards Enrollment" and
"Return a Personalized Pass" (last checked 2026-08).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.apple_look import Personalisation
from app.domain.text import LocalText

PERSONALIZATION = "personalization.json"
MOST_BYTES, MOST_TOKEN, MOST_TEXT = 16_384, 4_096, 200
MOST_ASKS, WITHIN = 30, timedelta(minutes=1)
"""From one address, which the guests of a shop may share."""
_FIELDS = {
    "name": "PKPassPersonalizationFieldName",
    "postal_code": "PKPassPersonalizationFieldPostalCode",
    "email": "PKPassPersonalizationFieldEmailAddress",
    "phone": "PKPassPersonalizationFieldPhoneNumber",
}
_MEMBER = {
    "givenName": "given_name",
    "familyName": "family_name",
    "emailAddress": "email",
    "phoneNumber": "phone",
}
_ATTRIBUTES = {"postalCode": "postal_code", "ISOCountryCode": "country"}
_KNOWN = (*_MEMBER, *_ATTRIBUTES, "fullName")


def personalization_json(look: Personalisation, say: Callable[[LocalText], str]) -> dict[str, Any]:
    """The content of personalization.json; `say` gives a text's words for the bundle."""
    terms = say(look.terms)
    made = {
        "requiredPersonalizationFields": [_FIELDS[name] for name in look.fields],
        "description": say(look.description),
    }
    return made | ({"termsAndConditions": terms} if terms else {})


class Unreadable(ValueError):
    """A body that no phone sends."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """What a phone sent: the token to sign, and its owner's answers as a member's data."""

    token: str
    member: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """By which the same request is known again."""
        return hashlib.sha256(self.token.encode()).hexdigest()


def read_sign_up(body: Mapping[str, Any]) -> SignUp:
    """Parse the JSON body; raises Unreadable. What Apple may add one day is left aside."""
    token, info = body.get("personalizationToken"), body.get("requiredPersonalizationInfo")
    if not isinstance(token, str) or not 0 < len(token) <= MOST_TOKEN or not isinstance(info, Mapping):
        raise Unreadable("personalizationToken and requiredPersonalizationInfo are needed")
    said = {name: info[name] for name in _KNOWN if info.get(name) is not None}
    if any(not isinstance(value, str) or len(value) > MOST_TEXT for value in said.values()):
        raise Unreadable("the answers are texts of moderate length")
    return SignUp(token, _member(said))


def _member(said: Mapping[str, str]) -> dict[str, Any]:
    member: dict[str, Any] = {ours: said[theirs] for theirs, ours in _MEMBER.items() if said.get(theirs)}
    if not {"given_name", "family_name"} & set(member) and (full := said.get("fullName", "").split()):
        member |= {"given_name": full[0]} | ({"family_name": " ".join(full[1:])} if full[1:] else {})
    attributes = {ours: said[theirs] for theirs, ours in _ATTRIBUTES.items() if said.get(theirs)}
    return member | ({"attributes": attributes} if attributes else {})


class Turnstile:
    """Lets each caller through so many times within a while; remembers a bounded number of callers."""

    def __init__(self, most: int = MOST_ASKS, within: timedelta = WITHIN, *, callers: int = 10_000) -> None:
        self._most, self._within, self._callers = most, within, callers
        self._seen: OrderedDict[str, list[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def lets(self, caller: str, now: datetime) -> bool:
        """Whether this caller may go on at `now`, which counts as one time."""
        with self._lock:
            times = [at for at in self._seen.pop(caller, []) if at > now - self._within]
            passes = len(times) < self._most
            self._seen[caller] = [*times, now] if passes else times
            while len(self._seen) > self._callers:
                self._seen.popitem(last=False)
            return passes
