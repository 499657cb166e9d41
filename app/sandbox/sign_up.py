"""Rewards enrolment on the simulated iPhone: what happens when its owner taps a reader with a blank card.

The phone shows what personalization.json asks for, sends the answers with a token, wants that token back with
a signature of the pass's certificate, and fetches the pass anew: which must have no questions any more. See
Apple's "Rewards Enrollment" and "Return a Personalized Pass" (last checked 2026-08).
"""

import json
from collections.abc import Mapping

from app.sandbox import complaints
from app.sandbox.bundle import PERSONALIZATION
from app.sandbox.iphone import Held, IPhone
from app.sandbox.signature import SignatureRefused, check_signature, is_enhanced
from app.sandbox.world import Reply

FIELDS: Mapping[str, tuple[str, ...]] = {
    "PKPassPersonalizationFieldName": ("fullName", "givenName", "familyName"),
    "PKPassPersonalizationFieldPostalCode": ("postalCode", "ISOCountryCode"),
    "PKPassPersonalizationFieldEmailAddress": ("emailAddress",),
    "PKPassPersonalizationFieldPhoneNumber": ("phoneNumber",),
}


class SignUpFailed(Exception):
    """The phone shows that the sign-up did not work; the text says why."""


def questions(held: Held) -> tuple[str, ...]:
    """What the card asks its holder for, as Wallet would show it; empty where it asks for nothing."""
    raw = held.bundle.files.get(PERSONALIZATION)
    has_logo = any(name.startswith("personalizationLogo") for name in held.bundle.files)
    if raw is None or "nfc" not in held.bundle.pass_ or not has_logo:
        return ()
    asked = json.loads(raw)
    if not isinstance(asked.get("description"), str) or not asked["description"]:
        raise SignUpFailed("personalization.json has no description")
    wanted = asked.get("requiredPersonalizationFields")
    if not isinstance(wanted, list) or not wanted or set(wanted) - set(FIELDS):
        raise SignUpFailed("personalization.json asks for fields that Wallet does not know")
    return tuple(wanted)


def sign_up(phone: IPhone, held: Held, answers: Mapping[str, str]) -> None:
    """Tap, agree and wait; raises SignUpFailed, and tells the server's log as a phone does."""
    if held.line is None or not (wanted := questions(held)):
        raise SignUpFailed("this card asks for nothing")
    names = [name for field in wanted for name in FIELDS[field]]
    info = {name: answers[name] for name in names if name in answers}
    token = phone.world.secret(48)
    reply = phone.service_of(held).personalize(held.pass_type, held.serial, token, info)
    _check(phone, held, token, reply)
    phone.refresh_card(held)
    if PERSONALIZATION in held.bundle.files:
        raise _fault(phone, held, "The pass still asks for personalization.")


def _check(phone: IPhone, held: Held, token: str, reply: Reply) -> None:
    url, about = (held.line or ("", ""))[0], {"pass_type": held.pass_type, "serial": held.serial}
    if reply.status != 200:
        phone.complain(held, complaints.sign_up_unanswered(reply, url, **about))
        raise SignUpFailed(f"the server answered {reply.status}")
    if reply.content_type != "application/octet-stream":
        raise _fault(phone, held, f"Unexpected content type {reply.content_type}")
    team = str(held.bundle.pass_.get("teamIdentifier"))
    try:
        check_signature(reply.body, token.encode(), pass_type=held.pass_type, team=team)
        enhanced = is_enhanced(reply.body)
    except SignatureRefused as fault:
        raise _fault(phone, held, f"Invalid signature of the personalization token ({fault})") from fault
    if not enhanced:
        raise _fault(phone, held, "The personalization token is not signed with an enhanced certificate.")


def _fault(phone: IPhone, held: Held, reason: str) -> SignUpFailed:
    url = (held.line or ("", ""))[0]
    text = complaints.sign_up_failed(reason, url, pass_type=held.pass_type, serial=held.serial)
    phone.complain(held, text)
    return SignUpFailed(reason)
