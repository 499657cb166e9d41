"""What another system writes on its cards, by label, as what we know: `{"label": "Баланс", "value": "120"}`.

A source keeps which label means what; a label that nobody named becomes a named value under a plain name made
of it, so that a design can show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.domain.errors import Invalid
from app.domain.money import EXPONENTS
from app.services.inputs import MOST_MINOR, Tier, faults_of

MOST_LABELS = 100
NOWHERE = "-"
Place = Annotated[
    str,
    Field(
        pattern=r"^(balance\.(points|stamps|chips|cashback)"
        r"|member\.(phone|email|external_id|given_name|family_name|full_name|birthday|city|locale)"
        r"|status\.tier|values\.[a-z0-9_]{1,40}|-)$"
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=120)]
_LETTERS = {
    **dict(zip("абвгдеёзийклмнопрстуфыэ", "abvgdeeziiklmnoprstufye", strict=True)),
    **{"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": ""},
    **{"ю": "iu", "я": "ia"},
}
_NUMBER = re.compile(r"[-+]?\d[\d \u00a0\u202f]*(?:[.,]\d+)?")


class Labels(BaseModel):
    """A source's mapping. `templates`: what the other system calls this programme; `tiers`: our tier for the
    name of theirs.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    templates: Annotated[list[Name], Field(max_length=50)] = []
    labels: Annotated[dict[Name, Place], Field(max_length=MOST_LABELS)] = {}
    tiers: Annotated[dict[Name, Tier], Field(max_length=50)] = {}
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "RUB"

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """Raises Invalid with pointers below `/mapping`."""
        try:
            return cls.model_validate(dict(mapping))
        except ValidationError as error:
            faults = faults_of(error, mapping)
            raise Invalid({f"/mapping{where}": words for where, words in faults.items()}) from None


@dataclass(slots=True)
class Told:
    """What labels said: whom the card belongs to, its balances, tier and named values; `unknown` fitted
    nowhere.
    """

    member: dict[str, str] = field(default_factory=dict)
    balance: dict[str, int] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    tier: str | None = None
    unknown: list[str] = field(default_factory=list)


def told(said: Iterable[tuple[str, str, str]], known: Labels, *, keep_unknown: bool = True) -> Told:
    """Sort (label, value, where it stands) into what we know; raises Invalid for values that cannot be."""
    made = Told()
    faults: dict[str, str] = {}
    places = {_plain(label): place for label, place in known.labels.items()}
    for label, value, where in said:
        place = places.get(_plain(label)) or (_own_name(label) if keep_unknown else "")
        try:
            _put(made, place, label, " ".join(value.split()), known)
        except ValueError as error:
            faults[where] = str(error)
    if faults:
        raise Invalid(faults)
    return made


def _plain(label: str) -> str:
    """Labels are told apart as people read them."""
    return " ".join(label.casefold().split())


def _own_name(label: str) -> str:
    """`Любимый кофе` is `values.liubimyi_kofe`; empty where no name can be made of it."""
    text = "".join(_LETTERS.get(letter, letter) for letter in label.casefold())
    name = re.sub(r"[^a-z0-9]+", "_", text).strip("_")[:40]
    return f"values.{name}" if name else ""


def _put(made: Told, place: str, label: str, value: str, known: Labels) -> None:
    room, _, name = place.partition(".")
    if place in ("", NOWHERE):
        made.unknown += [label] if not place else []
    elif room == "balance":
        key = "cashback_minor" if name == "cashback" else name
        made.balance[key] = _amount(value, EXPONENTS.get(known.currency, 2) if name == "cashback" else 0)
    elif place == "status.tier":
        made.tier = _tier(value, known)
    elif room == "values":
        if len(value) > 500:
            raise ValueError("has more than 500 letters")
        made.values[name] = value
    else:
        made.member |= _person(name, value)


def _amount(value: str, digits: int) -> int:
    """The first number of the text, so that `1 250 баллов` and `5 / 10` are read too; rounded down."""
    found = _NUMBER.search(value)
    if found is None:
        raise ValueError("holds no number")
    plain = re.sub(r"[ \u00a0\u202f]", "", found[0]).replace(",", ".")
    amount = Decimal(plain).scaleb(digits)
    if not 0 <= amount <= MOST_MINOR:
        raise ValueError("is no believable balance")
    return int(amount)


def _tier(value: str, known: Labels) -> str:
    tiers = {_plain(name): tier for name, tier in known.tiers.items()}
    tier = tiers.get(_plain(value), _plain(value))
    if not re.fullmatch(r"[a-z0-9-]{0,40}", tier):
        raise ValueError("is no tier; name it in `tiers`")
    return tier


def _person(name: str, value: str) -> dict[str, str]:
    if name == "full_name":
        given, _, family = value.partition(" ")
        return {"given_name": given[:120], "family_name": family[:120]}
    if name == "birthday" and value:
        return {name: _day(value)}
    return {name: value[:254] if name == "email" else value[:120]}


def _day(value: str) -> str:
    dotted = re.match(r"(\d{2})\.(\d{2})\.(\d{4})", value)
    try:
        return date.fromisoformat(
            f"{dotted[3]}-{dotted[2]}-{dotted[1]}" if dotted else value[:10]
        ).isoformat()
    except ValueError:
        raise ValueError("is not a date such as 17.05.1990") from None
