"""Whom a marketer means: a rule of conditions on cards, parsed once; storage makes one question of it.

Days are counted in the programme's time zone: `days: 30` is today and the thirty days before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from app.domain.values import Frozen

MOST_DEPTH, MOST_CONDITIONS, MOST_VALUES = 6, 40, 100
Days = Annotated[int, Field(ge=0, le=3660)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]
Amount = Annotated[int, Field(ge=0, le=10**15)]
Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Words = Annotated[tuple[Word, ...], Field(min_length=1, max_length=MOST_VALUES)]
Unit = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,60}$", examples=["points"])]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class _Range(Frozen):
    """From `at_least` to `at_most`, both included; one of them is enough."""

    at_least: Amount | None = None
    at_most: Amount | None = None

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("say at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is above at_most: nobody fits")
        return self


class TierIs(Frozen):
    """The card's tier is one of these; an empty text stands for cards without one."""

    field: Literal["tier"]
    any_of: Words


class StatusIs(Frozen):
    """The card's status; cards that are void are in no segment."""

    field: Literal["status"]
    any_of: Annotated[tuple[Literal["active", "blocked", "expired"], ...], Field(min_length=1, max_length=3)]


class Balance(_Range):
    """What the card's account holds of a unit: `points`, `stamps`, `cashback_minor`, ..."""

    field: Literal["balance"]
    unit: Unit


class Spend(_Range):
    """Money spent in minor units, in all or within the last `days`; what was taken back does not count."""

    field: Literal["spend_minor"]
    days: Days | None = None


class Visits(_Range):
    """Purchases and visits with stamps, in all or within the last `days`."""

    field: Literal["visits"]
    days: Days | None = None


class _Ago(Frozen):
    """So many days ago at least, at most, or between both."""

    at_least_days_ago: Days | None = None
    at_most_days_ago: Days | None = None

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        first, last = self.at_least_days_ago, self.at_most_days_ago
        if first is None and last is None and not self._has_dates():
            raise ValueError("say at_least_days_ago, at_most_days_ago or both")
        if first is not None and last is not None and first > last:
            raise ValueError("at_least_days_ago is above at_most_days_ago: nobody fits")
        return self

    def _has_dates(self) -> bool:
        return False


class LastPurchase(_Ago):
    """The last purchase or visit with stamps; cards that never had one do not fit."""

    field: Literal["last_purchase"]


class Joined(_Ago):
    """When the card was issued: so many days ago, or from the day `since` to the day `until`."""

    field: Literal["joined"]
    since: Day | None = None
    until: Day | None = None

    def _has_dates(self) -> bool:
        return self.since is not None or self.until is not None


class Birthday(Frozen):
    """The birthday is today or within so many days; 29 February is the 28th where the year has none."""

    field: Literal["birthday"]
    within_days: Annotated[int, Field(ge=0, le=366)]


class City(Frozen):
    """The city as the member wrote it."""

    field: Literal["city"]
    any_of: Words


class Language(Frozen):
    """The member's language; `pt` stands for `pt-BR` too, an empty text for members who chose none."""

    field: Literal["locale"]
    any_of: Annotated[
        tuple[Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")], ...],
        Field(min_length=1, max_length=MOST_VALUES),
    ]


class Attribute(Frozen):
    """An attribute of the member is one of these; numbers and truth values as JSON writes them."""

    field: Literal["attribute"]
    name: Key
    any_of: Annotated[tuple[bool | int | Word, ...], Field(min_length=1, max_length=MOST_VALUES)]

    def written(self) -> list[str]:
        """The values as texts: `true`, `5`, `VIP`."""
        return [str(one).lower() if isinstance(one, bool) else str(one) for one in self.any_of]


class ConsentIs(Frozen):
    """The member's newest word about a purpose; `granted: false` also fits who never said anything."""

    field: Literal["consent"]
    purpose: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$", examples=["marketing"])] = "marketing"
    granted: bool = True


class Channel(Frozen):
    """What brought the member."""

    field: Literal["channel"]
    name: Literal["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "ref", "link_code"]
    any_of: Words


class InWallet(Frozen):
    """Where the card is installed now; `none` is nowhere."""

    field: Literal["wallet"]
    any_of: Annotated[
        tuple[Literal["apple", "google", "samsung", "none"], ...], Field(min_length=1, max_length=4)
    ]


class Expiring(Frozen):
    """So much of a unit ends within so many days."""

    field: Literal["expiring"]
    unit: Unit
    within_days: Days
    at_least: Annotated[int, Field(ge=1, le=10**15)] = 1


class Store(Frozen):
    """A purchase in one of these stores, ever or within the last `days`."""

    field: Literal["store"]
    any_of: Words
    days: Days | None = None


class RewardReady(Frozen):
    """A reward is ready: this one, or any."""

    field: Literal["reward"]
    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,40}$")] = ""


class Every(Frozen):
    """All of these fit; an empty list is every card."""

    rules: Annotated[tuple[Rule, ...], Field(alias="all", max_length=MOST_CONDITIONS)]


class Some(Frozen):
    """One of these fits at least."""

    rules: Annotated[tuple[Rule, ...], Field(alias="any", min_length=1, max_length=MOST_CONDITIONS)]


class Not(Frozen):
    """This does not fit."""

    rule: Annotated[Rule, Field(alias="not")]


_GROUPS: Mapping[str, type[Frozen]] = {"all": Every, "any": Some, "not": Not}


def _kind(value: Any) -> str | None:
    """What a part of a rule is: a group by its only key, a condition by its `field`."""
    if isinstance(value, Mapping):
        return next((name for name in _GROUPS if name in value), None) or _plain(value.get("field"))
    return next((name for name, model in _GROUPS.items() if isinstance(value, model)), None) or _plain(
        getattr(value, "field", None)
    )


def _plain(field: Any) -> str | None:
    return field if isinstance(field, str) else None


Rule = Annotated[
    Annotated[Every, Tag("all")]
    | Annotated[Some, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[TierIs, Tag("tier")]
    | Annotated[StatusIs, Tag("status")]
    | Annotated[Balance, Tag("balance")]
    | Annotated[Spend, Tag("spend_minor")]
    | Annotated[Visits, Tag("visits")]
    | Annotated[LastPurchase, Tag("last_purchase")]
    | Annotated[Joined, Tag("joined")]
    | Annotated[Birthday, Tag("birthday")]
    | Annotated[City, Tag("city")]
    | Annotated[Language, Tag("locale")]
    | Annotated[Attribute, Tag("attribute")]
    | Annotated[ConsentIs, Tag("consent")]
    | Annotated[Channel, Tag("channel")]
    | Annotated[InWallet, Tag("wallet")]
    | Annotated[Expiring, Tag("expiring")]
    | Annotated[Store, Tag("store")]
    | Annotated[RewardReady, Tag("reward")],
    Discriminator(
        _kind,
        custom_error_type="no_condition",
        custom_error_message="is no condition: give `all`, `any`, `not`, or a known `field`",
    ),
]
for _model in (Every, Some, Not):
    _model.model_rebuild()
EVERYBODY = Every.model_validate({"all": []})


def parts_of(rule: Rule, depth: int = 1) -> Iterator[tuple[Rule, int]]:
    """The rule and everything in it, with how deep it stands."""
    yield rule, depth
    inner = rule.rules if isinstance(rule, Every | Some) else (rule.rule,) if isinstance(rule, Not) else ()
    for each in inner:
        yield from parts_of(each, depth + 1)


def _bounded(rule: Rule) -> Rule:
    """Refuse a rule that nobody can read and no database should be asked."""
    found = list(parts_of(rule))
    if max(depth for _, depth in found) > MOST_DEPTH:
        raise ValueError(f"is nested more than {MOST_DEPTH} deep")
    if len(found) > MOST_CONDITIONS:
        raise ValueError(f"has more than {MOST_CONDITIONS} conditions")
    return rule


SegmentRule = Annotated[Rule, AfterValidator(_bounded)]
"""A field type: a whole rule within its bounds."""


class Segment(Frozen):
    """A rule by itself, as it is kept."""

    rule: SegmentRule


def parse(raw: Mapping[str, Any]) -> Rule:
    """A rule as it was kept; nothing kept is every card."""
    return Segment.model_validate({"rule": raw}).rule if raw else EVERYBODY


def written(rule: Rule) -> dict[str, Any]:
    """The rule as JSON values, for keeping."""
    return rule.model_dump(mode="json", by_alias=True, exclude_none=True)


def month_days(today: date, within_days: int) -> tuple[tuple[int, int], ...]:
    """The days of any year (month * 100 + day) from today on, as spans that do not cross the new year."""
    if within_days >= 365:
        return ((101, 1231),)
    last = today + timedelta(days=within_days)
    first, end = today.month * 100 + today.day, last.month * 100 + last.day
    if end == 228 and not _leaps(last.year):
        end = 229
    return ((first, end),) if last.year == today.year else ((first, 1231), (101, end))


def _leaps(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
