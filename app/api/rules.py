"""The rules of a programme over time: read, tried over the real cards, changed now or on a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.rule_types import PreviewIn, PreviewOut, RulebookOut, RulesIn
from app.audience import audience
from app.deps import deps
from app.domain.programme import Programme
from app.domain.rule_words import described
from app.domain.rulecheck import advice
from app.services import rule_preview, rulebook
from app.services.preview_outcomes import Outcome
from app.services.rulebook import Version
from app.storage import queries
from app.storage.tables import ProgrammeRow

EXAMPLE = {
    "rules": [{"kind": "points", "percent": 5, "expires_after_days": 365}],
    "starts_at": "2026-12-01T00:00:00Z",
    "keep_old": True,
    "note": "Cards that are out keep their 10 %",
    "seen": 1,
}


@call(
    "GET",
    "/programmes/<slug>/rules",
    summary="Rules, past and to come",
    scope="programmes:read",
    gives=RulebookOut,
)
@audience("api")
def read(slug: str) -> Mapping[str, Any]:
    """Every version with its author and why, in words too."""
    return _book(slug)


@call(
    "POST",
    "/programmes/<slug>/rules",
    example=EXAMPLE,
    summary="Change the rules, now or on a date",
    scope="programmes:write",
    takes=RulesIn,
    gives=RulebookOut,
    status=201,
)
@audience("api")
def schedule(slug: str, body: RulesIn) -> Mapping[str, Any]:
    """A new version; purchases from before it starts are counted by the old ones, whenever they come in."""
    known = deps()
    with known.read() as session:
        _reach(session, slug)
    said = body.model_dump(mode="json", include={"rules"})["rules"]
    rulebook.schedule(
        known.db,
        slug,
        said,
        now=known.now(),
        starts_at=body.starts_at,
        keep_old=body.keep_old,
        note=body.note,
        author=caller().name,
        seen=body.seen,
    )
    return _book(slug)


@call(
    "POST",
    "/programmes/<slug>/rules/preview",
    example={"rules": [{"kind": "points", "percent": 5}]},
    summary="Try rules over the real cards",
    scope="programmes:read",
    takes=PreviewIn,
    gives=PreviewOut,
)
@audience("api")
def preview(slug: str, body: PreviewIn) -> Mapping[str, Any]:
    """Who gains, who loses, what is complete at once, what it costs; changes nothing. A million cards take up
    to a minute.
    """
    known = deps()
    with known.read() as session:
        row = _reach(session, slug)
    said = body.model_dump(mode="json")["rules"]
    steps = rule_preview.preview(known.read, slug, said, now=known.now(), keep_old=body.keep_old)
    found = rule_preview.finished(steps)
    return {**_previewed(found), "advice": _advice(rulebook.proposed(row, said))}


@call(
    "POST",
    "/programmes/<slug>/rules/<number_id>/withdraw",
    summary="Take back rules that have not started",
    scope="programmes:write",
    gives=RulebookOut,
)
@audience("api")
def withdraw(slug: str, number_id: int) -> Mapping[str, Any]:
    """Again changes nothing; 409 for what has started."""
    known = deps()
    with known.read() as session:
        _reach(session, slug)
    rulebook.withdraw(known.db, slug, number_id, now=known.now(), author=caller().name)
    return _book(slug)


def _reach(session: Session, slug: str) -> ProgrammeRow:
    return reachable_programme(queries.programme_row(session, slug))


def _book(slug: str) -> dict[str, Any]:
    with deps().read() as session:
        row = _reach(session, slug)
        book = rulebook.read(session, row, deps().now())
        return {
            "newest": book.newest,
            "current": book.current.number,
            "waiting": [each.number for each in book.waiting],
            "versions": [_version(each, row) for each in book.versions],
            "advice": _advice(queries.programme_of(row)),
        }


def _version(version: Version, row: ProgrammeRow) -> dict[str, Any]:
    programme = rulebook.programme_of(row, version)
    rules = [rule.model_dump(by_alias=True) for rule in programme.rules]
    words = [[dict(each) for each in described(rule, programme)] for rule in programme.rules]
    return {**asdict(version), "rules": rules, "words": words}


def _advice(programme: Programme) -> list[dict[str, str]]:
    return [{"pointer": pointer, "advice": words} for pointer, words in advice(programme)]


def _previewed(found: rule_preview.Preview) -> dict[str, Any]:
    cards: dict[str, Any] = asdict(found.cards) | {
        str(side): count for side, count in found.cards.sides.items()
    }
    del cards["sides"]
    cards["tiers"] = [
        {"before": before, "after": after, "cards": count}
        for (before, after), count in sorted(found.cards.tiers.items())
    ]
    examples = [
        {
            "number": each.number,
            "side": each.side,
            "cards": each.cards,
            "before": _side(each.before),
            "after": _side(each.after),
        }
        for each in found.examples
    ]
    costs = [asdict(each) for each in found.costs]
    return {"keeps_old": found.keeps_old, "cards": cards, "costs": costs, "examples": examples}


def _side(one: Outcome) -> dict[str, Any]:
    return {"rewards": one.rewards, "tier": one.tier, **asdict(one.next), "progress": one.progress}
