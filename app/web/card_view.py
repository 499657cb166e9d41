"""What a customer's card page says beside the card's face: figures, rewards, the statement, the wallets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from app.domain.ledger import SPEND, VISITS
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.i18n import day, language, local, number
from app.i18n import gettext as _
from app.web.unit_words import counted
from app.web.ways import SAVE_TO_PHONE, Way

_IN_APP = re.compile(r"FBAN|FBAV|Instagram|Line/|VKAndroidApp|; wv\)|Telegram|MicroMessenger", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A balance in large type; `count` is set where it is a number that can be animated."""

    key: str
    label: str
    value: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Amount:
    """What one move changed: `gain` for the colour and the sign that goes with it."""

    words: str
    gain: bool


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the statement; `after` is what there was then."""

    title: str
    detail: str
    at: datetime
    amounts: tuple[Amount, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class WalletButton:
    """A way to put the card on a phone; `held` when some phone has it (`held_words` say so), `badge` the
    vendor's artwork if it is there.
    """

    way: Way
    words: str
    held_words: str
    href: str
    held: bool
    badge: str = ""


def in_app(user_agent: str) -> bool:
    """Whether this is the browser inside another app, where wallets often do not open."""
    return bool(_IN_APP.search(user_agent))


def figures(card: Pass) -> tuple[Figure, ...]:
    """The balances."""
    return tuple(
        Figure(
            each.key,
            local(each.label),
            local(each.value),
            each.value if isinstance(each.value, int) else None,
        )
        for each in card.balances
    )


def last_moves(
    entries: Sequence[Mapping[str, Any]], programme: Programme, most: int = 10
) -> tuple[Move, ...]:
    """The last operations in words, newest first; what one visit moved stands in one line."""
    told = (each for each in entries if _is_told(each))
    grouped = (list(group) for _key, group in groupby(told, key=lambda entry: entry["operation"]))
    return tuple(_move(group, programme) for group in grouped)[:most]


def _is_told(entry: Mapping[str, Any]) -> bool:
    """An end that moved is no gain, and the money that was spent is no balance."""
    return entry["against"] != "extended" and entry["unit"] not in (SPEND, VISITS)


def _move(lines: Sequence[Mapping[str, Any]], programme: Programme) -> Move:
    first = lines[0]
    amounts = tuple(_amount(each, programme) for each in reversed(lines))
    whys = dict.fromkeys(why for each in reversed(lines) if (why := why_words(each["rule"], programme)))
    ends = sorted(each["ends_at"] for each in lines if each["amount"] > 0 and each["ends_at"] is not None)
    until = _("good until %(day)s", day=day(ends[0] - timedelta(seconds=1))) if ends else ""
    detail = " · ".join(each for each in (first["store"], *whys, until) if each)
    return Move(_title(first["kind"]), detail, first["at"], amounts, _after(lines, programme))


def _after(lines: Sequence[Mapping[str, Any]], programme: Programme) -> str:
    """The balances that these lines left behind; rewards are told as rewards."""
    newest = {each["unit"]: each["balance"] for each in reversed(lines)}
    return ", ".join(counted(unit, left, programme) for unit, left in newest.items() if "." not in unit)


def why_words(rule: str, programme: Programme) -> str:
    """What a rule that gave or took something is called; empty where its kind says nothing more."""
    found = next((each for each in programme.rules if each.rule == rule), None)
    if found is None or found.kind not in ("event", "surprise", "coupon"):
        return ""
    named = getattr(found, "title", None) or getattr(found, "name", None)
    return local(named) if named else ""


def _title(kind: str) -> str:
    known = {
        "purchase": _("Purchase"),
        "stamps": _("Visit"),
        "redemption": _("Reward used"),
        "adjustment": _("Change by the shop"),
        "reversal": _("Taken back"),
        "expiry": _("Ran out"),
        "hold": _("Set aside"),
        "capture": _("Paid with points"),
        "void": _("Given back"),
        "hold-end": _("Given back"),
        "event": _("Gift from the shop"),
        "gift": _("Gift card loaded"),
        "transfer": _("Moved to a shared account"),
        "referral": _("Thanks for bringing a friend"),
        "membership": _("Membership"),
        "cancellation": _("Membership cancelled"),
        "rules": _("New rules"),
    }
    return known.get(kind, _("Change by the shop"))


def _amount(entry: Mapping[str, Any], programme: Programme) -> Amount:
    amount, unit = entry["amount"], entry["unit"]
    sign = "+" if amount > 0 else "\u2212"
    count = abs(amount)
    one = counted(unit, 1, programme)
    words = f"{number(count)} × {one}" if "." in unit else counted(unit, count, programme)
    return Amount(f"{sign}{words}", amount > 0)


def button(way: Way, href: str, *, held: bool, country: str, static: Path) -> WalletButton:
    """The button's words. Where Google Wallet is not live, Google asks for "Save to phone", and for no
    badge.
    """
    words, held_words = _words(way)
    if way == "google" and country in SAVE_TO_PHONE:
        return WalletButton(way, _("Save to phone"), held_words, href, held)
    return WalletButton(way, words, held_words, href, held, badge(way, static))


def _words(way: Way) -> tuple[str, str]:
    known: dict[Way, tuple[str, str]] = {
        "apple": (_("Add to Apple Wallet"), _("Added to Apple Wallet")),
        "google": (_("Add to Google Wallet"), _("Added to Google Wallet")),
        "samsung": (_("Add to Samsung Wallet"), _("Added to Samsung Wallet")),
        "apps": (_("Open in WalletPasses"), _("Added to a wallet app")),
        "file": (_("Another wallet app: get the card as a file"), ""),
    }
    return known[way]


def badge(wallet: str, static: Path) -> str:
    """The vendor's own button in this page's language, as a path below `static`; empty until somebody puts
    it there.
    """
    name = f"badges/{wallet}-{language()}.svg"
    return name if (static / name).is_file() else ""
