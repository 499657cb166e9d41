"""Figures as people read them: medians, what they are compared with, and how busy the machine was."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence


def load() -> str:
    """How many programs wanted a core lately, and how many cores there are."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of `values` do not exceed; `values` must not be empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float], unit: str = "") -> str:
    """`median (lowest to highest)`."""
    return f"{statistics.median(values):,.0f}{unit} ({min(values):,.0f} to {max(values):,.0f})"


def verdict(name: str, value: float, target: float, *, at_most: bool = False, unit: str = "") -> bool:
    """Print one line, and give whether the target was met."""
    met = value <= target if at_most else value >= target
    sign = "at most" if at_most else "at least"
    print(
        f"{'met   ' if met else 'MISSED'} {name}: {value:,.2f}{unit} ({sign} {target:,.2f}{unit}); {load()}"
    )
    return met
