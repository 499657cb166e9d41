"""Reading a save link as Google's save page does: who signed it, and what it names or carries."""

import json
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.sandbox import google_schema as schema
from app.sandbox.google_modes import invalid
from app.sandbox.google_writes import require_parsed

Json = dict[str, Any]
SAFE_LENGTH = 1800

_LISTS = {schema.plural(kind): kind for kind in schema.KINDS}


def read_save_jwt(token: str, key_of: Callable[[object], RSAPublicKey | None]) -> list[tuple[str, Json]]:
    """`(kind, body)` of everything in the link, classes first; a body may be an id only.

    Raises `Refusal` with words for the developer; customers would only read "Something went wrong".
    """
    return _carried(_verified(token, key_of))


def signer_of(token: str) -> str:
    """The account that a link names; verify the link first."""
    return str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))


def read_save_claims(text: str) -> list[tuple[str, Json]]:
    """The same for claims as JSON, before they are signed."""
    try:
        claims = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid("The claims are not JSON.") from error
    if not isinstance(claims, dict):
        raise invalid("The claims are not an object.")
    return _carried(claims)


def _carried(claims: Json) -> list[tuple[str, Json]]:
    if claims.get("typ") not in ("savetowallet", "savetoandroidpay"):
        raise invalid("The claim typ must be savetowallet.")
    payload = claims.get("payload")
    if not isinstance(payload, dict) or not payload:
        raise invalid("The claim payload is missing.")
    found = [pair for name, bodies in payload.items() for pair in _bodies(name, bodies)]
    if not any(not schema.is_class(kind) for kind, _ in found):
        raise invalid("The payload names no object.")
    return sorted(found, key=lambda pair: not schema.is_class(pair[0]))


def is_reference(kind: str, body: Json) -> bool:
    """Whether this only names what was inserted before."""
    return set(body) <= {"id", "classId"}


def _bodies(name: str, bodies: object) -> list[tuple[str, Json]]:
    kind = _LISTS.get(name)
    if kind is None or not isinstance(bodies, list):
        raise invalid(f"The payload has an unknown list: {name}.")
    return [(kind, require_parsed(schema.KINDS[kind], body)) for body in bodies]


def _verified(token: str, key_of: Callable[[object], RSAPublicKey | None]) -> Json:
    try:
        key = key_of(jwt.decode(token, options={"verify_signature": False}).get("iss"))
        if key is None:
            raise invalid("The claim iss is not a service account of this issuer.")
        options: Any = {"verify_exp": False, "verify_iat": False, "require": ["iss", "aud"]}
        found: Json = jwt.decode(token, key, ["RS256"], audience="google", options=options)
    except jwt.InvalidTokenError as error:
        raise invalid(f"The JWT cannot be verified: {error}") from error
    return found
