"""The manifest must list exactly what is inside, hash for hash: a phone says nothing when it does not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.strict_json import parse_object

_SHA1 = re.compile(r"[0-9a-f]{40}\Z")
_UNLISTED = ("manifest.json", "signature")
_MEND = "Write the manifest after everything else, from the very bytes that are zipped, and sign it."


def check_manifest(members: Mapping[str, bytes], faults: Faults) -> None:
    """Compare manifest and members both ways."""
    if "manifest.json" not in members:
        faults.add("manifest-missing", "manifest.json", "There is no manifest.json.", _MEND)
        return
    listed = parse_object(members["manifest.json"], "manifest.json", faults)
    if listed is None:
        return
    inside = {name for name in members if name not in _UNLISTED}
    for name in sorted(inside - listed.keys()):
        faults.add("manifest-unlisted", name, "The manifest does not list this member.", _MEND)
    for name in sorted(listed.keys() - inside):
        what = (
            "The manifest lists itself or the signature." if name in _UNLISTED else "The member is missing."
        )
        faults.add("manifest-absent", name, what, _MEND)
    for name in sorted(inside & listed.keys()):
        _check_hash(name, listed[name], members[name], faults)


def _check_hash(name: str, told: object, content: bytes, faults: Faults) -> None:
    if not isinstance(told, str) or not _SHA1.match(told):
        message = "The manifest's entry is not a SHA-1 in 40 lower-case hex digits."
        faults.add("manifest-hash-form", name, message, _MEND)
    elif told != hashlib.sha1(content, usedforsecurity=False).hexdigest():
        faults.add("manifest-hash", name, "The member is not the one that the manifest lists.", _MEND)
