"""The service account: who we are to Google, and the signed-in session that follows from it.

The file names its own token address, so the sandbox needs no special case. Proxy settings and .netrc of the
machine are ignored on purpose: a stray `.netrc` entry would replace our bearer token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.auth.credentials import DEFAULT_UNIVERSE_DOMAIN
from google.auth.crypt import RSASigner
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account

SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
TOKEN_TIMEOUT_S = 10


class InvalidCredentials(ValueError):
    """The service-account file is not usable; the message says why and never quotes the file."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A parsed service-account key file."""

    email: str
    key_id: str
    token_uri: str
    key: RSAPrivateKey = field(repr=False)
    info: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, text: str | bytes) -> ServiceAccount:
        """From the JSON text of the key file; raises `InvalidCredentials`."""
        info = _read(text)
        return cls(
            email=info["client_email"],
            key_id=info.get("private_key_id", ""),
            token_uri=info["token_uri"],
            key=_private_key(info["private_key"]),
            info=info,
        )


def authorized_session(account: ServiceAccount) -> AuthorizedSession:
    """A session that signs itself in, and in again when a token lapses or is refused (one per thread)."""
    sign_in: Any = _Credentials  # google-auth carries no types
    signer: Any = RSASigner
    open_session: Any = AuthorizedSession
    request = Request(_TokenSession(account.token_uri))
    signed = signer(account.key, account.key_id or None)  # reading the key anew takes a tenth of a second
    universe = account.info.get("universe_domain", DEFAULT_UNIVERSE_DOMAIN)
    us = sign_in(signed, account.email, account.token_uri, scopes=[SCOPE], universe_domain=universe)
    session: AuthorizedSession = open_session(us, auth_request=request)
    session.trust_env = False
    session.headers["User-Agent"] = "Tillpass (gzip)"
    return session


class _Credentials(service_account.Credentials):
    """Newer google-auth versions also ask a second Google service where this account may be used.

    Wallet knows no such limits, and from the sandbox nothing may leave for the real Google.
    """

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


class _TokenSession(requests.Session):
    """Fetches tokens and nothing else. google-auth would wait two minutes; a worker's lease is shorter."""

    def __init__(self, token_uri: str) -> None:
        super().__init__()
        self.trust_env = False
        self._token_uri = token_uri

    def request(self, method: Any, url: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        if url != self._token_uri:
            raise requests.exceptions.InvalidURL("only the token address is asked here")
        return super().request(method, url, **{**options, "timeout": TOKEN_TIMEOUT_S})


def _read(text: str | bytes) -> dict[str, str]:
    try:
        info = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidCredentials("the service-account file is not JSON") from error
    if not isinstance(info, dict) or info.get("type") != "service_account":
        raise InvalidCredentials(
            'the file is not a service-account key ("type": "service_account" is missing)'
        )
    wanted = ("client_email", "private_key", "token_uri")
    if missing := [name for name in wanted if not isinstance(info.get(name), str) or not info[name]]:
        raise InvalidCredentials(f"the service-account file lacks {', '.join(missing)}")
    return {key: value for key, value in info.items() if isinstance(value, str)}


def _private_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise InvalidCredentials("the private key of the service account cannot be read") from error
    if not isinstance(key, RSAPrivateKey):
        raise InvalidCredentials("the private key of the service account is not RSA")
    return key
