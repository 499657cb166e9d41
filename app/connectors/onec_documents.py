"""Documents of 1C, each as the actions that it asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.connectors.values import (
    day,
    first_email,
    first_phone,
    minor_units,
    moment_text,
    short,
    version_ms,
    without_nothing,
)
from app.domain.errors import Invalid
from app.services.inputs import MOST_MINOR, Tier, faults_of
from app.services.ports import Action

Guid = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\x21-\x7e]+$")]
Text = Annotated[str, Field(max_length=254)]
Amount = str | int | float | None
Model = TypeVar("Model", bound="Document")
DAY_MS = 86_400_000


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone such as Europe/Moscow") from None
    return name


class Base(BaseModel):
    """The source's mapping: what 1C leaves unsaid. Its times have no zone, its amounts no currency."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "RUB"
    time_zone: Annotated[str, Field(max_length=60), AfterValidator(_zone)] = "Europe/Moscow"
    tiers: dict[str, Tier] = {}
    """Our tier for the name of theirs."""

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """Raises Invalid with pointers below `/mapping`."""
        try:
            return cls.model_validate(dict(mapping))
        except ValidationError as error:
            faults = faults_of(error, mapping)
            raise Invalid({f"/mapping{where}": words for where, words in faults.items()}) from None


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a document stands in the call; `night`: the day that it reconciles."""

    base: Base
    where: str
    night: str

    @property
    def zone(self) -> ZoneInfo:
        """That of 1C's times."""
        return ZoneInfo(self.base.time_zone)

    def money(self, amount: Any, name: str, currency: str | None = None) -> int:
        """Minor units; raises Invalid where it stands."""
        return minor_units(amount, currency or self.base.currency, f"{self.where}/{name}")


class Document(BaseModel, ABC):
    """What all have in common; the shop's extension may send more than we read."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)
    name: ClassVar[str] = ""

    @abstractmethod
    def actions(self, kept: Kept) -> list[Action]:
        """What it asks for."""


class Holder(Document):
    """A document that names a customer: by card, else by telephone, else by their GUID."""

    card: Text | None = None
    phone: Text | None = None
    customer: Text | None = None

    def target(self) -> dict[str, str]:
        """The first name that is there; empty for a nameless sale."""
        if self.card:
            return {"number": self.card[:120]}
        phone = first_phone([self.phone])
        if phone:
            return {"phone": phone}
        return {"external_id": self.customer[:120]} if self.customer else {}


class Line(BaseModel):
    """A line of a receipt; `amount` is the line's total."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)

    sku: Text = ""
    category: Text = ""
    qty: Amount = 1
    amount: Amount = 0

    def pieces(self, where: str) -> int:
        """Whole pieces; what is sold by weight counts by begun ones. Raises Invalid."""
        return whole(self.qty or 0, where, up=True)


class ReceiptDocument(Holder):
    """ЧекККМ: a sale that is closed."""

    name: ClassVar[str] = "receipt"
    guid: Guid
    date: Text = ""
    store: Text = ""
    amount: Amount
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    lines: Annotated[tuple[Line, ...], Field(max_length=500)] = ()
    points: Amount = 0
    """Points that paid a part of it."""
    hold: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = ""

    def actions(self, kept: Kept) -> list[Action]:
        """A purchase, once for its GUID; nothing for a sale without a card."""
        target = self.target()
        if not target:
            return []
        currency = self.currency or kept.base.currency
        body = {
            **target,
            "receipt": self.guid,
            "amount_minor": kept.money(self.amount, "amount", currency),
            "currency": currency,
            "items": [self._item(kept, index, each) for index, each in enumerate(self.lines)] or None,
            "store": short(self.store),
            "redeem_points": whole(self.points or 0, f"{kept.where}/points") or None,
            "hold": self.hold or None,
            "occurred_at": moment_text(self.date, kept.zone),
        }
        return [Action("purchase", without_nothing(body), key=f"receipt:{self.guid}")]

    def _item(self, kept: Kept, index: int, line: Line) -> dict[str, Any]:
        where = f"lines/{index}"
        item = {
            "sku": short(line.sku),
            "category": short(line.category),
            "quantity": line.pieces(f"{kept.where}/{where}/qty"),
            "amount_minor": kept.money(line.amount, f"{where}/amount", self.currency),
        }
        return without_nothing(item)


class ReturnDocument(Document):
    """ВозвратОтПокупателя: all of a sale, a part of its amount, or some of its goods."""

    name: ClassVar[str] = "return"
    guid: Guid
    sale: Guid
    amount: Amount = None
    lines: Annotated[tuple[Line, ...], Field(max_length=500)] = ()
    store: Text = ""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None

    def actions(self, kept: Kept) -> list[Action]:
        """A refund, once for its own GUID; the pipeline parks it until its sale is there."""
        body: dict[str, Any] = {"receipt": self.sale, "refund": self.guid, "store": short(self.store)}
        if self.amount is not None:
            body["amount_minor"] = kept.money(self.amount, "amount", self.currency)
        elif self.lines:
            body["items"] = [
                {"sku": line.sku[:120], "quantity": line.pieces(f"{kept.where}/lines/{index}/qty")}
                for index, line in enumerate(self.lines)
            ]
        return [Action("refund", without_nothing(body), key=f"return:{self.guid}")]


class CustomerDocument(Document):
    """Контрагент or ИнформационнаяКарта: who a customer is."""

    name: ClassVar[str] = "customer"
    guid: Guid
    phone: Text | None = None
    email: Text | None = None
    givenName: Text | None = None
    familyName: Text | None = None
    birthday: Text | None = None
    city: Text | None = None
    updatedAt: Text = ""
    tier: Text | None = None
    erase: bool = False

    def actions(self, kept: Kept) -> list[Action]:
        """The member, and their tier where one is named; `erase` forgets the person for good."""
        ref, version = f"customer:{self.guid}", version_ms(self.updatedAt, kept.zone)
        if self.erase:
            return [Action("erase", {"external_id": self.guid}, key=f"erase:{self.guid}")]
        body = {
            "external_id": self.guid,
            "phone": first_phone([self.phone]),
            "email": first_email([self.email]),
            "given_name": short(self.givenName),
            "family_name": short(self.familyName),
            "birthday": day(self.birthday),
            "city": short(self.city),
        }
        made = [Action("member", without_nothing(body), ref, version)]
        tier = kept.base.tiers.get(self.tier) if self.tier else None
        if tier is not None:
            made.append(
                Action("status", {"external_id": self.guid, "tier": tier}, f"tier:{self.guid}", version)
            )
        return made


class CardDocument(Holder):
    """The state of a card: blocked, or active again."""

    name: ClassVar[str] = "card"
    status: Literal["active", "blocked"]
    updatedAt: Text = ""

    def actions(self, kept: Kept) -> list[Action]:
        """Its status."""
        target = self.target()
        if not target:
            raise Invalid({kept.where: "name the card by card, phone or customer"})
        version = version_ms(self.updatedAt, kept.zone)
        return [Action("status", {**target, "status": self.status}, _ref("card", target), version)]


class BalanceDocument(Holder):
    """What 1C holds to be the balance: the difference is adjusted."""

    name: ClassVar[str] = "balance"
    points: Amount = None
    stamps: Amount = None
    cashback: Amount = None
    at: Text = ""

    def actions(self, kept: Kept) -> list[Action]:
        """A reconciling adjustment; an older balance than the last does nothing."""
        target = self.target()
        if not target:
            raise Invalid({kept.where: "name the card by card, phone or customer"})
        body = {
            **target,
            "points": None if self.points is None else whole(self.points, f"{kept.where}/points"),
            "stamps": None if self.stamps is None else whole(self.stamps, f"{kept.where}/stamps"),
            "cashback_minor": None if self.cashback is None else kept.money(self.cashback, "cashback"),
            "reason": f"1C: reconciliation {kept.night}" if kept.night else "1C: balance",
        }
        return [Action("balance", without_nothing(body), _ref("balance", target), self._version(kept))]

    def _version(self, kept: Kept) -> int:
        """Its time; that of a night without one is the end of its day."""
        end = version_ms(kept.night, kept.zone) + DAY_MS - 1 if kept.night else 0
        return version_ms(self.at, kept.zone) or end


def _ref(name: str, target: Mapping[str, str]) -> str:
    return f"{name}:{next(iter(target.values()))}"[:160]


def whole(amount: Any, where: str, *, up: bool = False) -> int:
    """A whole number, rounded down: 1C counts points with kopecks. Raises Invalid."""
    try:
        if isinstance(amount, bool):
            raise InvalidOperation
        found = Decimal(str(amount).replace("\u00a0", "").replace(" ", "").replace(",", "."))
        if not found.is_finite() or abs(found) > MOST_MINOR:
            raise InvalidOperation
        return int(found.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))
    except InvalidOperation:
        raise Invalid({where: "should be a number"}) from None


def parsed(model: type[Model], said: Any, where: str) -> Model:
    """The document; raises Invalid with pointers from the whole call."""
    try:
        return model.model_validate(said)
    except ValidationError as error:
        faults = faults_of(error, said)
        raise Invalid({f"{where}{pointer}": words for pointer, words in faults.items()}) from None


MESSAGES: Mapping[str, type[Document]] = {
    "receipt": ReceiptDocument,
    "return": ReturnDocument,
    "customer": CustomerDocument,
    "card": CardDocument,
    "balance": BalanceDocument,
    "ЧекККМ": ReceiptDocument,
    "ВозвратОтПокупателя": ReturnDocument,
    "ЧекККМВозврат": ReturnDocument,
    "Контрагент": CustomerDocument,
    "ИнформационнаяКарта": CardDocument,
    "ОстатокБаллов": BalanceDocument,
}
"""By the `type` of a message."""
