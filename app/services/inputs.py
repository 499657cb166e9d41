"""What programs may tell us, parsed once and strictly; REST and webhooks share these values.

Everything that a database or a hash would later choke on (NUL letters, numbers beyond 64 bits, years that no
calendar has) is refused here, so that a bad value cannot exist further in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import from_json

from app.domain.errors import Invalid

MOST_MINOR = 10**12
MOST_FAULTS = 100
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Model = TypeVar("Model", bound=BaseModel)


class BrokenJson(Exception):
    """The body is not JSON at all; the message says where it breaks."""


class Input(BaseModel):
    """A value from outside: refuses unknown keys and values of a wrong type (`"1"` is no number)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True)


def _believable(moment: datetime) -> datetime:
    if not _FIRST <= moment <= _LAST:
        raise ValueError("lies before the year 2000 or after 2200")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_believable), Field(examples=["2026-03-02T09:00:00Z"])]
Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
Signed = Annotated[int, Field(ge=-MOST_MINOR, le=MOST_MINOR)]
Short = Annotated[str, Field(max_length=120)]
Key40 = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]


class MemberInput(Input):
    """A person. An empty text or null takes a value away."""

    phone: Annotated[str, Field(max_length=40, examples=["+37120000001"])] | None = None
    email: Annotated[str, Field(max_length=254, examples=["anna@example.com"])] | None = None
    external_id: Short | None = None
    given_name: Short | None = None
    family_name: Short | None = None
    birthday: date | None = None
    city: Short | None = None
    locale: Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$", max_length=20)] | None = None
    attributes: (
        Annotated[
            dict[Key40, Annotated[str, Field(max_length=500)] | Whole | bool | None], Field(max_length=50)
        ]
        | None
    ) = None

    def given(self) -> dict[str, Any]:
        """Only what was said."""
        return {name: getattr(self, name) for name in MEMBER_KEYS if name in self.model_fields_set}


MEMBER_KEYS = tuple(MemberInput.model_fields)


class ConsentInput(Input):
    """A permission given or withdrawn."""

    purpose: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$", examples=["marketing"])]
    granted: bool
    text_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    def as_said(self) -> dict[str, Any]:
        """For services.members.consent."""
        return self.model_dump(exclude_none=True)


class ChannelInput(Input):
    """What brought the member."""

    utm_source: Annotated[str, Field(max_length=200, examples=["newsletter"])] = ""
    utm_medium: Annotated[str, Field(max_length=200)] = ""
    utm_campaign: Annotated[str, Field(max_length=200)] = ""
    utm_content: Annotated[str, Field(max_length=200)] = ""
    utm_term: Annotated[str, Field(max_length=200)] = ""
    ref: Annotated[str, Field(max_length=200)] = ""
    link_code: Annotated[str, Field(max_length=40)] = ""


class ItemInput(Input):
    """A line of a receipt; `amount_minor` is the line's total."""

    sku: Short = ""
    category: Short = ""
    quantity: Annotated[int, Field(ge=0, le=10_000)] = 1
    amount_minor: Signed = 0


Code = Annotated[str, Field(min_length=1, max_length=40)]


class ReceiptInput(Input):
    """A receipt; money in minor units of `currency`."""

    amount_minor: Annotated[int, Field(ge=0, le=MOST_MINOR, examples=[12340])]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]
    receipt: Annotated[str, Field(max_length=120, examples=["r1"])] = ""
    store: Short = ""
    items: Annotated[tuple[ItemInput, ...], Field(max_length=500)] = ()
    redeem_points: Minor = 0
    gift_minor: Minor = 0
    codes: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=40)], ...], Field(max_length=10)
    ] = ()
    partner: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,39})?$")] = ""
    occurred_at: Moment | None = None


class PurchaseInput(ReceiptInput):
    """A receipt as the till closed it; `hold` is what was set aside for it, which pays it in points."""

    hold: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = ""


class ReturnedItem(Input):
    """An item that comes back: by its `line` of the receipt (from 1), or by its `sku`."""

    line: Annotated[int, Field(ge=1, le=501)] | None = None
    sku: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.line is None) == (self.sku is None):
            raise ValueError("give either a line or a sku")
        return self

    @property
    def which(self) -> int | str:
        """Its line, or its SKU."""
        return self.line if self.line is not None else self.sku or ""


class StampsInput(Input):
    """Stamps for a visit."""

    stamps: Annotated[int, Field(ge=1, le=100, examples=[1])] = 1
    store: Short = ""


class MembershipInput(Input):
    """A payment for a membership; `payment` is its id at whoever took the money, and counts once."""

    membership: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", examples=["club"])]
    payment: Annotated[str, Field(min_length=1, max_length=120, examples=["pay-1"])]
    periods: Annotated[int, Field(ge=1, le=24)] = 1
    starts_at: Moment | None = None
    store: Short = ""


class AdjustmentInput(Input):
    """Value given or taken by hand, with the reason that the journal keeps."""

    points: Annotated[int, Field(ge=-MOST_MINOR, le=MOST_MINOR, examples=[5])] | None = None
    stamps: Annotated[int, Field(ge=-10_000, le=10_000)] | None = None
    chips: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] | None = None
    cashback_minor: Annotated[int, Field(ge=-MOST_MINOR, le=MOST_MINOR)] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["gift"])]
    store: Short = ""

    def amounts(self) -> dict[str, int]:
        """Unit to signed amount."""
        units = ("points", "stamps", "chips", "cashback_minor")
        return {unit: amount for unit in units if (amount := getattr(self, unit)) is not None}


Named = Annotated[
    dict[
        Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")],
        Annotated[str, Field(max_length=500)] | Whole | None,
    ],
    Field(max_length=50),
]
Status = Literal["active", "blocked", "void", "expired"]
Tier = Annotated[str, Field(pattern=r"^[a-z0-9-]{0,40}$")]


def named_values(values: Mapping[str, str | int | None]) -> dict[str, str]:
    """Named values as a card keeps them; null takes one away."""
    return {name: "" if value is None else str(value) for name, value in values.items()}


def parse_json(model: type[Model], body: bytes) -> Model:
    """`body` as a value of `model`; raises BrokenJson, or Invalid with every fault and its JSON pointer."""
    raw = read_json(body)
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise Invalid(faults_of(error, raw)) from None


def read_json(body: bytes) -> Any:
    """JSON values that can be stored; raises BrokenJson and Invalid."""
    try:
        raw = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise BrokenJson(str(error)) from None
    faults = dict(_unstorable(raw, ""))
    if faults:
        raise Invalid(faults)
    return raw


def _unstorable(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and "\x00" in value:
        yield where, "holds a NUL letter"
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield where, "is a number beyond 64 bits"
    elif isinstance(value, float) and not -1e300 < value < 1e300:
        yield where, "is no believable number"
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unstorable(name, where)
            yield from _unstorable(inner, f"{where}/{_escaped(name)}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unstorable(inner, f"{where}/{index}")


_UNSEEN = object()


def faults_of(error: ValidationError, raw: Any = _UNSEEN) -> dict[str, str]:
    """Pydantic's faults as JSON pointers (RFC 6901) into `raw` and plain sentences; a hundred at most."""
    faults: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False)[:MOST_FAULTS]:
        where, words = (
            _pointer(fault["loc"], raw, fault["type"] == "missing"),
            _in_words(fault["type"], fault["msg"]),
        )
        faults[where] = f"{faults[where]}; {words}" if where in faults else words
    return faults


def _pointer(loc: tuple[int | str, ...], raw: Any, missing: bool) -> str:
    """The place in what was sent: pydantic also names union branches and validators, which nobody typed."""
    parts: list[str] = []
    for index, part in enumerate(loc):
        absent = missing and index == len(loc) - 1
        if isinstance(raw, list) and isinstance(part, int):
            raw = raw[part] if part < len(raw) else _UNSEEN
        elif isinstance(raw, Mapping) and (part in raw or absent):
            raw = raw.get(part, _UNSEEN)
        elif raw is not _UNSEEN:
            continue
        parts.append(_escaped(str(part)))
    return "".join(f"/{part}" for part in parts)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


_WORDS = {"extra_forbidden": "is not known here", "missing": "is required", "json_invalid": "is not JSON"}


def _in_words(kind: str, message: str) -> str:
    plain = message.removeprefix("Value error, ").replace("Input should be", "should be")
    return _WORDS.get(kind, plain)
