"""The health page: what is wrong by what people see of it, with the mend, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import current_app, render_template

from app import i18n
from app.audience import audience
from app.deps import deps
from app.i18n import gettext as _
from app.services import causes
from app.services.explain import duration
from app.services.health.figures import figures, papers
from app.services.ports import Finding
from app.web.security import limiter
from app.web.staff_room import bp, mine, my_programmes, owner_only

A_YEAR_DAYS, SOON_DAYS, URGENT_DAYS = 365, 60, 30
PHONES_PAGE = "staff.phones"
"""The page with the phones that do not fetch, where there is one."""


@bp.get("/staff/health")
@audience("owner")
@owner_only
def health() -> Any:
    """Everything that can be seen from inside: papers, queues, phones, sample cards."""
    who = deps().health
    return _page(who.closely() if who else deps().findings())


@bp.post("/staff/health")
@audience("owner")
@owner_only
@limiter.limit("6 per minute")
def health_outside() -> Any:
    """The same, and a look from outside: the public address, Apple and Google are asked now."""
    who = deps().health
    if who is None:
        return _page(deps().findings(), asked=True)
    return _page(causes.same([*who.closely(), *who.outside()]), asked=True)


def _page(found: Sequence[Finding], *, asked: bool = False) -> str:
    now = deps().now()
    with deps().read() as db:
        shown = _of_mine(found, {each.slug for each in my_programmes(db).values()})
        numbers = figures(db, deps().wallets, now)
    groups = causes.by_symptom(shown)
    return render_template(
        "staff_health.html",
        groups=[(_(causes.SYMPTOMS[symptom]), _rows(group)) for symptom, group in groups.items()],
        well=_rows(each for each in shown if each.level == "ok"),
        broken=sum(each.level == "broken" for each in shown),
        warnings=sum(each.level == "warning" for each in shown),
        numbers=numbers,
        papers=papers(found, now),
        asked=asked,
        late=_late,
        results=_results,
        scale={"most": A_YEAR_DAYS, "soon": SOON_DAYS, "urgent": URGENT_DAYS},
        phones_page=PHONES_PAGE if PHONES_PAGE in current_app.view_functions else "",
        now=now,
    )


def _of_mine(found: Iterable[Finding], slugs: set[str]) -> list[Finding]:
    """Who owns one programme does not read the names of the others."""
    if mine() is None:
        return list(found)
    return [each for each in found if each.facts.get("programme", "") in {"", *slugs}]


def _rows(found: Iterable[Finding]) -> list[dict[str, str]]:
    told = [(each, causes.words(each, i18n.gettext, i18n.language())) for each in found]
    return [
        {"level": each.level, "code": each.code, "message": message, "mend": mend}
        for each, (message, mend) in told
    ]


def _late(seconds: float) -> str:
    return duration(seconds, i18n.language())


def _results(result: dict[str, Any]) -> str:
    """`read 120, mended 3`: what a round left behind, in its own words."""
    return ", ".join(
        f"{name} {value}" for name, value in result.items() if not isinstance(value, dict | list)
    )
