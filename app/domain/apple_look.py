"""What only Apple Wallet knows of a design. Texts may have `{placeholders}`; each card's are filled.

Vendor page: developer.apple.com/documentation/walletpasses/pass (last checked 2026-08).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from app.domain.text import TextInput
from app.domain.values import Frozen, Look


class Nfc(Frozen):
    """What a contactless reader gets: at most 64 bytes; the key is base64 of a compressed P-256 SPKI."""

    message: Annotated[str, Field(min_length=1, max_length=200)] = "{number}"
    encryption_public_key: Annotated[str, Field(min_length=40, max_length=200)]
    requires_authentication: bool = False


class Personalisation(Frozen):
    """Sign-up in Wallet by a tap on a reader: what the customer is asked."""

    fields: Annotated[
        tuple[Literal["name", "postal_code", "email", "phone"], ...], Field(min_length=1, max_length=4)
    ]
    description: TextInput
    terms: TextInput = Field(default_factory=dict)


class Poster(Frozen):
    """A `posterGeneric` face (iOS 27) beside the pass's own style, which older phones go on showing."""


class FeaturedAction(Frozen):
    """A button under a poster."""

    kind: Annotated[str, Field(pattern=r"^[a-zA-Z]{2,40}$")]
    url: Annotated[str, Field(max_length=1000)]


class AppleLook(Look):
    """Apple's own part of a design."""

    poster: Poster | None = None
    featured_actions: Annotated[tuple[FeaturedAction, ...], Field(max_length=2)] = ()
    nfc: Nfc | None = None
    personalisation: Personalisation | None = None
    sharing_prohibited: bool = False
    user_info: dict[str, Any] = Field(default_factory=dict)
