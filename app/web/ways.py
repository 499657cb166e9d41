"""Which way a card takes to the phone in the visitor's hand: which wallets are offered, in which order.

Google Wallet is the way to Android. A file in Apple's format is for phones without it: Google's own importer
makes a private card of it that is never updated, so the file is never the first offer where Google works. The
country is what the shop says about itself, never where a visitor's address seems to be.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Literal
from urllib.parse import quote

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from app.domain.programme import Programme

Device = Literal["iphone", "android", "desktop"]
Maker = Literal["samsung", "huawei", ""]
Way = Literal["apple", "google", "samsung", "apps", "file"]
"""`apps`: an app for Android that reads Apple's format and keeps the card true; `file`: the file alone."""

WITHOUT_GOOGLE: Mapping[str, str] = {
    "RU": "named by Google's brand guidelines",
    "CN": "common knowledge, not checked with Google",
    "CU": "common knowledge, not checked with Google",
    "IR": "common knowledge, not checked with Google",
    "KP": "common knowledge, not checked with Google",
    "SY": "common knowledge, not checked with Google",
}
"""Countries whose Android phones have no Google Wallet, and how we know. Vendor page:
developers.google.com/wallet, brand guidelines (last checked 2026-08).
"""
SAVE_TO_PHONE = frozenset({"RU"})
"""Where Google's save page works although its Wallet is not there, under the name "Save to phone"."""

_SAMSUNG = re.compile(r"SamsungBrowser|\bSAMSUNG\b|; SM-[A-Z]", re.IGNORECASE)
_HUAWEI = re.compile(r"HMSCore|HuaweiBrowser|HarmonyOS|OpenHarmony|\bHUAWEI\b", re.IGNORECASE)


def device_of(user_agent: str) -> Device:
    """What the visitor holds in their hands, as far as a browser tells."""
    if re.search(r"iPhone|iPad|iPod", user_agent):
        return "iphone"
    return "android" if "Android" in user_agent or maker_of(user_agent) == "huawei" else "desktop"


def maker_of(user_agent: str) -> Maker:
    """Who made this Android phone, where that decides what is on it."""
    if _HUAWEI.search(user_agent):
        return "huawei"
    return "samsung" if _SAMSUNG.search(user_agent) else ""


def country_of(programme: Programme, languages: Sequence[str]) -> str:
    """The shop's country (ISO 3166-1), empty where nothing tells: its own setting, else a currency that is
    one country's alone. A currency of several lets time zone, the shop's languages and the visitor's
    `Accept-Language` choose among them.
    """
    if programme.country:
        return programme.country
    lands = _lands_of(programme.currency)
    if len(lands) == 1:
        return next(iter(lands))
    zone = str(get_global("zone_territories").get(programme.time_zone) or "")
    hints = (zone, *map(_region, programme.locales), *map(_region, languages))
    return next((hint for hint in hints if hint in lands), "")


@lru_cache(maxsize=64)
def _lands_of(currency: str) -> frozenset[str]:
    """Where this money is legal tender now."""
    known = get_global("territory_currencies").items()
    return frozenset(
        land
        for land, used in known
        if any(code == currency and until is None and tender for code, _since, until, tender in used)
    )


def _region(language: str) -> str:
    try:
        return Locale.parse(language, sep="-").territory or ""
    except (UnknownLocaleError, ValueError, TypeError):
        return ""


def ways(device: Device, maker: Maker, country: str, offered: Collection[str]) -> list[Way]:
    """How the card gets onto this phone, the best way first; `offered` are the wallets that the shop has."""
    wanted: dict[Device, list[Way]] = {
        "iphone": ["apple"],
        "desktop": ["apple", "google"],
        "android": _on_android(maker, country, "google" in offered),
    }
    has = {"apps": "apple", "file": "apple"}
    return [way for way in wanted[device] if has.get(way, way) in offered]


def _on_android(maker: Maker, country: str, google: bool) -> list[Way]:
    first: list[Way] = ["samsung"] if maker == "samsung" else []
    if google and maker != "huawei" and country not in WITHOUT_GOOGLE:
        return [*first, "google", "file"]
    then: list[Way] = ["google"] if country in SAVE_TO_PHONE or country not in WITHOUT_GOOGLE else []
    return [*first, "apps", *then, "file"]


def app_link(pkpass_url: str) -> str:
    """Opens the card in WalletPasses, or offers to install it first."""
    return f"https://www.walletpasses.io?u={quote(pkpass_url, safe='')}"
