"""How many went how far: from an opened join page to revenue, and out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.services.analytics.counting import customers, figures
from app.services.analytics.figures import Figures, share, total
from app.services.analytics.question import STEPS, Question


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """A step: how often, and the share of the step before (for `removed`: of `installed`). The step
    `revenue` counts customers who bought, and has their money.
    """

    step: str
    count: int
    share_of_previous: float | None
    revenue_minor: int | None = None


@dataclass(frozen=True, slots=True)
class FunnelDay:
    """A day of the programme's zone."""

    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class Funnel:
    """All steps, and each day."""

    steps: Sequence[FunnelStep]
    days: Sequence[FunnelDay]
    figures: Figures
    buyers: int


def funnel(session: Session, asked: Question) -> Funnel:
    """Days on which nothing happened are there too, as zeros."""
    days, (buyers, _) = daily(session, asked), customers(session, asked)
    made = total(each.figures for each in days)
    return Funnel(_steps(made, buyers), days, made, buyers)


def daily(session: Session, asked: Question) -> Sequence[FunnelDay]:
    """Each day that is asked for."""
    found = figures(session, asked, daily=True)
    return [FunnelDay(day, Figures.of(found.get((day.isoformat(),), {}))) for day in asked.days()]


def _steps(made: Figures, buyers: int) -> Sequence[FunnelStep]:
    counts = dict(
        zip(
            STEPS,
            (made.views, made.forms, made.issued, made.installed, made.active, buyers, made.removed),
            strict=True,
        )
    )
    before = dict(zip(STEPS[1:], STEPS, strict=False)) | {"removed": "installed"}
    return [
        FunnelStep(
            step,
            counts[step],
            share(counts[step], counts[before[step]]) if step in before else None,
            made.revenue_minor if step == "revenue" else None,
        )
        for step in STEPS
    ]


def step_days(each: FunnelDay) -> dict[str, Any]:
    """A day for programs and files."""
    return {"day": each.day, **each.figures.told()}
