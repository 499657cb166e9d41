"""Android apps that read Apple's passes: how each says who it is, and which server wakes its phones.

They speak Apple's web service and differ in two things: the word before the token, and the server that a
push goes to. A token of theirs must never reach Apple's push service, which calls it bad; so the app is noted
when a phone registers, and decides the way of every push.

Vendor pages: walletpasses.io/developer, github.com/Kwiket/passwallet, pass2u.net/apiPushNotification,
walletunion.com/developer/en, github.com/passworks/android-wallet-api (last checked 2026-08).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard
from urllib.parse import urlsplit

APPLE = "apple"
ATTIDO = "attido"
AUTHORIZATIONS: Mapping[str, str] = {
    "ApplePass": APPLE,
    "AndroidPass": "walletpasses",
    "AttidoPass": ATTIDO,
    "WalletUnionPass": "walletunion",
    "WalletUnionHMSPass": "walletunionhms",
}
"""The word before the pass's token -> whose phone it is; phones without Google's services have a word too."""

PASS_CLIENTS: Mapping[str, str] = {"Passes": "pass2u", "Passworks": "passworks"}
"""Apps that say `ApplePass` as Apple does, and name themselves in `X-Pass-Client`."""

NAMES: Mapping[str, str] = {
    APPLE: "iPhone",
    ATTIDO: "PassWallet",
    "walletpasses": "WalletPasses",
    "pass2u": "Pass2U",
    "passworks": "Passworks",
    "walletunion": "WalletUnion",
    "walletunionhms": "WalletUnion (Huawei)",
}
LONGEST_PUSH_URL = 300
_TOKENS = {APPLE: re.compile(r"[0-9A-Za-z+/=_-]{1,200}")}
_APP_TOKEN = re.compile(r"[0-9A-Za-z+/=_:.%~-]{1,200}")  # Google's tokens have a colon
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An `Authorization` header in two: whose phone it is (empty for a word that nobody says), and the
    token."""

    scheme: str = ""
    token: str = ""


def read_authorization(header: str | None) -> Credentials:
    """The header's parts; whatever is odd about it makes both empty."""
    word, blank, token = (header or "").partition(" ")
    scheme = AUTHORIZATIONS.get(word, "")
    return Credentials(scheme, token) if blank and scheme else Credentials()


def app_of(authorization: str | None, pass_client: str | None) -> str:
    """Which app registers, by the word before its token or by its own header."""
    scheme = read_authorization(authorization).scheme
    return PASS_CLIENTS.get(pass_client or "", scheme) if scheme == APPLE else scheme


def is_push_token(app: str, token: object) -> TypeGuard[str]:
    """Whether this can be a push token of that app."""
    return isinstance(token, str) and _TOKENS.get(app, _APP_TOKEN).fullmatch(token) is not None


def push_service(url: object, origins: Sequence[str]) -> str | None:
    """The address of PassWallet's push server as it may be called, or None for one that may not.

    The address comes from whoever registers, so it must be one of `origins`, letter by letter. WalletPasses,
    which can play PassWallet, names its own server with `http:`; it is called with `https:` all the same.
    """
    if not isinstance(url, str) or len(url) > LONGEST_PUSH_URL or not url.isascii():
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    origin = _origin(parts.scheme, parts.netloc, origins)
    if origin is None or parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        return None
    return origin + parts.path.rstrip("/")


def _origin(scheme: str, netloc: str, origins: Sequence[str]) -> str | None:
    """The one of `origins` that is meant; user names, ports and odd letters fit none of them."""
    host = netloc.lower()
    wanted = (f"{scheme}://{host}", f"https://{host}" if scheme == "http" else "")
    return next((one for one in wanted if one and one in origins), None)
