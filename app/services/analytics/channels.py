"""What each channel brought: visitors, cards, customers and revenue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain.errors import Invalid
from app.services.analytics.counting import figures
from app.services.analytics.figures import Figures, share, total
from app.services.analytics.question import GROUPS, Question


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """A channel: its values by name (empty: came by itself), and its figures."""

    values: Mapping[str, str]
    figures: Figures
    buyers: int

    def rates(self) -> dict[str, float | None]:
        """Shares of the step before; None where nothing was to be shared."""
        made = self.figures
        return {
            "form_rate": share(made.forms, made.views),
            "join_rate": share(made.issued, made.views),
            "install_rate": share(made.installed, made.issued),
            "active_rate": share(made.active, made.issued),
            "removal_rate": share(made.removed, made.installed),
        }

    def told(self) -> dict[str, Any]:
        """For programs and files."""
        return {**self.values, **self.figures.told(), "buyers": self.buyers, **self.rates()}


def channels(session: Session, asked: Question, group_by: str = "channel") -> Sequence[ChannelFigures]:
    """All channels with anything to tell, the one with the most revenue first. Raises Invalid."""
    if group_by not in GROUPS:
        raise Invalid({"/group_by": f"must be one of {', '.join(GROUPS)}"})
    names = GROUPS[group_by]
    rows = [
        ChannelFigures(dict(zip(names, key, strict=True)), Figures.of(sums), sums.get("buyers", 0))
        for key, sums in figures(session, asked, names).items()
    ]
    return sorted(rows, key=_rank)


def _rank(each: ChannelFigures) -> Any:
    made = each.figures
    return (-made.revenue_minor, -made.visits, -made.issued, -made.views, tuple(each.values.values()))


def all_together(rows: Sequence[ChannelFigures]) -> ChannelFigures:
    """The sum of all channels: a card has one channel, so that buyers add up too."""
    return ChannelFigures({}, total(each.figures for each in rows), sum(each.buyers for each in rows))
