"""Service accounts of the stand-in: the key file that a developer would download, and signing in with it."""

import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""google-auth writes this into its assertion whatever the file's `token_uri` says."""

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_LIFE_S = 3600
OUT_OF_TIME = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)
EMAIL = "tillpass@sandbox.iam.gserviceaccount.example"


class AssertionRefused(Exception):
    """An OAuth error: `error` as in RFC 6749."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Account:
    """A service account as Google knows it."""

    email: str
    public_key: RSAPublicKey


def write_service_account(path: Path, token_uri: str, *, email: str = EMAIL) -> Account:
    """Make the key file, readable by its owner only; a key that is there already is kept.

    The file appears whole or not at all. Raises OSError.
    """
    info, account = _existing(path) or _new_info(email)
    if info["token_uri"] != token_uri or not path.exists():
        text = json.dumps({**info, "token_uri": token_uri}, indent=2) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    return account


def read_service_account(path: Path) -> Account:
    """The account of a key file. Raises OSError, ValueError or KeyError."""
    return _account(json.loads(path.read_text("utf-8")))


def _account(info: dict[str, str]) -> Account:
    public = serialization.load_pem_private_key(info["private_key"].encode(), None).public_key()
    if not isinstance(public, RSAPublicKey):
        raise ValueError("the key is not RSA")
    return Account(info["client_email"], public)


def _existing(path: Path) -> tuple[dict[str, str], Account] | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        info = json.loads(path.read_text("utf-8"))
        return ({"token_uri": "", **info}, _account(info))
    return None


def _new_info(email: str) -> tuple[dict[str, str], Account]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    info = {
        "type": "service_account",
        "project_id": "tillpass-sandbox",
        "private_key_id": secrets.token_hex(20),
        "private_key": pem.decode(),
        "client_email": email,
        "client_id": "100000000000000000000",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": AUDIENCE,
        "universe_domain": "googleapis.com",
    }
    return info, Account(email, key.public_key())


class Accounts:
    """Who may sign in, and the tokens that are out. Safe for any number of threads."""

    def __init__(self, *accounts: Account, clock: Callable[[], float] = time.time) -> None:
        self._keys = {one.email: one.public_key for one in accounts}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._clock = clock
        self.ahead_s = 0.0
        """How far this clock is ahead of everybody else's."""
        self._lock = threading.Lock()

    def trust(self, account: Account) -> None:
        with self._lock:
            self._keys[account.email] = account.public_key

    def emails(self) -> list[str]:
        """All service accounts that may sign in."""
        with self._lock:
            return sorted(self._keys)

    def key(self, email: object) -> RSAPublicKey | None:
        with self._lock:
            return self._keys.get(email) if isinstance(email, str) else None

    def token_for(self, assertion: str) -> str:
        """A new access token for a signed assertion (RFC 7523); raises `AssertionRefused`."""
        claims = self._claims(assertion)
        if SCOPE not in str(claims.get("scope", "")).split():
            raise AssertionRefused("invalid_scope", "The wallet_object.issuer scope is missing.")
        if (
            int(claims["exp"]) - int(claims["iat"]) > TOKEN_LIFE_S
            or int(claims["exp"]) < self._clock() + self.ahead_s
        ):
            raise AssertionRefused("invalid_grant", OUT_OF_TIME)
        token = "ya29." + secrets.token_urlsafe(48)
        with self._lock:
            self._tokens = {key: one for key, one in self._tokens.items() if one[1] > self._clock()}
            self._tokens[token] = (claims["iss"], self._clock() + TOKEN_LIFE_S)
        return token

    def holder(self, token: str) -> str | None:
        """The e-mail address that a token was given to, while it is valid."""
        with self._lock:
            email, until = self._tokens.get(token, ("", 0.0))
            return email if email in self._keys and until > self._clock() else None

    def expire_tokens(self) -> None:
        """All tokens that are out become worthless at once."""
        with self._lock:
            self._tokens.clear()

    def _claims(self, assertion: str) -> dict[str, Any]:
        try:
            issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
            key = self.key(issuer)
            if key is None:
                raise AssertionRefused("invalid_grant", "Invalid grant: account not found")
            found: dict[str, Any] = jwt.decode(
                assertion, key, ["RS256"], audience=AUDIENCE, options={"require": ["exp", "iat", "iss"]}
            )
        except jwt.InvalidTokenError as error:
            raise AssertionRefused("invalid_grant", f"Invalid JWT: {error}") from error
        return found
