"""Several cards in one file (`.pkpasses`), which Safari adds with one tap.

Follows Apple's "Distributing and updating a pass" (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Sequence

from app.wallets.apple import zipfmt
from app.wallets.apple.bundle import BrokenPass

MOST_PASSES = 10
MOST_BYTES = 150 * 1000 * 1000


def together(passes: Sequence[bytes]) -> bytes:
    """A bundle of these signed passes; equal passes give equal bytes. Raises BrokenPass for none, more than
    ten, and more than Safari takes.
    """
    if not 0 < len(passes) <= MOST_PASSES:
        raise BrokenPass(f"a bundle holds 1 to {MOST_PASSES} passes, not {len(passes)}")
    if sum(map(len, passes)) > MOST_BYTES:
        raise BrokenPass(f"the passes are more than {MOST_BYTES} bytes together")
    records = [zipfmt.record(f"{number}.pkpass", data) for number, data in enumerate(passes, 1)]
    lines, offset = [], 0
    for record in records:
        lines.append(record.directory_line(offset))
        offset += record.size
    directory = b"".join(lines)
    body = (part for record in records for part in (record.head, record.data))
    return b"".join((*body, directory, zipfmt.end(len(records), len(directory), offset)))
