"""A row of a file: a member with their card, and all that belongs to it. Parsed once and strictly, every
fault at once; `app.services.moving.unloading` writes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import AfterValidator, Field, model_validator

from app.domain.errors import Invalid
from app.domain.programme import Programme
from app.services import members
from app.services.inputs import (
    MOST_MINOR,
    BrokenJson,
    ChannelInput,
    ConsentInput,
    Input,
    MemberInput,
    Minor,
    Moment,
    Named,
    Signed,
    Status,
    Tier,
    parse_json,
)

MOST_SERIAL = 40
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:@+=-")


def _serial(text: str) -> str:
    if len(text) > MOST_SERIAL:
        raise ValueError(f"has {len(text)} characters; a serial may have {MOST_SERIAL} here at most")
    if not set(text) <= _PLAIN:
        raise ValueError("may hold letters, digits and . _ ~ : @ + = - alone: it is part of addresses")
    return text


def _number(text: str) -> str:
    if len(text) > MOST_SERIAL or not text.isprintable():
        raise ValueError(f"may have {MOST_SERIAL} printable characters at most")
    return text


Serial = Annotated[str, Field(min_length=1), AfterValidator(_serial)]
Unit = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.:-]{0,59}$")]
What = Annotated[str, Field(min_length=1, max_length=80)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Code = Annotated[str, Field(min_length=1, max_length=40)]


class LotRow(Input):
    """Value that begins and ends together."""

    amount: Annotated[int, Field(ge=1, le=MOST_MINOR)]
    active_from: Moment | None = None
    expires_at: Moment | None = None


class DayRow(Input):
    """What was counted on one day of the programme's time zone."""

    day: date
    amount: Signed


Lots = Annotated[tuple[LotRow, ...], Field(max_length=500)]
Amount = Minor | Lots
"""A plain number ends as what is earned today would; lots are taken as they are."""
Days = Annotated[tuple[DayRow, ...], Field(max_length=10_000)]
Counted = Minor | Days


class ConsentRow(ConsentInput):
    """A permission, with where and when it was given."""

    source: Annotated[str, Field(max_length=40)] = ""
    at: Moment | None = None


class ChannelRow(ChannelInput):
    """What brought the member, and when."""

    at: Moment | None = None


class CardRow(Input):
    """The card itself. `account` is the serial of the card whose account it shares, `referred_by` that of the
    member who brought this one.
    """

    serial: Serial | None = None
    number: Annotated[str, Field(min_length=1), AfterValidator(_number)] | None = None
    link: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,40}$")] | None = None
    status: Status | None = None
    tier: Tier | None = None
    tier_earned: Tier | None = None
    tier_since: Moment | None = None
    tier_until: Moment | None = None
    tier_invited: bool | None = None
    expires_at: Moment | None = None
    created_at: Moment | None = None
    erased_at: Moment | None = None
    referral_code: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,20}$")] | None = None
    referred_by: Serial | None = None
    account: Serial | None = None
    values: Named = Field(default_factory=dict)


class MembershipRow(Input):
    """A paid period."""

    key: Key
    payment: Annotated[str, Field(min_length=1, max_length=120)]
    starts_at: Moment
    ends_at: Moment
    cancelled_at: Moment | None = None


class CodeRow(Input):
    """A coupon's code of this card alone."""

    code: Code
    rule: Key
    uses_left: Annotated[int, Field(ge=0, le=10_000)] | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    created_at: Moment | None = None


class DeviceRow(Input):
    """A phone that asked for news of the card. `app` names the Android app that reads passes, where it is
    no iPhone.
    """

    device_library_identifier: Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
    push_token: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
    app: Annotated[str, Field(pattern=r"^[a-z0-9]{1,20}$")] = "apple"
    push_url: Annotated[str, Field(max_length=300)] = ""


class AppleRow(Input):
    """The pass on iPhones: under which pass type, what it authenticates with, and which phones hold it."""

    pass_type_identifier: (
        Annotated[str, Field(pattern=r"^pass(\.[A-Za-z0-9-]+)+$", max_length=100)] | None
    ) = None
    authentication_token: Annotated[str, Field(pattern=r"^[!-~]{16,200}$")] | None = None
    devices: Annotated[tuple[DeviceRow, ...], Field(max_length=50)] = ()


class GoogleRow(Input):
    """The object at Google: `<issuer>.<its name>`, and whether somebody has saved it."""

    issuer_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")] | None = None
    object_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}\.[A-Za-z0-9._-]{1,160}$")]
    class_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}\.[A-Za-z0-9._-]{1,160}$")] | None = None
    kind: Literal["loyalty", "offer", "gift_card", "generic"] = "loyalty"
    saved: bool = True
    saved_at: Moment | None = None

    @model_validator(mode="after")
    def _one_issuer(self) -> Self:
        if self.issuer_id and not self.object_id.startswith(f"{self.issuer_id}."):
            raise ValueError("object_id must begin with the issuer id and a dot")
        return self


class Row(Input):
    """One member with one card; see docs/moving.md."""

    member: MemberInput = MemberInput()
    consents: Annotated[tuple[ConsentRow, ...], Field(max_length=50)] = ()
    channel: ChannelRow = ChannelRow()
    card: CardRow = CardRow()
    balances: Annotated[dict[Unit, Amount], Field(max_length=40)] = Field(default_factory=dict)
    rewards: Annotated[dict[Key, Amount], Field(max_length=40)] = Field(default_factory=dict)
    debts: Annotated[dict[Unit, Minor], Field(max_length=40)] = Field(default_factory=dict)
    spend_minor: Counted | None = None
    visits: Counted | None = None
    counts: Annotated[dict[What, Counted], Field(max_length=100)] = Field(default_factory=dict)
    memberships: Annotated[tuple[MembershipRow, ...], Field(max_length=200)] = ()
    codes: Annotated[tuple[CodeRow, ...], Field(max_length=200)] = ()
    apple: AppleRow | None = None
    google: GoogleRow | None = None
    links: dict[str, str] | None = None
    """Addresses that an export tells; nothing is read from them."""

    def amounts(self) -> dict[str, int | Lots]:
        """Balances and rewards by the ledger's unit."""
        return {**self.balances, **{f"reward.{key}": amount for key, amount in self.rewards.items()}}

    def counted(self) -> dict[str, int | Days]:
        """Everything that was counted, by what."""
        plain = {"spend_minor": self.spend_minor, "visits": self.visits}
        return {**{what: said for what, said in plain.items() if said is not None}, **self.counts}


def read_row(said: Mapping[str, Any], programme: Programme) -> tuple[Row, dict[str, Any]]:
    """The row, and its member's data in the form that is stored. Raises Invalid with every fault."""
    try:
        row = parse_json(Row, orjson.dumps(said))
    except (orjson.JSONEncodeError, BrokenJson) as error:
        raise Invalid({"": f"cannot be kept: {error}"}) from None
    except Invalid as error:
        raise Invalid({**_of_member(said.get("member"), programme), **error.faults}) from None
    faults: dict[str, str] = {}
    member: dict[str, Any] = {}
    try:
        member = members.clean(row.member.given(), programme)
    except Invalid as error:
        faults = dict(error.faults)
    faults |= _faults(row, member, programme)
    if faults:
        raise Invalid(faults)
    return row, member


def _of_member(said: Any, programme: Programme) -> dict[str, str]:
    """What is wrong with a member's data where other parts of the row cannot be read."""
    faults: dict[str, str] = {}
    for name, value in said.items() if isinstance(said, Mapping) else ():
        faults |= _of_value({name: value}, programme)
    return faults


def _of_value(said: Mapping[str, Any], programme: Programme) -> dict[str, str]:
    try:
        members.clean(parse_json(MemberInput, orjson.dumps(said)).given(), programme)
    except Invalid as error:
        return {where if where.startswith("/member") else f"/member{where}": words
                for where, words in error.faults.items()}  # fmt: skip
    except (BrokenJson, orjson.JSONEncodeError):
        return {}
    return {}


def _faults(row: Row, member: Mapping[str, Any], programme: Programme) -> dict[str, str]:
    """What does not fit together, or not to the programme."""
    faults: dict[str, str] = {}
    said = row.member.given()
    named = any(member.get(key) or said.get(key) for key in members.KEYS)
    if not named and not row.card.serial and not row.card.number:
        faults[""] = "name the member by phone, email or external_id, or the card by serial or number"
    known = set(programme.units)
    for place, units in (("balances", row.balances), ("debts", row.debts)):
        for unit in units:
            if unit not in known:
                faults[f"/{place}/{unit}"] = _strange("unit", unit, known)
    ready = {key for rule in programme.rules for key in rule.reward_names()}
    for key in row.rewards:
        if key not in ready:
            faults[f"/rewards/{key}"] = _strange("reward", key, ready)
    for unit, owed in row.debts.items():
        if owed and row.balances.get(unit):
            faults[f"/debts/{unit}"] = "who owes has no balance"
    for what, counted in row.counted().items():
        total = counted if isinstance(counted, int) else sum(each.amount for each in counted)
        if not 0 <= total <= MOST_MINOR:
            faults[f"/{what}"] = "must be zero or more in all, and believable"
    return faults


def _strange(what: str, name: str, known: set[str]) -> str:
    these = ", ".join(sorted(known)) or "none"
    return f"is no {what} of this programme, which has: {these}"
