"""Phone numbers and e-mail addresses in one form, so that the same person is found however they typed it."""

from __future__ import annotations

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from app.domain.errors import Invalid

_REGION_OF_ZONE = {"Europe/Riga": "LV", "Europe/Moscow": "RU", "Europe/London": "GB", "Europe/Berlin": "DE"}
_REGION_OF_LANGUAGE = {"ru": "RU", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "lv": "LV"}


def region_for(time_zone: str, locales: tuple[str, ...]) -> str | None:
    """The country whose national phone format a programme's customers use, as far as we can tell (ISO
    3166).
    """
    for locale in locales:
        if "-" in locale and len(locale.split("-")[-1]) == 2:
            return locale.split("-")[-1].upper()
    by_language = next((_REGION_OF_LANGUAGE[each] for each in locales if each in _REGION_OF_LANGUAGE), None)
    return _REGION_OF_ZONE.get(time_zone, by_language)


def phone_e164(typed: str, region: str | None = None) -> str:
    """`+37120000001` from any usual way to write it; raises Invalid."""
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise Invalid(
            {"/member/phone": "is not a phone number; write it with + and the country code"}
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise Invalid({"/member/phone": "is not a possible phone number"})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_address(typed: str) -> str:
    """The address in lower case; raises Invalid. Nothing is looked up in the network."""
    try:
        return validate_email(typed, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        raise Invalid({"/member/email": "is not an e-mail address"}) from None
