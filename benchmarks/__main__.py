"""All benchmarks, one after the other, each in a process of its own: `make bench`, or in a few minutes

    python -m benchmarks [--long] [NAME ...]

Ends with 0 also where a target was missed: a busy machine is no fault of the code. What could not run
says why.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.support.figures import load

SHORT: dict[str, tuple[str, ...]] = {
    "signing": ("--rounds", "9"),
    "rendering": (),
    "pushing": ("--pushes", "10000", "--rounds", "3"),
    "pipeline": ("--short",),
    "serving": ("--short",),
    "till": ("--short",),
    "memory": ("--short",),
    "rule_preview": ("--cards", "50000", "--receipts", "50000"),
    "ledger": ("--cards", "20000", "--purchases", "200"),
    "analytics": ("--cards", "20000", "--receipts", "60000"),
    "export": ("--short",),
}
ENDINGS = {0: "no target missed", 1: "a target was missed", 2: "left out: a program is missing"}


def main(arguments: Sequence[str] | None = None) -> int:
    """1 where a benchmark broke, else 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--long", action="store_true", help="the figures of docs/performance.md: an hour")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SHORT))
    asked = parser.parse_args(arguments)
    if strange := set(asked.names) - SHORT.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(strange))}")
    ended = {name: _run(name, () if asked.long else SHORT[name]) for name in asked.names or SHORT}
    print(
        "\n" + "\n".join(f"{name:<10} {ENDINGS.get(code, f'broke ({code})')}" for name, code in ended.items())
    )
    return 0 if ended.keys() and all(code in ENDINGS for code in ended.values()) else 1


def _run(name: str, options: Sequence[str]) -> int:
    print(f"\n== {name} {' '.join(options)}  ({load()})", flush=True)
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
