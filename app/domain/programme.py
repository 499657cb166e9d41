"""A loyalty programme as its owner describes it."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from app.domain.mechanics import Rule
from app.domain.returns import ReturnPolicy
from app.domain.text import TextInput, plain
from app.domain.values import Frozen

Slug = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


@cache
def _zones() -> frozenset[str]:
    """Read once: looking through the folder of zones takes 25 ms."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("not an IANA time zone such as 'Europe/Riga'")
    return name


def _currency(code: str) -> str:
    if not (len(code) == 3 and code.isalpha() and code.isupper() and code.isascii()):
        raise ValueError("not an ISO 4217 code such as 'EUR'")
    return code


class FormField(Frozen):
    """One question of the enrolment form."""

    name: Literal["given_name", "family_name", "phone", "email", "birthday", "city"]
    required: bool = False


class Consent(Frozen):
    """A separate permission on the form; `text` may hold one link as `[words](https://…)`."""

    purpose: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
    text: TextInput
    required: bool = False


DEFAULT_FORM = (
    FormField(name="given_name", required=True),
    FormField(name="phone", required=True),
    FormField(name="email"),
)
DEFAULT_CONSENTS = (
    Consent(
        purpose="personal-data",
        required=True,
        text={
            "en": "I agree to the processing of my personal data for this loyalty card",
            "ru": "Даю согласие на обработку персональных данных для карты лояльности",
        },
    ),
    Consent(
        purpose="marketing",
        text={
            "en": "Send me news and offers; I can withdraw this at any time",
            "ru": "Хочу получать новости и предложения; согласие можно отозвать в любой момент",
        },
    ),
)


class Enrolment(Frozen):
    """What a new member is asked."""

    fields: Annotated[tuple[FormField, ...], Field(max_length=12)] = DEFAULT_FORM
    consents: Annotated[tuple[Consent, ...], Field(max_length=6)] = DEFAULT_CONSENTS


class AppleSettings(Frozen):
    """`pass_type_identifier` empty: the only one there is."""

    pass_type_identifier: Annotated[str, Field(pattern=r"^(pass(\.[A-Za-z0-9-]+)+)?$", max_length=100)] = ""


class GoogleSettings(Frozen):
    """`issuer_id` empty: the only one there is, or the one of the settings."""

    issuer_id: Annotated[str, Field(pattern=r"^[0-9]{0,32}$")] = ""


class Texts(Frozen):
    """What the shop says about itself and its programme."""

    headline: TextInput = Field(default_factory=dict)
    description: TextInput = Field(default_factory=dict)
    terms_url: str = ""
    privacy_url: str = ""
    contact: str = ""


class Programme(Frozen):
    """Everything about a programme but its members and designs; money is in minor units of `currency`."""

    slug: Slug
    name: Annotated[str, Field(min_length=1, max_length=120)]
    currency: Annotated[str, AfterValidator(_currency)] = "EUR"
    locales: Annotated[tuple[Locale, ...], Field(min_length=1, max_length=20)] = ("en",)
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    rules: Annotated[tuple[Rule, ...], Field(max_length=40)] = ()
    returns: ReturnPolicy = ReturnPolicy()
    late_days: Annotated[int, Field(ge=1, le=366)] = 90
    """How many days back a receipt may lie."""
    enrolment: Enrolment = Enrolment()
    texts: Texts = Texts()
    apple: AppleSettings = AppleSettings()
    google: GoogleSettings = GoogleSettings()
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    """ISO 3166-1 code of the country whose phones these are; empty: unknown."""
    card_numbers: Literal["letters", "ean13", "digits16"] = "letters"
    """What new cards are numbered with: 16 letters and digits, a 13-digit EAN of the in-store range, or 16
    digits.
    """

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days end."""
        return ZoneInfo(self.time_zone)

    @property
    def default_locale(self) -> str:
        """The language for those who speak none of ours."""
        return self.locales[0]

    @property
    def units(self) -> tuple[str, ...]:
        """What its rules count, but rewards: `points`, `stamps`, …"""
        every = (unit for rule in self.rules for unit in rule.units())
        return tuple(dict.fromkeys(unit for unit in every if not unit.startswith("reward.")))

    @property
    def shares_accounts(self) -> bool:
        """Whether several cards may share an account."""
        return any(rule.shares_accounts for rule in self.rules)

    def headline_text(self) -> TextInput:
        """The headline, or the name where there is none."""
        return self.texts.headline or dict(plain(self.name))
