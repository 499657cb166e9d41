"""Passes with one thing wrong, and what the validator says of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from app.wallets.apple.bundle import build, prepare
from app.wallets.apple.certificates import fingerprint
from app.wallets.apple.signing import Signer
from app.wallets.apple.validate import card_faults, verify
from tests.support import apple_certs as certs
from tests.support.apple_certs import NOW
from tests.support.apple_passes import card, dumps, rezip, signer, static_files

Sign = Callable[[bytes], bytes]

TRUSTED = {fingerprint(certs.wwdr("wwdr"))}


@cache
def good() -> bytes:
    """Anna's card as we issue it."""
    return build(prepare(static_files()), {"pass.json": dumps(card())}, signer(), NOW)


def errors(data: bytes) -> set[str]:
    """Codes of what Wallet refuses."""
    return {fault.code for fault in verify(data, trusted=TRUSTED) if fault.severity == "error"}


def warnings(data: bytes) -> set[str]:
    """Codes of what merely looks bad."""
    return {fault.code for fault in verify(data, trusted=TRUSTED) if fault.severity == "warning"}


def card_codes(severity: str = "error", **changes: Any) -> set[str]:
    """Codes of what pass.json alone has wrong, with other keys in the good one."""
    return {fault.code for fault in card_faults(card(**changes)) if fault.severity == severity}


def signed(
    files: dict[str, bytes], own: Signer | None = None, now: datetime = NOW, sign: Sign | None = None
) -> bytes:
    """A pass of exactly these members, with an honest manifest and signature, whatever is in it."""
    listed = {name: hashlib.sha1(content).hexdigest() for name, content in files.items()}
    manifest = json.dumps(listed).encode()
    signature = sign(manifest) if sign else (own or signer()).sign(manifest, now=now)
    return rezip({**files, "manifest.json": manifest, "signature": signature})


def with_card(**changes: Any) -> bytes:
    """The good pass with other keys in pass.json."""
    return signed({**static_files(), "pass.json": dumps(card(**changes))})


def with_files(**files: bytes | None) -> bytes:
    """The good pass with members replaced; None takes one away. `__` in a name stands for a dot."""
    named = {name.replace("__", "."): content for name, content in files.items()}
    whole = {**static_files(), "pass.json": dumps(card()), **named}
    return signed({name: content for name, content in whole.items() if content is not None})
