"""Whether rules make sense together."""

from __future__ import annotations

from app.domain.programme import Programme


def check_rules(programme: Programme) -> dict[str, str]:
    """Every fault that stands in the way of saving: JSON pointer to a sentence."""
    return {}
