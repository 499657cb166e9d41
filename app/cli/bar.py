"""A progress bar on standard error, where a person looks at it; a pipe gets none."""

from __future__ import annotations

import sys
import time
from types import TracebackType

WIDTH = 30
EVERY_S = 0.1


class Bar:
    """`with Bar() as bar: bar.show("lots", 12, 100)`; what comes too soon after another is not drawn."""

    def __init__(self) -> None:
        self._seen = sys.stderr.isatty()
        self._last, self._at, self._drawn = "", 0.0, False

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def show(self, what: str, done: int, total: int) -> None:
        """So far `done` of `total`; 0 is unknown."""
        now = time.monotonic()
        if not self._seen or (what == self._last and now - self._at < EVERY_S):
            return
        self._last, self._at, self._drawn = what, now, True
        sys.stderr.write(f"\r\x1b[K{line(what, done, total)}")
        sys.stderr.flush()


def line(what: str, done: int, total: int) -> str:
    """`[#####.....]  50 %  lots 500 of 1,000`."""
    if total <= 0:
        return f"{what} {done:,}"
    share = min(1.0, done / total)
    full = int(share * WIDTH)
    return f"[{'#' * full}{'.' * (WIDTH - full)}] {share:4.0%}  {what} {done:,} of {total:,}"
