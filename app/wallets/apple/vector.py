"""The `lastUpdated` tag: the versions of all cards on one device, opaque to it.

Sequence numbers and times lose cards when transactions commit out of order; a vector compared by `!=`
cannot, because
each card's own number changes whatever other transactions do, and it survives a restored backup.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

MOST_CARDS = 50
"""Above this the tag would be too long for an address: such a device is told of everything and asks
conditionally.
"""
_LONGEST_TAG = 2000
_AGAIN, _COUNTED = 16**8, re.compile(r"[0-9a-f]{1,8}")


def encode(versions: Mapping[int, int], again: str = "") -> str:
    """The tag for card id → version. `again` makes a tag differ that says the same as the one before."""
    if len(versions) > MOST_CARDS:
        return f"1.*.{again}"
    raw = b"".join(_varint(card) + _varint(version) for card, version in sorted(versions.items()))
    return f"1.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}" + (f".{again}" if again else "")


def after(tag: str | None, versions: Mapping[int, int]) -> str:
    """An `again` with which the tag for `versions` differs from `tag`; empty where it differs anyway.

    A phone takes a list under an unmoved tag for a mistake and says so on our log, and it may ask twice
    within any grain of time; so this counts up from what the phone sent.
    """
    if len(versions) <= MOST_CARDS and decode(tag) != versions:
        return ""
    last = (tag or "")[:_LONGEST_TAG].rpartition(".")[2]
    return f"{(int(last, 16) + 1) % _AGAIN:x}" if _COUNTED.fullmatch(last) else "1"


def decode(tag: str | None) -> Mapping[int, int]:
    """What the device was told of; an absent, foreign or broken tag means nothing, so that it is told
    everything.
    """
    parts = (tag or "")[:_LONGEST_TAG].split(".")
    if len(parts) < 2 or parts[0] != "1":
        return {}
    try:
        raw = base64.urlsafe_b64decode(parts[1].encode("ascii") + b"=" * (-len(parts[1]) % 4))
        numbers = _numbers(raw)
    except (binascii.Error, ValueError):
        return {}
    return dict(zip(numbers[::2], numbers[1::2], strict=False))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _numbers(raw: bytes) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in raw:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value)
            value = shift = 0
        elif shift > 70:
            raise ValueError("no number of ours is that long")
    return numbers
